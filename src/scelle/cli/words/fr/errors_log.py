"""Errors of the transparency logs: sentence and advice by code."""

_ALARM = (
    "cessez d’utiliser ce service, gardez votre dossier, et prévenez votre responsable de la sécurité "
    "et les auditeurs du journal"
)
_FORM = "récupérez-le à nouveau là d’où il vient ; si cela persiste, prévenez votre responsable de la sécurité"

WORDS = {
    "log.checkpoint-malformed": ("le point de contrôle du journal est mal formé : {why}", _FORM),
    "log.checkpoint-stale": (
        "les signatures des témoins ({quorum}) sont périmées de {age:span}",
        "vérifiez l’horloge de cet ordinateur, puis réessayez dans quelques minutes",
    ),
    "log.inclusion-wrong": (
        "la preuve de l’entrée {index} sur {size} dans le journal est fausse : {why}",
        _ALARM,
    ),
    "log.inconsistent": (
        "ce n’est pas le journal vu auparavant ({old_size:count} {old_size:plural entrée|entrées} alors, "
        "{new_size:count} maintenant) : {why}",
        _ALARM,
    ),
    "log.key-malformed": ("ce n’est pas une clé de journal : {why}", "copiez-la à nouveau, en entier"),
    "log.note-malformed": ("la note signée du journal est mal formée : {why}", _FORM),
    "log.origin-mismatch": (
        "c’est le journal « {found} », alors que « {wanted} » était demandé",
        "vérifiez l’adresse et la clé",
    ),
    "log.policy-malformed": (
        "la ligne {line} de la politique de confiance est mal formée : {why}",
        "corrigez-la à cet endroit",
    ),
    "log.proof-malformed": ("{what} : mal formé, {why}", _FORM),
    "log.quorum-missing": (
        "trop peu de témoins ont signé le journal ({quorum} demandé, {found} trouvé)",
        "réessayez dans quelques minutes ; si cela persiste, prévenez votre responsable de la sécurité",
    ),
    "log.root-wrong": ("les {size} entrées du journal ne sont pas celles qu’il a signées : {why}", _ALARM),
    "log.signature-missing": (
        "le journal n’est pas signé par {wanted}",
        "vérifiez la clé que vous avez fixée ; si elle est bonne : " + _ALARM,
    ),
    "log.signature-wrong": ("la signature de {name} sur le journal est fausse", _ALARM),
    "log.tile-wrong": ("le fichier {path} du journal est faux : {why}", _FORM),
}
