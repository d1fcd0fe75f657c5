"""Text as found becomes typed columns; what cannot be read is said, and nothing else is lost."""

import unicodedata
from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from records_rules_kit import PROFILE, raw
from scelle.records.normalise import first_given_name, normal_name, normalise


def at(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001  times of the sources' own clock


def one(**changes: str | None) -> tuple[dict[str, object], set[str]]:
    normal = normalise(raw([changes]), PROFILE)
    return normal.frame.row(0, named=True), {name for name, bad in normal.unreadable.items() if bad[0]}


def test_types_are_those_of_the_profile() -> None:
    normal = normalise(raw([{}, {"result": None}]), PROFILE)
    assert dict(normal.frame.schema) == {**PROFILE.schema, "_file": pl.UInt16(), "_row": pl.UInt32()}
    assert normal.unreadable == {}


def test_columns_that_the_source_lacks_are_empty() -> None:
    normal = normalise(raw([{}]).drop("phone", "birth_date"), PROFILE)
    assert normal.frame.columns[:-2] == list(PROFILE.names)
    assert normal.frame.row(0, named=True)["phone"] is None
    assert normal.frame.schema["birth_date"] == pl.Date()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1984-12-03", date(1984, 12, 3)),
        ("03/12/1984", date(1984, 12, 3)),
        ("19841203", date(1984, 12, 3)),
        ("31/02/1984", None),
        ("0084-12-03", None),
        ("hier", None),
        ("1984-12-03x", None),
    ],
)
def test_dates(written: str, read: date | None) -> None:
    row, unreadable = one(birth_date=written)
    assert row["birth_date"] == read
    assert unreadable == ({"birth_date"} if read is None else set())


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2020-09-10T10:00:00", at(2020, 9, 10, 10)),
        ("2020-09-10 10:00:00", at(2020, 9, 10, 10)),
        ("10/09/2020 10:00", at(2020, 9, 10, 10)),
        ("20200910100000", at(2020, 9, 10, 10)),
        ("2020-09-10T08:00:00Z", at(2020, 9, 10, 10)),
        ("2020-09-10T10:00:00+02:00", at(2020, 9, 10, 10)),
        ("2020-09-10T10:00:00.250-0400", at(2020, 9, 10, 16, 0, 0, 250_000)),
        ("2020-09-10T10:00:00.5", at(2020, 9, 10, 10, 0, 0, 500_000)),
        ("2020-09-10T10:00", at(2020, 9, 10, 10)),
        ("2020-09-10", at(2020, 9, 10)),
        ("2020-09-10T25:00:00", None),
    ],
)
def test_times(written: str, read: datetime | None) -> None:
    row, unreadable = one(sample_time=written)
    assert row["sample_time"] == read
    assert unreadable == ({"sample_time"} if read is None else set())


def test_forms_of_the_source_come_first() -> None:
    class Found:
        def forms(self, column: str, file: int) -> tuple[str, ...]:
            return {("birth_date", 0): ("%m/%d/%Y",), ("birth_date", 1): ("%d/%m/%Y",)}.get((column, file), ())

    for file, day in ((0, date(1984, 3, 12)), (1, date(1984, 12, 3))):
        normal = normalise(raw([{"birth_date": "03/12/1984"}], file=file), PROFILE, Found())
        assert normal.frame["birth_date"].to_list() == [day]
    normal = normalise(raw([{"birth_date": "13/12/1984"}, {"birth_date": "1984-12-03"}]), PROFILE, Found())
    assert normal.frame["birth_date"].to_list() == [None, date(1984, 12, 3)]


@pytest.mark.parametrize(
    ("column", "written", "read"),
    [
        ("sex", "h", "M"),
        ("sex", "FÉMININ", "F"),
        ("result", "positif", "P"),
        ("test_kind", "RT-PCR", "pcr"),
        ("nir_kind", "1.2.250.1.213.1.4.10", "test"),
        ("health_professional", "Oui", True),
        ("health_professional", "0", False),
        ("nir", "1 84 12 76 451 089 46", "184127645108946"),
        ("nir", "1.84.05.2a.004.108-00", "184052A00410800"),
        ("birth_name", "d’Ûmbrie", "d’Ûmbrie"),
    ],
)
def test_values(column: str, written: str, read: object) -> None:
    row, unreadable = one(**{column: written})
    assert row[column] == read
    assert unreadable == set()


def test_unknown_codes_stay_and_are_said() -> None:
    row, unreadable = one(result="Q", sex="?", known_contact="peut-être")
    assert (row["result"], row["sex"], row["known_contact"]) == ("Q", "?", None)
    assert unreadable == {"result", "sex", "known_contact"}


@pytest.mark.parametrize(
    ("written", "name", "first"),
    [
        ("Jean-Pierre Marie", "JEAN PIERRE MARIE", "JEAN PIERRE"),
        ("d'Arc,  Jeanne", "D ARC JEANNE", "D ARC"),
        ("Éloïse", "ELOISE", "ELOISE"),
        ("Cœur", "COEUR", "COEUR"),
        ("Łukasz  ß", "LUKASZ SS", "LUKASZ"),
        ("-", "", ""),
    ],
)
def test_names(written: str, name: str, first: str) -> None:
    frame = pl.DataFrame({"n": [written]})
    assert frame.select(normal_name(pl.col("n"))).item() == name
    assert frame.select(first_given_name(pl.col("n"))).item() == first


@given(st.lists(st.text(alphabet=st.characters(max_codepoint=0x24F, exclude_categories=["Cs"]), max_size=20)))
def test_names_are_normal_once_and_for_all(names: list[str]) -> None:
    frame = pl.DataFrame({"n": names}, schema={"n": pl.String})
    once = frame.select(normal_name(pl.col("n")))
    assert once.select(normal_name(pl.col("n"))).equals(once)
    for name, normal in zip(names, once["n"], strict=True):
        decomposed = unicodedata.normalize("NFD", name)
        other = frame.clear().vstack(pl.DataFrame({"n": [decomposed.swapcase().swapcase()]}))
        if decomposed.swapcase().swapcase() == decomposed:
            assert other.select(normal_name(pl.col("n"))).item() == normal
        assert normal == normal.strip()
        assert "  " not in normal
