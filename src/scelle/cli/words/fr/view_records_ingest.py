"""Why a line, message or entry was set aside, and what was odd in a file, by code."""

WORDS = {
    "note.bom-inside": "une marque d’ordre d’octets au milieu, ligne {first:count} : des fichiers ont été réunis",
    "note.date-forms": "plusieurs formes de date dans {column} ({forms}), dès la rangée {first:count}",
    "note.formula": "{count:count} {count:plural cellule ressemble|cellules ressemblent} à une formule",
    "note.header-repeated": "l’en-tête revient à la ligne {first:count} : des fichiers ont été réunis",
    "note.hl7-batch-count": "le lot annonce {said:count} messages, il y en a {there:count}",
    "note.hl7-batch-delimiters": "l’en-tête de lot à la ligne {first:count} déclare des séparateurs inhabituels",
    "note.hl7-batch-open": "le lot n’a pas de fin ({segment}) : il manque peut-être des messages",
    "note.hl7-broken-lines": (
        "{count:count} {count:plural ligne n’était pas un segment, lue|lignes n’étaient pas des segments, lues} "
        "comme suite du précédent"
    ),
    "note.hl7-version": "des messages d’une autre version que 2.3 à 2.5.1, dès la ligne {first:count}",
    "note.sheet-unread": "la feuille {first:count} a un autre en-tête, et n’a pas été lue",
    "reject.csv-control": "un octet nul dans la colonne {column:count}",
    "reject.csv-delimiter": "le séparateur est {found}, et non {wanted}",
    "reject.csv-encoding": "des octets qui ne sont pas du texte dans la colonne {column:count}",
    "reject.csv-fields": "{fields:count} {fields:plural champ|champs} au lieu de {wanted:count}",
    "reject.csv-quote": "un guillemet non fermé, ou au milieu d’un champ, dans la colonne {column:count}",
    "reject.fhir-entry": "ce n’est pas une ressource FHIR",
    "reject.fhir-no-patient": "un résultat sans son Patient dans le même Bundle",
    "reject.fhir-no-result": "une observation qui n’est pas un résultat de test connu de ce programme",
    "reject.hl7-delimiters": "les séparateurs que MSH déclare ne sont pas ceux du message",
    "reject.hl7-kind": "un message de type {kind}, et non ORU^R01",
    "reject.hl7-no-patient": "un message de résultat sans patient (PID)",
    "reject.hl7-no-result": "aucune de ses {observations:count} observations n’est un résultat de test connu",
    "reject.hl7-stray": "du texte avant le premier message",
    "reject.hl7-truncated": "le lot finit au milieu de ce message",
    "reject.json-line": "ce n’est pas un objet JSON correct (caractère {column:count})",
}
