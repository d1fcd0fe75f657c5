"""Sending a typed dataset, end to end: read once, check, derive every copy, index, seal (spec/records.md, "Sending").

`Dataset` is one reading of the source with everything that hangs on it. `explain` runs it without sending; `send`
hands its batches to `datasets.ship`. Whoever gets a row is in the index; rows that nobody gets are not.
"""

import hmac
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import polars as pl

from scelle.base.errors import CallerError, Exit
from scelle.base.ids import DeskId, OrgId, TransferId
from scelle.client.dataset_plan import Plan, Target, check_leave, plan
from scelle.client.dataset_rejects import HELD, held_listing, write_rejects
from scelle.client.dataset_views import INDEX_VIEW
from scelle.client.datasets import Piece, Shipment, Shipped, commit_left_over, left_over, request_digest, ship
from scelle.client.disk import disk_errors
from scelle.client.dpo import HeldIndexKey, index_key
from scelle.client.progress import Progress, silent
from scelle.client.sending import Sent, fresh_transfer_id
from scelle.client.session import Session
from scelle.exchange.freeze import dpo_desk
from scelle.records.blind import IndexKey
from scelle.records.checked import HELD_SHARE, Checking, Outcome
from scelle.records.copies import Copy
from scelle.records.index import IndexWriter
from scelle.records.ingest import STATUS, Reading, read
from scelle.records.markers import CopyKeys, copy_keys, row_references
from scelle.records.normalise import PLACE
from scelle.records.policy import load_policies
from scelle.records.profile import Profile, load_profile
from scelle.records.reference import load_reference
from scelle.records.route import Router
from scelle.records.view import Explained, Format, prepared, select
from scelle.records.withdrawals import WITHDRAWN
from scelle.records.write_csv import CsvWriter

MARKER_SECRET = "markers"  # noqa: S105 - the name of a secret
_MASTER = b"scelle/v1/records-markers-of-epoch"
_DAY = 86400
_LONGEST_MONTH = 31
_UNKNOWN_RETENTION = 90 * _DAY
_PURPOSE = 200


class DatasetEmptyError(CallerError):
    """There is not one row in the source. Facts: none."""

    code = "dataset.empty"
    exit_status = Exit.MALFORMED
    http_status = 422


@dataclass(frozen=True)
class DatasetOrder:
    """What the person asked for. `desks`: each with the policy named for it, if any; `lasts`: seconds.

    `index_purpose`: purpose of the index's transfer; None: no index. `rejects`: where what was set aside is written.
    """

    paths: tuple[Path, ...]
    dataset: str
    desks: tuple[tuple[DeskId, str | None], ...]
    routed: bool
    purpose: str
    lasts: int
    rejects: Path
    form: Format = "parquet"
    bom: bool = False
    mapping: Mapping[str, str] = field(default_factory=dict)
    legal_basis: str | None = None
    cosign: bytes | None = None
    epoch: str | None = None
    index_purpose: str | None = None
    held_share: float = HELD_SHARE


@dataclass(frozen=True)
class Summary:
    """What a dataset came to. `copies`: of each target, what it gets; `unreached`: cases that go to no agency.

    `withdrawn`: by target, rows that a later row of the same dataset corrects, after they had left. `rejects`: the file
    that was written, if any was. `again`: transfers of an earlier run of the command; then nothing was read.
    """

    profile: Profile
    plan: Plan
    copies: tuple[Explained, ...] = ()
    outcome: Outcome | None = None
    rejected: int = 0
    unreached: Mapping[str, int] = field(default_factory=dict)
    withdrawn: tuple[int, ...] = ()
    rejects: Path | None = None
    batch: TransferId | None = None
    shipped: tuple[Shipped, ...] = ()
    again: tuple[Sent, ...] = ()


