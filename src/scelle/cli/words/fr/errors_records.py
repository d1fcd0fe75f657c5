"""Errors of profiles, reference data and generated populations: sentence and advice by code."""

WORDS = {
    "population.refused": (
        "aucune population ne peut être faite ainsi : {what}, {why}",
        "changez cela, puis réessayez",
    ),
    "profile.malformed": ("{file} n’est pas un profil : ligne {line}, {key} : {why}", "corrigez-le à cet endroit"),
    "profile.unknown": ("il n’y a pas de profil « {profile} »", "nommez un fichier, ou l’un de : {known}"),
    "reference.damaged": (
        "les données de référence {file} de cette installation sont illisibles",
        "réinstallez scelle",
    ),
}
