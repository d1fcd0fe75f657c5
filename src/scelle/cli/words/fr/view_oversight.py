"""What the commands about inventory, freezes and the logs print."""

WORDS = {
    "inventory.empty": "Le service dit ne rien détenir qui concerne votre organisation.",
    "inventory.total": "{n:count} {n:plural transfert|transferts}, {size:size} détenus, aux dires du service.",
    "inventory.overdue": (
        "{n:count} {n:plural transfert aurait|transferts auraient} déjà dû être "
        "{n:plural détruit|détruits} : prévenez l’exploitant du service maintenant."
    ),
    "scope.transfer": "transfert {value}",
    "scope.key": "clé {value}",
    "scope.desk": "bureau {value}",
    "scope.organisation": "organisation {value}",
    "scope.service": "tout le service",
    "scope.other": "{value}",
    "freeze.done": "Gelé : {scope} (gel {freeze:short}).",
    "freeze.what": (
        "Les remises et les téléchargements en cours sont arrêtés (entrée {index} du journal). "
        "Les expirations suivent leur cours."
    ),
    "freeze.lifting": (
        "scelle : il faut deux responsables pour lever le gel : « scelle lift {freeze:short} », puis, par un autre, "
        "« scelle confirm {freeze:short} »"
    ),
    "freeze.for-good": (
        "scelle : attention : {organisation} n’a pas de second responsable de la sécurité dont la clé soit valable, et "
        "il en faut deux pour lever : ce gel ne pourra jamais être levé"
    ),
    "freezes.none": "Rien n’est gelé qui concerne votre organisation.",
    "freezes.title": "{freeze:short}  {scope}",
    "freezes.by": "          par {organisation}, {officer}, le {at:time}",
    "freezes.reason": "          motif : {reason}",
    "freezes.wrong": "          ne se vérifie pas : {text}",
    "freeze.proposed": "          levée proposée par {officer} le {at:time}",
    "freezes.confirm": "          un autre responsable peut y mettre fin : « scelle confirm {freeze:short} »",
    "freeze.lifted": "          levé le {at:time}",
    "lift.done": "Vous avez proposé de lever le gel {freeze:short} (entrée {index} du journal) ; il tient encore.",
    "lift.next": "scelle : un autre responsable a 24 heures pour « scelle confirm {freeze:short} »",
    "confirm.done": "Le gel {freeze:short} est levé (entrée {index} du journal).",
    "log.directory": "de l’annuaire",
    "log.activity": "d’activité",
    "log.holds": "journal {log} : {n:count} {n:plural entrée, juste|entrées, toutes justes} (racine {root}…)",
    "log.known": "    prolonge ce que cet ordinateur connaissait ({n:count} {n:plural entrée|entrées})",
    "log.members": (
        "    {organisations:count} {organisations:plural organisation|organisations}, "
        "{members:count} {members:plural membre|membres}"
    ),
    "log.records": (
        "    {had:count} {had:plural relevé|relevés} et {statements:count} "
        "{statements:plural acte signé vérifiés|actes signés vérifiés} ; {lacked:count} hors de portée, "
        "{erased:count} {erased:plural effacé|effacés}"
    ),
    "log.no-quorum": (
        "Aucune protection contre une vue divisée : seules les signatures des journaux eux-mêmes sont vérifiées, "
        "aucun témoin."
    ),
    "log.exported": "Les deux journaux sont dans {folder} ; « scelle log verify {folder} » les vérifie hors ligne.",
    "progress.verify": "vérification du journal {log}",
    "progress.verify-url": "vérification des journaux du service",
    "progress.verify-folder": "vérification du dossier",
    "progress.export": "export",
    "proof.written": "La preuve est dans {path}.",
    "proof.holds": (
        "L’entrée {index} est dans le journal {log} de {origin}, sous son point de contrôle signé de {n:count} "
        "{n:plural entrée|entrées}."
    ),
    "proof.how": "scelle : « scelle log verify {path} » la vérifie hors ligne",
    "tail.empty": "Il n’y a pas de tel relevé pour vous.",
    "tail.erased": "(effacé)",
    "tail.service": "le service",
    "tail.member": "{organisation}, clé {key:short}",
    "column.index": "entrée",
    "column.time": "heure",
    "column.what": "quoi",
    "column.about": "objet",
    "column.by": "par",
    "record.sealed": "scellé",
    "record.released": "remis",
    "record.refused": "refusé",
    "record.opened": "ouvert",
    "record.discarded": "copie supprimée",
    "record.revoked": "révoqué",
    "record.expired": "expiré",
    "record.destroyed": "détruit",
    "record.frozen": "gelé",
    "record.lift-proposed": "levée proposée",
    "record.lifted": "levé",
}