class Dataset:
    """One reading of the source, and one copy for each target."""

    def __init__(self, session: Session, order: DatasetOrder) -> None:
        """Opens the files and decides who gets what. Raises what reading, profiles and policies raise."""
        self.order = order
        self._session = session
        self._reference = load_reference()
        self.reading: Reading = read(order.paths, load_profile(order.dataset), mapping=order.mapping)
        self.profile = self.reading.profile
        self.plan = plan(
            session,
            order.desks,
            routed=order.routed,
            profile=self.profile,
            reference=self._reference,
            policies=load_policies(),
            form=order.form,
            bom=order.bom,
        )
        self._router = Router(self._reference)
        self._checking = Checking(self.profile, self._reference, now=session.today)
        self._unreached: Counter[str] = Counter()
        self.outcome: Outcome | None = None
        self.late: pl.DataFrame | None = None
        self.rejects: Path | None = None
        self.sinks: list[CopySink] = []

    def make_sinks(self, keys: Callable[[OrgId], CopyKeys], *, batch: str) -> None:
        """One sink for each target, in their order. `keys`: of the copy that an organisation gets."""
        targets = self.plan.targets
        self.sinks = [CopySink(self, target, keys(target.organisation), batch=batch) for target in targets]

    def batches(self, *, keep_rejects: bool) -> Iterator[pl.DataFrame]:
        """Prepared batches. After the last the dataset as a whole is judged, and what was set aside is written.

        Raises what reading raises, DatasetEmptyError, HeldTooManyError.
        """
        statuses: deque[pl.Series] = deque()

        def raw() -> Iterator[pl.DataFrame]:
            for frame in self.reading.batches():
                statuses.append(frame[STATUS])
                yield frame

        for batch in self._checking.each(raw(), self.reading.found):
            frame = prepared(
                batch.frame,
                batch.checked,
                self.profile,
                self._router,
                status=statuses.popleft(),
                kinds=self._reference.loinc,
            )
            self._count_unreached(frame)
            yield frame
        outcome = self.outcome = self._checking.finish()
        self.late = _late(outcome)
        if keep_rejects:
            self._keep_rejects(outcome)
        if not outcome.rows:
            raise DatasetEmptyError
        outcome.must_not_stop(self.order.held_share)

    def _count_unreached(self, frame: pl.DataFrame) -> None:
        """Cases of agencies that cannot be reached, and of none at all ("")."""
        if not self.order.routed:
            return
        agency = pl.col("_agency").cast(pl.String)
        here = (pl.col("_standing") == "deliver") & (pl.col("_kind") == "case")
        stay = frame.filter(here & (agency.is_null() | agency.is_in(self.plan.unreached)))
        for name, count in stay.select(agency.fill_null("")).to_series().value_counts().iter_rows():
            self._unreached[name] += count

    def _keep_rejects(self, outcome: Outcome) -> None:
        files = dict(self.reading.reject_files())
        held = held_listing(outcome, self.order.paths)
        if held:
            files[HELD] = held
        if files:
            write_rejects(self._session, files, self.order.rejects)
            self.rejects = self.order.rejects

    def summary(self) -> Summary:
        """What it came to, after the last batch."""
        return Summary(
            profile=self.profile,
            plan=self.plan,
            copies=tuple(sink.copy.explained for sink in self.sinks),
            outcome=self.outcome,
            rejected=len(self.reading.rejects),
            unreached=dict(self._unreached),
            withdrawn=tuple(sink.withdrawn for sink in self.sinks),
            rejects=self.rejects,
        )


