"""Erreurs de l’envoi de jeux de données typés : phrase et conseil par code."""

WORDS = {
    "dataset.empty": ("il n’y a pas une ligne dans ce que vous avez nommé", "vérifiez les fichiers"),
    "dataset.nobody": (
        "aucune agence régionale de l’annuaire ne peut recevoir",
        "nommez des bureaux par --to, ou demandez aux agences d’accepter votre organisation",
    ),
    "dataset.statement-file": (
        "{file} est trop long pour une déclaration",
        "nommez le fichier que « scelle cosign » a écrit",
    ),
    "dpo.statement": (
        "cette déclaration n’est pas celle d’un délégué à la protection des données pour cet usage : {why}",
        "demandez-en une nouvelle à votre délégué à la protection des données",
    ),
    "index.key-missing": (
        "il n’y a pas de clé d’index ici (époque : {epoch})",
        "demandez-en une à votre délégué à la protection des données, ou envoyez avec --no-index",
    ),
    "rejects.malformed": (
        "{file} n’est pas un fichier de rejets",
        "nommez le fichier que « scelle send --dataset » a écrit",
    ),
    "view.cosign-missing": (
        "la vue {view} pour {desk} exige une base légale et l’accord d’un délégué à la protection des données",
        "donnez --legal-basis et --cosign ; « scelle cosign » écrit l’accord",
    ),
}
