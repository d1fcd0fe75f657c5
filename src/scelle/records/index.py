"""The subject index: what the data holder keeps of each record of a typed dataset (spec/records.md).

Blind ids, a few coarse facts, bits; no identifier, no result. `build` makes it for a batch, `IndexWriter` gathers
batches into pieces (Parquet) and a header (JSON), `decode` opens them again. Sealing them to the DPOs, and where they
are kept, is the caller's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Final, TypeAlias

import polars as pl

from scelle.base.codec import Fields, decode_json, encode_json
from scelle.base.errors import CallerError, Exit, MalformedError, PeerError
from scelle.records.blind import IndexKey, halves, texts_of
from scelle.records.normalise import PLACE, computed
from scelle.records.profile import Contact, Profile

FORMAT: Final = "scelle-index/1"
HEADER: Final = "index.json"
PIECE_ROWS: Final = 500_000

CHANNELS: Final[tuple[Contact, ...]] = ("phone", "email", "address")
"""Channels to reach the patient; bit n of `channels` is the n-th."""

OLDEST: Final = 9
"""Age bands are of ten years: 0 is under ten, 9 is ninety and over."""

_STORED: Final = ("person", "traits", "number", "sample", "phone", "email", "professional")
SCHEMA: Final[Mapping[str, pl.DataType]] = {
    "_file": pl.UInt16(),
    "_row": pl.UInt32(),
    **{half: pl.UInt64() for name in _STORED for half in halves(name)},
    "tier": pl.UInt8(),
    "department": pl.String(),
    "month": pl.Date(),
    "age_band": pl.UInt8(),
    "minor": pl.Boolean(),
    "channels": pl.UInt8(),
    "categories": pl.UInt32(),
}
"""Columns of an index. `person`: see `WHOLE`; `categories`: bit n is the n-th of the header's."""

WHOLE: Final = 1
"""`tier` of a row with all strict traits: `person` is their id. Tiers 2 to 5: `person` stands for the traits without
place of birth together with the NIR, the sample, the phone or the e-mail address. 0: the row is a person by itself."""

_SECONDS: Final = ("number", "sample", "phone", "email")
_MIX: Final = 0x9E3779B97F4A7C15
_DEPARTMENT = r"^(?:0[1-9]|[1-9][0-9]|2[AB]|97[1-8]|98[4-8])$"

Piece: TypeAlias = tuple[str, bytes]


class IndexMalformedError(PeerError):
    """An index does not have the form that it must. Facts: `what`, `why`."""

    code = "index.malformed"
    exit_status = Exit.MALFORMED
    http_status = 400


class IndexRefusedError(CallerError):
    """A batch cannot be indexed as asked. Facts: `profile`, `why`."""

    code = "index.refused"
    exit_status = Exit.USAGE
    http_status = 400


@dataclass(frozen=True)
class Header:
    """What an index says of itself; no key and no person.

    `key_check`: `IndexKey.check` of its epoch's key. `transfers`: ids of the transfers of the batch. `created`: unix
    seconds. `columns`: the profile's. `categories`: codes of the data categories. `rows`, `pieces`: how many.
    """

    epoch: str
    key_check: str
    profile: str
    batch: str
    transfers: tuple[str, ...]
    created: int
    columns: tuple[str, ...]
    categories: tuple[str, ...]
    rows: int
    pieces: int


@dataclass(frozen=True)
class Index:
    """An opened index. `rows` has the columns of `SCHEMA`; nothing is read before it is asked for."""

    header: Header
    rows: pl.LazyFrame


def categories_of(profile: Profile) -> tuple[str, ...]:
    """The categories of data about the patient in a profile, in order of their columns: one bit each."""
    return tuple(dict.fromkeys(c.category for c in profile.columns if c.subject == "patient"))


