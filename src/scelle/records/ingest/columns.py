"""Which column of the profile each source column becomes, and the frame that all formats end in."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

import polars as pl

from scelle.records.ingest.errors import ColumnsUnknownError, MappingError
from scelle.records.ingest.found import ColumnFound, FileFound
from scelle.records.profile import Profile

STATUS: Final = "_status"
FILE: Final = "_file"
ROW: Final = "_row"


@cache
def codes() -> Mapping[str, Any]:
    """The table of foreign names and codes (`codes.toml`)."""
    return tomllib.loads(files("scelle.records.ingest").joinpath("codes.toml").read_text("utf-8"))


def fold(name: str) -> str:
    """A column name for comparing: no accents, lower case, underscores between words."""
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(c for c in plain if not unicodedata.combining(c)).lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def unique_names(names: Sequence[str]) -> list[str]:
    """Names by which columns can be told apart: an empty one gets its number, one that comes again a suffix.

    Names that frames use themselves count as taken.
    """
    taken: dict[str, int] = {FILE: 1, ROW: 1}
    out = []
    for number, name in enumerate(names, 1):
        name = name.strip() or f"column {number}"
        taken[name] = taken.get(name, 0) + 1
        out.append(name if taken[name] == 1 else f"{name} ({taken[name]})")
    return out


def map_columns(
    names: Sequence[str], profile: Profile, found: FileFound, mapping: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Source column → profile column (or `_status`), also noted in `found` with what is left over and what is missing.

    The mapping given comes first, then names, then aliases; of two columns for one place the first in the file has it.

    Raises:
        MappingError: `mapping` names a column that the file or the profile does not have.
        ColumnsUnknownError: no column of the file has a place.
    """
    mapping = mapping or {}
    for source, target in mapping.items():
        if target != STATUS and not profile.has(target):
            raise MappingError(source=source, column=target, why="not a column of the profile")
    taken, how = _places(names, profile, mapping)
    if not any(target != STATUS for target in taken.values()) and profile.others == "set-aside":
        raise ColumnsUnknownError(file=str(found.path), profile=profile.id, columns=len(names))
    for name, target in taken.items():
        found.columns[target] = ColumnFound(name, target, how[name])
    for name in names:
        if name not in taken:
            found.unmapped[name] = 0
    found.missing = tuple(name for name in profile.names if name not in found.columns)
    return taken


def leftover(names: Sequence[str], profile: Profile, mapping: Mapping[str, str]) -> list[str]:
    """Source columns that have no place in the profile; names that frames use themselves are never kept."""
    taken, _ = _places(names, profile, mapping)
    return [name for name in names if name not in taken and name not in {FILE, ROW, STATUS}]


def _places(
    names: Sequence[str], profile: Profile, mapping: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, Literal["mapping", "name", "alias"]]]:
    taken: dict[str, str] = {}
    how: dict[str, Literal["mapping", "name", "alias"]] = {}
    aliases = _aliases(profile)
    kinds: tuple[Literal["mapping", "name", "alias"], ...] = ("mapping", "name", "alias")
    for kind in kinds:
        for name in names:
            if name in taken:
                continue
            folded = fold(name)
            if kind == "mapping":
                target = mapping.get(name) or mapping.get(folded)
            elif kind == "name":
                target = next((said for said in (name, folded) if profile.has(said)), None)
                target = STATUS if name == STATUS else target
            else:
                target = aliases.get(folded)
            if target is not None and target not in taken.values():
                taken[name] = target
                how[name] = kind
    return taken, how


def check_mapping(names: set[str], mapping: Mapping[str, str]) -> None:
    """Every source column of the mapping is in one of the files. Raises MappingError."""
    folded = {fold(name) for name in names}
    for source, target in mapping.items():
        if source not in names and source not in folded:
            raise MappingError(source=source, column=target, why="not a column of the files")


def _aliases(profile: Profile) -> dict[str, str]:
    known = {alias: target for alias, target in codes()["aliases"].items() if target == STATUS or profile.has(target)}
    for column in profile.columns:
        for alias in column.aliases:
            known[fold(alias)] = column.name
    return known


def raw_frame(frame: pl.DataFrame, profile: Profile, found: FileFound) -> pl.DataFrame:
    """The raw frame: every column of the profile as text without spaces around it, `_status`, `_file`, `_row`.

    `frame` has text columns under the profile's names (some may be absent) and `_row`. Empty text becomes null. Answers
    that are none ("unknown", "asked but unknown") in columns of truth values become null, codes of other systems in
    columns of codes become the profile's; dates stay in the form of the source.
    """
    present = [name for name in profile.names if name in frame.columns]
    texts = pl.col(present)
    # what is empty or begins with a space comes before "!"
    padded = frame.select(((texts < "!") | texts.str.ends_with(" ")).any())
    values = codes()["values"]
    columns: list[pl.Expr] = []
    for column in profile.columns:
        if column.name not in frame.columns:
            columns.append(_copy(column.name, profile, frame))
            continue
        text = pl.col(column.name)
        if padded[column.name].item():
            text = text.str.strip_chars(" ")
            text = pl.when(text != "").then(text).alias(column.name)
        if column.type == "boolean":
            text = text.replace({code: said or None for code, said in values["boolean"].items()})
        elif column.type == "code":
            table = {code: said for code, said in values.get(column.name, {}).items() if said in column.codes}
            text = text.replace(table) if table else text
        columns.append(text)
    status = pl.col(STATUS) if STATUS in frame.columns else pl.lit(None, dtype=pl.String).alias(STATUS)
    return frame.select(
        *columns, status, pl.lit(found.number, dtype=pl.UInt16).alias(FILE), pl.col(ROW).cast(pl.UInt32)
    )


def _copy(name: str, profile: Profile, frame: pl.DataFrame) -> pl.Expr:
    """An absent column: nothing, but for the date of collection, which the time of sampling gives."""
    if name == profile.collected and "sample_time" in frame.columns and profile.has("sample_time"):
        return pl.col("sample_time").str.strip_chars(" ").alias(name)
    return pl.lit(None, dtype=pl.String).alias(name)
