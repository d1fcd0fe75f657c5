"""Encryption keys are renewed by whatever command signs, as the pages say."""

from pathlib import Path

import pytest

from flows.parties_kit import two_parties
from flows.service_process_kit import running_service
from scelle.cli import main
from scelle.client import session as module
from scelle.exchange.directory import SUBKEY_LIFETIME


def test_any_signed_command_renews(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_service(tmp_path) as service, two_parties(tmp_path / "homes", service) as parties:
        home = str(parties.bob.home.folder)
        before = {subkey.key for subkey in parties.again(parties.bob).me.subkeys}
        assert main.run(["--home", home, "inbox"]) == 0
        assert {subkey.key for subkey in parties.again(parties.bob).me.subkeys} == before
        # As if the newest key were in its last week.
        monkeypatch.setattr(module, "RENEW_BEFORE", SUBKEY_LIFETIME + 1)
        assert main.run(["--home", home, "inbox"]) == 0
        bob = parties.again(parties.bob)
        assert len(bob.me.subkeys) == len(before) + 1
        assert {subkey.key for subkey in bob.me.subkeys} <= bob.identities().keys()
