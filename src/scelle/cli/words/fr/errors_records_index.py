"""Errors of subject indexes: sentence and advice by code."""

WORDS = {
    "index.epochs": (
        "ces index sont d’époques différentes et ne peuvent pas être joints : {epochs}",
        "interrogez une époque à la fois, ou passez par une source qui connaît les personnes",
    ),
    "index.key-refused": (
        "la clé d’index de l’époque « {epoch} » ne peut pas servir : {why}",
        "redemandez-la au délégué à la protection des données",
    ),
    "index.malformed": ("{what} n’est pas un index de personnes valable : {why}", "prenez-en une autre copie"),
    "index.nothing-sought": (
        "trop peu d’éléments pour chercher une personne",
        "donnez nom de naissance, prénom, date de naissance et sexe, ou NIR et date de naissance, "
        "ou un téléphone, un courriel ou un prélèvement",
    ),
    "index.refused": (
        "un jeu de données {profile} ne peut pas être indexé : {why}",
        "nommez ses colonnes dans un profil",
    ),
    "index.wrong-key": (
        "la clé de l’époque « {given} » n’est pas celle avec laquelle cet index de l’époque « {epoch} » a été fait",
        "prenez la clé de cette époque",
    ),
}
