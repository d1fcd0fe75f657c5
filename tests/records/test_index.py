"""The index of a dataset: what is in it, what is not, and that keys, batches and pieces do what they promise."""

import hmac
import tracemalloc
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from records_rules_kit import PROFILE, raw
from scelle.records.blind import IndexKey, IndexKeyRefusedError, texts_of
from scelle.records.index import (
    HEADER,
    SCHEMA,
    Index,
    IndexMalformedError,
    IndexRefusedError,
    IndexWriter,
    build,
    categories_of,
    decode,
)
from scelle.records.normalise import normalise
from scelle.records.profile import load_profile, parse_profile
from scelle.records.synth import generate

KEY = IndexKey("2020-09", bytes(range(32)))
OTHER = IndexKey("2020-10", bytes(range(1, 33)))


def typed(*rows: Mapping[str, str | None]) -> pl.DataFrame:
    return normalise(raw(rows), PROFILE).frame


def index_of(*frames: pl.DataFrame, key: IndexKey = KEY, piece_rows: int = 500_000) -> dict[str, bytes | Path]:
    writer = IndexWriter(key, PROFILE, batch="b1", transfers=["t1", "t2"], created=1_600_000_000, piece_rows=piece_rows)
    pieces = [piece for frame in frames for piece in writer.feed(frame)]
    return dict([*pieces, *writer.finish()])


def population(people: int, **options: float) -> Iterator[pl.DataFrame]:
    for part in generate(people, seed=7, batch_people=8_192, **options):  # type: ignore[arg-type]
        yield normalise(part.frame, PROFILE).frame


def same(name: str, one: pl.DataFrame, row: int = 0, other: int = 1) -> bool:
    half = one[f"{name}_a"], one[f"{name}_b"]
    return all(column[row] is not None and column[row] == column[other] for column in half)


def test_ids_are_those_of_the_formula() -> None:
    domain = b"scelle/index/1\x00"
    row = build(typed({}), KEY, PROFILE).row(0, named=True)
    for kind, text in {
        "person": "DUPONT\x1fJEAN PIERRE\x1f1984-12-03\x1fM\x1f76451",
        "traits": "DUPONT\x1fJEAN PIERRE\x1f1984-12-03\x1fM",
        "number": "1841276451089\x1f1984-12-03",
        "sample": "S1",
        "phone": "+33612345678",
        "email": "a.b@example.org",
        "professional": "n\x1f10003456786",
    }.items():
        name = "strict" if kind == "person" else kind
        of_kind = hmac.digest(KEY.key, domain + name.encode(), "sha256").hex().encode()
        code = hmac.digest(of_kind, text.encode(), "sha256")
        assert row[f"{kind}_a"] == int.from_bytes(code[:8], "big"), kind
        assert row[f"{kind}_b"] == int.from_bytes(code[8:16], "big"), kind


def test_spellings_of_one_person_have_one_id() -> None:
    spelt = {
        "birth_name": "  dupont ",
        "first_names": "jean pierre",
        "phone": "+33 6 12 34 56 78",
        "email": "A.B@Example.ORG",
        "sample_id": "s1",
        "nir": "1 84 12 76 451 089 46",
    }
    index = build(
        typed({}, spelt, {**spelt, "first_names": "Jéan-Pierre, Luc", "phone": "0033612345678"}), KEY, PROFILE
    )
    assert not same("person", index)  # "Jean Pierre" without a hyphen is two names, of which the first is Jean
    assert same("person", index, 0, 2)
    for name in ("number", "sample", "phone", "email", "professional"):
        assert same(name, index), name
        assert same(name, index, 0, 2), name


@pytest.mark.parametrize(
    ("one", "other"),
    [("0590123456", "+590590123456"), ("0692123456", "00262692123456"), ("0639 12 34 56", "+33 (0)639123456")],
)
def test_phones_overseas(one: str, other: str) -> None:
    assert same("phone", build(typed({"phone": one}, {"phone": other}), KEY, PROFILE))


