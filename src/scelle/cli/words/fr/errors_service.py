"""Errors of running a service: sentence and advice by code."""

_OPERATOR = "voir les événements sur la sortie d’erreur du service"

WORDS = {
    "service.missing": (
        "il n’y a pas de service dans {path}",
        "créez-en un avec « scelle service init », ou vérifiez --data",
    ),
    "service.exists": ("il y a déjà un service dans {path}", "prenez un autre dossier"),
    "service.key-file": (
        "le fichier de clé {path} est inutilisable : {why}",
        "restaurez-le, lisible par son seul propriétaire",
    ),
    "service.listen": (
        "le service ne peut pas écouter sur {address} : {why}",
        "choisissez une autre adresse dans ses réglages",
    ),
    "service.certificate": (
        "le certificat {path} est inutilisable : {why}",
        "vérifiez le certificat, sa chaîne et sa clé",
    ),
    "service.silent": ("le service fonctionne, mais ne répond pas à {address} ({why})", _OPERATOR),
    "service.check-failed": (
        "{count:count} {count:plural point ne tient|points ne tiennent} pas",
        "laissez le dossier tel quel ; faites venir qui peut juger de ce qui s’est passé",
    ),
    "usage.listen": (
        "« {text} » n’est pas une adresse d’écoute",
        "écrivez-la HÔTE:PORT, par exemple 127.0.0.1:8443",
    ),
}
