"""The Ledger port: its two logs, their proofs and tiles, and how actions share transactions."""

import threading
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger_kit import (
    APHP,
    ORIGINS,
    adding,
    check_entry,
    checked,
    commitment_of,
    declaring,
    entry,
    open_ledger,
    sizes,
    transfer_id,
    transfer_row,
    where,
)
from scelle.base.errors import MalformedError
from scelle.ports import (
    ACTIVITY,
    DIRECTORY,
    LogName,
    LogPosition,
    Reading,
    StateConflictError,
    StorageFaultError,
    StoredRecord,
    Writing,
)
from scelle.storage.ledger import SqlLedger
from scelle.tlog.errors import InclusionProofWrongError, LogInconsistentError
from scelle.tlog.proof import verify_consistency
from scelle.tlog.replay import verify_log
from scelle.tlog.tiles import Tile, TileHashReader, bundles_of, tiles_of
from scelle.tlog.tree import EMPTY_ROOT

BOTH: tuple[LogName, LogName] = (DIRECTORY, ACTIVITY)


@pytest.fixture(params=["memory", "file"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlLedger]:
    opened = open_ledger(":memory:" if request.param == "memory" else tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def record_at(reading: Reading, index: int) -> StoredRecord | None:
    return reading.record(index)


def append(ledger: SqlLedger, start: int, count: int) -> None:
    def act(writing: Writing) -> None:
        for number in range(start, start + count):
            assert writing.append_activity(entry(number)) == number

    ledger.submit(act).result()


def check_whole_log(ledger: SqlLedger, log: LogName) -> None:
    """As an outsider would: all bundles against the checkpoint, every tile traced to its root."""
    checkpoint = checked(log, ledger.checkpoint(log))
    bundles = [ledger.tile(log, -1, bundle.index, bundle.width) for bundle in bundles_of(checkpoint.size)]
    verify_log([data for data in bundles if data is not None], checkpoint)

    def fetch(tile: Tile) -> bytes:
        data = ledger.tile(log, tile.level, tile.index, tile.width)
        assert data is not None
        return data

    reader = TileHashReader(checkpoint.size, checkpoint.root, fetch)
    for tile in tiles_of(checkpoint.size):
        assert reader.read(tile.level * 8, tile.index * 256) == fetch(tile)[:32]


def test_a_new_ledger_has_two_signed_empty_logs(ledger: SqlLedger) -> None:
    for log in BOTH:
        checkpoint = checked(log, ledger.checkpoint(log))
        assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (ORIGINS[log], 0, EMPTY_ROOT)
        assert ledger.tile(log, 0, 0, 1) is None
        assert ledger.tile(log, -1, 0, 1) is None
    assert sizes(ledger) == (0, 0)


def test_directory_entries_are_the_statements(ledger: SqlLedger) -> None:
    statements = [b"statement %d" % number for number in range(5)]
    indexes = [ledger.submit(declaring(s)).result() for s in statements]
    assert indexes == [0, 1, 2, 3, 4]
    assert ledger.read(lambda r: r.directory_entries(1, 9)) == statements[1:]
    for index, statement in enumerate(statements):
        position = LogPosition(DIRECTORY, index)
        assert where(ledger, statement) == position
        check_entry(ledger, position, statement)
    assert checked(ACTIVITY, ledger.checkpoint(ACTIVITY)).size == 0
    check_whole_log(ledger, DIRECTORY)


def test_a_statement_is_bound_once(ledger: SqlLedger) -> None:
    ledger.submit(declaring(b"one")).result()
    ledger.submit(adding(0, b"two", b"three")).result()
    assert where(ledger, b"three") == LogPosition(ACTIVITY, 0)
    for statements in ([b"one"], [b"four", b"two"], [b"five", b"five"]):
        with pytest.raises(StateConflictError):
            ledger.submit(adding(1, *statements)).result()
    with pytest.raises(StateConflictError):
        ledger.submit(declaring(b"two")).result()
    assert sizes(ledger) == (1, 1)
    assert where(ledger, b"four") is None


def test_a_refused_statement_leaves_a_transaction_that_goes_on(ledger: SqlLedger) -> None:
    def act(writing: Writing) -> int:
        writing.append_activity(entry(0), statements=[b"one"])
        with pytest.raises(StateConflictError):
            writing.append_activity(entry(1), statements=[b"one"])
        return writing.append_activity(entry(2), statements=[b"two"])

    assert ledger.submit(act).result() == 1
    check_whole_log(ledger, ACTIVITY)


def test_an_overlong_statement_is_refused(ledger: SqlLedger) -> None:
    with pytest.raises(MalformedError):
        ledger.submit(lambda w: w.append_directory(bytes(65536))).result()
    ledger.submit(lambda w: w.append_directory(bytes(65535))).result()
    check_whole_log(ledger, DIRECTORY)


def test_entries_prove_at_every_size(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    heads = []
    with_entries = 0
    for step in (1, 1, 5, 248, 1, 1, 255, 256, 300):
        ledger = open_ledger(path)  # each step takes the tree up from the file
        append(ledger, with_entries, step)
        with_entries += step
        heads.append(checked(ACTIVITY, ledger.checkpoint(ACTIVITY)))
        for index in {0, 1, 6, 254, 255, 256, 511, 512, with_entries - 1}:
            if index < with_entries:
                check_entry(ledger, LogPosition(ACTIVITY, index), commitment_of(entry(index)))
        for head in heads:
            proof = ledger.prove(LogPosition(ACTIVITY, 0), since=head.size)
            newest = checked(ACTIVITY, proof.checkpoint)
            verify_consistency(head.size, head.root, newest.size, newest.root, proof.consistency)
        check_whole_log(ledger, ACTIVITY)
        ledger.close()


@pytest.mark.slow
def test_a_tree_of_three_tile_levels(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = open_ledger(path)
    for start in range(0, 66_000, 6_000):
        append(ledger, start, 6_000)
    check_whole_log(ledger, ACTIVITY)
    ledger.close()
    ledger = open_ledger(path)
    append(ledger, 66_000, 1)
    for index in (0, 65_535, 65_536, 66_000):
        check_entry(ledger, LogPosition(ACTIVITY, index), commitment_of(entry(index)))
    check_whole_log(ledger, ACTIVITY)
    ledger.close()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(1, 90), st.booleans()), max_size=12))
def test_any_mix_of_kept_and_undone_actions(steps: list[tuple[int, bool]]) -> None:
    ledger = open_ledger()
    kept = 0

    def act(writing: Writing, count: int, keep: bool) -> int:
        start = writing.log_size(ACTIVITY)
        for number in range(count):
            writing.append_activity(entry(number), statements=[b"%d" % (start + number)])
        if not keep:
            raise ValueError("undo")
        return start

    try:
        futures = [ledger.submit(partial(act, count=count, keep=keep)) for count, keep in steps]
        for (count, keep), future in zip(steps, futures, strict=True):
            if keep:
                assert future.result() == kept
                kept += count
            else:
                assert isinstance(future.exception(), ValueError)
        assert ledger.read(lambda r: r.log_size(ACTIVITY)) == kept
        assert where(ledger, b"%d" % kept) is None
        check_whole_log(ledger, ACTIVITY)
    finally:
        ledger.close()


def test_proofs_that_cannot_be(ledger: SqlLedger) -> None:
    append(ledger, 0, 3)
    for index in (-1, 3):
        with pytest.raises(InclusionProofWrongError):
            ledger.prove(LogPosition(ACTIVITY, index))
    for since in (-1, 4):
        with pytest.raises(LogInconsistentError):
            ledger.prove(LogPosition(ACTIVITY, 0), since=since)


@pytest.mark.parametrize(
    ("level", "index", "width"),
    [
        *[(0, 0, 301), (0, 0, 257), (0, 0, 0), (0, 0, -1), (0, -1, 1), (0, 1, 45), (0, 2, 1), (1, 0, 2), (2, 0, 1)],
        *[(-1, 0, 257), (-1, -1, 1), (-1, 1, 45), (-1, 2, 1), (-2, 0, 1), (200, 0, 1)],
    ],
)
def test_tiles_that_are_not_there(level: int, index: int, width: int) -> None:
    ledger = open_ledger()
    append(ledger, 0, 300)
    assert ledger.tile(ACTIVITY, level, index, width) is None
    ledger.close()


def test_a_partial_tile_is_the_beginning_of_the_wider_one(ledger: SqlLedger) -> None:
    append(ledger, 0, 300)
    for level in (0, -1):
        for index, width in ((0, 256), (1, 44)):
            whole = ledger.tile(ACTIVITY, level, index, width)
            part = ledger.tile(ACTIVITY, level, index, width - 1)
            assert whole is not None
            assert part is not None
            assert whole.startswith(part)
            assert len(part) < len(whole)


def test_an_action_that_raises_leaves_nothing(ledger: SqlLedger) -> None:
    def act(writing: Writing) -> None:
        writing.append_directory(b"statement")
        writing.append_activity(entry(0), statements=[b"other"])
        writing.insert_transfer(transfer_row(1))
        assert writing.position_of(b"other") == LogPosition(ACTIVITY, 0)
        assert writing.record(0) is not None
        assert writing.directory_entries(0, 1) == [b"statement"]
        raise KeyError("no")

    before = ledger.checkpoint(ACTIVITY)
    with pytest.raises(KeyError):
        ledger.submit(act).result()
    assert ledger.checkpoint(ACTIVITY) == before
    assert sizes(ledger) == (0, 0)
    assert ledger.read(lambda r: r.transfer(transfer_id(1))) is None
    assert where(ledger, b"other") is None


def test_an_undone_action_that_read_records_takes_none_of_the_others_along(ledger: SqlLedger) -> None:
    def look_and_fail(writing: Writing) -> int:
        assert writing.append_activity(entry(1)) == 1
        assert [record.index for record in writing.records(start=0, limit=9, organisation=None)] == [0, 1]
        raise KeyError("no")

    gate = threading.Event()
    held = ledger.submit(lambda w: gate.wait(10))
    futures = [ledger.submit(action) for action in (adding(0), look_and_fail, adding(1))]
    gate.set()
    held.result()
    assert [future.exception() is None for future in futures] == [True, False, True]
    found = ledger.read(lambda r: r.records(start=0, limit=9, organisation=APHP))
    assert [record.record for record in found] == [entry(0).record, entry(1).record]
    check_whole_log(ledger, ACTIVITY)


def test_actions_share_a_transaction_unless_alone(ledger: SqlLedger) -> None:
    """While the writer is held, actions pile up; the sizes seen in `then` tell which were committed together."""
    seen: list[int] = []
    gate = threading.Event()
    held = ledger.submit(lambda w: gate.wait(10))

    def note_size(_: int) -> None:
        seen.append(checked(ACTIVITY, ledger.checkpoint(ACTIVITY)).size)

    futures = [ledger.submit(adding(number), alone=number == 2, then=note_size) for number in range(5)]
    gate.set()
    assert held.result() is True
    assert [future.result() for future in futures] == [0, 1, 2, 3, 4]
    assert seen == [2, 2, 3, 5, 5]


def test_then_runs_after_the_commit_and_before_the_next_transaction(ledger: SqlLedger) -> None:
    seen: list[tuple[str, int]] = []

    def act(writing: Writing) -> int:
        seen.append(("act", writing.log_size(ACTIVITY)))
        return writing.append_activity(entry(writing.log_size(ACTIVITY)))

    def then(index: int) -> None:
        seen.append(("then", ledger.read(lambda r: r.log_size(ACTIVITY))))

    wait([ledger.submit(act, alone=True, then=then) for _ in range(3)])
    assert seen == [("act", 0), ("then", 1), ("act", 1), ("then", 2), ("act", 2), ("then", 3)]


def test_a_defect_in_then_is_told_and_does_not_stop_the_writer(ledger: SqlLedger) -> None:
    def then(_: int) -> None:
        raise KeyError("defect")

    with pytest.raises(KeyError):
        ledger.submit(adding(0), then=then).result()
    assert ledger.submit(adding(1)).result() == 1


def test_a_cancelled_action_is_dropped(ledger: SqlLedger) -> None:
    gate = threading.Event()
    held = ledger.submit(lambda w: gate.wait(10))
    dropped = ledger.submit(adding(0))
    assert dropped.cancel()
    gate.set()
    held.result()
    assert ledger.submit(adding(1)).result() == 0


def test_a_reader_keeps_its_snapshot(ledger: SqlLedger) -> None:
    append(ledger, 0, 1)

    def query(reading: Reading) -> tuple[int, int]:
        before = reading.log_size(ACTIVITY)
        append(ledger, 1, 1)
        return before, reading.log_size(ACTIVITY)

    assert ledger.read(query) == (1, 1)
    assert ledger.read(lambda r: r.log_size(ACTIVITY)) == 2


def test_refresh_signs_again_without_growing(tmp_path: Path) -> None:
    count = 0

    def counting(log: LogName, text: bytes) -> bytes:
        nonlocal count
        count += 1
        return b"%s\nnote %d" % (text, count)

    ledger = open_ledger(tmp_path / "ledger.sqlite", sign=counting)
    assert count == 2
    before = ledger.checkpoint(DIRECTORY), ledger.checkpoint(ACTIVITY)
    ledger.refresh()
    assert count == 4
    assert ledger.checkpoint(DIRECTORY) != before[0]
    assert ledger.checkpoint(ACTIVITY) != before[1]
    ledger.submit(lambda w: w.append_directory(b"statement")).result()
    assert count == 5  # only the log that grew
    ledger.submit(lambda w: w.log_size(DIRECTORY)).result()
    assert count == 5
    ledger.close()


def test_closing_finishes_what_was_submitted(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    futures = [ledger.submit(adding(number)) for number in range(700)]
    ledger.close()
    ledger.close()
    assert sorted(future.result() for future in futures) == list(range(700))
    for use in (
        lambda: ledger.submit(adding(1)),
        lambda: ledger.read(lambda r: r.log_size(ACTIVITY)),
        ledger.refresh,
    ):
        with pytest.raises(StorageFaultError):
            use()
    with closing(open_ledger(tmp_path / "ledger.sqlite")) as ledger:
        assert ledger.read(lambda r: r.log_size(ACTIVITY)) == 700


def test_many_threads_write_and_prove(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    failed: list[BaseException] = []

    def work(first: int) -> None:
        try:
            for number in range(first, first + 60):
                index = ledger.submit(adding(number)).result()
                check_entry(ledger, LogPosition(ACTIVITY, index), commitment_of(entry(number)))
                stored = ledger.read(partial(record_at, index=index))
                assert stored is not None
                assert stored.record == entry(number).record
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(1000 * n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    check_whole_log(ledger, ACTIVITY)
    ledger.close()