def test_tiers_say_what_a_person_is_known_by() -> None:
    index = build(
        typed(
            {},
            {"birth_place": None},
            {"birth_place": "Rouen", "nir": "184127645108900"},
            {"birth_place": None, "nir": None, "sample_id": None},
            {"birth_place": None, "nir": None, "sample_id": None, "phone": "n/a"},
            {"birth_place": None, "nir": None, "sample_id": None, "phone": None, "email": None},
            {"sex": "U"},
            {"birth_date": None},
        ),
        KEY,
        PROFILE,
    )
    assert index["tier"].to_list() == [1, 2, 3, 4, 5, 0, 0, 0]
    assert index["person_a"].is_null().to_list() == [False] * 5 + [True] * 3
    assert index["traits_a"].n_unique() == 2  # and null, of the last two
    assert index["number_a"].is_null().to_list() == [False, False, True, True, True, True, False, True]


def test_facts_are_coarse_and_bits_say_what_there_is() -> None:
    index = build(
        typed(
            {},
            {"birth_date": "2003-09-11", "department": "2A", "email": None, "sample_time": None},
            {"birth_date": "1925-01-01", "department": "Dupont", "phone": None, "email": None},
            {"birth_date": "2021-01-01"},
            {"birth_date": "2002-09-10", "department": None},
        ),
        KEY,
        PROFILE,
    )
    assert index["department"].to_list() == ["75", "2A", None, "75", None]
    assert index["month"].to_list() == [date(2020, 9, 1)] * 5
    assert index["age_band"].to_list() == [3, 1, 9, None, 1]
    assert index["minor"].to_list() == [False, True, False, None, False]
    assert index["channels"].to_list() == [3, 1, 0, 3, 3]
    bits = [1 << categories_of(PROFILE).index(name) for name in ("etat-civil", "nir", "sante")]
    assert all(row & bit for row in index["categories"] for bit in bits)


def test_no_plaintext_and_no_key_in_what_is_kept() -> None:
    frame = pl.concat(population(2_000))
    pieces = index_of(frame)
    texts = {
        text for series in texts_of(frame.rename({"sample_id": "sample"})).values() for text in series.drop_nulls()
    }
    names = ("birth_name", "first_names", "nir", "phone", "email", "sample_id", "prescriber_rpps", "address_line")
    texts |= {text for name in names for text in frame[name].drop_nulls()}
    plain = b"".join(
        pl.read_parquet(piece).write_ndjson().encode() if name != HEADER else piece
        for name, piece in pieces.items()
        if isinstance(piece, bytes)
    )
    kept = b"".join(piece for piece in pieces.values() if isinstance(piece, bytes))
    long = [text.encode() for text in texts if len(text) >= 6]
    assert len(long) > 10_000
    assert not [text for text in long if text in plain and not text.isdigit()]
    columns = [c for c in SCHEMA if SCHEMA[c] == pl.String()]
    assert columns == ["department"]  # ids are numbers: digits of a phone could only be there by chance
    assert KEY.key not in kept
    assert KEY.key.hex().encode() not in kept
    assert KEY.key.hex() not in repr(KEY)
    assert "key=" not in repr(KEY)


def test_epochs_have_nothing_in_common() -> None:
    frame = typed({}, {"birth_name": "Martin"})
    one, other = build(frame, KEY, PROFILE), build(frame, OTHER, PROFILE)
    for name in SCHEMA:
        if name.endswith(("_a", "_b")):
            assert not set(one[name]) & set(other[name]), name


def test_batches_and_pieces_change_nothing(tmp_path: Path) -> None:
    frames = list(population(20_000))
    assert len(frames) == 3
    whole, parts = index_of(pl.concat(frames)), index_of(*frames, piece_rows=5_000)
    assert sorted(parts) == [HEADER, "part-00001.parquet", "part-00002.parquet", "part-00003.parquet"]
    assert decode(whole).rows.collect().equals(decode(parts).rows.collect())
    assert index_of(pl.concat(frames)) == whole
    for name, piece in parts.items():
        assert isinstance(piece, bytes)
        (tmp_path / name).write_bytes(piece)
    opened = decode({path.name: path for path in tmp_path.iterdir()})
    assert opened.rows.collect().equals(decode(whole).rows.collect())
    assert opened.header.rows == sum(frame.height for frame in frames)
    assert (opened.header.epoch, opened.header.profile, opened.header.batch) == ("2020-09", "screening-result/1", "b1")
    assert (opened.header.transfers, opened.header.created) == (("t1", "t2"), 1_600_000_000)


