"""Reasons of errors of reading records."""

WORDS = {
    "a part is larger than it says": "une partie est plus grande qu’annoncé",
    "ends too early": "il finit trop tôt",
    "nested too deep": "trop de niveaux",
    "not JSON": "ce n’est pas du JSON",
    "not a column of the files": "les fichiers n’ont pas cette colonne",
    "not a column of the profile": "le profil n’a pas cette colonne",
    "parts overlap": "des parties se recouvrent",
    "too large unpacked": "trop grand une fois décompressé",
    "too many parts": "trop de parties",
}
