"""Pourquoi un jeu de données, une vue ou une déclaration est refusé."""

WORDS = {
    "a subject index for another organisation": "un index de personnes destiné à une autre organisation",
    "a wider view without the leave of a data-protection officer": (
        "une vue élargie sans l’accord d’un délégué à la protection des données"
    ),
    "made for another legal basis": "faite pour une autre base légale",
    "made for another dataset, view or desk": "faite pour un autre jeu de données, une autre vue ou un autre bureau",
    "past its end": "son terme est passé",
    "another organisation's": "d’une autre organisation",
    "not by a data-protection officer of the organisation": (
        "pas d’un délégué à la protection des données de l’organisation"
    ),
    "not signed by one officer": "pas signée par un seul délégué",
    "the desk is named twice": "le bureau est nommé deux fois",
    "not an index key": "pas une clé d’index",
}