def build(frame: pl.DataFrame, key: IndexKey, profile: Profile) -> pl.DataFrame:
    """The index (`SCHEMA`) of a typed batch, a row for each of its rows, in their order."""
    if frame.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    ids = key.ids(texts_of(_identifying(frame, profile)))
    facts = computed(frame, *(pl.col(name) for name in PLACE), *_facts(profile))
    both = pl.DataFrame([*facts.get_columns(), *ids.get_columns()])
    return computed(
        both, *_person(), *(pl.col(name) for name in SCHEMA if name not in (*halves("person"), "tier"))
    ).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def _identifying(frame: pl.DataFrame, profile: Profile) -> pl.DataFrame:
    """The columns that `texts_of` reads, under the names it knows them by."""
    sources = {name: name for name in ("birth_name", "first_names", "birth_date", "sex", "birth_place", "nir")}
    sources |= {"professional_number": "prescriber_rpps", "professional_name": "prescriber_name"}
    named = {"sample": (profile.sample,), "phone": profile.contacts("phone"), "email": profile.contacts("email")}
    sources |= {name: columns[0] for name, columns in named.items() if columns and columns[0]}
    known = {name: column for name, column in sources.items() if profile.has(column)}
    if not known:
        raise IndexRefusedError(profile=profile.id, why="no identifying column")
    return frame.select(pl.col(column).alias(name) for name, column in known.items())


def _facts(profile: Profile) -> list[pl.Expr]:
    """Department, month of test, age band, minor, channels and categories of each row; null where not known."""
    days = [pl.col(name).cast(pl.Date) for name in ("sample_time", profile.collected) if name and profile.has(name)]
    day = pl.coalesce(days) if days else pl.lit(None, pl.Date())
    born = pl.col("birth_date") if profile.has("birth_date") else pl.lit(None, pl.Date())
    before = day.dt.month().cast(pl.Int32) * 32 + day.dt.day() < born.dt.month().cast(pl.Int32) * 32 + born.dt.day()
    years = day.dt.year() - born.dt.year() - before.cast(pl.Int32)
    age = pl.when(years >= 0).then(years)
    department = pl.col("department") if profile.has("department") else pl.lit(None, pl.String())
    channels = [profile.contacts(kind) for kind in CHANNELS]
    categories = [
        tuple(c.name for c in profile.columns if c.category == category and c.subject == "patient")
        for category in categories_of(profile)
    ]
    return [
        pl.when(department.str.contains(_DEPARTMENT)).then(department).alias("department"),
        day.dt.truncate("1mo").alias("month"),
        (age // 10).clip(0, OLDEST).cast(pl.UInt8).alias("age_band"),
        (age < 18).alias("minor"),
        _bits(channels, pl.UInt8).alias("channels"),
        _bits(categories, pl.UInt32).alias("categories"),
    ]


def _bits(groups: Sequence[Sequence[str]], kind: type[pl.DataType]) -> pl.Expr:
    """Bit n is set when the row has a value in any column of group n."""
    bits = [
        pl.any_horizontal(pl.col(name).is_not_null() for name in names).cast(kind) * pl.lit(1 << bit, kind)
        for bit, names in enumerate(groups)
        if names
    ]
    return pl.sum_horizontal(bits).cast(kind) if bits else pl.lit(0, kind)


def _person() -> list[pl.Expr]:
    """Whom to count the row as: see `WHOLE`. The mix of two ids is as evenly spread as they are."""
    traits, whole = pl.col("traits_a").is_not_null(), pl.col("strict_a").is_not_null()
    cases: list[tuple[pl.Expr, int, list[pl.Expr]]] = [(whole, WHOLE, [pl.col(half) for half in halves("strict")])]
    for number, second in enumerate(_SECONDS, WHOLE + 1):
        factor = pl.lit(_MIX + 2 * number, pl.UInt64)
        mixed = [pl.col(t) * factor + pl.col(s) for t, s in zip(halves("traits"), halves(second), strict=True)]
        cases.append((traits & pl.col(halves(second)[0]).is_not_null(), number, mixed))
    return [
        *(
            _first([(when, ids[half]) for when, _, ids in cases]).alias(name)
            for half, name in enumerate(halves("person"))
        ),
        _first([(when, pl.lit(number, pl.UInt8)) for when, number, _ in cases]).fill_null(0).alias("tier"),
    ]


def _first(cases: Sequence[tuple[pl.Expr, pl.Expr]]) -> pl.Expr:
    """The value of the first case that holds, else null."""
    return pl.coalesce(pl.when(when).then(value) for when, value in cases)


class IndexWriter:
    """Gathers the batches of one dataset into an index. Memory: one piece, whatever the size of the dataset."""

    def __init__(
        self,
        key: IndexKey,
        profile: Profile,
        *,
        batch: str,
        transfers: Sequence[str],
        created: int,
        piece_rows: int = PIECE_ROWS,
    ) -> None:
        """`batch`, `transfers`, `created`: for the header. A piece has at least `piece_rows` rows, but for the last."""
        self._key, self._profile = key, profile
        self._batch, self._transfers, self._created = batch, tuple(transfers), created
        self._piece_rows = piece_rows
        self._waiting: list[pl.DataFrame] = []
        self._rows = self._pieces = 0

    def feed(self, frame: pl.DataFrame) -> list[Piece]:
        """Index a typed batch; hands back the piece that it completed, if any, as name and bytes."""
        self._waiting.append(build(frame, self._key, self._profile))
        self._rows += frame.height
        return [self._piece()] if sum(part.height for part in self._waiting) >= self._piece_rows else []

    def _piece(self) -> Piece:
        self._pieces += 1
        data = encode(pl.concat(self._waiting))
        self._waiting = []
        return f"part-{self._pieces:05}.parquet", data

    def finish(self) -> list[Piece]:
        """The last piece, if rows are left, and the header."""
        last = [self._piece()] if any(part.height for part in self._waiting) else []
        header = Header(
            epoch=self._key.epoch,
            key_check=self._key.check,
            profile=self._profile.id,
            batch=self._batch,
            transfers=self._transfers,
            created=self._created,
            columns=self._profile.names,
            categories=categories_of(self._profile),
            rows=self._rows,
            pieces=self._pieces,
        )
        members = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(header).items()}
        return [*last, (HEADER, encode_json({"format": FORMAT, **members}, what=HEADER))]


