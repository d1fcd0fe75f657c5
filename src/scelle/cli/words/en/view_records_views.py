"""Why rows are left out of a view, how a row was routed, and why a row is withdrawn, by code."""

WORDS = {
    "left-out.held": "held: no usable identity, result or route",
    "left-out.past-retention": "past the source's retention",
    "left-out.taken-back": "the laboratory takes the result back",
    "left-out.replaced": "a later result of the same sample replaces it",
    "left-out.serology": "a positive serology is not a case to call",
    "left-out.not-positive": "not positive",
    "left-out.not-retest": "has a result",
    "left-out.other-region": "goes to another agency",
    "left-out.other-department": "goes to another desk's departments",
    "left-out.small-cell": "too few persons alike: could be recognised",
    "route.residence": "department of residence",
    "route.residence-commune": "commune of residence",
    "route.residence-postcode": "postcode of residence",
    "route.collective-place": "address of the collective place",
    "route.abroad": "lives abroad: agency of the sampling place until settled",
    "route.no-agency": "department without regional agency: agency of the sampling place until settled",
    "route.unknown": "residence unknown: agency of the sampling place until settled",
    "withdrawn.corrected": "the laboratory corrected the result",
    "withdrawn.taken-back": "the laboratory took the result back",
    "withdrawn.moved": "the row belongs to another recipient",
}
