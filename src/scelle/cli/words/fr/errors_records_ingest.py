"""Errors of reading records: sentence and advice by code."""

_AGAIN = "demandez le fichier à nouveau ; rien n’a été envoyé"

WORDS = {
    "records.binary": (
        "{file} n’est ni un tableau ni des messages (cela ressemble à {kind})",
        "donnez du CSV, Parquet, XLSX, NDJSON, HL7 v2 ou FHIR ; décompressez d’abord les archives",
    ),
    "records.document-too-large": (
        "{file} fait {size:size} ; un document qui ne se lit qu’en entier peut faire {limit:size}",
        "divisez-le, ou mettez un Bundle par ligne",
    ),
    "records.empty": ("{file} est vide", _AGAIN),
    "records.encoding": ("{file} n’est pas du {encoding} correct : voyez la ligne {line:count}", _AGAIN),
    "records.file-unreadable": ("impossible de lire {file} : {why}", "vérifiez le chemin et les droits"),
    "records.header-only": ("{file} a un en-tête et aucune ligne", _AGAIN),
    "records.json": (
        "{file} n’est pas un document JSON correct : ligne {line:count}, caractère {column:count} : {why}",
        "s’il finit trop tôt, il a été coupé en chemin ; " + _AGAIN,
    ),
    "records.line-too-long": (
        "la ligne {line:count} de {file} ne finit pas avant {limit:size}",
        "ce n’est pas un tableau ; vérifiez les fins de ligne et le séparateur des messages",
    ),
    "records.mapping": (
        "la correspondance de « {source} » avec « {column} » ne va pas : {why}",
        "les colonnes s’écrivent comme dans l’en-tête du fichier et comme dans le profil",
    ),
    "records.no-columns": (
        "aucune des {columns:count} colonnes de {file} n’est une colonne de {profile}",
        "vérifiez que la première ligne est l’en-tête, nommez un autre profil, ou donnez une correspondance",
    ),
    "records.table-broken": ("{file} est endommagé : il ne s’ouvre pas comme {kind}", _AGAIN),
    "records.too-many-rejects": (
        "la lecture de {file} a été arrêtée : {count:count} parties sont illisibles ({kind})",
        "c’est sans doute un fichier d’une autre forme ; regardez ses premières lignes",
    ),
    "records.workbook-bomb": (
        "{file} n’a pas été ouvert : {why} (limite {limit:count})",
        "méfiez-vous de ce classeur ; faites exporter le tableau en CSV",
    ),
}
