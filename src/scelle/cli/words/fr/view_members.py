"""What the commands about members, the directory, desks and acceptance print."""

WORDS = {
    "join.code-seen": (
        "scelle : note : un code en ligne de commande se voit dans la liste des processus et l’historique du shell ; "
        "sans --code, il est demandé"
    ),
    "ask.code": "Code d’invitation (il ne s’affiche pas) :",
    "ask.name": "Votre nom :",
    "ask.email": "Votre adresse électronique, pour les avis (peut rester vide) :",
    "ask.organisation-name": "Nom complet de {organisation} :",
    "label.organisation": "organisation",
    "label.service": "service",
    "label.roles": "rôles",
    "label.desks": "bureaux",
    "label.key": "clé de signature",
    "label.encryption-key": "clé de chiffrement",
    "label.vault": "clés",
    "label.home": "dossier",
    "none": "aucun",
    "key.until": "{key}, jusqu’au {until:date}",
    "key.none": "aucune valable : la prochaine commande qui signe, comme « scelle inbox », en créera une",
    "join.done": "Vous êtes maintenant membre de {organisation} sur {service}.",
    "join.next-administrator": (
        "scelle : ensuite : « scelle desk add NOM » crée un bureau, « scelle member invite » invite des collègues, "
        "« scelle accept --from ORGANISATION » dit de qui vous acceptez des fichiers"
    ),
    "join.next-recipient": (
        "scelle : ensuite : « scelle inbox » liste ce qui vous est adressé, dès que vous avez place à un bureau"
    ),
    "whoami.expired": (
        "Votre clé de signature n’est plus valable : demandez une nouvelle invitation à votre administrateur."
    ),
    "vault.state-plain": "lisibles sur ce disque, sans phrase de passe",
    "vault.state-unlocked": "ouvertes",
    "vault.state-keyring": "sous une phrase de passe, que garde le trousseau du système",
    "vault.state-locked": "fermées",
    "vault.state-missing": "absentes",
    "members.nameless": "(nom inconnu)",
    "members.name": "{key:short}  {name}{mine:choose  (vous)|}",
    "members.roles": "          {roles}",
    "members.desks": "          bureaux : {desks}",
    "members.expired": "          clé échue depuis le {until:date}",
    "members.no-encryption-key": "          sans clé de chiffrement valable : injoignable pour l’instant",
    "invite.how": (
        "scelle : ce code permet à une personne de rejoindre, jusqu’au {until:time}. Remettez-le par une voie sûre ;\n"
        "elle lancera : scelle join {url}"
    ),
    "directory.organisation": "{id}  {name}{mine:choose  (la vôtre)|}",
    "directory.members": "    {n:count} {n:plural membre|membres}",
    "directory.desks": "    bureaux : {desks}",
    "directory.desk": "{desk} ({n:count} {n:plural place|places})",
    "directory.accepts": "    accepte les fichiers de : {whom}",
    "directory.accepts-us": "    vous pouvez lui envoyer",
    "directory.refuses-us": "    vous ne pouvez pas lui envoyer",
    "directory.size": (
        "L’annuaire a {n:count} {n:plural entrée, rejouée et vérifiée|entrées, toutes rejouées et vérifiées} "
        "sur cet ordinateur."
    ),
    "directory.no-quorum": (
        "Aucune protection contre une vue divisée : aucun témoin n’atteste que tous voient les mêmes journaux."
    ),
    "accept.everyone": "tout le monde",
    "accept.nobody": "personne d’autre qu’elle-même",
    "accept.done": "Votre organisation accepte les fichiers de : {whom}",
    "desk.line": "{desk}  {title}",
    "desk.seat": "    {member}",
    "desk.no-seat": "    personne encore : un envoi ici n’atteindrait personne",
    "desk.none": "Votre organisation n’a pas encore de bureau ; « scelle desk add NOM » en crée un.",
    "desk.made": "Le bureau {desk} est créé.",
    "desk.already": "Le bureau {desk} existait déjà.",
    "desk.next": "scelle : ensuite : « scelle desk add {desk} MEMBRE » y donne place à un membre",
    "desk.seated": "{member} a place au bureau {desk}.",
    "desk.unseated": "{member} n’a plus de place au bureau {desk}.",
    "desk.removed": "Le bureau {desk} est supprimé.",
    "renew.failed": (
        "scelle : note : une nouvelle clé de chiffrement n’a pas pu être annoncée ({code}) ; "
        "nouvel essai à la prochaine commande"
    ),
    "remind.copy": (
        "scelle : rappel : la copie de {transfer:short} dans {folder} devait avoir disparu le {until:date} : "
        "supprimez-la, puis lancez « scelle discard {transfer:short} »"
    ),
}
