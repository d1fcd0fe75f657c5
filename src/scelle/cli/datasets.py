"""`scelle send --dataset`, `scelle cosign` and `scelle records rejects`: typed datasets, from the sender's side."""

import os
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, cast

from scelle.base.codec import Json
from scelle.base.errors import CallerError, Exit
from scelle.base.ids import parse_desk_id
from scelle.cli.grammar import Argument, Command, ConflictError, MissingOptionError, Option, Values
from scelle.cli.passphrase import PASSPHRASE_FD
from scelle.cli.records import HELD, MAP, mapping_of, percent
from scelle.cli.session import Result, Session
from scelle.cli.terminal import safe, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scelle.base.ids import DeskId
    from scelle.client.dataset_send import DatasetOrder, Summary
    from scelle.client.datasets import Shipped
    from scelle.records.view import Explained, Format

FORMATS = ("parquet", "csv", "xlsx", "ndjson", "fhir")
_LASTS = "7d"
_LONGEST_PURPOSE = 200
_LONGEST_BASIS = 80
_LARGEST_COSIGN = 65536
_INDENT = "  "


class StatementFileError(CallerError):
    """A file is too long to be a statement. Facts: `file`."""

    code = "dataset.statement-file"
    exit_status = Exit.MALFORMED
    http_status = 400


OPTIONS = (
    Option(("--dataset",), "PROFILE"),
    Option(("--to-routed",)),
    Option(("--explain",)),
    Option(("--format",), "FORMAT", choices=FORMATS),
    Option(("--bom",)),
    MAP,
    Option(("--cosign",), "FILE"),
    Option(("--epoch",), "NAME"),
    Option(("--no-index",)),
    HELD,
    Option(("--rejects",), "FILE"),
)
"""Options of `send` that belong to datasets."""


def require_dataset(values: Values) -> None:
    """Refuse options of datasets where none is sent. Raises MissingOptionError."""
    if any(values.has(option.name) for option in OPTIONS):
        raise MissingOptionError(option="--dataset", command="send")


def send_dataset(values: Values, session: Session) -> Result:
    """`scelle send --dataset`. Raises what `client.dataset_send` raises, and errors of usage."""
    from scelle.cli.online import online
    from scelle.client.dataset_send import explain, send_dataset

    order = _order(values, session)
    words = session.words
    explains = values.has("explain")
    if order.index_purpose is None and not explains:
        session.note("dataset.no-index")
    with (
        online(values, session, secrets=not explains) as member,
        session.progress("progress.dataset", counted=True) as bar,
    ):
        summary = (explain if explains else send_dataset)(member, order, progress=bar)
    if summary.again:
        lines = [words("dataset.again", n=len(summary.again))]
        lines += [
            _INDENT + words("dataset.sent", desks=", ".join(each.desks), transfer=each.transfer, expires=each.expires)
            for each in summary.again
        ]
        return Result({"again": [each.transfer for each in summary.again]}, lines)
    lines = _told(summary, session, in_full=explains)
    if explains:
        lines += ["", words("dataset.explained")]
    elif summary.shipped:
        lines += ["", words("dataset.done", batch=summary.batch or "")]
        lines += [_INDENT + _sent(each, session) for each in summary.shipped]
    else:
        lines += ["", words("dataset.nothing")]
    notes = []
    if summary.rejects is not None:
        notes.append(words("dataset.rejects", file=str(summary.rejects)))
    return Result(_data(summary), lines, notes)


# --- what was asked for -------------------------------------------------------------------------------------------


def _order(values: Values, session: Session) -> "DatasetOrder":
    from scelle.client.dataset_send import DatasetOrder
    from scelle.exchange.retention import parse_duration
    from scelle.records.checked import HELD_SHARE

    for other in ("collected", "retention"):  # the rows and the profile say both
        if values.has(other):
            raise ConflictError(first="--dataset", second=f"--{other}")
    values.at_most_one("epoch", "no-index")
    desks = tuple(_desk(text) for text in values.listed("to"))
    if not desks and not values.has("to-routed"):
        raise MissingOptionError(option="--to", command="send")
    paths = tuple(Path(os.path.abspath(path)) for path in values.texts("PATH"))  # noqa: PTH100
    rejects = values.optional("rejects")
    purpose = values.bounded("purpose", _LONGEST_PURPOSE) or ""
    cosign = values.optional("cosign")
    return DatasetOrder(
        paths=paths,
        dataset=values.text("dataset"),
        desks=desks,
        routed=values.has("to-routed"),
        purpose=purpose,
        lasts=parse_duration(values.optional("expires") or _LASTS),
        rejects=paths[0].with_name(f"{paths[0].name}.rejects.age") if rejects is None else Path(rejects),
        form=cast("Format", values.optional("format") or FORMATS[0]),
        bom=values.has("bom"),
        mapping=mapping_of(values),
        legal_basis=values.bounded("legal-basis", _LONGEST_BASIS),
        cosign=None if cosign is None else _statement(Path(cosign)),
        epoch=values.optional("epoch"),
        index_purpose=None if values.has("no-index") else session.words("dataset.index-purpose", purpose=purpose),
        held_share=percent(values, "held-share", default=HELD_SHARE * 100),
    )


