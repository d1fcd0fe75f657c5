"""Who is let in: one spelling, one body, once, in time; and everybody else hears the same."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api_kit import EXPIRED, KEY, NOW, STRANGER, TRANSFER, Shell, served
from scelle.exchange.answers import StatementRequest
from scelle.exchange.request import verify_request

BODY = StatementRequest(statement=b"statement").encode()
RECEIPT = f"/v1/transfers/{TRANSFER}/receipt"
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def module_shell() -> Iterator[Shell]:
    with served() as shell:
        yield shell


@pytest.fixture
def shell(module_shell: Shell) -> Shell:
    module_shell.clock.time = NOW
    module_shell.use.calls.clear()
    return module_shell


def code(answer: Any) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    return str(json.loads(answer.body)["code"])


def test_a_signed_read_reaches_the_use_case_with_its_asker(shell: Shell) -> None:
    answer = shell.ask("GET", "/v1/intake")
    assert (answer.status, json.loads(answer.body)) == (200, {"statement": "intake"})
    ((name, asker),) = shell.use.calls
    assert (name, asker.member.key, asker.since, asker.created) == ("intake", KEY.id, 0, NOW)


def test_a_state_change_takes_its_nonce_to_the_use_case(shell: Shell) -> None:
    nonce = b"n" * 16
    assert shell.ask("POST", RECEIPT, BODY, nonce=nonce).status == 200
    assert shell.use.calls[0][1].nonce == nonce
    assert shell.ask("POST", RECEIPT, BODY, nonce=nonce).status == 200  # spent by the use case, in its transaction


def test_a_read_that_comes_twice_is_refused(shell: Shell) -> None:
    headers = shell.signed("GET", "/v1/intake")
    assert shell.send("GET", "/v1/intake", headers=headers).status == 200
    again = shell.send("GET", "/v1/intake", headers=headers)
    assert (again.status, code(again)) == (401, "request.replayed")


def test_the_checkpoint_that_the_client_names_reaches_the_use_case(shell: Shell) -> None:
    assert shell.ask("GET", "/v1/proof/activity/7", headers={"scelle-checkpoint": "41"}).status == 200
    assert shell.use.calls == [("proof", "activity", 7, 41)]
    wrong = shell.ask("GET", "/v1/proof/activity/7", headers={"scelle-checkpoint": "041"})
    assert (wrong.status, code(wrong)) == (400, "malformed")


def test_altered_requests_are_refused(shell: Shell) -> None:
    headers = {**JSON, **shell.signed("POST", RECEIPT, BODY)}
    other = RECEIPT.replace("receipt", "discard")
    page = "/v1/transfers?box=sent&limit=5"
    read = shell.signed("GET", page)
    altered = [
        shell.send("POST", RECEIPT, BODY.replace(b"t", b"u", 1), headers),
        shell.send("POST", other, BODY, headers),
        shell.send("GET", page.replace("5", "6"), headers=read),
        shell.send("GET", "/v1/transfers?limit=5&box=sent", headers=read),
        shell.send("DELETE", f"/v1/transfers/{TRANSFER}", headers=shell.signed("GET", f"/v1/transfers/{TRANSFER}")),
        shell.send("GET", page, headers={**read, "scelle-checkpoint": "3"}),
    ]
    assert [(each.status, code(each)) for each in altered] == [
        (400, "request.digest-mismatch"),
        (401, "request.signature-wrong"),
        (401, "request.signature-wrong"),
        (401, "request.signature-wrong"),
        (401, "request.signature-wrong"),
        (401, "request.signature-malformed"),
    ]
    assert shell.use.calls == []


@pytest.mark.parametrize("away", [-61, 61])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_stale_requests_are_refused(shell: Shell, away: int, method: str) -> None:
    shell.clock.time = NOW + 200
    path, body = ("/v1/intake", None) if method == "GET" else (RECEIPT, BODY)
    answer = shell.ask(method, path, body, created=NOW + 200 + away)
    assert (answer.status, code(answer)) == (401, "request.stale")


def test_what_was_signed_before_the_start_may_only_change_state() -> None:
    with served() as shell:
        read = shell.ask("GET", "/v1/intake", created=NOW - 1)
        assert (read.status, code(read)) == (401, "request.before-start")
        assert shell.ask("POST", RECEIPT, BODY, created=NOW - 1).status == 200


def test_an_unknown_key_an_expired_one_and_a_wrong_signature_are_the_same(shell: Shell) -> None:
    stranger = shell.ask("GET", "/v1/intake", key=STRANGER)
    expired = shell.ask("GET", "/v1/intake", key=EXPIRED)
    forged = shell.signed("GET", "/v1/intake")
    wrong = shell.send("GET", "/v1/members", headers=forged)
    bodies = [
        answer.body.replace(key.id.encode(), b"KEY")
        for answer, key in ((stranger, STRANGER), (expired, EXPIRED), (wrong, KEY))
    ]
    assert {answer.status for answer in (stranger, expired, wrong)} == {401}
    assert len(set(bodies)) == 1
    assert shell.use.calls == []


def test_unsigned_requests_are_refused_on_signed_routes(shell: Shell) -> None:
    answer = shell.send("GET", "/v1/intake")
    assert (answer.status, code(answer)) == (401, "request.signature-malformed")


def test_the_work_for_an_unknown_key_is_that_for_a_known_one(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def counting(*args: Any) -> None:
        seen.append("verified")
        verify_request(*args)

    monkeypatch.setattr("scelle.server.api.gate.verify_request", counting)
    shell.ask("GET", "/v1/intake", key=STRANGER)
    shell.ask("GET", "/v1/intake", key=KEY)
    assert seen == ["verified", "verified"]
