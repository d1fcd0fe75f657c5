"""`scelle records generate`, `check`, `profiles` and `profile`: typed datasets, before anything is sent."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from scelle.base.errors import CallerError, Exit
from scelle.cli.grammar import Argument, Command, NumberError, Option, UsageError, Values
from scelle.cli.session import Result, Session
from scelle.cli.terminal import pairs, table

if TYPE_CHECKING:
    from scelle.base.codec import Json
    from scelle.cli.words import Words
    from scelle.records.checked import Finding, Outcome
    from scelle.records.ingest import Reading
    from scelle.records.profile import Column, Profile
    from scelle.records.synth import Generated
    from scelle.records.synth.files import Form

SCREENING = "screening-result"
"""The profile that is meant when none is named."""

_FORMS = ("csv", "parquet", "ndjson", "hl7", "fhir")
_BATCH = 1 << 17
"""People who are generated at once."""

_LEVELS = {"error": "records.error", "warning": "records.warning", "notice": "records.notice"}
_PERCENT = re.compile(r"\d{1,3}(\.\d{1,6})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_WHOLE = re.compile(r"\d{1,15}", re.ASCII)


class MappingFormError(UsageError):
    """A mapping is not written as source column, equals sign, column of the profile. Facts: `value`."""

    code = "usage.mapping"


class DayError(UsageError):
    """A value is not a day. Facts: `value`, `option`."""

    code = "usage.day"


class RecordsNoRowError(CallerError):
    """Nothing in the files could be read as a row. Facts: `count` (parts that were set aside)."""

    code = "records.no-row"
    exit_status = Exit.MALFORMED
    http_status = 422


# --- generate -----------------------------------------------------------------------------------------------------


def _generate(values: Values, session: Session) -> Result:
    from scelle.records.synth import generate
    from scelle.records.synth.files import write_population

    people, seed = _number(values, "people"), _number(values, "seed")
    output, truth = Path(values.text("output")), values.optional("truth")
    form = _form(values, output)
    start = day(values, "start") or date(2020, 6, 1)
    batches = generate(
        people,
        seed=seed,
        start=start,
        days=_number(values, "days", default=120),
        dirty=percent(values, "dirty", default=2),
        missing=percent(values, "missing", default=3),
        batch_people=_BATCH,
    )
    targets = [output] if truth is None else [output, Path(truth)]
    with (
        _placed(targets) as places,
        session.progress("progress.generate", total=people, counted=True) as progress,
    ):

        def told() -> Iterator["Generated"]:
            for number, batch in enumerate(batches, 1):
                progress(min(people, number * _BATCH), people)
                yield batch

        rows = write_population(told(), places[0], form, truth=places[1] if truth is not None else None)
        size = places[0].stat().st_size
    lines = [session.words("records.generated", rows=rows, people=people, file=str(output), size=size)]
    if truth is not None:
        lines.append(session.words("records.truth", file=truth))
    data: Json = {
        "file": str(output),
        "form": form,
        "size": size,
        "rows": rows,
        "people": people,
        "seed": seed,
        "truth": truth,
    }
    return Result(data, lines, [session.words("records.invented")])


def _form(values: Values, output: Path) -> "Form":
    """What was asked for; otherwise what the name of the file ends in, or CSV."""
    from scelle.records.synth.files import Form

    named = values.optional("form") or output.suffix.removeprefix(".").lower()
    return next((form for form in get_args(Form) if form == named), "csv")


@contextmanager
def _placed(targets: Sequence[Path]) -> Iterator[list[Path]]:
    """Places to write to; what is there afterwards gets its name. Nothing is overwritten, nothing half is left.

    Raises DiskExistsError and other file errors.
    """
    from tempfile import TemporaryDirectory

    from scelle.client.disk import DiskExistsError, disk_errors

    for target in targets:
        if target.exists():
            raise DiskExistsError(path=str(target))
    with disk_errors(targets[0]), TemporaryDirectory(prefix=".scelle-", dir=targets[0].parent) as folder:
        places = [Path(folder) / f"{number}{target.suffix}" for number, target in enumerate(targets)]
        yield places
        for place, target in zip(places, targets, strict=True):
            with disk_errors(target):
                if target.exists():
                    raise DiskExistsError(path=str(target))
                place.replace(target)


# --- check --------------------------------------------------------------------------------------------------------


def mapping_of(values: Values) -> dict[str, str]:
    """`--map SOURCE=COLUMN`, given any number of times. Raises MappingFormError."""
    mapping = {}
    for text in values.texts("map"):
        source, sign, column = text.rpartition("=")
        if not sign or not source or not column:
            raise MappingFormError(value=text)
        mapping[source.strip()] = column.strip()
    return mapping


def today(session: Session) -> date:
    """The day, in UTC."""
    return datetime.fromtimestamp(session.clock.now(), UTC).date()


def _check(values: Values, session: Session) -> Result | None:
    from scelle.client.disk import DiskExistsError
    from scelle.records.checked import HELD_SHARE, Checking
    from scelle.records.ingest import read
    from scelle.records.profile import load_profile
    from scelle.records.reference import load_reference
    from scelle.records.rules import Settings

    share = percent(values, "held-share", default=100 * HELD_SHARE)
    now = day(values, "now") or today(session)
    mapping = mapping_of(values)
    report = values.optional("report")
    if report is not None and Path(report).exists():
        raise DiskExistsError(path=report)
    profile = load_profile(values.optional("dataset") or SCREENING)
    reading = read([Path(path) for path in values.texts("FILE")], profile, mapping=mapping)
    checking = Checking(reading.profile, load_reference(), now=now, settings=Settings(demo=values.has("demo")))
    rows = 0
    with session.progress("progress.check", counted=True) as progress:
        for batch in checking.each(reading.batches(), reading.found):
            rows += batch.frame.height
            progress(rows, None)
    outcome = checking.finish()
    if report is not None:
        _write_report(Path(report), outcome, reading, session)
    result = _checked(outcome, reading, session, share=share, report=report)
    if outcome.rows and outcome.held <= share * outcome.rows:
        return result
    _show(result, session)
    if not outcome.rows:
        raise RecordsNoRowError(count=len(reading.rejects))
    outcome.must_not_stop(share)
    return None


def _show(result: Result, session: Session) -> None:
    """Print a result that is followed by an error."""
    import json

    if session.terminal.json:
        session.terminal.line(json.dumps(result.data, ensure_ascii=False, indent=2))
        return
    for line in result.lines:
        session.terminal.line(line)


def _sources(reading: "Reading") -> list[str]:
    return [str(file.path) for file in reading.found.files]


def _write_report(path: Path, outcome: "Outcome", reading: "Reading", session: Session) -> None:
    from scelle.client.disk import disk_errors
    from scelle.records.report_page import page

    text = page(outcome, lang=session.words.lang, sources=_sources(reading))
    with disk_errors(path), path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _checked(outcome: "Outcome", reading: "Reading", session: Session, *, share: float, report: str | None) -> Result:
    from scelle.cli.records_found import found_data, found_lines, reject_data, reject_lines
    from scelle.records.report import as_json, summary

    words, found = session.words, reading.found
    told = summary(outcome, lang=words.lang, sources=_sources(reading))
    lines = [line for file in found.files for line in found_lines(file, words)]
    lines.append(words("records.totals", rows=told.rows, sound=told.sound, flagged=told.flagged, held=told.held))
    width = max(len(words(key)) for key in _LEVELS.values())
    for level, key in _LEVELS.items():
        shown = f"{words(key):<{width}}"
        for finding in outcome.findings:
            if finding.count and finding.rule.level == level:
                rule = finding.rule
                lines.append(words("records.finding", level=shown, code=rule.code, sentence=rule.words[words.lang]))
                key_of_count = "records.rows-held" if rule.holds else "records.rows-found"
                counted = words(key_of_count, n=finding.count, places=_places(finding, reading, words))
                lines.append(f"{'':<{width}}  {counted}")
    lines += reject_lines(reading.rejects, found, words)
    if report is not None:
        lines.append(words("records.report", file=report))
    if outcome.rows and outcome.held <= share * outcome.rows:
        lines.append(words("records.goes", profile=outcome.profile.id))
    data: dict[str, Json] = {
        **as_json(outcome, sources=_sources(reading)),
        "held_share": share,
        "stops": not outcome.rows or outcome.held > share * outcome.rows,
        "files": [found_data(file, words) for file in found.files],
        "rejects": [reject_data(reject, found, words) for reject in reading.rejects],
    }
    return Result(data, lines)


def _places(finding: "Finding", reading: "Reading", words: "Words") -> str:
    """The first rows with a finding: `12, 40, 41…`, and of which file when there are several."""
    by_file: dict[int, list[str]] = {}
    for place in finding.examples:
        by_file.setdefault(place.file, []).append(str(place.row))
    sources = _sources(reading)
    rows = {file: ", ".join(numbers) for file, numbers in by_file.items()}
    if len(sources) > 1:
        rows = {file: words("records.rows-of", rows=text, file=sources[file]) for file, text in rows.items()}
    return "; ".join(rows.values()) + ("…" if finding.count > len(finding.examples) else "")


# --- profiles -----------------------------------------------------------------------------------------------------


def _profiles(values: Values, session: Session) -> Result:  # noqa: ARG001 (every command is called so)
    from scelle.records.profile import known_profiles, load_profile

    profiles = [load_profile(name) for name in known_profiles()]
    lang = session.words.lang
    data: list[Json] = [
        {"profile": profile.id, "meaning": dict(profile.meaning), "columns": len(profile.columns)}
        for profile in profiles
    ]
    width = max(len(profile.id) for profile in profiles)
    lines = [f"{profile.id:<{width}}  {profile.meaning[lang]}" for profile in profiles]
    return Result({"profiles": data}, lines)


def _profile(values: Values, session: Session) -> Result:
    from scelle.records.profile import load_profile

    profile = load_profile(values.text("NAME"))
    words = session.words
    facts = [(words("label.records-columns"), words("cell.count", n=len(profile.columns)))]
    if profile.sample is not None:
        facts.append((words("label.records-sample"), profile.sample))
    if profile.retention is not None:
        kept = words("records.retention", n=profile.retention.months, column=profile.retention.collected)
        facts.append((words("label.records-retention"), kept))
        facts += [
            ("", words("records.longer", n=longer.months, column=longer.column, since=longer.since))
            for longer in profile.retention.longer
        ]
    keeps = words("records.others-kept") if profile.others == "keep" else words("records.others-aside")
    facts.append((words("label.records-others"), keeps))
    headers = [
        words("column.records-name"),
        words("column.records-type"),
        words("column.records-identity"),
        words("column.records-meaning"),
    ]
    rows = [
        (column.name, column.type, "" if column.identity == "none" else column.identity, column.meaning[words.lang])
        for column in profile.columns
    ]
    lines = [f"{profile.id}  {profile.meaning[words.lang]}", *pairs(facts), *table(headers, rows)]
    return Result(_profile_data(profile), lines)


def _profile_data(profile: "Profile") -> "Json":
    rule = profile.retention
    retention: Json = None
    if rule is not None:
        retention = {
            "collected": rule.collected,
            "months": rule.months,
            "source": rule.source,
            "longer": [
                {"column": each.column, "values": list(each.values), "months": each.months, "since": each.since}
                for each in rule.longer
            ],
        }
    return {
        "profile": profile.id,
        "meaning": dict(profile.meaning),
        "sample": profile.sample,
        "others": profile.others,
        "retention": retention,
        "columns": [_column_data(column) for column in profile.columns],
    }


def _column_data(column: "Column") -> "Json":
    codes = column.codes if isinstance(column.codes, Mapping) else {}
    return {
        "name": column.name,
        "type": column.type,
        "meaning": dict(column.meaning),
        "identity": column.identity,
        "contact": column.contact,
        "category": column.category,
        "subject": column.subject,
        "required": column.required,
        "aliases": list(column.aliases),
        "codes": {code: dict(meaning) for code, meaning in codes.items()},
    }


# --- values of options --------------------------------------------------------------------------------------------


def _number(values: Values, name: str, *, default: int = 0) -> int:
    text = values.optional(name)
    if text is None:
        return default
    if not _WHOLE.fullmatch(text):
        raise NumberError(value=text, option=f"--{name}")
    return int(text)


def percent(values: Values, name: str, *, default: float) -> float:
    """A percentage as a share: `2.5` is 0.025. Raises NumberError."""
    text = values.optional(name)
    if text is None:
        return default / 100
    if not _PERCENT.fullmatch(text) or float(text) > 100:
        raise NumberError(value=text, option=f"--{name}")
    return float(text) / 100


def day(values: Values, name: str) -> date | None:
    """A day, YYYY-MM-DD; None when it was not given. Raises DayError."""
    text = values.optional(name)
    if text is None:
        return None
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise DayError(value=text, option=f"--{name}") from None


MAP = Option(("--map",), "SOURCE=COLUMN", many=True)
HELD = Option(("--held-share",), "PERCENT")

COMMANDS = (
    Command(
        ("records", "generate"),
        _generate,
        (
            Option(("--people",), "N", required=True),
            Option(("--seed",), "N", required=True),
            Option(("--output", "-o"), "FILE", required=True),
            Option(("--form",), "FORM", choices=_FORMS),
            Option(("--truth",), "FILE"),
            Option(("--start",), "DATE"),
            Option(("--days",), "N"),
            Option(("--dirty",), "PERCENT"),
            Option(("--missing",), "PERCENT"),
        ),
    ),
    Command(
        ("records", "check"),
        _check,
        (
            Option(("--dataset",), "PROFILE"),
            MAP,
            Option(("--report",), "FILE"),
            HELD,
            Option(("--now",), "DATE"),
            Option(("--demo",)),
        ),
        (Argument("FILE", many=True),),
    ),
    Command(("records", "profiles"), _profiles),
    Command(("records", "profile"), _profile, arguments=(Argument("NAME"),)),
)
