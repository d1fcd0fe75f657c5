"""Erreurs des vues, des politiques et des références de lignes : phrase et conseil par code."""

WORDS = {
    "marker.key": ("la clé des références de lignes est inutilisable ({what})", "donnez les 32 octets de la bonne clé"),
    "policy.malformed": ("{file} n’est pas une politique : {key} : {why}", "corrigez-la à cet endroit"),
    "policy.unknown": ("il n’y a pas de politique « {policy} »", "nommez-en une : {known}"),
    "view.refused": (
        "{desk} ne peut pas recevoir cette vue : {what} : {why}",
        "choisissez une autre politique, un autre format ou un autre bureau",
    ),
}
