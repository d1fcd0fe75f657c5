"""The one place where errors become answers (RFC 9457)."""

from scelle.base.errors import ScelleError
from scelle.exchange.answers import Problem, ProblemFact
from scelle.exchange.clockwatch import ClockError
from scelle.exchange.refusals import DefectError

MEDIA_TYPE = "application/problem+json"

TYPE_PREFIX = "urn:scelle:problem:"

_LONGEST_FACT = 300


def problem_of(error: ScelleError) -> Problem:
    """The problem that stands for an error.

    What went wrong inside the service (5xx) is named by its code alone: facts about its disk are nobody's business.
    """
    shown = error.http_status < 500 or isinstance(error, ClockError | DefectError)
    facts = error.facts if shown else {}
    return Problem(
        type=TYPE_PREFIX + error.code,
        title=_title(type(error)),
        status=error.http_status,
        code=error.code,
        facts=tuple(ProblemFact(name=name, value=str(value)[:_LONGEST_FACT]) for name, value in facts.items()),
    )


def _title(kind: type[ScelleError]) -> str:
    """First sentence of the class's description, without what it says about facts."""
    line = (kind.__doc__ or kind.code).split("\n", 1)[0]
    return line.partition(" Facts:")[0][:200]
