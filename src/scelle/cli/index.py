"""`scelle index issue`, `take`, `keys`, `count`, `overlap` and `find`: keys and questions of subject indexes.

Questions are answered on this computer from indexes that were opened into folders; nothing is asked of the service.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scelle.base.errors import CallerError, Exit, PeerError
from scelle.cli.grammar import Argument, Command, Option, Values
from scelle.cli.passphrase import PASSPHRASE_FD
from scelle.cli.session import Result, Session
from scelle.cli.terminal import table
from scelle.cli.words import SHORT

if TYPE_CHECKING:
    from scelle.base.codec import Json
    from scelle.records.blind import IndexKey
    from scelle.records.index import Index
    from scelle.records.index_queries import Breakdown, PersonRange, Sought

_LONGEST_EPOCH = 40
_LONGEST_REQUEST = 80
_LONGEST_PERSON = 1 << 16
_LONGEST_VALUE = 200
_LEAST_ID = 4
"""Characters of a transfer's id that name it."""

FIND_LOG = "index-find.log"
"""In the home folder: a line of JSON for each search for a person; no line says whom."""

_BY: "dict[str, Breakdown]" = {
    "department": "department",
    "month": "month",
    "age-band": "age_band",
    "minor": "minor",
}
_QUESTIONS = {
    "birth_name": "index.ask-birth-name",
    "first_names": "index.ask-first-names",
    "birth_date": "index.ask-birth-date",
    "sex": "index.ask-sex",
    "birth_place": "index.ask-birth-place",
    "nir": "index.ask-nir",
    "phone": "index.ask-phone",
    "email": "index.ask-email",
    "sample": "index.ask-sample",
}
_MATCHED = {
    "strict": "index.by-strict",
    "traits": "index.by-traits",
    "number": "index.by-number",
    "elsewhere": "index.by-elsewhere",
    "sample": "index.by-sample",
    "phone": "index.by-phone",
    "email": "index.by-email",
}
_AS_CODES = frozenset({"sex", "birth_place", "nir"})
"""Members that are codes: written without blanks, in upper case."""

_SHOWN = 50
"""Rows that a person is shown; of more, the number."""


class IndexNotThereError(CallerError):
    """No folder of that name, and no opened transfer whose files are still there. Facts: `name`."""

    code = "index.not-there"
    exit_status = Exit.NOT_FOUND
    http_status = 404


class EpochNameError(CallerError):
    """No epoch can have this name. Facts: `epoch`, `most` (characters)."""

    code = "index.epoch-name"
    exit_status = Exit.USAGE
    http_status = 400


class IndexStatementError(PeerError):
    """A file is no statement that issues an index key. Facts: `file`."""

    code = "index.statement"
    exit_status = Exit.MALFORMED
    http_status = 400


class PersonMalformedError(CallerError):
    """What was given of the person who is sought cannot be read. Facts: `field`; never the value."""

    code = "index.person"
    exit_status = Exit.USAGE
    http_status = 400


@dataclass(frozen=True)
class _Opened:
    """An index, and the folder that it was opened into."""

    folder: Path
    index: "Index"


# --- keys ---------------------------------------------------------------------------------------------------------


