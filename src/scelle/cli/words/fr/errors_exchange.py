"""Errors of the exchange itself: sentence and advice by code."""

_SERVICE = "la réponse du service n’a pas servi ; prévenez votre responsable de la sécurité si cela se répète"
_ALARM = "cessez d’utiliser ce service, gardez votre dossier, et prévenez votre responsable de la sécurité"
_AGAIN = "relancez la commande"

WORDS = {
    "desk.empty": (
        "personne avec une clé valide ne siège au bureau {desk}",
        "demandez à l’administrateur de cette organisation d’y placer quelqu’un",
    ),
    "desk.seat-missing": (
        "vous ne siégez à aucun bureau auquel ce transfert est adressé",
        "voyez avec votre administrateur",
    ),
    "desk.unknown": (
        "il n’y a pas de bureau {desk}",
        "« scelle directory » donne les organisations et leurs bureaux",
    ),
    "directory.anchor-mismatch": (
        "ce n’est pas le service pour lequel votre invitation a été faite",
        "vérifiez l’adresse",
    ),
    "directory.entry-refused": (
        "l’annuaire contient une entrée ({kind}) contraire à ses règles : {why}",
        _ALARM,
    ),
    "directory.statement-refused": (
        "le service n’inscrit pas ceci dans l’annuaire ({kind}) : {why}",
        "rien n’a changé ; voyez scelle directory pour ce qui vaut maintenant",
    ),
    "directory.forked": ("le service montre un autre annuaire qu’avant (à la taille {size})", _ALARM),
    "directory.rolled-back": (
        "le service montre un annuaire plus ancien qu’avant ({now} entrées, {before} avant)",
        _ALARM,
    ),
    "freeze.active": (
        "ceci est gelé (gel {freeze:short})",
        "votre responsable de la sécurité sait pourquoi ; lever un gel demande deux responsables",
    ),
    "freeze.foreign-scope": (
        "« {scope} » est à une autre organisation, ce n’est pas à vous de le geler",
        "prévenez son responsable de la sécurité",
    ),
    "freeze.wrong-state": (
        "état du gel : {state} ; « {event} » n’est pas possible",
        "« scelle freezes » montre où il en est",
    ),
    "intake.key-unknown": ("la clé de réception du service a changé entre-temps", _AGAIN),
    "invitation.invalid": ("l’invitation ne peut pas servir : {why}", "demandez-en une nouvelle"),
    "invitation.malformed": ("ce n’est pas un code d’invitation : {why}", "copiez le code à nouveau, en entier"),
    "invitation.mistyped": ("le code d’invitation a un caractère faux", "copiez-le à nouveau"),
    "invitation.truncated": (
        "il manque au code d’invitation ses {missing} derniers caractères",
        "copiez-le à nouveau, en entier",
    ),
    "key.expired": ("la clé {key} n’est plus valide", "faites-la renouveler par votre administrateur"),
    "lift.lapsed": ("la proposition de lever le gel est caduque", "proposez à nouveau avec « scelle lift »"),
    "lift.officer-refused": (
        "vous ne pouvez pas participer à cette levée : {why}",
        "il faut deux responsables de l’organisation qui a gelé",
    ),
    "lift.same-officer": (
        "qui a proposé une levée ne peut pas la confirmer",
        "faites confirmer par un autre responsable",
    ),
    "member.unknown": ("il n’y a pas de membre {key}", "« scelle members » en donne la liste"),
    "organisation.not-accepting": (
        "{organisation} n’a pas dit accepter des fichiers de {sender}",
        "demandez à son administrateur de lancer « scelle accept --from {sender} »",
    ),
    "organisation.unknown": (
        "il n’y a pas d’organisation {organisation}",
        "« scelle directory » en donne la liste",
    ),
    "record.wrong": ("l’acte donné par le service ne correspond pas à son journal : {why}", _ALARM),
    "release.share-wrong": ("le service a remis une mauvaise part pour {transfer}", _SERVICE),
    "request.before-start": ("le service a redémarré entre-temps", _AGAIN),
    "request.digest-mismatch": ("la requête a été modifiée en chemin", _AGAIN),
    "request.replayed": ("cette requête a déjà été reçue (clé {key})", _AGAIN),
    "request.signature-malformed": (
        "la requête n’est pas signée comme il le faut : {why}",
        "cherchez une mise à jour de scelle",
    ),
    "request.signature-wrong": (
        "la signature de la requête par {key} est fausse",
        "vérifiez --home, et que rien ne modifie les requêtes",
    ),
    "request.stale": (
        "l’horloge de cet ordinateur et celle du service diffèrent trop",
        "réglez l’horloge, puis réessayez",
    ),
    "request.too-many": (
        "trop de requêtes à la fois pour la clé {key}",
        "attendez une minute, puis réessayez",
    ),
    "retention.collection-date": (
        "« {text} » n’est pas une date de collecte",
        "écrivez-la ainsi : 2026-03-14 ; elle ne peut pas être à venir",
    ),
    "retention.duration-malformed": ("« {text} » n’est pas une durée", "écrivez-la ainsi : 7d, 12h ou 90m"),
    "retention.exceeded": (
        "le transfert est gardé jusqu’au {expires:time}, sa source permet {latest:time}",
        "ne l’utilisez pas ; prévenez l’expéditeur",
    ),
    "retention.over": (
        "ces données devaient avoir disparu le {ended:date}",
        "il ne faut plus les envoyer ; détruisez-les",
    ),
    "role.missing": ("il faut pour cela le rôle « {role} »", "voyez avec votre administrateur"),
    "statement.origin-wrong": ("cette déclaration est pour {found}, pas pour {wanted}", _SERVICE),
    "statement.signature-invalid": (
        "une déclaration ({kind}) de {key} n’est pas signée comme il le faut",
        _SERVICE,
    ),
    "transfer.content-wrong": (
        "{name} n’est pas ce que l’expéditeur a signé",
        "rien n’en a été gardé ; ouvrez à nouveau le transfert",
    ),
    "transfer.cover-wrong": ("le bordereau du transfert est faux : {why}", _SERVICE),
    "transfer.envelope-wrong": ("l’enveloppe n’appartient pas au transfert : {why}", _SERVICE),
    "transfer.expired": (
        "le transfert a expiré le {expires:time} et a été détruit",
        "demandez à l’expéditeur d’envoyer à nouveau",
    ),
    "transfer.manifest-wrong": (
        "la liste des fichiers du transfert est fausse : {why}",
        "prévenez l’expéditeur",
    ),
    "transfer.not-found": (
        "il n’y a pas de tel transfert pour vous",
        "« scelle inbox » et « scelle sent » donnent les vôtres",
    ),
    "transfer.revoked": ("l’expéditeur a révoqué le transfert", "voyez avec l’expéditeur"),
    "transfer.wrong-state": (
        "état du transfert : {state} ; « {event} » n’est pas possible",
        "« scelle show » dit où il en est",
    ),
}
