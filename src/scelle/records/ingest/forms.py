"""The forms that dates and decimal numbers have in a column, found out and kept account of batch by batch."""

import re
from collections import Counter

import polars as pl

from scelle.records.ingest.found import ColumnFound, FileFound
from scelle.records.profile import Profile

_DATE = re.compile(
    r"(?:(?P<iso>9999)(?P<s>[-/.])99?(?P=s)99?|99?(?P<t>[-/. ])99?(?P=t)(?P<year>9999|99)|(?P<compact>99999999))"
)
_TIME = re.compile(
    r"(?P<gap>[ T])?99?(?P<colon>[:h]?)99(?P<second>:?99)?(?P<fraction>[.,]9+)?(?P<zone> ?(?:Z|[+-]99:?99))?"
)
_DECIMAL = re.compile(r"-?9+(?P<mark>[.,])9+")


def learn(batch: pl.DataFrame, profile: Profile, found: FileFound) -> None:
    """Add the date forms of one raw frame to `found.columns`; a second form in a column becomes a note."""
    for column in profile.columns:
        name = column.name
        if column.type not in {"date", "datetime"} or batch.get_column(name).null_count() == batch.height:
            continue
        if name not in found.columns:  # the date of collection, copied from the time of sampling
            found.columns[name] = ColumnFound(found.columns["sample_time"].source, name, "standard")
        _learn_column(batch.get_column(name), found.columns[name], found, batch.get_column("_row"))


def prime(sample: pl.DataFrame, profile: Profile, found: FileFound) -> None:
    """Find the forms of a sample: they are known before the first batch, without being counted."""
    learn(sample, profile, found)
    found.notes = {key: note for key, note in found.notes.items() if note.code != "note.date-forms"}
    for column in found.columns.values():
        column.forms = Counter({pattern: 0 for pattern, _ in column.forms.most_common()})


def _learn_column(values: pl.Series, column: ColumnFound, found: FileFound, rows: pl.Series) -> None:
    first_row = int(rows[0])
    known = column.forms.most_common(1)
    same = _same(known[0][0]) if known else None
    if same is not None:
        pattern, (length, mark) = known[0][0], same
        alike = values.str.len_bytes() == length
        if mark:
            alike &= values.str.contains(mark, literal=True)
        alike = alike.fill_null(value=False)
        column.forms[pattern] += int(alike.sum())
        if pattern.startswith("%d"):
            _learn_order(values.filter(alike), column)
        values, rows = values.filter(~alike), rows.filter(~alike)
    seen = values.is_not_null()
    values, rows = values.filter(seen), rows.filter(seen)
    if values.len():
        for shape, count in values.str.replace_all(r"\d", "9").value_counts(sort=True).rows():
            pattern_found = pattern_of(shape)
            if pattern_found is not None:
                column.forms[pattern_found] += count
                if pattern_found.startswith("%d"):
                    _learn_order(values, column)
    if len(column.patterns) > 1 and f"note.date-forms {column.name}" not in found.notes:
        first = int(rows[0]) if rows.len() else first_row
        shown = " / ".join(sorted(column.patterns))
        found.note("note.date-forms", first, of=column.name, column=column.name, forms=shown)


def _same(pattern: str) -> tuple[int, str] | None:
    """Length and separator of the texts of a pattern whose texts are all of one length."""
    if "%.f" in pattern or "%z" in pattern:
        return None
    length = len(pattern.replace("%Y", "yyyy").replace("%m", "mm").replace("%d", "dd").replace("%y", "yy"))
    mark = next((m for m in "-/." if m in pattern), "")
    return length, mark


def pattern_of(shape: str) -> str | None:
    """The pattern for a text whose digits became 9, day first where day and month can be swapped; None: no date."""
    date = _DATE.match(shape)
    if date is None:
        return None
    if date["compact"]:
        pattern = "%Y%m%d"
    elif date["iso"]:
        pattern = f"%Y{date['s']}%m{date['s']}%d"
    else:
        pattern = f"%d{date['t']}%m{date['t']}{'%Y' if date['year'] == '9999' else '%y'}"
    rest = shape[date.end() :]
    if not rest:
        return pattern
    time = _TIME.fullmatch(rest)
    if time is None or (not time["gap"] and pattern != "%Y%m%d"):
        return None
    pattern += f"{time['gap'] or ''}%H{time['colon']}%M"
    if time["second"]:
        pattern += ":%S" if time["second"].startswith(":") else "%S"
    if time["fraction"]:
        pattern += "%.f"
    if time["zone"]:
        gap = " " if time["zone"].startswith(" ") else ""
        pattern += f"{gap}Z" if time["zone"].endswith("Z") else f"{gap}%z"
    return pattern


def _learn_order(values: pl.Series, column: ColumnFound) -> None:
    """Day or month first: a value over 12 in either place tells."""
    parts = values.str.extract_groups(r"^(\d{1,2})[-/. ](\d{1,2})").struct.unnest()
    column.day_first |= bool((parts.to_series(0).cast(pl.Int16) > 12).any())
    column.month_first |= bool((parts.to_series(1).cast(pl.Int16) > 12).any())


def decimal_mark(values: list[str]) -> str:
    """The decimal mark when every value is a number and one has a mark; "" otherwise."""
    marks = set()
    for value in values:
        if re.fullmatch(r"-?\d+", value):
            continue
        match = _DECIMAL.fullmatch(re.sub(r"\d", "9", value))
        if match is None:
            return ""
        marks.add(match["mark"])
    return marks.pop() if len(marks) == 1 else ""
