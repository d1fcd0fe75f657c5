"""Blind ids: HMAC-SHA-256 of identifiers under the index key of an epoch (spec/records.md, "Blind ids").

Each kind of identifier has a key of its own, derived from the epoch's, so that equal texts of two kinds have nothing
in common. An id is the first 16 bytes of the code, kept as two unsigned numbers of 64 bits, big-endian: columns of
numbers are what engines compare quickest. The same value under the same key has the same id, in any batch, on any
machine. The key is part of the expressions here: they are computed at once and never printed, explained or kept.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import polars as pl
import polars_hash as plh

from scelle.base.errors import CallerError, Exit
from scelle.records.normalise import computed, first_given, normal_name
from scelle.records.rules.batch import nir_key_is_right, nir_numbers

Kind: TypeAlias = Literal["strict", "traits", "number", "sample", "phone", "email", "professional"]
KINDS: Final[tuple[Kind, ...]] = ("strict", "traits", "number", "sample", "phone", "email", "professional")

_REPEATED: Final = frozenset({"professional"})
"""Kinds of which a batch has few different texts."""

KEY_SIZE: Final = 32
_DOMAIN: Final = b"scelle/index/1\x00"
_EPOCH = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_PART: Final = "\x1f"
"""Between the traits; normalised names hold letters, digits and spaces only, so that no two persons share a text."""

_PLACE = r"^(?:[0-9]{2}|2[AB])[0-9]{3}$"
_NIR = r"^[1-478][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{6}$"
_SEPARATORS = r"[\s.\-/()\u00a0\u202f]+"
_OVERSEAS: Final = (("262", "262|269|639|692|693"), ("590", "590|690|691"), ("594", "594|694"), ("596", "596|696|697"))
"""Country codes of France overseas, and how national numbers there begin after the 0."""


class IndexKeyRefusedError(CallerError):
    """An index key cannot be used: its size, or the name of its epoch. Facts: `epoch`, `why`."""

    code = "index.key-refused"
    exit_status = Exit.USAGE
    http_status = 400


@dataclass(frozen=True)
class IndexKey:
    """The index key of an epoch: 32 bytes that the sending organisation's DPO issued. Shown without the key."""

    epoch: str
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not _EPOCH.fullmatch(self.epoch):
            raise IndexKeyRefusedError(epoch=self.epoch, why="name of the epoch")
        if len(self.key) != KEY_SIZE:
            raise IndexKeyRefusedError(epoch=self.epoch, why="size of the key")

    @property
    def check(self) -> str:
        """32 hexadecimal digits that tell whether two keys are the same one; they say nothing of the key."""
        return hmac.digest(self.key, _DOMAIN + b"check", "sha256")[:16].hex()

    def _of(self, kind: str) -> str:
        return hmac.digest(self.key, _DOMAIN + kind.encode(), "sha256").hex()

    def ids(self, texts: Mapping[Kind, pl.Series]) -> pl.DataFrame:
        """The ids of columns of normalised texts: `<kind>_a` and `<kind>_b` of each kind, null where the text is."""
        often = {kind: text for kind, text in texts.items() if kind in _REPEATED}
        once = [self._ids_once(kind, text) for kind, text in often.items()]
        rest = pl.DataFrame([text.alias(kind) for kind, text in texts.items() if kind not in often])
        ids = self._ids(rest)
        return pl.DataFrame([*ids.get_columns(), *(half for found in once for half in found.get_columns())])

    def _ids(self, texts: pl.DataFrame) -> pl.DataFrame:
        codes = computed(texts, *(plh.col(kind).chash.hmac_sha256(key=self._of(kind)) for kind in texts.columns))
        return computed(
            codes,
            *(
                pl.col(kind).str.slice(16 * half, 16).str.to_integer(base=16, dtype=pl.UInt64).alias(name)
                for kind in texts.columns
                for half, name in enumerate(halves(kind))
            ),
        )

    def _ids_once(self, kind: str, text: pl.Series) -> pl.DataFrame:
        """Ids of texts of which there are few: each is computed once."""
        given = text.alias(kind).to_frame()
        known = given.unique().drop_nulls()
        table = pl.DataFrame([known[kind], *self._ids(known).get_columns()])
        rows = given.lazy().join(table.lazy(), on=kind, how="left", maintain_order="left")
        return rows.select(halves(kind)).collect(engine="in-memory")


def halves(name: str) -> tuple[str, str]:
    """The two columns that hold an id."""
    return f"{name}_a", f"{name}_b"


