"""Help pages of the service's commands."""

_DATA = "dossier du service : ses réglages, ses clés et tout ce qu’il garde"

WORDS = {
    "service": "faire fonctionner un service (exploitants)",
    "service init": "créer un service : réglages, clés et première entrée de son annuaire",
    "service init --data": _DATA,
    "service init --host-org": "organisation qui répond du service (ainsi aphp) ; elle aussi adhère par invitation",
    "service init --origin": "nom du service dans tout ce qui est signé, à jamais ; par défaut l’hôte de son URL",
    "service init --url": "adresse qu’utilisent les membres ; par défaut celle où il écoute",
    "service init --listen": "où écouter ; par défaut 127.0.0.1:8443",
    "service init --cert": "chaîne de certificats pour TLS (PEM)",
    "service init --key": "clé privée du certificat (PEM)",
    "service init --behind-proxy": "un mandataire devant le service termine TLS",
    "service run": "faire fonctionner le service jusqu’à ce qu’on l’arrête",
    "service run --data": _DATA,
    "service invite": "afficher un code d’invitation pour une organisation que le service n’a pas encore",
    "service invite --data": _DATA,
    "service invite --expires": "sa durée : 7d, 12h, 90m ; par défaut 7d",
    "service invite ORG": "identifiant de l’organisation : a-z, 0-9 et traits d’union",
    "service check": "vérifier l’un par l’autre journaux, relevés, fichiers scellés et parts de libération",
    "service check --data": _DATA,
    "value NAME": "NOM",
    "value HOST:PORT": "HÔTE:PORT",
}
