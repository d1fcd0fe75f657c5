"""What subject indexes say is wrong, for a French reader."""

WORDS = {
    "name of the epoch": "nom de l’époque",
    "size of the key": "taille de la clé",
    "pieces are missing or too many": "des morceaux manquent ou sont en trop",
    "not Parquet": "ce n’est pas du Parquet",
    "number of rows": "nombre de lignes",
    "cannot be read": "illisible",
    "no identifying column": "aucune colonne identifiante",
}