def _issue(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.disk import DiskExistsError, disk_errors
    from scelle.client.dpo import issue_index_key
    from scelle.records.blind import KEY_SIZE, IndexKey, IndexKeyRefusedError

    epoch, output = values.text("EPOCH"), Path(values.text("output"))
    try:
        IndexKey(epoch[: _LONGEST_EPOCH + 1], bytes(KEY_SIZE))  # refuses a name that no index could have
    except IndexKeyRefusedError:
        raise EpochNameError(epoch=epoch[:_LONGEST_EPOCH], most=_LONGEST_EPOCH) from None
    if len(epoch) > _LONGEST_EPOCH:
        raise EpochNameError(epoch=epoch[:_LONGEST_EPOCH], most=_LONGEST_EPOCH)
    if output.exists():
        raise DiskExistsError(path=str(output))
    with online(values, session) as member:
        statement = issue_index_key(member, epoch)
        with disk_errors(output), output.open("xb") as file:
            file.write(statement)
    lines = [session.words("index.issued", epoch=epoch), session.words("index.issued-file", file=str(output))]
    return Result({"epoch": epoch, "file": str(output)}, lines)


def _take(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.disk import disk_errors
    from scelle.client.dpo import take_index_key

    path = Path(values.text("FILE"))
    with disk_errors(path):
        raw = path.read_bytes()
    try:
        with online(values, session) as member:
            epoch = take_index_key(member, raw)
    except PeerError as error:
        if error.exit_status != Exit.MALFORMED:
            raise
        raise IndexStatementError(file=str(path)) from error
    return Result({"epoch": epoch}, [session.words("index.taken", epoch=epoch)])


def _keys(values: Values, session: Session) -> Result:
    held = _held(values, session)
    data: list[Json] = [{"epoch": key.epoch, "check": key.check} for key in held]
    if not held:
        return Result({"keys": data}, [session.words("index.no-keys")])
    headers = [session.words("column.index-epoch"), session.words("column.index-check")]
    return Result({"keys": data}, table(headers, [(key.epoch, key.check) for key in held]))


def _held(values: Values, session: Session) -> "list[IndexKey]":
    """The index keys in the vault, by epoch."""
    from scelle.client.dpo import INDEX_PREFIX
    from scelle.records.blind import IndexKey

    vault = session.vault(values)
    names = [name for name in vault.names() if name.startswith(INDEX_PREFIX)]
    return [IndexKey(name.removeprefix(INDEX_PREFIX), vault.get(name)) for name in names]


# --- questions ----------------------------------------------------------------------------------------------------


def _opened(names: Sequence[str], session: Session) -> list[_Opened]:
    """The indexes that folders or ids of transfers name; each batch once."""
    from scelle.client.disk import disk_errors
    from scelle.records.index import HEADER, decode

    found: dict[str, _Opened] = {}
    for name in names:
        folder = _folder(name, session)
        with disk_errors(folder):
            pieces: dict[str, bytes | Path] = {
                path.name: path for path in folder.iterdir() if path.name == HEADER or path.match("part-*.parquet")
            }
        index = decode(pieces)
        found.setdefault(index.header.batch, _Opened(folder, index))
    return list(found.values())


def _folder(name: str, session: Session) -> Path:
    """A folder, or where the transfer whose id begins so was opened last. Raises IndexNotThereError."""
    if Path(name).is_dir():
        return Path(name)
    if len(name) >= _LEAST_ID and (session.folder / "receipts").is_dir():
        from scelle.client.received import every_copy

        for copy in reversed(every_copy(session.home())):
            if copy.transfer.startswith(name) and copy.placed and copy.left is not None:
                return copy.into
    raise IndexNotThereError(name=name)


def _count(values: Values, session: Session) -> Result:
    from scelle.records.index_queries import SMALL, by, count

    words = session.words
    opened = _opened(values.texts("INDEX"), session)
    indexes = [each.index for each in opened]
    rows = sum(index.header.rows for index in indexes)
    persons = count(indexes)
    lines = [_ranged(persons, session), words("index.of-rows", rows=rows, n=len(indexes))]
    data: dict[str, Json] = {
        "low": persons.low,
        "high": persons.high,
        "rows": rows,
        "indexes": [_index_data(each) for each in opened],
    }
    wanted = values.optional("by")
    if wanted is not None:
        column = _BY[wanted]
        cells = by(indexes, column).rows(named=True)
        data["by"], data["least"] = wanted, SMALL
        data["cells"] = [{**cell, column: _plain(cell[column])} for cell in cells]
        headers = [words("column.index-cell"), words("column.index-persons"), words("column.index-rows")]
        shown = [
            (_cell(cell[column], session), _amount(cell["persons"], session), _amount(cell["rows"], session))
            for cell in cells
        ]
        lines += table(headers, shown)
    return Result(data, lines)


def _ranged(persons: "PersonRange", session: Session) -> str:
    if persons.low == persons.high:
        return session.words("index.persons", n=persons.low)
    return session.words("index.persons-between", low=persons.low, high=persons.high)


def _plain(value: object) -> "Json":
    """The name of a cell as JSON has it: a month as 2020-06."""
    if isinstance(value, date):
        return f"{value:%Y-%m}"
    return value if isinstance(value, bool | int | str) or value is None else str(value)


def _cell(value: object, session: Session) -> str:
    from scelle.records.index import OLDEST

    if value is None:
        return session.words("index.unknown")
    if isinstance(value, bool):
        return session.words("index.minor") if value else session.words("index.adult")
    if isinstance(value, int):
        return session.words("index.oldest") if value >= OLDEST else f"{10 * value}-{10 * value + 9}"
    return str(_plain(value))


def _amount(number: int | None, session: Session) -> str:
    from scelle.records.index_queries import SMALL

    return session.words("index.few", n=SMALL) if number is None else session.words("cell.count", n=number)


def _index_data(opened: _Opened) -> "Json":
    header = opened.index.header
    return {
        "folder": str(opened.folder),
        "batch": header.batch,
        "epoch": header.epoch,
        "profile": header.profile,
        "transfers": list(header.transfers),
        "created": header.created,
        "rows": header.rows,
    }


def _overlap(values: Values, session: Session) -> Result:
    from scelle.records.index_queries import overlap

    first, second = (_opened([values.text(name)], session)[0] for name in ("A", "B"))
    persons = overlap([first.index], [second.index])
    line = _ranged(persons, session)
    data: dict[str, Json] = {
        "low": persons.low,
        "high": persons.high,
        "indexes": [_index_data(first), _index_data(second)],
    }
    return Result(data, [line, session.words("index.in-both")])


def _find(values: Values, session: Session) -> Result:
    from scelle.client.dpo import IndexKeyMissingError
    from scelle.records.index_queries import find

    words = session.words
    request = values.bounded("request", _LONGEST_REQUEST) or ""
    opened = _opened(values.texts("INDEX"), session)
    epoch = opened[0].index.header.epoch
    key = next((held for held in _held(values, session) if held.epoch == epoch), None)
    if key is None:
        raise IndexKeyMissingError(epoch=epoch)
    sought = _sought(session)
    rows = find([each.index for each in opened], sought, key).rows(named=True)
    _log_find(session, request=request, epoch=epoch, opened=opened, rows=len(rows))
    data: list[Json] = [
        {
            "batch": opened[row["index"]].index.header.batch,
            "transfers": list(opened[row["index"]].index.header.transfers),
            "file": row["_file"],
            "row": row["_row"],
            "matched": row["matched"],
        }
        for row in rows
    ]
    if not rows:
        lines = [words("index.found-none", n=len(opened))]
    else:
        headers = [
            words("column.index-batch"),
            words("column.index-file"),
            words("column.index-row"),
            words("column.index-matched"),
        ]
        shown = [
            (
                opened[row["index"]].index.header.batch,
                str(row["_file"]),
                str(row["_row"]),
                words(_MATCHED[row["matched"]]),
            )
            for row in rows[:_SHOWN]
        ]
        lines = [words("index.found", rows=len(rows), n=len(opened)), *table(headers, shown)]
        if len(rows) > _SHOWN:
            lines.append(words("index.found-more", n=len(rows) - _SHOWN))
        for place in sorted({row["index"] for row in rows}):
            header = opened[place].index.header
            transfers = ", ".join(transfer[:SHORT] for transfer in header.transfers)
            lines.append(words("index.found-in", batch=header.batch, transfers=transfers))
    notes = [words("index.logged", file=str(session.folder / FIND_LOG))]
    return Result({"request": request, "epoch": epoch, "rows": data}, lines, notes)


def _sought(session: Session) -> "Sought":
    """Who is sought, from questions or as JSON on standard input: never from the command line, which others can see."""
    from scelle.records.index_queries import Sought

    given = _asked(session) if session.terminal.can_ask else _piped(session)
    known: dict[str, Any] = {name: text for name, text in given.items() if text}
    for name in _AS_CODES.intersection(known):
        known[name] = "".join(known[name].split()).upper()
    if "birth_date" in known:
        try:
            known["birth_date"] = date.fromisoformat(known["birth_date"])
        except ValueError:
            raise PersonMalformedError(field="birth_date") from None
    return Sought(**known)


def _asked(session: Session) -> dict[str, str]:
    session.note("index.ask")
    return {name: session.terminal.ask(session.words(key)) for name, key in _QUESTIONS.items()}


def _piped(session: Session) -> dict[str, str]:
    from scelle.base.codec import Fields, decode_json
    from scelle.base.errors import MalformedError

    raw = session.terminal.binary_in.read(_LONGEST_PERSON + 1)
    if len(raw) > _LONGEST_PERSON:
        raise PersonMalformedError(field="-")
    given, name = {}, "-"
    try:
        fields = Fields(decode_json(raw, what="person", canonical=False), "person")
        for name in _QUESTIONS:
            if fields.has(name):
                given[name] = fields.text(name, max_length=_LONGEST_VALUE).strip()
        name = "-"
        fields.done()
    except MalformedError:
        raise PersonMalformedError(field=name) from None  # its text could quote what was given
    return given


def _log_find(session: Session, *, request: str, epoch: str, opened: Sequence[_Opened], rows: int) -> None:
    """Write down that somebody was sought, before the answer is shown. Durable once it returns."""
    import os

    from scelle.base.codec import encode_json
    from scelle.client.disk import disk_errors

    home = session.home()
    line = encode_json(
        {
            "time": session.clock.now(),
            "organisation": home.config.organisation,
            "key": home.config.key,
            "request": request,
            "epoch": epoch,
            "batches": [each.index.header.batch for each in opened],
            "rows": rows,
        }
    )
    path = home.folder / FIND_LOG
    with home.lock(), disk_errors(path):
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(number, "ab") as file:
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())


_INDEX = (Argument("INDEX", many=True),)

COMMANDS = (
    Command(
        ("index", "issue"),
        _issue,
        (Option(("--output", "-o"), "FILE", required=True), PASSPHRASE_FD),
        (Argument("EPOCH"),),
    ),
    Command(("index", "take"), _take, (PASSPHRASE_FD,), (Argument("FILE"),)),
    Command(("index", "keys"), _keys, (PASSPHRASE_FD,)),
    Command(("index", "count"), _count, (Option(("--by",), "FACT", choices=tuple(_BY)),), _INDEX),
    Command(("index", "overlap"), _overlap, (), (Argument("A"), Argument("B"))),
    Command(("index", "find"), _find, (Option(("--request",), "REFERENCE", required=True), PASSPHRASE_FD), _INDEX),
)
