"""Errors met on the way to the service and in the files to send: sentence and advice by code."""

WORDS = {
    "clock.differs": (
        "l’horloge de cet ordinateur et celle du service diffèrent de {seconds:span}",
        "réglez l’horloge, puis réessayez ; rien n’a été signé",
    ),
    "network.address": (
        "« {service} » n’est pas l’adresse d’un service",
        "elle ressemble à https://scelle.example.org",
    ),
    "network.certificate": (
        "le certificat de {service} n’est pas digne de confiance : {why}",
        "n’allez pas plus loin avant que son exploitant ne l’ait expliqué",
    ),
    "network.failed": (
        "{service} est injoignable : {why}",
        "relancez la commande ; ce qui est fait n’est pas perdu",
    ),
    "network.insecure": (
        "{service} ferait voyager tout en clair sur le réseau",
        "utilisez son adresse en https://",
    ),
    "send.interrupted": (
        "interrompu pendant l’envoi du transfert {transfer:short}",
        "il est gardé un jour : la même commande reprend là où il en était",
    ),
    "service.answer": (
        "le service a répondu contre les règles : {why}",
        "voyez si un serveur mandataire s’interpose",
    ),
    "service.problem": (
        "le service a refusé avec {problem} (statut {status})",
        "cherchez une mise à jour de scelle, ou demandez à l’exploitant",
    ),
    "source.changed": ("{path} a changé pendant l’envoi", "attendez qu’il soit terminé, puis renvoyez"),
    "source.empty": ("il n’y a aucun fichier dans ce que vous avez nommé", "vérifiez les noms"),
    "source.kind": (
        "{path} n’est ni un fichier ni un dossier",
        "nommez ce vers quoi il pointe, ou laissez-le de côté",
    ),
    "source.too-large": (
        "ceci fait {size:size}, et le service prend {most:size} par transfert",
        "faites plusieurs transferts, ou demandez à l’exploitant",
    ),
    "transfer.ambiguous": ("plusieurs transferts commencent par « {id} »", "donnez plus de caractères"),
    "disk.copy-there": ("{path} est toujours là", "supprimez-le d’abord ; attestez-le ensuite"),
    "freeze.ambiguous": ("plusieurs gels commencent par « {id} »", "donnez plus de caractères"),
    "freeze.unknown": (
        "il n’y a pas de gel « {id} » pour vous",
        "« scelle freezes » liste ceux qui vous concernent",
    ),
    "log.key-differs": (
        "ce n’est pas la clé du journal {log} que vous avez épinglée",
        "n’utilisez plus ce dont elle vient avant que son exploitant ne l’ait expliqué",
    ),
    "member.ambiguous": ("plusieurs membres répondent à « {name} »", "nommez-en un par le début de sa clé"),
}