class CopySink:
    """Joins one recipient's copy to its transfer."""

    def __init__(self, dataset: Dataset, target: Target, keys: CopyKeys, *, batch: str) -> None:
        self._dataset = dataset
        self._keys, self._batch = keys, batch
        self._name = f"{dataset.profile.name}-{target.policy.name}"
        self._places: list[pl.DataFrame] = []
        self.target = target
        self.withdrawn = 0
        self.copy = Copy(target.recipient, target.policy, dataset.profile, keys=keys, name=self._name)

    def feed(self, frame: pl.DataFrame) -> list[Piece]:
        """The pieces of the next prepared rows."""
        pieces = self.copy.feed(frame)
        self._places.append(self.taken(frame))
        return pieces

    def taken(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Places of the rows of this batch that the copy has, `feed` having seen it last."""
        rows = self.copy.taken
        if rows is None:  # it keeps them for the end
            rows = select(frame, self.target.recipient, self.target.policy)
        return rows.select(PLACE)

    def finish(self) -> list[Piece]:
        """The last pieces, once the whole dataset is judged."""
        outcome = self._dataset.outcome
        pieces = self.copy.finish(self._dataset.late)
        if outcome is not None and self._places and self.target.policy.flags:
            pieces += self._withdrawals(outcome)
        return pieces

    def _withdrawals(self, outcome: Outcome) -> list[Piece]:
        """Rows that had left when a later row of the same sample turned out to correct them."""
        gone = pl.concat(self._places).join(outcome.replaced, on=PLACE, how="semi", maintain_order="left")
        self.withdrawn = gone.height
        if gone.is_empty():
            return []
        told = row_references(gone, self._keys.rows).to_frame()
        told = told.with_columns(pl.lit(self._batch).alias("batch"), pl.lit("corrected").alias("reason"))
        return CsvWriter(f"{self._name}-withdrawals").write(told.select(WITHDRAWN))


class IndexSink:
    """Indexes each row that any copy has. It is fed after the copies."""

    def __init__(self, writer: IndexWriter, sinks: list[CopySink]) -> None:
        self._writer, self._sinks = writer, sinks
        self.rows = 0

    def feed(self, frame: pl.DataFrame) -> list[Piece]:
        """The pieces that the next prepared rows complete."""
        places = pl.concat([sink.taken(frame) for sink in self._sinks])
        sent = frame.join(places, on=PLACE, how="semi", maintain_order="left")
        self.rows += sent.height
        return self._writer.feed(sent) if sent.height else []

    def finish(self) -> list[Piece]:
        """The last pieces, and the header."""
        return self._writer.finish()


def _late(outcome: Outcome) -> pl.DataFrame:
    """The codes of rows with findings that only all rows showed; they are few, and codes cost more than flags."""
    across = sum(1 << bit for bit, finding in enumerate(outcome.findings) if finding.rule.across)
    return replace(outcome, flagged=outcome.flagged.filter((pl.col("_flags") & across) != 0)).codes()


def marker_master(held: HeldIndexKey) -> bytes:
    """The master key of row references of an epoch, which its data-protection officers can derive too."""
    return hmac.digest(held.key, _MASTER, sha256)


def explain(session: Session, order: DatasetOrder, *, progress: Progress = silent) -> Summary:
    """What would be sent to whom, and what not. Nothing is sent, and nothing is written."""
    dataset = Dataset(session, order)
    nothing = CopyKeys(bytes(32), bytes(32))  # references that nobody will see
    dataset.make_sinks(lambda _: nothing, batch="-")
    rows = 0
    for frame in dataset.batches(keep_rejects=False):
        for sink in dataset.sinks:
            sink.feed(frame)
        rows += frame.height
        progress(rows, None)
    for sink in dataset.sinks:
        sink.finish()
    return dataset.summary()


def send_dataset(session: Session, order: DatasetOrder, *, progress: Progress = silent) -> Summary:
    """Send a dataset; the session was synced. Broken off among the commits, the same call goes on with them.

    Raises what reading, checking and `ship` raise, CosignMissingError, DpoStatementError, IndexKeyMissingError.
    """
    dataset = Dataset(session, order)
    profile, targets = dataset.profile, dataset.plan.targets
    check_leave(session, targets, dataset=profile.id, legal_basis=order.legal_basis, cosign=order.cosign)
    request = _request(order)
    before = left_over(session, request)
    if before:
        sent = commit_left_over(session, before)
        return Summary(profile, dataset.plan, again=tuple(sent))
    held = None if order.index_purpose is None else index_key(session, order.epoch)
    master = _local_master(session) if held is None else marker_master(held)
    batch = fresh_transfer_id(session)
    dataset.make_sinks(lambda organisation: copy_keys(master, batch=batch, organisation=organisation), batch=batch)
    shipments = [_shipment(session, order, sink, profile) for sink in dataset.sinks]
    if held is not None:
        shipments.append(_index_shipment(session, order, dataset, held, shipments, batch=batch))
    shipped = ship(
        session,
        dataset.batches(keep_rejects=True),
        shipments,
        dataset=profile.id,
        batch=batch,
        paths=order.paths,
        request=request,
        progress=progress,
    )
    return replace(dataset.summary(), batch=batch, shipped=tuple(shipped))


def _request(order: DatasetOrder) -> bytes:
    """What the same command on the same files has in common with itself."""
    files = []
    for path in order.paths:
        with disk_errors(path):
            status = path.stat()
        files.append((str(path), status.st_size, status.st_mtime_ns))
    return request_digest(
        files=files,
        dataset=order.dataset,
        desks=order.desks,
        routed=order.routed,
        purpose=order.purpose,
        lasts=order.lasts,
        form=order.form,
        bom=order.bom,
        mapping=sorted(order.mapping.items()),
        legal_basis=order.legal_basis,
        cosign=order.cosign,
        epoch=order.epoch,
        index=order.index_purpose,
    )


def _shipment(session: Session, order: DatasetOrder, sink: CopySink, profile: Profile) -> Shipment:
    target, explained = sink.target, sink.copy.explained
    wider = target.policy.needs_cosign
    given = [each.source for each in target.policy.columns] or list(profile.names)
    return Shipment(
        transfer=fresh_transfer_id(session),
        desks=target.desks,
        purpose=order.purpose,
        view=target.policy.name,
        sink=sink,
        lasts=order.lasts,
        rows=lambda: explained.rows,
        earliest=lambda: explained.earliest,
        retention=lambda: _retention([explained]),
        legal_basis=order.legal_basis,
        cosign=order.cosign if wider else None,
        categories=tuple(dict.fromkeys(profile.column(name).category for name in given)),
    )


def _index_shipment(
    session: Session,
    order: DatasetOrder,
    dataset: Dataset,
    held: HeldIndexKey,
    others: list[Shipment],
    *,
    batch: TransferId,
) -> Shipment:
    transfers = [each.transfer for each in others]
    key = IndexKey(held.epoch, held.key)
    writer = IndexWriter(key, dataset.profile, batch=batch, transfers=transfers, created=session.now())
    sink = IndexSink(writer, dataset.sinks)
    copies = [each.copy.explained for each in dataset.sinks]
    rule = dataset.profile.retention
    months = 0 if rule is None else max([rule.months, *(longer.months for longer in rule.longer)])
    return Shipment(
        transfer=fresh_transfer_id(session),
        desks=(dpo_desk(session.me.organisation),),
        purpose=(order.index_purpose or "")[:_PURPOSE],
        view=INDEX_VIEW,
        sink=sink,
        lasts=months * _LONGEST_MONTH * _DAY or _UNKNOWN_RETENTION,
        rows=lambda: sink.rows,
        earliest=lambda: min((each.earliest for each in copies if each.earliest is not None), default=None),
        retention=lambda: _retention(copies),
    )


def _retention(copies: list[Explained]) -> int | None:
    """Seconds from the earliest collection to the end of the day on which the first row's retention ends."""
    earliest = [each.earliest for each in copies if each.earliest is not None]
    until = [each.kept_until for each in copies if each.kept_until is not None]
    if not earliest or not until:
        return None
    return (min(until) - min(earliest)).days * _DAY + _DAY


def _local_master(session: Session) -> bytes:
    """The master key of references where there is no index: only this member can tie them back."""
    vault = session.vault
    if MARKER_SECRET not in vault.names():
        with session.exclusive():
            vault.put(MARKER_SECRET, session.draw(32))
    return vault.get(MARKER_SECRET)
