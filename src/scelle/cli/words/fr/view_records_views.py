"""Pourquoi des lignes manquent dans une vue, comment une ligne est aiguillée, pourquoi une ligne est retirée."""

WORDS = {
    "left-out.held": "retenue : ni identité, ni résultat, ni destination utilisables",
    "left-out.past-retention": "durée de conservation de la source dépassée",
    "left-out.taken-back": "le laboratoire retire le résultat",
    "left-out.replaced": "un résultat ultérieur du même prélèvement la remplace",
    "left-out.serology": "une sérologie positive n’est pas un cas à appeler",
    "left-out.not-positive": "pas positive",
    "left-out.not-retest": "a un résultat",
    "left-out.other-region": "revient à une autre agence",
    "left-out.other-department": "revient aux départements d’un autre bureau",
    "left-out.small-cell": "trop peu de personnes semblables : reconnaissables",
    "route.residence": "département de résidence",
    "route.residence-commune": "commune de résidence",
    "route.residence-postcode": "code postal de résidence",
    "route.collective-place": "adresse du lieu collectif",
    "route.abroad": "réside à l’étranger : agence du lieu de prélèvement en attendant",
    "route.no-agency": "département sans agence régionale : agence du lieu de prélèvement en attendant",
    "route.unknown": "résidence inconnue : agence du lieu de prélèvement en attendant",
    "withdrawn.corrected": "le laboratoire a corrigé le résultat",
    "withdrawn.taken-back": "le laboratoire a retiré le résultat",
    "withdrawn.moved": "la ligne revient à un autre destinataire",
}
