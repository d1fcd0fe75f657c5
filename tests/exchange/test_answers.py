"""Every body of the interface has one form, and its description says the same."""

import inspect

import pytest

from exchange_kit import NOW, SALT, TRANSFER, subkey_id
from scelle.base.codec import decode_json, encode_json
from scelle.base.errors import MalformedError
from scelle.base.ids import OrgId
from scelle.base.wire import Message
from scelle.exchange import acts, answers, entries
from scelle.exchange.acts import MAX_RECIPIENTS
from scelle.exchange.answers import CommitRequest, RecipientStatus, RecordEntry, TransferSummary
from scelle.exchange.statement import Act

MESSAGES = sorted(
    {
        each
        for module in (answers, acts, entries)
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, Message) and each.__module__ == module.__name__
    },
    key=lambda each: each.__name__,
)


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_descriptions(kind: type[Message]) -> None:
    schema = kind.json_schema()
    assert schema["description"]
    assert set(schema["required"]) <= set(schema["properties"])
    assert decode_json(encode_json(schema)) == schema
    assert kind in kind.nested_messages()


def test_names_are_unique_so_that_the_description_can_refer_to_them() -> None:
    assert len({each.__name__ for each in MESSAGES}) == len(MESSAGES)


def test_kinds_are_unique() -> None:
    kinds = [each.KIND for each in MESSAGES if issubclass(each, Act)]
    assert len(kinds) == len(set(kinds))
    assert "" not in kinds


def test_a_summary() -> None:
    status = RecipientStatus(key=subkey_id("rita"), member=subkey_id("rob"), organisation=OrgId("cnam"), released=NOW)
    summary = TransferSummary(
        transfer=TRANSFER,
        organisation=OrgId("ap-hp"),
        sender=subkey_id("sam"),
        state="sealed",
        created=NOW,
        expires=NOW + 1,
        size=3,
        frozen=False,
        recipients=(status,),
    )
    value = summary.to_json()
    assert "reason" not in value
    assert sorted(value["recipients"][0]) == ["key", "member", "organisation", "released"]
    assert TransferSummary.decode(summary.encode()) == summary
    for wrong in ({"state": "lost"}, {"frozen": 1}, {"reason": "lost"}, {"more": 1}):
        with pytest.raises(MalformedError):
            TransferSummary.from_json({**value, **wrong})


def test_an_erased_record() -> None:
    entry = RecordEntry(index=3, kind="transfer.sealed", time=NOW)
    assert RecordEntry.decode(entry.encode()) == entry
    assert sorted(entry.to_json()) == ["index", "kind", "time"]


def test_the_largest_commit_fits() -> None:
    request = CommitRequest(cover=b"x" * (1 << 20), envelopes=(bytes(4096),) * MAX_RECIPIENTS, shares=bytes(65536))
    assert len(request.encode()) <= CommitRequest.MAX_SIZE
    with pytest.raises(MalformedError):
        CommitRequest.from_json({"cover": "", "envelopes": [], "shares": ""})
    assert len(SALT) == 32
