"""What the commands about subject indexes print."""

WORDS = {
    "column.index-batch": "lot",
    "column.index-cell": "selon",
    "column.index-check": "contrôle",
    "column.index-epoch": "époque",
    "column.index-file": "fichier",
    "column.index-matched": "trouvé par",
    "column.index-persons": "personnes au plus",
    "column.index-row": "ligne",
    "column.index-rows": "lignes",
    "index.adult": "majeurs",
    "index.ask": "Qui est recherché ? Laissez vide ce qui n’est pas connu.",
    "index.ask-birth-date": "Date de naissance, comme 1970-01-31 :",
    "index.ask-birth-name": "Nom de naissance :",
    "index.ask-birth-place": "Code INSEE du lieu de naissance :",
    "index.ask-email": "Adresse électronique :",
    "index.ask-first-names": "Prénoms :",
    "index.ask-nir": "NIR :",
    "index.ask-phone": "Téléphone :",
    "index.ask-sample": "Numéro d’un prélèvement :",
    "index.ask-sex": "Sexe, M ou F :",
    "index.by-elsewhere": "les mêmes, mais un autre lieu de naissance",
    "index.by-email": "adresse électronique, que d’autres peuvent partager",
    "index.by-number": "NIR et date de naissance",
    "index.by-phone": "téléphone, que d’autres peuvent partager",
    "index.by-sample": "prélèvement",
    "index.by-strict": "tous les traits stricts",
    "index.by-traits": "nom, prénom, date de naissance, sexe",
    "index.few": "moins de {n:count}",
    "index.found": (
        "{rows:count} {rows:plural ligne peut être|lignes peuvent être} de cette personne ; {n:count} "
        "index {n:plural cherché|cherchés} :"
    ),
    "index.found-in": "Le lot {batch} est parti par {transfers} ; « scelle show » dit à qui.",
    "index.found-more": "et {n:count} de plus : --json les liste toutes",
    "index.found-none": "Aucune ligne de {n:count} index n’est de cette personne d’après ce qui est donné.",
    "index.in-both": "Elles sont dans l’un et l’autre index.",
    "index.issued": "La clé d’index de l’époque {epoch} est dans votre coffre.",
    "index.issued-file": (
        "Remettez {file} aux expéditeurs de votre organisation ; ils s’en servent avec « scelle index take »."
    ),
    "index.logged": "scelle : note : cette recherche est inscrite dans {file}",
    "index.minor": "mineurs",
    "index.no-keys": "Vous ne tenez aucune clé d’index.",
    "index.of-rows": "Elles sont dans {rows:count} {rows:plural ligne|lignes} de {n:count} index.",
    "index.oldest": "90 et plus",
    "index.persons": "{n:count} {n:plural personne distincte|personnes distinctes}.",
    "index.persons-between": "De {low:count} à {high:count} personnes distinctes.",
    "index.taken": (
        "Vous tenez maintenant la clé d’index de l’époque {epoch} ; vos prochains envois seront indexés avec elle."
    ),
    "index.unknown": "inconnu",
}