def texts_of(frame: pl.DataFrame) -> dict[Kind, pl.Series]:
    """The texts that person, sample and channels of typed rows are known by; null where one is missing or unsound.

    `frame` has the columns `birth_name`, `first_names`, `birth_date`, `sex`, `birth_place`, `nir`, `sample`, `phone`,
    `email`, `professional_number`, `professional_name`; those of the dataset's profile only. Where the profile has no
    sex it is left out of the traits; where it has no place of birth nobody has all the strict traits. A sex of U is
    no trait: it is missing.
    """
    have = set(frame.columns)

    def column(name: str) -> pl.Series:
        return (
            frame[name] if name in have else pl.Series(name, [None], pl.String).extend_constant(None, frame.height - 1)
        )

    first = computed(column("first_names").to_frame(), first_given(pl.col("first_names"))).to_series()
    parts = pl.DataFrame(
        [
            each_once(column("birth_name"), normal_name).alias("name"),
            each_once(first, normal_name).alias("first"),
            each_once(column("birth_date").cast(pl.Date), lambda day: day.dt.to_string("%Y-%m-%d")).alias("born"),
            column("sex").alias("sex"),
            each_once(column("birth_place"), lambda place: pl.when(place.str.contains(_PLACE)).then(place)).alias(
                "place"
            ),
            _number(column("nir")).alias("nir"),
        ]
    )
    sex = pl.when(pl.col("sex") != "U").then(pl.col("sex")) if "sex" in have else pl.lit("")
    traits = pl.concat_str("name", "first", "born", sex, separator=_PART)
    texts: dict[Kind, pl.Expr] = {
        "strict": pl.concat_str(traits, "place", separator=_PART),
        "traits": traits,
        "number": pl.concat_str("nir", "born", separator=_PART),
    }
    persons = computed(parts, *(text.alias(kind) for kind, text in texts.items()))
    return {
        **{kind: persons[kind] for kind in texts},
        "sample": computed(column("sample").to_frame(), _bare(pl.col("sample")).str.to_uppercase()).to_series(),
        "phone": _phone(column("phone")),
        "email": computed(column("email").to_frame(), _bare(pl.col("email")).str.to_lowercase()).to_series(),
        "professional": _professional(column("professional_number"), column("professional_name")),
    }


Form: TypeAlias = Callable[[pl.Expr], pl.Expr]


def each_once(values: pl.Series, form: Form) -> pl.Series:
    """`form` of each value, computed once per distinct value, for they repeat; an empty text is null."""
    given = values.alias("given")
    known = given.unique().drop_nulls().to_frame().with_columns(form(pl.col("given")).alias("form"))
    known = known.with_columns(pl.when(pl.col("form") != "").then(pl.col("form")))
    rows = given.to_frame().lazy()
    return rows.join(known.lazy(), on="given", how="left", maintain_order="left").collect(engine="in-memory")["form"]


def _bare(text: pl.Expr) -> pl.Expr:
    """The text trimmed; null when nothing is left."""
    trimmed = text.str.strip_chars()
    return pl.when(trimmed != "").then(trimmed)


def _number(nir: pl.Series) -> pl.Series:
    """The 13 characters of a NIR whose key is right, or that came without a key; else null."""
    text = pl.col("nir")
    frame = pl.DataFrame([nir.alias("nir"), *nir_numbers(nir)])
    return computed(
        frame,
        pl.when(nir_key_is_right())
        .then(text.str.head(13))
        .when((text.str.len_bytes() == 13) & text.str.contains(_NIR))
        .then(text),
    ).to_series()


def _phone(phone: pl.Series) -> pl.Series:
    """The number with its country code and a plus sign, as France dials it; what has too few digits is null.

    Ten digits that begin with 0 are how nearly all are written: only the others are looked at more closely.
    """
    text = pl.col("phone")
    frame = phone.alias("phone").to_frame()
    number = text.cast(pl.Int64, strict=False)
    plain = (text.str.len_bytes() == 10) & text.str.starts_with("0") & (number >= 100_000_000)
    begins = number // 1_000_000
    overseas = begins.is_in([262, 269, 639]) | ((begins >= 590) & (begins <= 599)) | ((begins >= 690) & (begins <= 699))
    mainland = plain & ~overseas
    found = computed(frame, pl.when(mainland).then(pl.concat_str(pl.lit("+33"), text.str.slice(1)))).to_series()
    left = found.is_null() & phone.is_not_null()
    if not left.any():
        return found
    dialled = text.str.replace_all(_SEPARATORS, "").str.replace(r"^tel:", "").str.replace(r"^00", "+")
    dialled = dialled.str.replace(r"^(?:\+330?|0)([1-9][0-9]{8})$", "+33$1")
    for code, heads in _OVERSEAS:
        dialled = dialled.str.replace(rf"^\+33((?:{heads})[0-9]{{6}})$", f"+{code}$1")
    sound = pl.when(dialled.str.contains(r"^\+?[0-9]{6,15}$")).then(dialled)
    return found.scatter(left.arg_true(), computed(frame.filter(left), sound).to_series())


def _professional(number: pl.Series, name: pl.Series) -> pl.Series:
    """The national number where there is one, else the name; which of both is part of the text."""
    by_number = each_once(number, lambda text: pl.concat_str(pl.lit("n"), _bare(text), separator=_PART))
    by_name = each_once(name, lambda text: pl.concat_str(pl.lit("t"), _bare(normal_name(text)), separator=_PART))
    return computed(pl.DataFrame([by_number.alias("n"), by_name.alias("t")]), pl.coalesce("n", "t")).to_series()
