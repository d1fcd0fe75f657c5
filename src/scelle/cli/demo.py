"""`scelle demo`: the whole exchange on this computer, for real, and then the thief.

It sends files through a service of its own, compares what arrives, searches everything that a thief would find, and
fails when anything that it claims does not hold.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scelle.base.codec import Json
from scelle.base.errors import CallerError
from scelle.cli.grammar import Command, Option, UsageError, Values
from scelle.cli.session import Result, Session

if TYPE_CHECKING:
    from scelle.cli.demo_story import Story

_LARGE = 200  # MB
_PEOPLE = 1_400_000
_LEAST, _MOST = 30, 100_000
_FEWEST_PEOPLE, _MOST_PEOPLE = 2_000, 15_000_000


class DemoFailedError(CallerError):
    """Something that the demonstration claims does not hold. Facts: `count`, `first`."""

    code = "demo.failed"


class DemoPeopleError(UsageError):
    """How many people to invent is not a number in bounds. Facts: `text`, `least`, `most`."""

    code = "usage.demo-people"


class DemoSizeError(UsageError):
    """The size of the large file is not a number in bounds. Facts: `text`, `least`, `most` (megabytes)."""

    code = "usage.demo-size"


def _demo(values: Values, session: Session) -> Result | None:
    from tempfile import mkdtemp

    from scelle.cli.demo_stage import Stage
    from scelle.cli.demo_story import Story

    text = values.optional("size") or str(_LARGE)
    if not (text.isascii() and text.isdigit() and _LEAST <= int(text) <= _MOST):
        raise DemoSizeError(text=text, least=_LEAST, most=_MOST)
    people = values.optional("people") or str(_PEOPLE)
    if not (people.isascii() and people.isdigit() and _FEWEST_PEOPLE <= int(people) <= _MOST_PEOPLE):
        raise DemoPeopleError(text=people, least=_FEWEST_PEOPLE, most=_MOST_PEOPLE)
    keep = values.optional("keep")
    if keep is None:
        folder = Path(mkdtemp(prefix="scelle-demo-"))
    else:
        folder = Path(keep).absolute()
        folder.mkdir(parents=True)
    samples = values.optional("files")
    stage = Stage(folder, lang=session.words.lang)
    try:
        story = Story(
            session,
            stage,
            large=int(text) * 1_000_000,
            people=int(people),
            samples=None if samples is None else Path(samples),
        )
        story.tell()
    finally:
        stage.close(keep=keep is not None)
    return _end(story, session)


def _end(story: "Story", session: Session) -> Result | None:
    data: Json = {"ok": not story.failed, "seconds": round(story.seconds), "steps": story.document}
    if not story.failed:
        lines: Sequence[str] = [
            "",
            session.words("demo.end", count=story.checks, seconds=round(story.seconds)),
        ]
        return Result(data, lines)
    if session.terminal.json:
        import json

        session.terminal.line(json.dumps(data, ensure_ascii=False, indent=2))
    raise DemoFailedError(count=len(story.failed), first=story.failed[0])


COMMANDS = (
    Command(
        ("demo",),
        _demo,
        (
            Option(("--files",), "DIR"),
            Option(("--size",), "MB"),
            Option(("--people",), "N"),
            Option(("--keep",), "DIR"),
        ),
    ),
)
