"""Help pages of the commands about subject indexes."""

WORDS = {
    "index": (
        "clés des index de personnes, et ce que disent les index : combien de personnes, qui est dans "
        "deux, où est l’une"
    ),
    "index issue": (
        "tirer la clé d’index d’une époque et écrire la déclaration qui la porte aux expéditeurs "
        "(délégué à la protection des données)"
    ),
    "index issue --output": (
        "nouveau fichier pour la déclaration ; la clé y est scellée aux expéditeurs et délégués de votre organisation"
    ),
    "index issue --passphrase-fd": "lire la phrase de passe sur ce descripteur de fichier (sa première ligne)",
    "index issue EPOCH": (
        "nom de l’époque, ainsi 2026-q4 : a-z, 0-9, point, trait d’union ; chacune est tirée une seule fois"
    ),
    "index take": (
        "prendre la clé d’index tirée par votre délégué à la protection des données, pour que vos envois soient indexés"
    ),
    "index take --passphrase-fd": "lire la phrase de passe sur ce descripteur de fichier (sa première ligne)",
    "index take FILE": "la déclaration",
    "index keys": "lister les clés d’index que vous tenez, par époque ; les clés elles-mêmes ne sont pas montrées",
    "index keys --passphrase-fd": "lire la phrase de passe sur ce descripteur de fichier (sa première ligne)",
    "index count": "combien de personnes distinctes sont dans des index, en fourchette",
    "index count --by": "compter aussi selon ce fait ; les cases de peu de personnes ne sont pas montrées",
    "index count INDEX": "dossiers où des index ont été ouverts, ou identifiants de transferts que vous avez ouverts",
    "index overlap": "combien de personnes sont dans l’un et l’autre de deux index",
    "index overlap A": "dossier où un index a été ouvert, ou identifiant de son transfert",
    "index overlap B": "l’autre",
    "index find": (
        "trouver les lignes d’une personne qui le demande (RGPD, article 15) ; son identité est "
        "demandée, ou lue en JSON sur l’entrée standard"
    ),
    "index find --request": (
        "numéro de la demande dans votre registre ; il va dans le journal des recherches. Pas de nom"
    ),
    "index find --passphrase-fd": "lire la phrase de passe sur ce descripteur de fichier (sa première ligne)",
    "index find INDEX": (
        "dossiers où des index ont été ouverts, ou identifiants de transferts que vous avez ouverts ; "
        "tous d’une même époque"
    ),
    "value EPOCH": "ÉPOQUE",
    "value FACT": "FAIT",
    "value REFERENCE": "RÉFÉRENCE",
}
