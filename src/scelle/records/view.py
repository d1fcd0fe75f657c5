"""Views: the rows and columns that one recipient gets of a dataset, and what is left out, and why.

`prepared` readies a checked batch once, for all recipients; `derive` makes one recipient's typed rows of it. What is
left out is counted by reason (`REASONS`), each row once, by the first that applies.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal, TypeAlias

import polars as pl

from scelle.base.errors import CallerError, Exit
from scelle.base.ids import OrgId
from scelle.records.markers import TRAITS, CopyKeys, pseudonyms, row_references
from scelle.records.normalise import PLACE, computed
from scelle.records.policy import Given, Policy
from scelle.records.profile import Profile, Retention
from scelle.records.reference import Reference
from scelle.records.route import Router
from scelle.records.rules import Checked

Format: TypeAlias = Literal["parquet", "csv", "xlsx", "ndjson", "fhir"]
FORMATS: Final[tuple[Format, ...]] = ("parquet", "csv", "xlsx", "ndjson", "fhir")

STANDINGS: Final = ("deliver", "held", "past-retention", "taken-back", "replaced")
"""deliver; held: no usable identity, result or route; past-retention: the source should have erased it; taken-back: the
laboratory takes the result back; replaced: a later row of the same sample corrects it."""

KINDS: Final = ("case", "retest", "serology", "negative", "no-result")
"""What a row is to tracing. A positive of unknown kind of test is a case: nobody goes untold for a missing code."""

NAMED_KINDS: Final = ("pcr", "antigen", "serology")
"""Kinds of test; where a row names none of them, its LOINC code tells."""

SMALL_CELL: Final = "small-cell"
"""The reason that only shows once all rows are there."""

SAID: Final = {
    "held": "left-out.held",
    "past-retention": "left-out.past-retention",
    "taken-back": "left-out.taken-back",
    "replaced": "left-out.replaced",
    "serology": "left-out.serology",
    "not-positive": "left-out.not-positive",
    "not-retest": "left-out.not-retest",
    "other-region": "left-out.other-region",
    "other-department": "left-out.other-department",
    SMALL_CELL: "left-out.small-cell",
}
"""Why a row is not in a view → the key of its sentence."""

REASONS: Final = tuple(SAID)
OVER_RETENTION: Final = "retention.over"
_TAKEN_BACK: Final = ("W", "D")
_MASK_FROM: Final = 5
_OLDEST_BAND: Final = 9


class ViewError(CallerError):
    """A recipient and its policy, or format, do not go together. Facts: `desk`, `what`, `why`."""

    code = "view.refused"
    exit_status = Exit.USAGE
    http_status = 400


@dataclass(frozen=True)
class Recipient:
    """A desk, the policy of its view, and the form it wants it in.

    `agency`: which regional agency it is, for policies that ask for its own rows. `departments`: only people of these;
    empty: of all. `unplaced`: with `departments`, also people whom nobody could place anywhere (exactly one desk of an
    insurer should have it). `bom`: CSV begins with a byte order mark.
    """

    desk: str
    policy: str
    agency: str | None = None
    departments: tuple[str, ...] = ()
    unplaced: bool = False
    format: Format = "parquet"
    bom: bool = False

    @property
    def organisation(self) -> OrgId:
        """The organisation of the desk."""
        return OrgId(self.desk.partition("/")[0])

    def must_fit(self, policy: Policy, profile: Profile, reference: Reference) -> None:
        """Raises ViewError when this recipient cannot get this view of this profile."""
        if policy.profile not in (None, profile.name):
            raise self._error(policy.name, "the policy is for another profile")
        strange = {given.source for given in policy.columns if given.form not in ("pseudonym", "department")}
        if any(given.form == "pseudonym" for given in policy.columns):
            strange |= set(TRAITS)
        if strange - set(profile.names):
            raise self._error(min(strange - set(profile.names)), "no column of the profile")
        if "own-agency" in policy.rows and self.agency is None:
            raise self._error(policy.name, "the policy needs an agency")
        if self.agency is not None and self.agency not in set(reference.agencies["id"]):
            raise self._error(self.agency, "no agency of that name")
        unknown = set(self.departments) - set(reference.departments["code"])
        if unknown:
            raise self._error(min(unknown), "no department of that code")
        if self.format not in FORMATS:
            raise self._error(self.format, "no format of that name")
        if self.format == "fhir" and policy.reshaped:
            raise self._error("fhir", "the view has columns that FHIR has no place for")

    def _error(self, what: str, why: str) -> ViewError:
        return ViewError(desk=self.desk, what=what, why=why)


def departments_of(funds: Iterable[str], reference: Reference) -> tuple[str, ...]:
    """The departments of insurer's funds (`cpam-75`), for `Recipient.departments`. Raises ViewError."""
    known = dict(zip(reference.funds["id"], reference.funds["department"], strict=True))
    wanted = list(funds)
    for fund in wanted:
        if fund not in known:
            raise ViewError(desk="", what=fund, why="no fund of that name")
    return tuple(dict.fromkeys(known[fund] for fund in wanted))


