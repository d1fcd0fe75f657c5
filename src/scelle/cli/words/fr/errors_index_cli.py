"""Errors of the commands about subject indexes: sentence and advice by code."""

WORDS = {
    "index.epoch-taken": (
        "il y a déjà une clé d’index de l’époque « {epoch} », et une seconde rendrait ses index inutiles",
        "donnez un autre nom à l’époque suivante",
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
}
