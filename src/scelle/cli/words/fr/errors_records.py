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
    "records.held-too-many": (
        "{held:count} lignes sur {rows:count} seraient retenues, plus de {percent} %",
        "voyez ce qu’elles ont en commun : c’est sans doute tout le fichier qui n’est pas ce qu’il devrait être",
    ),
}