@dataclass
class Explained:
    """What one recipient gets, summed over batches: for `--explain`, manifest and expiry. Holds no value of any row.

    `rows`: sent; `left_out`: not sent, by reason; `flagged`: sent with findings; `unsettled`: sent for now, for a
    person to settle; `columns`: sent; `earliest`: the earliest date of collection among rows sent; `kept_until`: the
    first day on which the source's retention of one of them ends.
    """

    recipient: Recipient
    policy: Policy
    columns: tuple[str, ...] = ()
    rows: int = 0
    flagged: int = 0
    unsettled: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    earliest: date | None = None
    kept_until: date | None = None

    def told(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        return {
            "desk": self.recipient.desk,
            "policy": self.policy.name,
            "format": self.recipient.format,
            "rows": self.rows,
            "flagged": self.flagged,
            "unsettled": self.unsettled,
            "columns": list(self.columns),
            "left_out": {reason: self.left_out[reason] for reason in sorted(self.left_out)},
            "earliest_collection": self.earliest.isoformat() if self.earliest else None,
            "kept_until": self.kept_until.isoformat() if self.kept_until else None,
        }


def prepared(
    frame: pl.DataFrame,
    checked: Checked,
    profile: Profile,
    router: Router,
    *,
    status: pl.Series | None = None,
    kinds: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """A typed batch, routed, with what all views of it need: `_standing`, `_kind` (Enum), `_flags` (codes, or null).

    `checked`: the findings in the same rows. `status`: the raw frame's `_status`, of results taken back. `kinds`: LOINC
    codes (`Reference.loinc`) for rows that do not name the kind of test.
    """
    over = checked.flags[OVER_RETENTION] if OVER_RETENTION in checked.flags.columns else pl.lit(False)
    back = pl.lit(False) if status is None else status.is_in(list(_TAKEN_BACK)).fill_null(False)
    standing = (
        pl.when(checked.held)
        .then(pl.lit(STANDINGS[1]))
        .when(over)
        .then(pl.lit(STANDINGS[2]))
        .when(back)
        .then(pl.lit(STANDINGS[3]))
        .otherwise(pl.lit(STANDINGS[0]))
    )
    marks = computed(
        frame,
        standing.cast(pl.Enum(STANDINGS)).alias("_standing"),
        _kind(profile, kinds).cast(pl.Enum(KINDS)).alias("_kind"),
    )
    return router.route(frame).with_columns(*marks.get_columns(), _flags(checked))


def without_replaced(frame: pl.DataFrame, replaced: pl.DataFrame) -> pl.DataFrame:
    """A prepared frame in which the rows at these places (`Outcome.replaced`) are no longer delivered."""
    hit = frame.select(PLACE).join(replaced.with_columns(hit=pl.lit(True)), on=PLACE, how="left", maintain_order="left")
    again = (pl.col("_standing") == STANDINGS[0]) & hit["hit"].fill_null(False)
    standing = pl.when(again).then(pl.lit("replaced", pl.Enum(STANDINGS))).otherwise(pl.col("_standing"))
    return frame.with_columns(standing.alias("_standing"))


def _kind(profile: Profile, loinc: pl.DataFrame | None) -> pl.Expr:
    if not profile.has("result"):
        return pl.lit("no-result")
    result, serology = pl.col("result"), pl.lit(False)
    if profile.has("test_kind"):
        serology = (pl.col("test_kind") == "serology").fill_null(False)
    if loinc is not None and profile.has("test_loinc"):
        unnamed = ~pl.col("test_kind").is_in(list(NAMED_KINDS)).fill_null(False) if profile.has("test_kind") else True
        blood = loinc.filter(pl.col("kind") == "serology")["code"].to_list()
        serology |= unnamed & pl.col("test_loinc").is_in(blood).fill_null(False)
    return (
        pl.when((result == "P") & ~serology)
        .then(pl.lit("case"))
        .when(result == "P")
        .then(pl.lit("serology"))
        .when(result == "N")
        .then(pl.lit("negative"))
        .when(result.is_in(["I", "X"]))
        .then(pl.lit("retest"))
        .otherwise(pl.lit("no-result"))
    )


def _flags(checked: Checked) -> pl.Series:
    """The codes of the findings in each row, parted by spaces; null where there are none."""
    found = [code for code in checked.counts if code in checked.flags.columns]
    if not found:
        return pl.repeat(None, checked.flags.height, dtype=pl.String, eager=True).alias("_flags")
    # The same few sets of findings come again and again: each is spelled once.
    bits = pl.sum_horizontal(pl.col(code).cast(pl.UInt64) * (1 << bit) for bit, code in enumerate(found))
    sets = computed(checked.flags, bits.alias("set"))["set"]
    spelled = {n: " ".join(code for bit, code in enumerate(found) if n >> bit & 1) for n in sets.unique() if n}
    return sets.replace_strict(spelled, default=None, return_dtype=pl.String()).alias("_flags")


def select(
    frame: pl.DataFrame, recipient: Recipient, policy: Policy, explained: Explained | None = None
) -> pl.DataFrame:
    """The rows of a prepared frame that are in a recipient's view, with all their columns. Counts what is left out."""
    tests = _tests(recipient, policy)
    # A number for each row: 0 is sent, others are the first test that it failed.
    first = pl.lit(0, pl.UInt8())
    for number, (_, passes) in reversed(list(enumerate(tests, 1))):
        first = pl.when(passes).then(first).otherwise(pl.lit(number, pl.UInt8()))
    failed = computed(frame, first.alias("failed"))["failed"]
    rows = frame.filter(failed == 0)
    if explained is not None:
        names = {number: reason for number, (reason, _) in enumerate(tests, 1)}
        for number, count in failed.value_counts().iter_rows():
            if number:
                explained.left_out[names[number]] += count
        explained.unsettled += int((~rows["_settled"]).sum())
        if policy.flags:
            explained.flagged += rows.height - rows["_flags"].null_count()
    return rows


def _tests(recipient: Recipient, policy: Policy) -> list[tuple[str, pl.Expr]]:
    """What a row must pass, with the reason when it does not, in order."""
    standing, kind = pl.col("_standing"), pl.col("_kind")
    tests = [(reason, standing != reason) for reason in STANDINGS[1:]]
    if "case" in policy.rows:
        tests += [("serology", kind != "serology"), ("not-positive", kind == "case")]
    if "retest" in policy.rows:
        tests.append(("not-retest", kind == "retest"))
    if "own-agency" in policy.rows:
        tests.append(("other-region", (pl.col("_agency") == pl.lit(recipient.agency)).fill_null(False)))
    if recipient.departments:
        here = pl.col("_department").cast(pl.String).is_in(list(recipient.departments))
        tests.append(("other-department", here.fill_null(recipient.unplaced)))
    return tests


def shape(
    rows: pl.DataFrame, policy: Policy, profile: Profile, *, keys: CopyKeys, explained: Explained | None = None
) -> pl.DataFrame:
    """The columns of a view, of rows that `select` chose: `row_ref`, those of the policy, `flags`.

    Small cells are not guarded here: that takes all rows (`guard`).
    """
    given = policy.columns or tuple(Given(name, name) for name in profile.names)
    person = [pseudonyms(rows, keys.persons)] if any(each.form == "pseudonym" for each in given) else []
    columns = [_formed(each, profile) for each in given]
    shaped = computed(pl.DataFrame([*rows.get_columns(), *person]), *columns)
    whole = [row_references(rows, keys.rows), *shaped.get_columns()]
    if policy.flags:
        whole.append(rows["_flags"].alias("flags"))
    view = pl.DataFrame(whole)
    if explained is not None:
        explained.columns = tuple(view.columns)
        count_sent(explained, rows, profile)
    return view


def _formed(given: Given, profile: Profile) -> pl.Expr:
    source = pl.col(given.source)
    match given.form:
        case "masked":
            shown = pl.when(source.str.contains(rf"^[0-9]{{{_MASK_FROM}}}")).then(source.str.head(_MASK_FROM))
            stars = source.str.len_chars().cast(pl.Int64) - shown.fill_null("").str.len_chars().cast(pl.Int64)
            form = pl.concat_str(shown.fill_null(""), pl.lit("*").repeat_by(stars).list.join(""))
            form = pl.when(source.is_not_null()).then(form)
        case "week":
            form = source.cast(pl.Date).dt.truncate("1w")
        case "age-band":
            form = _age_band(source, pl.col(profile.collected) if profile.collected else pl.lit(None, pl.Date()))
        case "department":
            form = pl.when("_settled").then(pl.col("_department").cast(pl.String))
        case "pseudonym":
            form = pl.col("person")
        case _:
            form = source
    return form.alias(given.name)


def _age_band(born: pl.Expr, on: pl.Expr) -> pl.Expr:
    """Ten years of age in whole years at a date, as 30-39; 90+ for all who are older. Null outside 0 to 130."""
    birthday_to_come = (born.dt.month() * 32 + born.dt.day()) > (on.dt.month() * 32 + on.dt.day())
    age = on.dt.year() - born.dt.year() - birthday_to_come.cast(pl.Int32)
    bands = pl.Series([*(f"{ten * 10}-{ten * 10 + 9}" for ten in range(_OLDEST_BAND)), f"{_OLDEST_BAND * 10}+"])
    number = pl.min_horizontal(age // 10, pl.lit(_OLDEST_BAND))
    return pl.lit(bands).gather(pl.when(age.is_between(0, 130)).then(number).cast(pl.UInt32))


def count_sent(explained: Explained, rows: pl.DataFrame, profile: Profile) -> None:
    """Add rows that are sent: their number, earliest date of collection, and when the source must erase the first."""
    explained.rows += rows.height
    rule = profile.retention
    if rule is None or not rows.height:
        return
    collected = pl.col(rule.collected).cast(pl.Date)
    earliest, until = rows.select(collected.min().alias("earliest"), _ends(rule).alias("until")).row(0)
    explained.earliest = min((day for day in (explained.earliest, earliest) if day is not None), default=None)
    explained.kept_until = min((day for day in (explained.kept_until, until) if day is not None), default=None)


def _ends(rule: Retention) -> pl.Expr:
    """The earliest end of retention among rows."""
    collected, ordinary = pl.col(rule.collected).cast(pl.Date), pl.lit(True)
    ends = []
    for longer in rule.longer:
        applies = pl.col(longer.column).is_in(list(longer.values)) & (collected >= date.fromisoformat(longer.since))
        applies = applies.fill_null(False)
        if longer.months > rule.months:
            ends.append(collected.filter(applies).min().dt.offset_by(f"{longer.months}mo"))
            ordinary &= ~applies
    ends.append(collected.filter(ordinary).min().dt.offset_by(f"{rule.months}mo"))
    return pl.min_horizontal(ends)


def guard(view: pl.DataFrame, policy: Policy) -> pl.Series:
    """Which rows of a whole view may go: those whose cell has enough distinct persons. All, if the policy has none."""
    if policy.cells is None:
        return pl.repeat(True, view.height, dtype=pl.Boolean, eager=True)
    enough = pl.col("person").n_unique().over(policy.cells.by) >= policy.cells.least
    return view.select(enough.alias("enough")).to_series()


def derive(
    frame: pl.DataFrame,
    recipient: Recipient,
    policy: Policy,
    *,
    profile: Profile,
    keys: CopyKeys,
    explained: Explained | None = None,
) -> pl.DataFrame:
    """A recipient's typed rows of one prepared frame, when it is the whole dataset (small cells are guarded here).

    For a dataset in batches see `copies.Copy`, which guards small cells over all of them.
    """
    rows = select(frame, recipient, policy, explained)
    view = shape(rows, policy, profile, keys=keys)
    keep = guard(view, policy)
    if explained is not None:
        explained.columns = tuple(view.columns)
        if not keep.all():
            explained.left_out[SMALL_CELL] += int((~keep).sum())
        count_sent(explained, rows.filter(keep), profile)
    return view.filter(keep)
