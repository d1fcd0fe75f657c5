"""Row references: every copy is its own, so that a leaked part names the copy it came from (spec/records.md, "Views").

Each row of each copy carries an opaque reference, HMAC-SHA-256 of its place under a key that belongs to one batch and
one recipient organisation. Only who holds the master key (the sender's DPO) can tie a reference back to a copy and a
row. Keys and messages are spelled as text; the key that goes into a row's HMAC is the 64 hex digits of the copy's key.
"""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import polars as pl
import polars_hash as _chash  # noqa: F401  (registers `Expr.chash`)

from scelle.base.errors import CallerError, Exit
from scelle.records.normalise import first_given_name, normal_name

REFERENCE_LENGTH = 32
"""Hex digits of a row reference: 16 bytes."""

PSEUDONYM_LENGTH = 16
"""Hex digits of a person's pseudonym: 8 bytes; two of 14 million meet by chance once in 10^5 files."""

TRAITS = ("birth_name", "first_names", "birth_date", "sex")
"""What a pseudonym is made of: the strict traits but the place of birth, which is often missing."""
_PART = 1_000_000
"""Rows whose references are tried at once when a leak is traced."""


class MarkerKeyError(CallerError):
    """A key for row references is not 32 bytes, or what it is made for has a line break. Facts: `what`."""

    code = "marker.key"
    exit_status = Exit.WRONG_KEY
    http_status = 400


@dataclass(frozen=True)
class CopyKeys:
    """Keys of one copy. `rows`: for row references, of one batch and one organisation.

    `persons`: for pseudonyms, of one organisation: the same person has the same one in every batch it gets.
    """

    rows: bytes
    persons: bytes


def copy_key(master: bytes, *, batch: str, organisation: str) -> bytes:
    """The key of one copy's row references: HMAC-SHA-256 under the master key of 32 bytes. Raises MarkerKeyError."""
    return _derived(master, "copy", batch, organisation)


def copy_keys(master: bytes, *, batch: str, organisation: str) -> CopyKeys:
    """Both keys of the copy that an organisation gets of a batch. Raises MarkerKeyError."""
    rows = copy_key(master, batch=batch, organisation=organisation)
    return CopyKeys(rows, _derived(master, "person", organisation))


def sample_key(master: bytes) -> bytes:
    """The key of blind sample ids (`withdrawals`): one for all batches of a sender. Raises MarkerKeyError."""
    return _derived(master, "sample")


def _derived(master: bytes, *parts: str) -> bytes:
    if len(master) != 32:
        raise MarkerKeyError(what="length")
    if any("\n" in part or not part for part in parts):
        raise MarkerKeyError(what="name")
    return hmac.digest(master, "\n".join(("scelle/v1/records-marker", *parts)).encode(), sha256)


def keyed(text: pl.Expr, key: bytes, length: int) -> pl.Expr:
    """The first `length` hex digits of HMAC-SHA-256 of a text under the hex digits of a key; null stays null."""
    digest: pl.Expr = text.chash.hmac_sha256(key=key.hex())  # type: ignore[attr-defined]
    return digest.str.head(length)


def row_references(frame: pl.DataFrame, key: bytes) -> pl.Series:
    """`row_ref`: for each row the reference of its place (`_file`, `_row`) under a copy's key; 32 hex digits."""
    place = pl.concat_str(pl.col("_file").cast(pl.String), pl.lit(":"), pl.col("_row").cast(pl.String))
    return frame.select(keyed(place, key, REFERENCE_LENGTH).alias("row_ref")).to_series()


def pseudonyms(frame: pl.DataFrame, key: bytes) -> pl.Series:
    """`person`: a keyed pseudonym of name, first given name, birth date and sex, as the person key is (16 hex digits).

    Where one of these is missing, the row is a person of its own: when in doubt two persons, never one.
    """
    traits = pl.DataFrame(
        [
            _by_spelling(frame["birth_name"], normal_name(pl.col("text"))).alias("birth_name"),
            _by_spelling(frame["first_names"], first_given_name(pl.col("text"))).alias("first_names"),
            frame["birth_date"],
            frame["sex"],
            frame["_file"],
            frame["_row"],
        ]
    )
    whole = pl.concat_str(
        [pl.lit("p"), *(pl.col(name).cast(pl.String) for name in TRAITS)],
        separator="\n",
    )
    alone = pl.concat_str([pl.lit("r"), *(pl.col(name).cast(pl.String) for name in ("_file", "_row"))], separator="\n")
    return traits.select(keyed(pl.coalesce(whole, alone), key, PSEUDONYM_LENGTH).alias("person")).to_series()


def _by_spelling(text: pl.Series, form: pl.Expr) -> pl.Series:
    """A form of each text, worked out once for each spelling: names repeat."""
    table = text.unique().drop_nulls().alias("text").to_frame().with_columns(form.alias("form"))
    rows = text.alias("text").to_frame().lazy()
    joined = rows.join(table.lazy(), on="text", how="left", maintain_order="left").collect(engine="in-memory")
    return joined["form"]


@dataclass(frozen=True)
class Candidate:
    """A copy that a leak may have come from. `rows`: index of a source file → its last row number."""

    batch: str
    organisation: str
    rows: Mapping[int, int]


def find_copy(references: Sequence[str], master: bytes, candidates: Iterable[Candidate]) -> pl.DataFrame:
    """Which copies these references belong to, and which rows: `row_ref`, `batch`, `organisation`, `_file`, `_row`.

    Letters may be of either case, and blanks around are ignored; what belongs to no candidate is absent. Costs the time
    to make every candidate's references again. Raises MarkerKeyError.
    """
    wanted = pl.Series("row_ref", list(references), dtype=pl.String).str.strip_chars().str.to_lowercase().unique()
    found = [
        pl.DataFrame(
            schema={
                "row_ref": pl.String(),
                "batch": pl.String(),
                "organisation": pl.String(),
                "_file": pl.UInt16(),
                "_row": pl.UInt32(),
            }
        )
    ]
    for copy in candidates:
        key = copy_key(master, batch=copy.batch, organisation=copy.organisation)
        for file, last in sorted(copy.rows.items()):
            for first in range(1, last + 1, _PART):
                rows = pl.int_range(first, min(first + _PART, last + 1), dtype=pl.UInt32, eager=True)
                places = rows.alias("_row").to_frame().with_columns(pl.lit(file, pl.UInt16()).alias("_file"))
                hits = places.with_columns(row_references(places, key)).filter(
                    pl.col("row_ref").is_in(wanted.implode())
                )
                batch, organisation = pl.lit(copy.batch), pl.lit(copy.organisation)
                found.append(
                    hits.select("row_ref", batch.alias("batch"), organisation.alias("organisation"), "_file", "_row")
                )
    return pl.concat(found)