def _desk(text: str) -> "tuple[DeskId, str | None]":
    desk, _, policy = text.partition("=")
    return parse_desk_id(desk), policy or None


def _statement(path: Path) -> bytes:
    from scelle.client.disk import disk_errors

    with disk_errors(path), path.open("rb") as file:
        raw = file.read(_LARGEST_COSIGN + 1)
    if len(raw) > _LARGEST_COSIGN:
        raise StatementFileError(file=str(path))
    return raw


# --- what it came to ----------------------------------------------------------------------------------------------


def _told(summary: "Summary", session: Session, *, in_full: bool) -> list[str]:
    """Lines of a summary: what was read, who gets how much, and what is left out, and why."""
    words, outcome = session.words, summary.outcome
    lines = []
    if outcome is not None:
        lines.append(words("dataset.read", profile=summary.profile.id, n=outcome.rows))
        lines.append(words("dataset.odd", held=outcome.held, rejected=summary.rejected))
    headers = [
        words("column.to"),
        words("column.view"),
        words("column.rows"),
        words("column.columns"),
        words("column.flagged"),
        words("column.unsettled"),
        words("column.until"),
    ]
    rows = []
    for target, copy in zip(summary.plan.targets, summary.copies, strict=True):
        desks = target.desks
        until = copy.kept_until
        rows.append(
            [
                desks[0] if len(desks) == 1 else f"{desks[0]} +{len(desks) - 1}",
                target.policy.name,
                words("cell.count", n=copy.rows),
                words("cell.count", n=len(copy.columns)),
                words("cell.count", n=copy.flagged),
                words("cell.count", n=copy.unsettled),
                "" if until is None else until.isoformat(),
            ]
        )
    lines += ["", *table(headers, rows, shorten=0, width=session.terminal.width), "", words("dataset.left-out")]
    for target, copy in zip(summary.plan.targets, summary.copies, strict=True):
        lines += _wrapped(f"{target.desks[0]}: {_reasons(copy, session)}", session)
    if summary.unreached:
        lines += ["", words("dataset.unreached")]
        named = sorted(summary.unreached.items())
        nobody = words("dataset.no-agency")
        texts = [f"{name or nobody} {words('cell.count', n=count)}" for name, count in named]
        lines += _wrapped("; ".join(texts), session)
    quiet = [agency for agency in summary.plan.unreached if agency not in summary.unreached]
    if quiet:
        lines += ["", words("dataset.unreached-without"), *_wrapped(", ".join(quiet), session)]
    gone = sum(summary.withdrawn)
    if gone:
        lines += ["", words("dataset.withdrawn", n=gone)]
    if in_full:
        lines += _columns(summary, session)
    return lines


def _reasons(copy: "Explained", session: Session) -> str:
    words = session.words
    counts = copy.left_out.most_common()
    found = [f"{words('cell.count', n=count)} {words(_REASONS[reason])}" for reason, count in counts]
    return "; ".join(found) or words("dataset.nothing-left-out")


_REASONS = {
    "held": "left-out.held",
    "past-retention": "left-out.past-retention",
    "taken-back": "left-out.taken-back",
    "replaced": "left-out.replaced",
    "serology": "left-out.serology",
    "not-positive": "left-out.not-positive",
    "not-retest": "left-out.not-retest",
    "other-region": "left-out.other-region",
    "other-department": "left-out.other-department",
    "small-cell": "left-out.small-cell",
}


def _columns(summary: "Summary", session: Session) -> list[str]:
    """For each view, its columns, those without, and why."""
    words, lines = session.words, list[str]()
    for policy, copy in {
        target.policy.name: (target.policy, copy)
        for target, copy in zip(summary.plan.targets, summary.copies, strict=True)
    }.values():
        title = words("dataset.view", view=policy.name, title=policy.title[words.lang])
        lines += ["", *wrap(safe(title), session.terminal.width, subsequent_indent=_INDENT)]
        if policy.needs_cosign:
            lines.append(_INDENT + words("dataset.wider"))
        if copy.columns:
            lines += _wrapped(words("dataset.columns", columns=", ".join(copy.columns)), session)
        for without in policy.without:
            text = words("dataset.without", columns=", ".join(without.columns), why=without.why[words.lang])
            lines += _wrapped(text, session)
    return lines


