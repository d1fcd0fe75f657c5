"""Help pages of inventory, freezes and the logs."""

_FD = "lire la phrase de passe sur ce descripteur de fichier (sa première ligne)"
_FREEZE = "identifiant du gel, ou son début ; « scelle freezes » les liste"

WORDS = {
    "inventory": "lister tout ce que le service détient et qui concerne votre organisation",
    "inventory --passphrase-fd": _FD,
    "freeze": "couper immédiatement ; un seul responsable gèle, il en faut deux pour lever le gel",
    "freeze --reason": "le motif ; lisible des seuls responsables sécurité, DPO et administrateurs de l’organisation",
    "freeze --passphrase-fd": _FD,
    "freeze SCOPE": (
        "ce qu’il faut arrêter, du plus étroit au plus large : un transfert, une clé, un bureau (desk), votre "
        "organisation (org), tout le service (responsables de l’hôte)"
    ),
    "freeze ID": "quel transfert, quelle clé (ou quel membre), quel bureau ; pour org, la vôtre par défaut",
    "freezes": "lister les gels qui concernent votre organisation",
    "freezes --all": "aussi ceux qui ont été levés",
    "freezes --passphrase-fd": _FD,
    "lift": "proposer de lever un gel ; un autre responsable doit confirmer dans les 24 heures",
    "lift --passphrase-fd": _FD,
    "lift ID": _FREEZE,
    "confirm": "confirmer la levée d’un gel qu’un autre responsable a proposée",
    "confirm --passphrase-fd": _FD,
    "confirm ID": _FREEZE,
    "log": "vérifier et lire les journaux",
    "log verify": "recalculer les deux journaux ; vérifier entrées, signatures et relevés qui vous sont lisibles",
    "log verify --key": "clé publique d’un journal, pour un dossier, une preuve ou un service autre que le vôtre",
    "log verify --url": "vérifier les journaux de ce service sans en être membre ; demande --key",
    "log verify --passphrase-fd": _FD,
    "log verify PATH": "un dossier exporté ou un fichier .tlog-proof, vérifié hors ligne ; sinon, ceux du service",
    "log export": "écrire les deux journaux, et les relevés qui vous sont lisibles, dans un nouveau dossier",
    "log export --passphrase-fd": _FD,
    "log export DIR": "le dossier à créer",
    "log proof": "écrire la preuve qu’une entrée est dans un journal, à vérifier hors ligne",
    "log proof --log": "quel journal ; activity par défaut",
    "log proof --output": "fichier à écrire ; par défaut JOURNAL-INDICE.tlog-proof",
    "log proof --passphrase-fd": _FD,
    "log proof INDEX": "indice de l’entrée, tel que d’autres commandes l’affichent",
    "log tail": "montrer ce qui s’est passé en dernier, chaque relevé vérifié d’après le journal",
    "log tail --from": "tout, à partir de cette entrée",
    "log tail --last": "au plus tant d’entrées ; par défaut 20",
    "log tail --transfer": "seulement ce qui concerne ce transfert",
    "log tail --passphrase-fd": _FD,
}
