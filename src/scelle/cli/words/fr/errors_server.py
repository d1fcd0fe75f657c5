"""Errors that the service answers to requests: sentence and advice by code."""

_VERSION = "cherchez une mise à jour de scelle"
_AGAIN = "relancez la commande ; ce qui est arrivé n’est pas perdu"

WORDS = {
    "page.cursor": ("la liste ne peut pas reprendre à cet endroit", "demandez-la depuis le début"),
    "quota.exceeded": (
        "votre organisation a atteint sa limite dans le service ({what} : {limit:count})",
        "attendez que des transferts expirent, révoquez-en, ou demandez à l’exploitant",
    ),
    "record.erased": (
        "l’acte de l’entrée {index} a été effacé au terme de sa conservation",
        "l’entrée elle-même reste dans le journal",
    ),
    "release.missing": ("le transfert ne vous a pas encore été remis", "ouvrez-le avec « scelle open »"),
    "transfer.too-large": (
        "le transfert dépasse ce que prend le service ({what} : {limit:count} au plus)",
        "faites plusieurs transferts, ou demandez à l’exploitant",
    ),
    "defect": (
        "il s’est passé quelque chose d’imprévu dans le service",
        "donnez cette référence à son exploitant : {reference}",
    ),
    "freeze.not-found": (
        "il n’y a pas de tel gel pour vous",
        "« scelle freezes » donne ceux qui vous concernent",
    ),
    "request.body-too-large": ("la requête dépasse {limit:size}", _VERSION),
    "request.body-type": ("la requête n’est pas du type {wanted}", _VERSION),
    "request.busy": ("le service traite déjà autant de requêtes qu’il peut", "réessayez dans un instant"),
    "request.connection-lost": ("la connexion s’est rompue au milieu d’une requête", _AGAIN),
    "request.headers-too-large": ("l’en-tête de la requête dépasse {limit:size}", _VERSION),
    "request.method-wrong": ("cela ne se demande qu’avec {allowed}", _VERSION),
    "request.range": (
        "la partie demandée est en dehors du fichier, qui fait {size:size}",
        "relancez la commande",
    ),
    "request.route-unknown": (
        "il n’y a rien à cette adresse du service",
        "vérifiez l’adresse ; " + _VERSION,
    ),
    "request.too-slow": ("la requête n’est pas arrivée en {seconds:span}", _AGAIN),
    "request.upload-version": ("l’envoi ne suit pas le protocole {wanted}", _VERSION),
    "statement.clock": (
        "les horloges diffèrent : signé le {time:time}, reçu le {now:time}",
        "réglez l’horloge de cet ordinateur, puis réessayez",
    ),
    "statement.directory-unseen": (
        "le service n’a jamais eu l’annuaire (taille {size}) qui vous a été montré",
        "cessez d’utiliser ce service, gardez votre dossier, et prévenez votre responsable de la sécurité",
    ),
    "upload.busy": ("une autre commande envoie ce transfert", "attendez qu’elle ait fini"),
    "upload.chunk-digest": ("un morceau a été modifié en chemin (à l’octet {offset})", _AGAIN),
    "upload.incomplete": ("la partie {part} du transfert n’est pas arrivée en entier", _AGAIN),
    "upload.length": ("un morceau du transfert n’a pas la bonne longueur : {why}", _AGAIN),
    "upload.offset": ("un morceau n’est pas à sa place ; le prochain octet est le numéro {offset}", _AGAIN),
    "upload.part-number": (
        "la partie {part} dépasse les {limit} que prend le service",
        "envoyez moins de fichiers à la fois",
    ),
    "upload.part-unknown": ("le transfert n’a pas de partie {part}", _AGAIN),
}
