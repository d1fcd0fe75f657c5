"""Help pages: what every page has, and the names of values."""

WORDS = {
    "title": "scelle : des fichiers scellés entre établissements de santé, par un service qui ne peut pas les lire",
    "heading usage": "Usage :",
    "heading commands": "Commandes",
    "heading arguments": "Arguments",
    "heading options": "Options",
    "heading common": "Options de toutes les commandes",
    "more": "« scelle COMMANDE --help » décrit une commande. La référence donne les codes de retour et d’erreur.",
    "--json": "écrire un document JSON au lieu de phrases, pour les erreurs aussi",
    "--home": "dossier des clés et de l’état ; à défaut SCELLE_HOME, sinon le dossier des réglages de l’utilisateur",
    "--lang": "langue ; à défaut celle de l’environnement",
    "--quiet": "ne dire que les résultats et les erreurs",
    "--help": "afficher cette page",
    "value COMMAND": "COMMANDE",
    "value FILE": "FICHIER",
    "value DIR": "DOSSIER",
    "value LANG": "LANGUE",
    "value RECIPIENT": "DESTINATAIRE",
    "value SPAN": "DURÉE",
    "value SHELL": "SHELL",
}