def _wrapped(text: str, session: Session) -> list[str]:
    width = session.terminal.width
    return wrap(safe(text), width, initial_indent=_INDENT, subsequent_indent=_INDENT * 2, break_on_hyphens=False)


def _sent(shipped: "Shipped", session: Session) -> str:
    sent = shipped.sent
    return session.words("dataset.sent", desks=", ".join(sent.desks), transfer=sent.transfer, expires=sent.expires)


def _data(summary: "Summary") -> Json:
    outcome = summary.outcome
    shipped = {each.sent.desks: each for each in summary.shipped}
    recipients: list[Json] = []
    for target, copy, withdrawn in zip(summary.plan.targets, summary.copies, summary.withdrawn, strict=True):
        told = {
            "desks": list(target.desks),
            **copy.told(),
            "withdrawn": withdrawn,
            "cosign": target.policy.needs_cosign,
        }
        del told["desk"]
        recipients.append({**told, **_transfer(shipped.get(target.desks))})
    index = next((each for each in summary.shipped if each.view == "index"), None)
    return {
        "dataset": summary.profile.id,
        "batch": summary.batch,
        "rows": 0 if outcome is None else outcome.rows,
        "held": 0 if outcome is None else outcome.held,
        "rejected": summary.rejected,
        "recipients": recipients,
        "unreached": [{"agency": name, "rows": summary.unreached.get(name, 0)} for name in _agencies(summary)],
        "index": None if index is None else {"rows": index.rows, **_transfer(index)},
        "rejects": None if summary.rejects is None else str(summary.rejects),
        "findings": []
        if outcome is None
        else [
            {"code": each.rule.code, "level": each.rule.level, "rows": each.count}
            for each in outcome.findings
            if each.count
        ],
    }


def _agencies(summary: "Summary") -> "Iterable[str]":
    return sorted({*summary.plan.unreached, *summary.unreached})


def _transfer(shipped: "Shipped | None") -> dict[str, Json]:
    if shipped is None:
        return {"transfer": None}
    sent = shipped.sent
    return {
        "transfer": sent.transfer,
        "desks": list(sent.desks),
        "expires": sent.expires,
        "size": sent.size,
        "sealed_size": sent.sealed_size,
        "entry": sent.index,
    }


# --- cosign and rejects -------------------------------------------------------------------------------------------


def _cosign(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.dpo import cosign_view
    from scelle.client.home import write_private
    from scelle.exchange.retention import parse_duration
    from scelle.records.policy import load_policies, policy_named
    from scelle.records.profile import load_profile

    profile = load_profile(values.text("dataset"))
    policy = policy_named(load_policies(), values.text("view"))
    desks = tuple(parse_desk_id(text) for text in values.listed("to"))
    if not desks:
        raise MissingOptionError(option="--to", command="cosign")
    basis = values.bounded("legal-basis", _LONGEST_BASIS) or ""
    lasts = parse_duration(values.optional("expires") or _LASTS)
    with online(values, session) as member:
        raw = cosign_view(member, dataset=profile.id, view=policy.name, desks=desks, legal_basis=basis, lasts=lasts)
        expires = member.now() + lasts
    path = Path(values.text("output"))
    write_private(path, raw)
    words = session.words
    lines = [words("cosign.done", view=policy.name, desks=", ".join(desks), basis=basis, expires=expires)]
    data = {
        "dataset": profile.id,
        "view": policy.name,
        "desks": list(desks),
        "legal_basis": basis,
        "expires": expires,
        "file": str(path),
    }
    return Result(data, lines, [words("cosign.next", file=str(path))])


def _rejects(values: Values, session: Session) -> Result:
    from scelle.client.dataset_rejects import open_rejects

    into = Path(values.text("into"))
    files = open_rejects(session.vault(values), Path(values.text("FILE")), into)
    lines = [session.words("rejects.done", folder=str(into), n=len(files))]
    lines += [session.words("open.file", name=name) for name in files]
    return Result({"folder": str(into), "files": list(files)}, lines)


COMMANDS = (
    Command(
        ("cosign",),
        _cosign,
        (
            Option(("--dataset",), "PROFILE", required=True),
            Option(("--view",), "POLICY", required=True),
            Option(("--to", "-t"), "DESKS", many=True, required=True),
            Option(("--legal-basis",), "CODE", required=True),
            Option(("--expires",), "SPAN"),
            Option(("--output", "-o"), "FILE", required=True),
            PASSPHRASE_FD,
        ),
    ),
    Command(
        ("records", "rejects"),
        _rejects,
        (Option(("--into",), "DIR", required=True), PASSPHRASE_FD),
        (Argument("FILE"),),
    ),
)
