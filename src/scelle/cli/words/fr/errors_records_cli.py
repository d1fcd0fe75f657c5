"""Errors of the commands about datasets: sentence and advice by code."""

WORDS = {
    "records.no-row": (
        "aucune ligne n’a pu être lue : {count:count} {count:plural partie a été mise|parties ont été mises} de côté",
        "voyez les raisons ci-dessus ; le fichier a sans doute une autre forme",
    ),
    "usage.day": ("« {value} » n’est pas un jour, comme il en faut à {option}", "écrivez par exemple 2026-03-14"),
    "usage.mapping": (
        "« {value} » ne dit pas quelle colonne est laquelle",
        "écrivez SOURCE=COLONNE, la colonne du fichier d’abord",
    ),
}
