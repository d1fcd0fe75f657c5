"""How transfers and held things are shown, without any service."""

from pathlib import Path
from typing import Any

import pytest

from exchange_kit import NOW, SENDER, TRACING, TRANSFER
from scelle.app.clock import SetClock
from scelle.base.ids import KeyId
from scelle.cli.online import _remind
from scelle.cli.oversight import _item_state
from scelle.cli.session import Session
from scelle.cli.terminal import Terminal
from scelle.cli.transfers import in_full, listed, state_of, transfer_data
from scelle.cli.words import Words
from scelle.client.home import Home, HomeConfig
from scelle.client.listing import TransferView
from scelle.client.received import OpenedCopy, keep_copy
from scelle.exchange.answers import RecipientStatus
from scelle.exchange.errors import CoverWrongError
from scelle.exchange.sealing import TransferNote

ME = KeyId("a" * 32)
OTHER = KeyId("b" * 32)


def session(clock: SetClock | None = None, folder: Path = Path("home")) -> Session:
    from datetime import UTC

    return Session(terminal=Terminal(), words=Words("en", zone=UTC), folder=folder, clock=clock)


def status(key: KeyId = ME, **times: int) -> RecipientStatus:
    return RecipientStatus(key=key, member=key, organisation=TRACING.partition("/")[0], desk=TRACING, **times)  # type: ignore[arg-type]


def view(**changes: Any) -> TransferView:
    fields: dict[str, Any] = {
        "transfer": TRANSFER,
        "organisation": SENDER,
        "sender": OTHER,
        "desks": (TRACING,),
        "created": NOW,
        "expires": NOW + 86400,
        "size": 4096,
        "state": "sealed",
        "reason": None,
        "frozen": False,
        "recipients": (status(),),
        "key": ME,
    }
    return TransferView(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, "new"),
        ({"recipients": (status(released=1),)}, "released"),
        ({"recipients": (status(released=1, opened=2),)}, "opened"),
        ({"recipients": (status(released=1, opened=2, discarded=3),)}, "deleted"),
        ({"recipients": (status(opened=2, revoked=3),)}, "revoked"),
        ({"frozen": True, "recipients": (status(opened=2),)}, "frozen"),
        ({"state": "open"}, "being sent"),
        ({"state": "destroying", "reason": "expired"}, "expired"),
        ({"state": "destroyed", "reason": "revoked", "frozen": True}, "revoked"),
        ({"state": "destroyed", "reason": "abandoned"}, "given up"),
        ({"key": None, "recipients": (status(opened=1), status(OTHER))}, "opened 1/2"),
        ({"problem": CoverWrongError(why="x"), "frozen": True}, "FALSE"),
    ],
)
def test_states(changes: dict[str, Any], shown: str) -> None:
    assert state_of(view(**changes), session()) == shown


def test_what_does_not_verify_is_listed_and_says_so() -> None:
    wrong = view(problem=CoverWrongError(why="its author was no sender"), note=None)
    lines = listed([wrong], session(), outgoing=False)
    assert "FALSE" in lines[1]
    assert lines[2] == "aaaaaaaa does not verify: the cover of the transfer is wrong: its author was no sender"
    assert transfer_data(wrong)["problem"] == "transfer.cover-wrong"


def test_lists_fit_eighty_columns_and_obey_no_escape_sequence() -> None:
    note = TransferNote(purpose="\x1b[2J" + "long " * 30, files=3, size=1_400_000)
    for outgoing in (False, True):
        lines = listed([view(note=note)], session(), outgoing=outgoing)
        assert all(len(line) <= 80 for line in lines)
        assert "\x1b" not in "".join(lines)
        assert "…" in lines[1]


def test_one_transfer_in_full() -> None:
    lines = in_full(view(note=TransferNote(purpose="x", files=1, size=5), index=7, sealed=NOW), session())
    assert lines[0] == f"Transfer {TRANSFER}"
    assert any(line.endswith("(log entry 7)") for line in lines)
    assert lines[-1].split() == ["aaaaaaaa", TRACING, "new"]


def test_items_of_the_inventory() -> None:
    assert _item_state(overdue=True, frozen=True, state="destroying") == "state.overdue"
    assert _item_state(overdue=False, frozen=True, state="destroying") == "state.destroying"
    assert _item_state(overdue=False, frozen=True, state="sealed") == "state.frozen"
    assert _item_state(overdue=False, frozen=False, state="open") == "state.sending"
    assert _item_state(overdue=False, frozen=False, state="sealed") == "state.held"


def test_copies_past_their_date_are_told_once_a_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "home"
    home = Home.create(folder, HomeConfig("http://127.0.0.1:1", "x.example", SENDER, ME))
    clock = SetClock(NOW)
    one = session(clock, folder)
    _remind(home, one)
    assert capsys.readouterr().err == ""
    copy = OpenedCopy(
        transfer=TRANSFER,
        key=ME,
        folder=b"/somewhere",
        staging="x",
        files=("f",),
        folders=(),
        size=1,
        opened=NOW,
        receipt=b"x",
        placed=True,
        until=NOW + 86400,
    )
    keep_copy(home, copy)
    _remind(home, one)
    assert capsys.readouterr().err == ""
    clock.advance(86400)
    _remind(home, one)
    assert "“scelle discard aaaaaaaa”" in capsys.readouterr().err
    clock.advance(3600)
    _remind(home, one)
    assert capsys.readouterr().err == ""
    clock.advance(86400)
    _remind(home, one)
    assert "the copy of aaaaaaaa in /somewhere had to be gone" in capsys.readouterr().err
