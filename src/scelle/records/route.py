"""Where a row goes: department of residence → region → regional agency (spec/records.md, "Routing").

People in a collective place are routed by its address: the commune and postcode of the row come before the department
declared. Who lives abroad, or nobody knows where, goes to the agency of the sampling place for the time being
(`_settled` false) until a person settles it; never to all of them.
"""

from typing import Final

import polars as pl

from scelle.records.normalise import computed
from scelle.records.reference import Reference

SAID: Final = {
    "residence": "route.residence",
    "residence-commune": "route.residence-commune",
    "residence-postcode": "route.residence-postcode",
    "collective-place": "route.collective-place",
    "abroad": "route.abroad",
    "no-agency": "route.no-agency",
    "unknown": "route.unknown",
}
"""Why a row goes where it goes → the key of its sentence; the last three are not settled."""

REASONS: Final = tuple(SAID)

ABROAD: Final = "99"
"""Written as a department, or before the country in the code of a commune."""

_UNSETTLED: Final = ("abroad", "no-agency", "unknown")
_NEEDED: Final = ("department", "commune", "postcode", "collective_residence", "lab_finess")


class Router:
    """Routing tables made once from reference data; `route` serves batch after batch."""

    def __init__(self, reference: Reference) -> None:
        """Some 20 ms."""
        known = reference.departments.sort("code")
        self.departments: tuple[str, ...] = tuple(known["code"])
        self.agencies: tuple[str, ...] = tuple(reference.agencies["id"].sort())
        self.department = pl.Enum(self.departments)
        self.agency = pl.Enum(self.agencies)
        self.region = pl.Enum(known["region"].unique().sort().to_list())
        self._regions = known["region"].cast(self.region)
        self._agencies = known["agency"].cast(self.agency)
        self._reason = pl.Enum(REASONS)
        pairs = reference.postcodes.select("postcode", "department").unique()
        alone = pairs.filter(pl.len().over("postcode") == 1)
        other = alone.filter(pl.col("department") != _by_postcode(pl.col("postcode")))
        self._postcodes = dict(zip(other["postcode"], other["department"], strict=True))

    def route(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with `_department`, `_region`, `_agency` (Enum; null: none), `_settled`, `_route_reason` (Enum).

        Where `_settled` is false these are the sampling place's (by the laboratory's FINESS number), or null.
        """
        missing = [pl.lit(None, pl.String()).alias(name) for name in _NEEDED if name not in frame.columns]
        columns = frame.with_columns(missing) if missing else frame
        collective = pl.col("collective_residence").cast(pl.Boolean).fill_null(False)
        first = computed(
            columns,
            pl.col("department").cast(self.department, strict=False).alias("_department"),
            collective.alias("collective"),
        )
        department = first["_department"]
        reason = pl.repeat("residence", frame.height, dtype=self._reason, eager=True)
        rare = department.is_null() | first["collective"] | self._without(department)
        if rare.any():
            some = self._rarer(columns.filter(rare).select(*_NEEDED), department.filter(rare))
            at = rare.arg_true()
            department = department.to_physical().scatter(at, some["_department"].to_physical()).cat.to(self.department)
            reason = reason.to_physical().scatter(at, some["reason"].to_physical()).cat.to(self._reason)
        number = pl.col("_department").to_physical()
        placed = pl.DataFrame([department.alias("_department"), reason.alias("_route_reason")])
        more = computed(
            placed,
            pl.col("_department"),
            pl.lit(self._regions).gather(number).alias("_region"),
            pl.lit(self._agencies).gather(number).alias("_agency"),
            (pl.col("_route_reason").to_physical() < REASONS.index(_UNSETTLED[0])).alias("_settled"),
            pl.col("_route_reason"),
        )
        return frame.with_columns(more.get_columns())

    def _without(self, department: pl.Series) -> pl.Series:
        """Rows of departments that have no regional agency."""
        bare = [code for code, agency in zip(self.departments, self._agencies, strict=True) if agency is None]
        return department.is_in(pl.Series(bare, dtype=self.department).implode()).fill_null(False)

    def _rarer(self, rows: pl.DataFrame, declared: pl.Series) -> pl.DataFrame:
        """`_department` and `reason` of rows whose declared department does not decide."""
        rows = rows.with_columns(declared.alias("declared"))
        known = self.department
        commune = _begins(pl.col("commune")).cast(known, strict=False)
        written = pl.col("postcode").str.replace_all(r"\s", "")
        sound = pl.when(written.str.contains(r"^\d{5}$")).then(written)
        postcode = pl.coalesce(
            sound.replace_strict(self._postcodes, default=None, return_dtype=pl.String()), _by_postcode(sound)
        ).cast(known, strict=False)
        finess = pl.col("lab_finess")
        sampled = pl.coalesce(
            finess.str.head(3).cast(known, strict=False), finess.str.head(2).cast(known, strict=False)
        )
        parts = rows.select(
            "declared",
            commune.alias("commune"),
            postcode.alias("postcode"),
            sampled.alias("sampled"),
            pl.col("collective_residence").cast(pl.Boolean).fill_null(False).alias("collective"),
            (
                (pl.col("department").str.strip_chars() == ABROAD)
                | (pl.col("department").is_null() & pl.col("commune").str.starts_with(ABROAD))
            )
            .fill_null(False)
            .alias("abroad"),
        )
        place = pl.coalesce("commune", "postcode")
        by_place = pl.col("collective") & place.is_not_null()
        home = pl.when(by_place).then(place).otherwise(pl.coalesce("declared", "commune", "postcode"))
        home = pl.when(by_place | ~pl.col("abroad")).then(home)
        placed = parts.with_columns(home.alias("home")).with_columns(
            pl.lit(self._agencies).gather(pl.col("home").to_physical()).is_not_null().alias("served")
        )
        reason = (
            pl.when(pl.col("abroad") & pl.col("home").is_null())
            .then(pl.lit("abroad"))
            .when(pl.col("home").is_null())
            .then(pl.lit("unknown"))
            .when(~pl.col("served"))
            .then(pl.lit("no-agency"))
            .when(by_place)
            .then(pl.lit("collective-place"))
            .when(pl.col("declared").is_not_null())
            .then(pl.lit("residence"))
            .when(pl.col("commune").is_not_null())
            .then(pl.lit("residence-commune"))
            .otherwise(pl.lit("residence-postcode"))
        )
        settled = pl.when(pl.col("served")).then(pl.col("home")).otherwise(pl.col("sampled"))
        return placed.select(settled.alias("_department"), reason.cast(self._reason).alias("reason"))


def route(frame: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """One frame routed (`Router.route`); for several batches make one `Router`."""
    return Router(reference).route(frame)


def unsettled(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of a routed frame that a person must settle: `_file`, `_row`, `_agency` for now, `_route_reason`."""
    return frame.filter(~pl.col("_settled")).select("_file", "_row", "_agency", "_route_reason")


def _begins(code: pl.Expr) -> pl.Expr:
    """The department that a commune's code or a postcode begins with, as text; three digits overseas."""
    return pl.when(code.str.contains("^9[78]")).then(code.str.head(3)).otherwise(code.str.head(2))


def _by_postcode(code: pl.Expr) -> pl.Expr:
    """As `_begins`, with Corsica's postcodes, which begin with 20 in both departments."""
    corsica = pl.when(code < "20200").then(pl.lit("2A")).otherwise(pl.lit("2B"))
    return pl.when(code.str.starts_with("20")).then(corsica).otherwise(_begins(code))
