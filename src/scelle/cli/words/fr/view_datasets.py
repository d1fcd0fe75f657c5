"""Ce qu’affiche l’envoi de jeux de données typés."""

WORDS = {
    "progress.dataset": "lecture, contrôle et envoi des lignes",
    "column.view": "vue",
    "column.rows": "lignes",
    "column.columns": "colonnes",
    "column.flagged": "signalées",
    "column.unsettled": "à placer",
    "column.until": "gardé jusqu’au",
    "dataset.read": "{profile} : {n:count} {n:plural ligne lue|lignes lues}.",
    "dataset.odd": "retenues : {held:count} ; illisibles comme lignes : {rejected:count}.",
    "dataset.left-out": "Lignes écartées, et pourquoi :",
    "dataset.unreached": "Cas qui restent ici, faute de pouvoir envoyer à ces agences :",
    "dataset.unreached-without": "Agences auxquelles on ne peut pas envoyer, sans cas aujourd’hui :",
    "dataset.no-agency": "aucune agence",
    "dataset.withdrawn": (
        "{n:count} {n:plural ligne est retirée|lignes sont retirées} dans les copies : une ligne plus tardive "
        "corrige chacune."
    ),
    "dataset.view": "Vue {view} : {title}",
    "dataset.wider": "exige une base légale et l’accord d’un délégué à la protection des données (scelle cosign)",
    "dataset.columns": "colonnes : {columns}",
    "dataset.without": "sans {columns} : {why}",
    "dataset.explained": "Rien n’a été envoyé.",
    "dataset.nothing": "Aucune ligne n’entre dans une vue : rien n’a été envoyé.",
    "dataset.done": "Envoyé comme lot {batch:short} :",
    "dataset.sent": "{desks} : transfert {transfer:short}, expire le {expires:time}",
    "dataset.again": (
        "Un envoi interrompu de ce jeu de données est terminé ; il restait {n:count} {n:plural transfert|transferts} :"
    ),
    "dataset.rejects": "scelle : note : ce qui a été mis de côté est dans {file} ; « scelle records rejects » l’ouvre",
    "dataset.no-index": (
        "scelle : note : sans index des personnes, nul ne pourra dire plus tard qui figurait dans ces lignes"
    ),
    "dataset.index-purpose": "Index des personnes : {purpose}",
    "dataset.nothing-left-out": "rien",
    "cosign.done": "La vue {view} est autorisée pour {desks}, base légale {basis}, jusqu’au {expires:time}.",
    "cosign.next": "scelle : l’expéditeur ajoute --cosign {file}",
    "rejects.done": "Ouvert dans {folder} : {n:count} {n:plural fichier|fichiers}.",
    "open.dataset": "Jeu de données {dataset}, vue {view}, lot {batch:short} : {n:count} {n:plural ligne|lignes}.",
}
