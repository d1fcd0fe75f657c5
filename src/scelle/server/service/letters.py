"""The mails' texts. They name a transfer by a reference and the service by its address: nothing else is in them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Letter:
    """Subject and body; `{reference}` and `{address}` are filled in."""

    subject: str
    body: str


LETTERS: Final[dict[str, dict[str, Letter]]] = {
    "en": {
        "arrived": Letter(
            "Scellé: a transfer is waiting for you ({reference})",
            "A transfer is waiting for you.\n\nReference: {reference}\nService: {address}\n\n"
            "This message contains no link and no file. Open the transfer with your own tool: scelle inbox\n",
        ),
        "unopened": Letter(
            "Scellé: a transfer has not been opened ({reference})",
            "A transfer that you sent has not been opened yet.\n\nReference: {reference}\nService: {address}\n\n"
            "To see where it stands: scelle show {reference}\n",
        ),
        "expiring": Letter(
            "Scellé: a transfer is about to expire unopened ({reference})",
            "A transfer that you sent will soon expire, and nobody has opened it.\n\n"
            "Reference: {reference}\nService: {address}\n\nTo see where it stands: scelle show {reference}\n",
        ),
    },
    "fr": {
        "arrived": Letter(
            "Scellé : un envoi vous attend ({reference})",
            "Un envoi vous attend.\n\nRéférence : {reference}\nService : {address}\n\n"
            "Ce message ne contient ni lien ni fichier. Ouvrez l'envoi avec votre propre outil : scelle inbox\n",
        ),
        "unopened": Letter(
            "Scellé : un envoi n'a pas été ouvert ({reference})",
            "Un envoi de votre part n'a pas encore été ouvert.\n\nRéférence : {reference}\nService : {address}\n\n"
            "Pour savoir où il en est : scelle show {reference}\n",
        ),
        "expiring": Letter(
            "Scellé : un envoi va expirer sans avoir été ouvert ({reference})",
            "Un envoi de votre part va bientôt expirer, et personne ne l'a ouvert.\n\n"
            "Référence : {reference}\nService : {address}\n\nPour savoir où il en est : scelle show {reference}\n",
        ),
    },
}
"""By language, then by the kind of message."""
