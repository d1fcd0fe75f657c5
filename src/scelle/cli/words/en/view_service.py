"""What the service's commands print."""

WORDS = {
    "service.made": "The service “{origin}” is made; its settings are in {path}.",
    "service.anchor": "Trust anchor: {anchor}",
    "service.keys": "Its keys lie in the folder “keys”, unencrypted: keep that folder from everybody else.",
    "service.next": "Run it with --data {folder}; then invite {organisation}, with “scelle service invite”.",
    "service.ready": "Ready at {url} (origin {origin}, trust anchor {anchor})",
    "service.invited": "Invitation of {organisation}, once, until {until:time}. Hand it over in private.",
    "service.sound": "Everything holds.",
    "service.finding": "{where}: {why}",
}
