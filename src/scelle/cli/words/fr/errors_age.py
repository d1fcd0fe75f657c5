"""Errors of sealed files: sentence and advice by code."""

_DAMAGED = "récupérez le fichier à nouveau ; rien n’en a été écrit"

WORDS = {
    "age.armor": ("la forme texte du fichier scellé est abîmée : {why}", _DAMAGED),
    "age.armor-truncated": ("il manque la fin à la forme texte du fichier scellé", _DAMAGED),
    "age.chunk": ("le fichier scellé est corrompu (partie {chunk})", _DAMAGED),
    "age.empty-chunk": ("le fichier scellé est corrompu : sa dernière partie, {chunk}, est vide", _DAMAGED),
    "age.header": ("l’en-tête du fichier scellé est abîmé : {why}", _DAMAGED),
    "age.header-too-long": (
        "l’en-tête du fichier scellé dépasse {limit:size}",
        "scellez pour moins de destinataires",
    ),
    "age.header-truncated": ("le fichier scellé s’arrête dans son en-tête", _DAMAGED),
    "age.hmac": ("l’en-tête du fichier scellé a été modifié", _DAMAGED),
    "age.key-text": (
        "la ligne {line} du fichier de clés n’est pas une clé : {why}",
        "vérifiez que c’est le bon fichier ; la ligne n’est pas montrée, ce peut être un secret",
    ),
    "age.mixed-recipients": (
        "des destinataires de force différente ne vont pas ensemble dans un fichier",
        "scellez une fois pour les clés age1pq1… et une fois pour les autres ; une phrase de passe reste seule",
    ),
    "age.no-match": (
        "aucune clé donnée ici n’ouvre ce fichier",
        "{passphrase:choose vérifiez la phrase de passe|donnez avec -i l’identité d’un de ses destinataires}",
    ),
    "age.not-age": (
        "ce n’est pas un fichier age",
        "vérifiez que c’est bien le fichier scellé, et qu’il n’est pas vide",
    ),
    "age.range": (
        "la partie demandée est en dehors du fichier, qui fait {size:size}",
        "demandez une partie qui existe",
    ),
    "age.recipients": (
        "un fichier ne peut pas être scellé pour {count} destinataires",
        "il en faut au moins un, et pas des milliers",
    ),
    "age.stanza": ("l’entrée {type} dans l’en-tête du fichier scellé est abîmée : {why}", _DAMAGED),
    "age.trailing": ("il y a des octets après la fin du fichier scellé", _DAMAGED),
    "age.truncated": ("le fichier scellé est tronqué : la partie {chunk} manque ou est coupée", _DAMAGED),
    "age.version": (
        "ce fichier age est de version {version}, que ce programme ne connaît pas",
        "cherchez une mise à jour",
    ),
    "age.work-factor": (
        "essayer une phrase de passe sur ce fichier demande plus de travail que permis (2^{limit})",
        "méfiez-vous de ce fichier ; faites-le sceller à nouveau par quelqu’un de confiance",
    ),
}
