"""The Ledger port: its rows, how they are found again, and what is left once they are erased."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import TypeVar

import pytest
from sqlalchemy import Table

from ledger_kit import APHP, CNAM, adding, entry, key_id, open_ledger, recipient_row, transfer_id, transfer_row
from scelle.base.ids import FreezeId, OrgId
from scelle.ports import (
    ACTIVITY,
    ContactRow,
    FreezeRow,
    MailRow,
    PartRow,
    RecipientRow,
    StateConflictError,
    TransferRow,
    Usage,
    Writing,
)
from scelle.storage import tables
from scelle.storage.ledger import SqlLedger

T = TypeVar("T")


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    opened = open_ledger()
    yield opened
    opened.close()


def do(ledger: SqlLedger, action: Callable[[Writing], T]) -> T:
    return ledger.submit(action).result()


def refused(ledger: SqlLedger, *actions: Callable[[Writing], object]) -> None:
    for action in actions:
        with pytest.raises(StateConflictError):
            do(ledger, action)


def numbers(rows: object) -> list[int]:
    assert isinstance(rows, list)
    return [row.created - 1000 for row in rows]


def fill(ledger: SqlLedger) -> None:
    """Ten transfers: 0 to 7 sealed with two recipients each, 8 open, 9 destroyed."""

    def act(writing: Writing) -> None:
        for number in range(10):
            sealed = {"state": "sealed", "cover": b"cover", "sealed": 5, "sealed_index": number}
            fields = {8: {}, 9: {**sealed, "state": "destroyed", "destroyed": 6, "reason": "expired"}}.get(
                number, sealed
            )
            row = transfer_row(number, **fields, size=number, sender=key_id(number % 2))
            writing.insert_transfer(row)
            if number != 8:
                writing.insert_recipients([recipient_row(number, 2), recipient_row(number, 1)])

    do(ledger, act)


def test_transfers_are_kept_whole(ledger: SqlLedger) -> None:
    row = transfer_row(1)
    do(ledger, lambda w: w.insert_transfer(row))
    assert ledger.read(lambda r: r.transfer(row.transfer)) == row
    changed = replace(
        row,
        state="destroyed",
        size=11,
        cover=b"c",
        sealed=1,
        sealed_index=2,
        reason="revoked",
        destroyed=3,
        destroyed_index=4,
    )
    do(ledger, lambda w: w.update_transfer(changed))
    assert ledger.read(lambda r: r.transfer(row.transfer)) == changed
    assert ledger.read(lambda r: r.transfer(transfer_id(2))) is None
    refused(ledger, lambda w: w.insert_transfer(row), lambda w: w.update_transfer(transfer_row(2)))


def test_parts(ledger: SqlLedger) -> None:
    of = transfer_id(1)
    do(ledger, lambda w: w.insert_transfer(transfer_row(1)))
    for number in (2, 0, 1):
        do(ledger, lambda w, n=number: w.insert_part(PartRow(of, n, None)))  # type: ignore[misc]
    do(ledger, lambda w: w.update_part(PartRow(of, 1, 2**40)))
    assert ledger.read(lambda r: r.parts(of)) == [PartRow(of, 0, None), PartRow(of, 1, 2**40), PartRow(of, 2, None)]
    refused(
        ledger,
        lambda w: w.insert_part(PartRow(of, 1, None)),
        lambda w: w.insert_part(PartRow(transfer_id(2), 0, None)),
        lambda w: w.update_part(PartRow(of, 7, None)),
    )
    do(ledger, lambda w: w.drop_parts(of))
    do(ledger, lambda w: w.drop_parts(of))
    assert ledger.read(lambda r: r.parts(of)) == []


def test_recipients_and_their_slots(ledger: SqlLedger) -> None:
    of = transfer_id(1)
    rows = [recipient_row(1, key, slot=key) for key in (3, 1, 2)]
    do(ledger, lambda w: w.insert_transfer(transfer_row(1)))
    do(ledger, lambda w: w.insert_recipients(rows))
    assert ledger.read(lambda r: r.recipients(of)) == rows
    changed = replace(rows[1], released=5, opened=6, discarded=7, revoked=8, desk=None)
    do(ledger, lambda w: w.update_recipient(changed))
    assert ledger.read(lambda r: r.recipient(of, key_id(1))) == changed
    assert ledger.read(lambda r: r.recipient(of, key_id(9))) is None
    assert ledger.read(lambda r: sorted(r.slots())) == [(key, of, key_id(key)) for key in (1, 2, 3)]
    do(ledger, lambda w: w.clear_slots(of, [key_id(1), key_id(3)]))
    assert ledger.read(lambda r: list(r.slots())) == [(2, of, key_id(2))]
    do(ledger, lambda w: w.clear_slots(of, None))
    assert ledger.read(lambda r: list(r.slots())) == []
    do(ledger, lambda w: w.drop_envelopes(of))
    assert {row.envelope for row in ledger.read(lambda r: r.recipients(of))} == {b""}
    refused(
        ledger,
        lambda w: w.insert_recipients([recipient_row(1, 1)]),
        lambda w: w.insert_recipients([recipient_row(2, 1)]),
        lambda w: w.insert_recipients([recipient_row(1, 4, slot=1), recipient_row(1, 5, slot=1)]),
        lambda w: w.update_recipient(recipient_row(1, 9)),
    )
    assert len(ledger.read(lambda r: r.recipients(of))) == 3


def test_sent_is_paged_newest_first(ledger: SqlLedger) -> None:
    fill(ledger)
    found = []
    before: tuple[int, str] | None = None
    while page := ledger.read(lambda r, b=before: r.sent_by(organisation=APHP, sender=None, before=b, limit=4)):  # type: ignore[misc]
        found += page
        before = page[-1].created, page[-1].transfer
    assert numbers(found) == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    one = ledger.read(lambda r: r.sent_by(organisation=APHP, sender=key_id(1), before=None, limit=9))
    assert numbers(one) == [9, 7, 5, 3, 1]
    assert ledger.read(lambda r: r.sent_by(organisation=CNAM, sender=None, before=None, limit=9)) == []


def test_transfers_of_one_second_are_paged_by_id(ledger: SqlLedger) -> None:
    for number in range(3):
        row = transfer_row(number, created=7)
        do(ledger, lambda w, r=row: w.insert_transfer(r))  # type: ignore[misc]
    cursor = (7, transfer_id(2))
    found = ledger.read(lambda r: r.sent_by(organisation=APHP, sender=None, before=cursor, limit=9))
    assert [row.transfer for row in found] == [transfer_id(1), transfer_id(0)]


def test_addressed_to_lists_each_sealed_transfer_once(ledger: SqlLedger) -> None:
    fill(ledger)
    do(ledger, lambda w: w.insert_recipients([recipient_row(8, 1), recipient_row(0, 7, member=key_id(101))]))
    found = ledger.read(lambda r: r.addressed_to(member=key_id(101), before=None, limit=20))
    assert numbers(found) == [9, 7, 6, 5, 4, 3, 2, 1, 0]
    found = ledger.read(lambda r: r.addressed_to(member=key_id(101), before=(1003, transfer_id(3)), limit=2))
    assert numbers(found) == [2, 1]
    assert ledger.read(lambda r: r.addressed_to(member=key_id(1), before=None, limit=20)) == []


def test_held_leaves_out_what_is_destroyed(ledger: SqlLedger) -> None:
    fill(ledger)
    assert numbers(ledger.read(lambda r: r.held(organisation=None, before=None, limit=3))) == [8, 7, 6]
    assert numbers(ledger.read(lambda r: r.held(organisation=APHP, before=None, limit=3))) == [8, 7, 6]
    assert numbers(ledger.read(lambda r: r.held(organisation=CNAM, before=None, limit=3))) == [7, 6, 5]
    assert ledger.read(lambda r: r.held(organisation=OrgId("ars"), before=None, limit=3)) == []
    assert ledger.read(lambda r: r.usage(APHP)) == Usage(transfers=9, size=sum(range(9)))
    assert ledger.read(lambda r: r.usage(CNAM)) == Usage(transfers=0, size=0)


def test_due_is_what_must_be_destroyed(ledger: SqlLedger) -> None:
    fill(ledger)
    assert numbers(ledger.read(lambda r: r.due(now=2002, created_before=0, limit=9))) == [0, 1, 2]
    assert numbers(ledger.read(lambda r: r.due(now=2002, created_before=0, limit=2))) == [0, 1]
    assert numbers(ledger.read(lambda r: r.due(now=0, created_before=1009, limit=9))) == [8]
    assert numbers(ledger.read(lambda r: r.due(now=0, created_before=1008, limit=9))) == []
    row = ledger.read(lambda r: r.transfer(transfer_id(5)))
    assert row is not None
    do(ledger, lambda w: w.update_transfer(replace(row, state="destroying")))
    assert numbers(ledger.read(lambda r: r.due(now=0, created_before=0, limit=9))) == [5]
    assert ledger.read(lambda r: r.overdue(expired_before=2000)) == 0
    assert ledger.read(lambda r: r.overdue(expired_before=2003)) == 3
    assert ledger.read(lambda r: r.overdue(expired_before=9999)) == 9


def test_nonces_are_spent_once(ledger: SqlLedger) -> None:
    def spend(key: int, nonce: bytes) -> bool:
        return do(ledger, lambda w: w.spend_nonce(key_id(key), nonce, expires=10))

    assert [spend(1, b"a"), spend(1, b"a"), spend(2, b"a"), spend(1, b"b")] == [True, False, True, True]
    do(ledger, lambda w: w.forget_nonces(expired_before=10))
    assert not spend(1, b"a")
    do(ledger, lambda w: w.forget_nonces(expired_before=11))
    assert spend(1, b"a")


def test_records_by_index_organisation_and_transfer(ledger: SqlLedger) -> None:
    one, two = transfer_id(1), transfer_id(2)
    about = [one, None, two, one, two]
    readers = [(APHP,), (APHP, CNAM), (CNAM, CNAM), (), (CNAM, APHP)]

    def act(writing: Writing) -> None:
        for number, (transfer, organisations) in enumerate(zip(about, readers, strict=True)):
            writing.append_activity(entry(number, transfer=transfer, organisations=organisations))

    do(ledger, act)

    def found(**values: object) -> list[int]:
        given = {"start": 0, "limit": 9, "organisation": None} | values
        return [record.index for record in ledger.read(lambda r: r.records(**given))]  # type: ignore[arg-type]

    assert found() == [0, 1, 2, 3, 4]
    assert found(start=1, limit=2) == [1, 2]
    assert found(organisation=APHP) == [0, 1, 4]
    assert found(organisation=CNAM, start=2) == [2, 4]
    assert found(transfers=[one]) == [0, 3]
    assert found(transfers=[one, two], limit=3) == [0, 2, 3]
    assert found(transfers=[two], organisation=APHP) == [4]
    assert found(transfers=[]) == []
    record = ledger.read(lambda r: r.record(2))
    assert record is not None
    assert (record.index, record.kind, record.time, record.transfer) == (2, "transfer.sealed", 2, two)
    assert (record.record, record.salt) == (entry(2).record, entry(2).salt)
    assert ledger.read(lambda r: r.record(5)) is None


def test_erased_records_keep_their_place_in_the_tree(ledger: SqlLedger) -> None:
    for number in range(3):
        do(ledger, adding(number))
    before = ledger.tile(ACTIVITY, -1, 0, 3)
    assert do(ledger, lambda w: w.erase_records(before=2)) == 2
    assert do(ledger, lambda w: w.erase_records(before=2)) == 0
    records = ledger.read(lambda r: r.records(start=0, limit=9, organisation=APHP))
    assert [(record.record, record.salt) for record in records[:2]] == [(None, None)] * 2
    assert records[2].record == entry(2).record
    assert ledger.tile(ACTIVITY, -1, 0, 3) == before


def freeze_row(number: int, state: str) -> FreezeRow:
    return FreezeRow(
        freeze=FreezeId(transfer_id(number)), kind="organisation", value="aphp", organisation=APHP, officer=key_id(1),
        position=3, time=50 + number % 2, state=state, statement=b"s", index=20 - number,
    )  # fmt: skip


def test_freezes(ledger: SqlLedger) -> None:
    rows = [freeze_row(number, state) for number, state in enumerate(("active", "proposed", "lifted"))]
    for row in rows:
        do(ledger, lambda w, r=row: w.insert_freeze(r))  # type: ignore[misc]
    assert ledger.read(lambda r: r.freezes(active_only=False)) == [rows[2], rows[1], rows[0]]
    assert ledger.read(lambda r: r.freezes(active_only=True)) == [rows[1], rows[0]]
    changed = replace(rows[0], state="lifted", index=4, proposal=b"p", proposer=key_id(2), proposed=7, lifted=8)
    do(ledger, lambda w: w.update_freeze(changed))
    assert ledger.read(lambda r: r.freeze(changed.freeze)) == changed
    assert ledger.read(lambda r: r.freeze(FreezeId(transfer_id(9)))) is None
    refused(ledger, lambda w: w.insert_freeze(rows[0]), lambda w: w.update_freeze(freeze_row(9, "active")))


def test_contacts(ledger: SqlLedger) -> None:
    rows = [ContactRow(key_id(n), APHP, f"Anna {n}", b"1", f"anna{n}@aphp.example", b"2") for n in (2, 1)]
    for row in rows:
        do(ledger, lambda w, r=row: w.put_contact(r))  # type: ignore[misc]
    assert ledger.read(lambda r: r.contacts(APHP)) == rows[::-1]
    assert ledger.read(lambda r: r.contacts(CNAM)) == []
    moved = replace(rows[0], organisation=CNAM, name="Béa")
    do(ledger, lambda w: w.put_contact(moved))
    assert ledger.read(lambda r: r.contact(key_id(2))) == moved
    do(ledger, lambda w: w.drop_contact(key_id(2)))
    do(ledger, lambda w: w.drop_contact(key_id(2)))
    assert ledger.read(lambda r: r.contact(key_id(2))) is None


def test_mails(ledger: SqlLedger) -> None:
    one, two = transfer_id(1), transfer_id(2)
    do(ledger, lambda w: w.insert_transfer(transfer_row(1)))
    do(ledger, lambda w: w.insert_transfer(transfer_row(2)))
    for transfer, due in ((one, 30), (two, 10), (one, 20)):
        do(ledger, lambda w, t=transfer, d=due: w.queue_mail(kind="arrived", transfer=t, key=key_id(5), due=d))  # type: ignore[misc]
    found = ledger.read(lambda r: r.mails_due(now=20, limit=9))
    assert [(mail.transfer, mail.due, mail.attempts, mail.key) for mail in found] == [
        (two, 10, 0, key_id(5)),
        (one, 20, 0, key_id(5)),
    ]
    assert ledger.read(lambda r: r.mails_due(now=99, limit=1)) == found[:1]
    do(ledger, lambda w: w.update_mail(replace(found[0], due=40, attempts=1)))
    assert ledger.read(lambda r: r.mails_due(now=20, limit=9)) == found[1:]
    do(ledger, lambda w: w.drop_mail(found[1].number))
    do(ledger, lambda w: w.drop_mail(found[1].number))
    assert [mail.due for mail in ledger.read(lambda r: r.mails_due(now=99, limit=9))] == [30, 40]
    do(ledger, lambda w: w.drop_mails(one))
    assert [mail.due for mail in ledger.read(lambda r: r.mails_due(now=99, limit=9))] == [40]
    refused(
        ledger,
        lambda w: w.update_mail(MailRow(99, "arrived", one, key_id(1), 1, 1)),
        lambda w: w.queue_mail(kind="arrived", transfer=transfer_id(3), key=key_id(1), due=1),
    )


@pytest.mark.parametrize(
    ("row", "table"),
    [
        (TransferRow, tables.transfers),
        (PartRow, tables.parts),
        (RecipientRow, tables.recipients),
        (FreezeRow, tables.freezes),
        (ContactRow, tables.contacts),
        (MailRow, tables.mails),
    ],
)
def test_columns_stand_in_the_order_of_the_fields(row: type, table: Table) -> None:
    """Rows go in and out by position, and their keys come first."""
    names = [column.name for column in table.columns]
    assert names == [field.name for field in fields(row)]
    keys = [column.name for column in table.primary_key.columns]
    assert names[: len(keys)] == keys
