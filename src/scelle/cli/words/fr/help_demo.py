"""Help page of the demonstration."""

WORDS = {
    "demo": "montrer tout l’échange sur cet ordinateur : un service, trois organisations, puis un voleur",
    "demo --files": "envoyer les fichiers de ce dossier, au lieu de fichiers fabriqués",
    "demo --size": "taille du grand fichier, en mégaoctets ; par défaut 200",
    "demo --people": "nombre de personnes inventées du jeu de données d’une saison ; par défaut 1400000",
    "demo --keep": "travailler dans ce nouveau dossier et le garder ; sinon un dossier temporaire est supprimé",
    "value MB": "MO",
}
