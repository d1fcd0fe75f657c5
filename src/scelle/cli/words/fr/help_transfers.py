"""Help pages of sending and receiving."""

_FD = "lire la phrase de passe sur ce descripteur de fichier (sa première ligne)"
_ID = "identifiant du transfert, ou son début"
_ALL = "tout lister, et pas seulement les 50 plus récents"

WORDS = {
    "send": "sceller des fichiers et les envoyer à des bureaux ; la même commande reprend après une interruption",
    "send --to": "bureaux d’organisations, séparés par des virgules : cnam/tracing,ars-idf/cases",
    "send --purpose": "une ligne qui dit aux destinataires ce que c’est ; le service ne peut pas la lire",
    "send --expires": "délai d’ouverture : 7d, 12h, 90m ; par défaut 7d ; le service peut permettre moins",
    "send --collected": "jour du recueil des données, AAAA-MM-JJ ; l’expiration ne dépasse jamais leur conservation",
    "send --retention": (
        "durée de conservation que la source permet à partir de ce jour ; 90d par défaut, à remplacer par la règle "
        "de votre source"
    ),
    "send --legal-basis": "code de la base légale, pour les destinataires",
    "send --passphrase-fd": _FD,
    "send PATH": "fichiers et dossiers à envoyer ; un dossier garde son arborescence",
    "sent": "lister les transferts que vous avez envoyés, et ce qu’ils sont devenus",
    "sent --all": _ALL,
    "sent --passphrase-fd": _FD,
    "revoke": "reprendre un transfert : plus personne ne peut l’ouvrir, et il est détruit",
    "revoke --recipient": "ne le reprendre qu’à cette organisation",
    "revoke --passphrase-fd": _FD,
    "revoke ID": _ID,
    "inbox": "lister les transferts qui vous sont adressés",
    "inbox --all": _ALL,
    "inbox --passphrase-fd": _FD,
    "show": "afficher un transfert, vérifié d’après le journal",
    "show --passphrase-fd": _FD,
    "show ID": _ID,
    "open": "ouvrir un transfert dans un dossier ; l’ouverture est journalisée ; la même commande reprend au besoin",
    "open --into": "dossier pour les fichiers ; rien n’y est écrasé",
    "open --passphrase-fd": _FD,
    "open ID": _ID,
    "discard": "attester, par un acte signé et journalisé, que vous avez supprimé une copie ouverte",
    "discard --passphrase-fd": _FD,
    "discard ID": _ID,
}
