"""Pages d’aide de l’envoi de jeux de données typés."""

_FD = "lire la phrase secrète sur ce descripteur de fichier (sa première ligne)"

WORDS = {
    "value POLICY": "POLITIQUE",
    "send --dataset": (
        "les fichiers sont des lignes de ce profil (screening-result, ou un fichier) : à chaque destinataire sa vue"
    ),
    "send --to-routed": (
        "avec --dataset : aussi chaque agence régionale de l’annuaire qui peut recevoir, avec ses propres cas"
    ),
    "send --explain": (
        "avec --dataset : montrer seulement qui recevrait combien de lignes et quelles colonnes ; rien n’est envoyé"
    ),
    "send --format": "avec --dataset : forme des copies ; parquet par défaut",
    "send --bom": "avec --dataset : les copies CSV commencent par une marque d’ordre des octets, pour les tableurs",
    "send --map": "avec --dataset : cette colonne de la source est cette colonne du profil",
    "send --cosign": (
        "avec --dataset : accord pour une vue élargie, donné par un délégué à la protection des données "
        "avec « scelle cosign »"
    ),
    "send --epoch": "avec --dataset : époque de la clé d’index ; par défaut la dernière par son nom",
    "send --no-index": (
        "avec --dataset : ne garder aucun index des personnes ; on ne pourra plus dire qui figurait dans les lignes"
    ),
    "send --held-share": (
        "avec --dataset : part de lignes retenues au-delà de laquelle rien n’est envoyé ; 5 par défaut"
    ),
    "send --rejects": (
        "avec --dataset : fichier scellé pour ce qui a été mis de côté ; par défaut FICHIER.rejects.age "
        "à côté du premier"
    ),
    "cosign": "autoriser, comme délégué à la protection des données, l’envoi d’une vue élargie à des bureaux",
    "cosign --dataset": "profil du jeu de données : screening-result, ou un fichier",
    "cosign --view": "politique de la vue, par exemple all",
    "cosign --to": "bureaux qui peuvent la recevoir, séparés par des virgules",
    "cosign --legal-basis": "code de la base légale ; l’envoi nomme le même",
    "cosign --expires": "durée d’usage : 7d, 12h, 90m ; 7d par défaut",
    "cosign --output": "fichier pour la déclaration signée, à remettre à l’expéditeur",
    "cosign --passphrase-fd": _FD,
    "records rejects": "ouvrir le fichier scellé de ce qu’un envoi a mis de côté, pour le corriger et le renvoyer",
    "records rejects --into": "dossier pour les fichiers ; rien n’y est écrasé",
    "records rejects --passphrase-fd": _FD,
    "records rejects FILE": "le fichier scellé, par exemple results.csv.rejects.age",
}
