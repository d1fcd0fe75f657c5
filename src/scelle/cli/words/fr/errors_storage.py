"""Errors of the service's storage and mail: sentence and advice by code."""

WORDS = {
    "blob.offset": ("ce qui est gardé de {name} finit à {size}, pas à {offset}", "le prochain essai y remédie"),
    "blob.unknown": ("le service ne garde pas {name}", "il a peut-être expiré ; regardez à nouveau"),
    "mail.password-without-tls": (
        "le mot de passe pour {host} voyagerait en clair",
        "prenez un port avec TLS, ou pas de mot de passe",
    ),
    "share.gone": ("la part de remise est détruite (place {slot})", "demandez à l’expéditeur d’envoyer à nouveau"),
    "mail.delayed": (
        "le système de courrier n’a pas pu prendre un message : {why}",
        "un nouvel essai aura lieu",
    ),
    "mail.refused": (
        "le système de courrier a refusé un message (statut {status})",
        "vérifiez l’adresse et les réglages du courrier",
    ),
    "state.conflict": ("ceci existe déjà, ou n’existe plus : {what}", "regardez à nouveau, puis décidez"),
    "storage.corrupt": (
        "ce que garde le service se contredit ({what} : {why})",
        "arrêtez le service et appelez de l’aide",
    ),
    "storage.fault": (
        "le stockage du service a échoué ({what} : {why}) ; rien de l’acte n’a été gardé",
        "réessayez plus tard",
    ),
    "storage.full": (
        "le stockage du service est plein ; rien de l’acte n’a été gardé",
        "prévenez son exploitant",
    ),
    "storage.in-use": (
        "un autre processus tient {path}",
        "un seul processus du service possède un dossier de données : arrêtez l’autre",
    ),
    "storage.schema-unknown": (
        "{path} a été écrit par une autre version (schéma {found}, celle-ci a {wanted})",
        "lancez la version qui l’a écrit, ou migrez",
    ),
}
