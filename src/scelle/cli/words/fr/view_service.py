"""What the service's commands print."""

WORDS = {
    "service.made": "Le service « {origin} » est créé ; ses réglages sont dans {path}.",
    "service.anchor": "Ancre de confiance : {anchor}",
    "service.keys": "Ses clés sont dans le dossier « keys », non chiffrées : tenez-le hors de portée de tous.",
    "service.next": "Lancez-le avec --data {folder} ; puis invitez {organisation}, par « scelle service invite ».",
    "service.ready": "Prêt à l’adresse {url} (origine {origin}, ancre de confiance {anchor})",
    "service.invited": "Invitation de {organisation}, une seule fois, jusqu’au {until:time}. Remettez-la en privé.",
    "service.sound": "Tout se tient.",
    "service.finding": "{where} : {why}",
}
