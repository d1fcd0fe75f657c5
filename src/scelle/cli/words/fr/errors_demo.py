"""Errors of the demonstration: sentence and advice."""

WORDS = {
    "demo.failed": (
        "{count} {count:plural comparaison|comparaisons} de la démonstration inexactes ; la première : {first}",
        "c’est un défaut : merci de signaler les lignes ci-dessus (--keep DOSSIER garde tout pour y regarder "
        "de plus près)",
    ),
    "usage.demo-people": (
        "« {text} » n’est pas un nombre de personnes de {least} à {most}",
        "donnez un nombre entier, par exemple --people 1400000",
    ),
    "usage.demo-size": (
        "« {text} » n’est pas une taille de {least} à {most} mégaoctets",
        "donnez un nombre entier, par exemple --size 200",
    ),
}
