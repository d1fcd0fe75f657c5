"""What every command may say, and what the commands about keys print."""

WORDS = {
    "frame.error": "scelle : erreur : {text}",
    "frame.hint": "scelle : conseil : {text}",
    "frame.see": "scelle : conseil : voir « {command} --help »",
    "frame.interrupted": "scelle : interrompu ; rien n’est à moitié en place, et la même commande peut être relancée",
    "frame.defect": "il s’est passé quelque chose d’imprévu dans scelle ({kind}, {where})",
    "frame.report": (
        "merci de signaler cette ligne et ce que vous faisiez ; SCELLE_DEBUG=1 en dit plus, gardez-le pour vous"
    ),
    "frame.service-says": "le service dit : {text}",
    "frame.entry-refused": "ceci ne peut pas être inscrit dans l’annuaire : {why}",
    "frame.storage-failed": "son stockage a échoué ; rien de ce que vous demandiez n’a été gardé",
    "frame.no-entry": "il n’y a pas d’entrée {index} dans ce journal",
    "frame.no-entry-hint": "« scelle log tail » montre les entrées qui existent",
    "frame.refused-hint": (
        "relancez la commande ; si cela persiste, cherchez une mise à jour de scelle ou voyez avec l’exploitant"
    ),
    "ask.passphrase": "Phrase de passe :",
    "ask.new-passphrase": "Nouvelle phrase de passe :",
    "ask.again": "La même, encore une fois :",
    "keygen.public": "Clé publique : {key}",
    "progress.seal": "scellement",
    "progress.unseal": "ouverture",
    "unlock.done": "Ouvert jusqu’au {until:time} ({left:span}).",
    "lock.done": "Refermé.",
    "lock.already": "Déjà fermé.",
    "lock.forgotten": "La clé n’est plus dans le trousseau.",
    "vault.plain": "scelle : attention : vos clés sont sur ce disque sans phrase de passe",
}