def encode(index: pl.DataFrame) -> bytes:
    """One piece: the rows of `build` as Parquet (zstd), without statistics, for ids have none worth reading."""
    file = BytesIO()
    index.write_parquet(file, compression="zstd", compression_level=1, statistics=False)
    return file.getvalue()


def decode(pieces: Mapping[str, bytes | Path]) -> Index:
    """An index from its header and pieces, each as bytes or as the path of a file.

    Raises:
        IndexMalformedError: header or pieces do not have their form, or do not go together.
    """
    header = _header(pieces)
    names = [f"part-{number:05}.parquet" for number in range(1, header.pieces + 1)]
    if sorted(pieces) != sorted([HEADER, *names]):
        raise IndexMalformedError(what="index", why="pieces are missing or too many")
    rows = 0
    for name in names:
        piece = pieces[name]
        try:
            schema = pl.read_parquet_schema(_source(piece))
            rows += int(pl.scan_parquet(_source(piece)).select(pl.len()).collect().item())
        except (pl.exceptions.PolarsError, OSError):
            raise IndexMalformedError(what=name, why="not Parquet") from None
        if list(schema.items()) != list(SCHEMA.items()):
            raise IndexMalformedError(what=name, why="columns")
    if rows != header.rows:
        raise IndexMalformedError(what="index", why="number of rows")
    if not names:
        return Index(header, pl.LazyFrame(schema=SCHEMA))
    return Index(header, pl.concat([pl.scan_parquet(_source(pieces[name])) for name in names]))


def _source(piece: bytes | Path) -> BytesIO | Path:
    return BytesIO(piece) if isinstance(piece, bytes) else piece


def _header(pieces: Mapping[str, bytes | Path]) -> Header:
    piece = pieces.get(HEADER)
    if piece is None:
        raise IndexMalformedError(what=HEADER, why="missing")
    try:
        fields = Fields(decode_json(piece if isinstance(piece, bytes) else piece.read_bytes(), what=HEADER), HEADER)
        if fields.text("format") != FORMAT:
            raise IndexMalformedError(what=HEADER, why="format")
        header = Header(
            epoch=fields.text("epoch", max_length=63),
            key_check=fields.text("key_check", max_length=32),
            profile=fields.text("profile"),
            batch=fields.text("batch"),
            transfers=tuple(fields.texts("transfers")),
            created=fields.integer("created"),
            columns=tuple(fields.texts("columns")),
            categories=tuple(fields.texts("categories", max_items=32)),
            rows=fields.integer("rows"),
            pieces=fields.integer("pieces", high=99_999),
        )
        fields.done()
    except OSError:
        raise IndexMalformedError(what=HEADER, why="cannot be read") from None
    except MalformedError as error:
        raise IndexMalformedError(what=HEADER, why=str(error.facts["why"])) from None
    return header
