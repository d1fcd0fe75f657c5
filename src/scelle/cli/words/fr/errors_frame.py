"""Errors of the command line, the disk, the home and the vault: sentence and advice by code."""

WORDS = {
    "malformed": (
        "{what} n’a pas la bonne forme : {why}",
        "vérifiez que tout a été copié, ou redemandez-le à l’expéditeur",
    ),
    "usage.unknown-command": ("il n’y a pas de commande « {name} »", "voir « scelle --help »"),
    "usage.near-command": ("il n’y a pas de commande « {name} »", "vouliez-vous dire « {near} » ?"),
    "usage.unknown-option": (
        "« {command} » n’a pas d’option {option}",
        "mettez « -- » devant un nom qui commence par un tiret",
    ),
    "usage.missing-value": ("{option} attend une valeur", "écrivez la valeur à la suite"),
    "usage.needless-value": ("{option} ne prend pas de valeur", "écrivez {option} seul"),
    "usage.repeated-option": ("{option} est donné deux fois", "donnez-le une fois"),
    "usage.missing-option": ("{option} est obligatoire", "ajoutez-le"),
    "usage.missing-argument": ("il manque {argument}", "ajoutez-le à la fin"),
    "usage.extra-argument": (
        "« {argument} » est un argument de trop",
        "mettez entre guillemets un nom qui contient des espaces",
    ),
    "usage.choice": ("« {value} » n’est pas une valeur de {option}", "choisissez parmi : {choices}"),
    "usage.conflict": ("{first} et {second} s’excluent", "donnez l’un des deux"),
    "usage.passphrase-fd": (
        "aucune phrase de passe ne peut être lue sur le descripteur de fichier {number}",
        "ouvrez le descripteur en lecture ; sa première ligne est la phrase de passe, en UTF-8",
    ),
    "usage.binary-to-terminal": (
        "la sortie n’est pas du texte simple, et irait au terminal",
        "nommez un fichier avec -o, ou insistez avec -o - ; « seal -a » écrit du texte",
    ),
    "disk.full": ("plus de place pour écrire {path}", "faites de la place et relancez la commande"),
    "disk.missing": ("{path} n’existe pas", "vérifiez le nom et le dossier"),
    "disk.denied": ("le système refuse l’accès à {path}", "vérifiez son propriétaire et ses droits"),
    "disk.exists": ("{path} existe déjà, et n’est pas écrasé", "choisissez un autre nom, ou déplacez-le"),
    "disk.failed": ("impossible de lire ou d’écrire {path} : {why}", "vérifiez le disque, puis réessayez"),
    "clock.departed": (
        "l’horloge est fausse de {seconds:span}, rien n’est donc remis",
        "faites régler l’horloge de la machine du service ; les remises reprendront d’elles-mêmes",
    ),
    "home.missing": (
        "vous n’avez pas encore rejoint de service ({path})",
        "lancez « scelle join » avec votre invitation",
    ),
    "home.exists": (
        "{path} appartient déjà à un membre de {organisation} sur {service}",
        "prenez un autre dossier avec --home pour rejoindre à nouveau",
    ),
    "home.busy": ("une autre commande scelle est à l’œuvre dans {path}", "attendez qu’elle ait fini"),
    "home.corrupt": (
        "{path} est abîmé : {why}",
        "rétablissez le dossier depuis votre propre sauvegarde, ou rejoignez à nouveau",
    ),
    "vault.missing": (
        "il n’y a pas de clés dans {path}",
        "lancez « scelle join » avec votre invitation, ou vérifiez --home",
    ),
    "vault.exists": ("il y a déjà des clés dans {path}", "prenez un autre dossier avec --home"),
    "vault.wrong-passphrase": (
        "la phrase de passe est fausse",
        "réessayez ; vérifiez les majuscules et la disposition du clavier",
    ),
    "vault.short-passphrase": (
        "la phrase de passe est trop courte",
        "il faut au moins {least} caractères ; quatre mots au hasard conviennent bien",
    ),
    "vault.no-secret": (
        "votre coffre ne contient pas « {name} »",
        "lancez la commande qui le crée, ou rejoignez à nouveau",
    ),
    "vault.corrupt": (
        "{path} est abîmé",
        "rétablissez-le depuis votre propre sauvegarde ; la phrase de passe n’est pas en cause",
    ),
    "vault.keyring": (
        "le trousseau du système ne répond pas ({why})",
        "ouvrez avec la phrase de passe",
    ),
    "vault.agent": (
        "le processus d’arrière-plan qui garde vos clés n’a pas démarré",
        "donnez la phrase de passe à chaque commande",
    ),
    "passphrase.needed": (
        "il faut une phrase de passe, et il n’y a pas de terminal pour la demander",
        "lancez d’abord « scelle unlock », ou donnez --passphrase-fd",
    ),
    "passphrase.mismatch": ("les deux phrases de passe diffèrent", "réessayez"),
    "settings.unknown-key": (
        "{path} : « {name} » n’est pas un réglage",
        "voir les noms dans la référence des réglages",
    ),
    "settings.value": ("{path} : « {name} » {why}", "corrigez-le à cet endroit"),
    "settings.form": (
        "{path} n’est pas un fichier de réglages : {why}",
        "il s’écrit en TOML ; voir la référence des réglages",
    ),
    "usage.text-length": ("{option} est vide ou trop long", "écrivez de 1 à {most} caractères"),
    "usage.number": ("« {value} » n’est pas un nombre, qu’attend {option}", "écrivez-le en chiffres"),
    "usage.invited": (
        "{option} est pour le premier membre d’une nouvelle organisation",
        "retirez-le : votre invitation le dit",
    ),
    "usage.accept-everyone": (
        "tout le monde est accepté : {organisation} ne peut pas être exclue seule",
        "d’abord « scelle accept --from all --remove », puis nommez qui vous acceptez",
    ),
}
