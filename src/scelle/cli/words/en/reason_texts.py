"""Facts that are codes, as a person reads them; other facts are English already."""

WORDS = {
    "prefix": "it does not begin as one",
    "version": "it was made by a later version",
    "other-organisation": "you belong to another organisation",
    "not-officer-now": "not a security officer",
    "not-officer-at-freeze": "not yet a security officer when it was frozen",
    "not-the-proposer": "somebody else proposed it",
    "two roots for one size": "other entries than then",
    "security-officer": "security officer",
    "dpo": "DPO",
}
