"""Files exchanged both ways with age-encryption (Node) and pyrage (Rust)."""

import base64
from typing import Any

import pyrage
import pytest

from age_kit import identity, numbered, run_node, seal
from scelle.age.armor import armor, dearmor
from scelle.age.file import open_bytes
from scelle.age.header import Identity, Recipient
from scelle.age.keyfile import parse_identity, parse_recipient
from scelle.age.scrypt import ScryptIdentity, ScryptRecipient
from scelle.age.x25519 import X25519Identity

SIZES = [0, 1, 65536, 200_000]
PASSPHRASE = "crème brûlée, cerfeuil"


def peer(**request: Any) -> Any:
    return run_node("peer.mjs", request)


def peer_seal(data: bytes, **request: Any) -> bytes:
    return base64.b64decode(peer(op="seal", data=base64.b64encode(data).decode(), **request)["data"])


def peer_open(data: bytes, **request: Any) -> bytes:
    return base64.b64decode(peer(op="open", data=base64.b64encode(data).decode(), **request)["data"])


def classic() -> X25519Identity:
    return X25519Identity(numbered("classic", 32))


def ready(label: str) -> Recipient:
    return classic().recipient().ready(ephemeral_secret=numbered(label, 32))


@pytest.mark.parametrize("hybrid", [True, False])
def test_keys_are_spelled_alike(hybrid: bool) -> None:
    made = peer(op="keygen", hybrid=hybrid)
    theirs = parse_identity(made["identity"])
    assert theirs.encode() == made["identity"]
    assert str(theirs.recipient()) == made["recipient"]
    assert parse_recipient(made["recipient"]) == theirs.recipient()
    ours = identity() if hybrid else classic()
    assert peer(op="recipient", identity=ours.encode())["recipient"] == str(ours.recipient())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("armored", [False, True])
def test_hybrid_files_both_ways_with_age_encryption(size: int, armored: bool) -> None:
    data = numbered("data", size)
    sealed = peer_seal(data, recipients=[str(identity().recipient())], armored=armored)
    assert open_bytes(dearmor(sealed) if armored else sealed, [identity()]) == data
    mine = seal(data, [identity("other").recipient(), identity().recipient()])
    assert peer_open(armor(mine) if armored else mine, identity=identity().encode(), armored=armored) == data


@pytest.mark.parametrize("size", SIZES)
def test_classic_files_both_ways_with_age_encryption(size: int) -> None:
    data = numbered("data", size)
    assert open_bytes(peer_seal(data, recipients=[str(classic().recipient())]), [classic()]) == data
    assert peer_open(seal(data, [ready("a")]), identity=classic().encode()) == data


def test_passphrase_files_both_ways_with_age_encryption() -> None:
    data = numbered("data", 70_000)
    assert open_bytes(peer_seal(data, passphrase=PASSPHRASE), [ScryptIdentity(PASSPHRASE)]) == data
    mine = seal(data, [ScryptRecipient(PASSPHRASE, salt=numbered("salt", 16), work_factor=10)])
    assert peer_open(mine, passphrase=PASSPHRASE) == data


@pytest.mark.parametrize("size", SIZES)
def test_classic_files_both_ways_with_pyrage(size: int) -> None:
    data = numbered("data", size)
    recipient = pyrage.x25519.Recipient.from_str(str(classic().recipient()))
    theirs = pyrage.x25519.Identity.from_str(classic().encode())
    assert open_bytes(pyrage.encrypt(data, [recipient]), [classic()]) == data
    assert open_bytes(dearmor(pyrage.encrypt(data, [recipient], armored=True)), [classic()]) == data
    assert pyrage.decrypt(seal(data, [ready("a")]), [theirs]) == data
    assert pyrage.decrypt(armor(seal(data, [ready("b")])), [theirs]) == data


@pytest.mark.slow  # pyrage measures its own work factor, about a second, on the machine it runs on
def test_passphrase_files_both_ways_with_pyrage() -> None:
    data = numbered("data", 1000)
    opener: Identity = ScryptIdentity(PASSPHRASE)
    assert open_bytes(pyrage.passphrase.encrypt(data, PASSPHRASE), [opener]) == data
    mine = seal(data, [ScryptRecipient(PASSPHRASE, salt=numbered("salt", 16), work_factor=10)])
    assert pyrage.passphrase.decrypt(mine, PASSPHRASE) == data