def test_a_writer_keeps_one_piece_at_most() -> None:
    writer = IndexWriter(KEY, PROFILE, batch="b", transfers=[], created=0, piece_rows=1_000)
    frame = pl.concat(population(1_000)).head(500)
    tracemalloc.start()
    sizes = []
    for _ in range(20):
        writer.feed(frame)
        sizes.append((sum(part.height for part in writer._waiting), tracemalloc.get_traced_memory()[0]))
    tracemalloc.stop()
    assert max(rows for rows, _ in sizes) < 1_000
    assert sizes[-1][1] < sizes[4][1] + 100_000


def test_empty_datasets_and_other_profiles() -> None:
    empty = decode(index_of())
    assert (empty.header.rows, empty.rows.collect().shape) == (0, (0, len(SCHEMA)))
    assert decode(index_of(typed({}).clear())).header.rows == 0
    generic = load_profile("generic/1")
    table = pl.DataFrame({name: [None, None] for name in generic.names}, schema=generic.schema).with_columns(
        birth_name=pl.lit("Dupont"),
        first_names=pl.lit("Ana"),
        birth_date=pl.lit(date(1990, 1, 1)),
        _file=pl.lit(0, pl.UInt16()),
        _row=pl.int_range(1, 3, dtype=pl.UInt32),
    )
    index = build(table, KEY, generic)
    assert same("traits", index)
    assert index["tier"].to_list() == [0, 0]
    nameless = parse_profile(
        'name = "x"\nversion = 1\n[meaning]\nfr = "x"\nen = "x"\n'
        '[[column]]\nname = "a"\ntype = "text"\nfr = "a"\nen = "a"\ncategory = "autres"\n',
        "x.toml",
    )
    with pytest.raises(IndexRefusedError):
        build(pl.DataFrame({"a": ["b"], "_file": [0], "_row": [1]}), KEY, nameless)


@pytest.mark.parametrize(("epoch", "size"), [("", 32), ("A b", 32), ("x" * 64, 32), ("e", 31), ("e", 0)])
def test_keys_that_cannot_be_used(epoch: str, size: int) -> None:
    with pytest.raises(IndexKeyRefusedError):
        IndexKey(epoch, bytes(size))


def broken(what: str) -> dict[str, bytes | Path]:
    pieces = index_of(typed({}, {}))
    header = pieces[HEADER]
    part = pieces["part-00001.parquet"]
    assert isinstance(header, bytes)
    assert isinstance(part, bytes)
    match what:
        case "no header":
            del pieces[HEADER]
        case "no piece":
            del pieces["part-00001.parquet"]
        case "a piece too many":
            pieces["part-00002.parquet"] = part
        case "not JSON":
            pieces[HEADER] = b"{"
        case "another format":
            pieces[HEADER] = header.replace(b"scelle-index/1", b"scelle-index/2")
        case "another count":
            pieces[HEADER] = header.replace(b'"rows":2', b'"rows":3')
        case "a member too many":
            pieces[HEADER] = header.replace(b'"rows":2', b'"rows":2,"x":1')
        case "cut":
            pieces["part-00001.parquet"] = part[:-9]
        case "other columns":
            pieces["part-00001.parquet"] = table({"a": [1, 2]})
        case "no such file":
            pieces["part-00001.parquet"] = Path("/nowhere/part-00001.parquet")
        case _:
            pieces[HEADER] = Path("/nowhere/index.json")
    return pieces


def table(columns: dict[str, list[int]]) -> bytes:
    from scelle.records.index import encode

    return encode(pl.DataFrame(columns))


@pytest.mark.parametrize(
    "what",
    [
        *("no header", "no piece", "a piece too many", "not JSON", "another format", "another count"),
        *("a member too many", "cut", "other columns", "no such file", "no header file"),
    ],
)
def test_what_is_no_index_is_refused(what: str) -> None:
    with pytest.raises(IndexMalformedError):
        decode(broken(what))


def test_damage_anywhere_never_ends_in_another_error() -> None:
    pieces = index_of(typed({}, {}))
    part = pieces["part-00001.parquet"]
    assert isinstance(part, bytes)
    for at in range(0, len(part), 97):
        damaged = {**pieces, "part-00001.parquet": part[:at] + bytes([part[at] ^ 0x55]) + part[at + 1 :]}
        try:
            opened: Index = decode(damaged)
        except IndexMalformedError:
            continue
        assert opened.header.rows == 2
