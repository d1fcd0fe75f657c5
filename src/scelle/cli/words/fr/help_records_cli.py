"""Help pages of the commands about datasets."""

WORDS = {
    "records": "contrôler des jeux de données avant l’envoi, et en fabriquer de fictifs",
    "records generate": (
        "écrire une population fictive et ses résultats de tests, les mêmes pour la même graine ; personne n’y est réel"
    ),
    "records generate --people": (
        "nombre de personnes ; il y a environ 5 % de lignes en plus, certaines étant testées plusieurs fois"
    ),
    "records generate --seed": "nombre qui décide de tout : la même graine donne le même fichier",
    "records generate --output": "nouveau fichier pour les lignes",
    "records generate --form": "format ; par défaut celui qu’annonce la fin du nom du fichier, sinon CSV",
    "records generate --truth": (
        "nouveau fichier (.parquet ou .csv) qui dit à qui est chaque ligne et quelles fautes y ont été mises"
    ),
    "records generate --start": "premier jour des tests, AAAA-MM-JJ ; par défaut 2020-06-01",
    "records generate --days": "nombre de jours sur lesquels les tests sont répartis ; par défaut 120",
    "records generate --dirty": "pourcentage de lignes avec une faute ; par défaut 2",
    "records generate --missing": "pourcentage de valeurs omises, là où il peut en manquer ; par défaut 3",
    "records check": (
        "lire les fichiers d’un jeu de données et dire ce qu’on y trouve ; rien n’est envoyé, aucune "
        "valeur n’est montrée"
    ),
    "records check --dataset": (
        "profil du jeu de données, ou chemin d’un fichier de profil ; par défaut screening-result"
    ),
    "records check --map": "une colonne des fichiers qui est cette colonne du profil ; peut être répété",
    "records check --report": "écrire aussi le rapport et ses graphiques dans ce nouveau fichier HTML",
    "records check --held-share": (
        "pourcentage de lignes retenues au-dessus duquel les fichiers ne doivent pas partir ; par défaut 5"
    ),
    "records check --now": "juger les dates à ce jour, AAAA-MM-JJ, et non à aujourd’hui",
    "records check --demo": (
        "les fichiers sont une démonstration : identités de test attendues, identités réelles refusées"
    ),
    "records check FILE": "fichiers d’un même jeu de données : CSV, Parquet, XLSX, NDJSON, HL7 v2 ou FHIR",
    "records profiles": "lister les profils fournis avec Scellé",
    "records profile": "montrer ce qu’un profil dit de ses colonnes",
    "records profile NAME": "un profil, ou le chemin d’un fichier de profil",
    "value FORM": "FORMAT",
}
