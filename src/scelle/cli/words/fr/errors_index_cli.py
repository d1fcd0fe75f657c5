"""Errors of the commands about subject indexes: sentence and advice by code."""

WORDS = {
    "index.epoch-name": (
        "« {epoch} » ne peut pas être le nom d’une époque",
        "prenez a-z, 0-9, point, trait d’union et tiret bas, {most} caractères au plus, ainsi 2026-q4",
    ),
    "index.epoch-taken": (
        "il y a déjà une clé d’index de l’époque « {epoch} », et une seconde rendrait ses index inutiles",
        "délégués : donnez un autre nom à l’époque ; expéditeurs : demandez aux délégués quelle clé vaut",
    ),
    "index.not-there": (
        "il n’y a ni dossier « {name} », ni transfert ouvert de cet identifiant dont les fichiers soient encore là",
        "ouvrez d’abord l’index par « scelle open », puis nommez son dossier",
    ),
    "index.person": (
        "ce qui est donné de la personne ne peut pas être lu (champ {field})",
        (
            "donnez un JSON avec birth_name, first_names, birth_date comme 1970-01-31, sex, birth_place, "
            "nir, phone, email ou sample, chacun un texte"
        ),
    ),
    "index.statement": (
        "{file} n’est pas une déclaration qui porte une clé d’index",
        "redemandez le fichier à votre délégué à la protection des données",
    ),
}
