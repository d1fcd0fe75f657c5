"""Keys, recipients and what may be mixed; identity and recipients files; Bech32."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from age_kit import identity, numbered, seal
from scelle.age.armor import armor
from scelle.age.errors import (
    HmacError,
    KeyTextError,
    MixedRecipientsError,
    NoMatchError,
    NoRecipientsError,
    StanzaError,
    WorkFactorError,
)
from scelle.age.file import open_bytes
from scelle.age.header import FileKey, Header, Recipient, Stanza, make_header
from scelle.age.hybrid import PUBLIC_KEY_SIZE, HybridIdentity, HybridRecipient
from scelle.age.keyfile import (
    encode_identity_file,
    is_sealed,
    open_identities,
    parse_identities,
    parse_identity,
    parse_recipient,
    parse_recipients,
)
from scelle.age.scrypt import ScryptIdentity, ScryptRecipient
from scelle.age.x25519 import X25519Identity, X25519Recipient, is_low_order
from scelle.base.bech32 import decode_bech32, encode_bech32
from scelle.base.errors import MalformedError

KEY = FileKey(b"0123456789abcdef")
SPEC_IDENTITY = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
SPEC_RECIPIENT = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
SPEC_HYBRID = "AGE-SECRET-KEY-PQ-1XX76JRALNLXDMEW0CRK45QMCCH4X06SE84UN3VPM33W6HWDX0H3SK3ZQFR"


def x25519(label: str = "a") -> Recipient:
    return X25519Identity(numbered(label, 32)).recipient().ready(ephemeral_secret=numbered(label + "!", 32))


def scrypt(label: str = "a") -> ScryptRecipient:
    return ScryptRecipient("words", salt=numbered(label, 16), work_factor=2)


def test_keys_of_the_specification() -> None:
    assert str(X25519Identity.parse(SPEC_IDENTITY).recipient()) == SPEC_RECIPIENT
    hybrid = HybridIdentity.parse(SPEC_HYBRID)
    assert hybrid.encode() == SPEC_HYBRID
    text = str(hybrid.recipient())
    assert text.startswith("age1pq1x34nzsvr0rxjsgdn8zgyhfe8j7ceq5r9rdelkjuh3y235jzxshfg87pzf5zr")
    assert text.endswith("qheyty7saeq0d3fzv49zc0k")


def test_hybrid_recipient_is_its_raw_bytes() -> None:
    recipient = identity().recipient()
    assert len(recipient.public_key) == PUBLIC_KEY_SIZE
    assert HybridRecipient(recipient.public_key) == recipient == HybridRecipient.parse(str(recipient))


@pytest.mark.parametrize(
    "public_key",
    [b"", bytes(PUBLIC_KEY_SIZE), b"\xff" * PUBLIC_KEY_SIZE, identity().recipient().public_key[:-32] + bytes(32)],
)
def test_unusable_hybrid_recipients_are_refused(public_key: bytes) -> None:
    with pytest.raises(MalformedError):
        HybridRecipient(public_key)


@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31), (2**255 - 19).to_bytes(32, "little")])
def test_low_order_points(point: bytes) -> None:
    assert is_low_order(point)
    with pytest.raises(MalformedError):
        X25519Recipient(point)


def test_secrets_stay_out_of_representations() -> None:
    for secret in (identity(), X25519Identity(numbered("a", 32)), ScryptIdentity("words")):
        assert "words" not in repr(secret)
        assert "seed" not in repr(secret)
        assert "\\x" not in repr(secret)


@pytest.mark.parametrize(
    "recipients",
    [
        lambda: [identity().recipient(), x25519()],
        lambda: [x25519(), identity().recipient()],
        lambda: [scrypt(), x25519()],
        lambda: [scrypt(), identity().recipient()],
        lambda: [scrypt("a"), scrypt("b")],
    ],
)
def test_recipients_that_do_not_mix(recipients: "object") -> None:
    assert callable(recipients)
    with pytest.raises(MixedRecipientsError):
        make_header(recipients(), file_key=KEY)


def test_nobody_and_too_many() -> None:
    with pytest.raises(NoRecipientsError):
        make_header([], file_key=KEY)
    with pytest.raises(NoRecipientsError) as caught:
        make_header([identity().recipient()] * 700, file_key=KEY)
    assert caught.value.facts == {"count": 700}


def test_many_recipients_of_one_kind() -> None:
    people = [identity(str(number)) for number in range(5)]
    sealed = seal(b"for all", [person.recipient() for person in people])
    for person in people:
        assert open_bytes(sealed, [identity("stranger"), person]) == b"for all"


def test_random_values_serve_once() -> None:
    for recipient in (x25519(), scrypt()):
        recipient.wrap(KEY)
        with pytest.raises(RuntimeError):
            recipient.wrap(KEY)


def test_wrong_key_says_whether_a_passphrase_is_wanted() -> None:
    with pytest.raises(NoMatchError) as caught:
        open_bytes(seal(b"", [identity().recipient()]), [identity("stranger"), ScryptIdentity("words")])
    assert caught.value.facts == {"passphrase": 0}
    with pytest.raises(NoMatchError) as caught:
        open_bytes(seal(b"", [scrypt()]), [identity(), ScryptIdentity("other")])
    assert caught.value.facts == {"passphrase": 1}


def test_work_factor_is_bounded_by_the_reader() -> None:
    sealed = seal(b"", [ScryptRecipient("words", salt=bytes(16), work_factor=11)])
    with pytest.raises(WorkFactorError) as caught:
        open_bytes(sealed, [ScryptIdentity("words", max_work_factor=10)])
    assert caught.value.facts == {"limit": 10}


def test_unknown_stanzas_are_ignored_and_authenticated() -> None:
    grease = Stanza(("some-grease", "x!~"), numbered("grease", 100))

    class Greased:
        family = identity().recipient().family

        def wrap(self, file_key: FileKey) -> list[Stanza]:
            return [grease, *identity().recipient().wrap(file_key)]

    header = make_header([Greased()], file_key=KEY)
    assert header.open([identity()]) == KEY
    with pytest.raises(HmacError):
        Header(header.stanzas[1:], header.mac).open([identity()])


def test_low_order_share_is_a_stanza_error_not_a_wrong_key() -> None:
    stanza = identity().recipient().wrap(KEY)[0]
    enc = stanza.argument(1, size=1120)[:-32] + bytes(32)
    bad = Stanza((stanza.type, encode_raw(enc)), stanza.body)
    with pytest.raises(StanzaError):
        identity().unwrap([bad])


def encode_raw(data: bytes) -> str:
    return Stanza(("x",), data).encode().decode().split("\n", 1)[1].replace("\n", "")


def test_identity_file_as_age_keygen_writes_it() -> None:
    text = encode_identity_file(X25519Identity.parse(SPEC_IDENTITY), now=1_795_651_200)
    assert text == f"# created: 2026-11-26T00:00:00Z\n# public key: {SPEC_RECIPIENT}\n{SPEC_IDENTITY}\n"
    assert parse_identities(text.encode()) == [X25519Identity.parse(SPEC_IDENTITY)]


def test_key_files_have_comments_and_blank_lines() -> None:
    ours = identity()
    data = f"# ours\r\n\r\n  {ours.encode()}\r\n\n{SPEC_IDENTITY}".encode()
    assert parse_identities(data) == [ours, parse_identity(SPEC_IDENTITY)]
    assert parse_recipients(f"# to\n{ours.recipient()}\n\n{SPEC_RECIPIENT}\n".encode()) == [
        ours.recipient(),
        parse_recipient(SPEC_RECIPIENT),
    ]


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"\xff\n", SPEC_IDENTITY[:-1].encode(), SPEC_RECIPIENT.encode()])
def test_bad_identity_files_show_no_secret(data: bytes) -> None:
    with pytest.raises(KeyTextError) as caught:
        parse_identities(data)
    assert "SECRET" not in str(caught.value)


def test_identity_file_under_a_passphrase() -> None:
    text = encode_identity_file(identity(), now=0).encode()
    assert not is_sealed(text)
    sealed = seal(text, [scrypt()])
    for data in (sealed, armor(sealed)):
        assert is_sealed(data)
        assert open_identities(data, [ScryptIdentity("words")]) == [identity()]
        with pytest.raises(NoMatchError):
            open_identities(data, [ScryptIdentity("other")])


@given(st.binary(max_size=200), st.sampled_from(["age", "AGE-SECRET-KEY-"]))
def test_bech32_round_trip(data: bytes, prefix: str) -> None:
    text = encode_bech32(prefix, data)
    assert decode_bech32(text) == (prefix, data)


@given(st.data())
def test_bech32_notices_a_changed_character(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(SPEC_RECIPIENT) - 1))
    letter = data.draw(st.sampled_from("qpzry9x8gf2tvdw0s3jn54khce6mua7lbio1Q!é"))
    text = SPEC_RECIPIENT[:place] + letter + SPEC_RECIPIENT[place + 1 :]
    if text != SPEC_RECIPIENT:
        with pytest.raises(MalformedError):
            parse_recipient(text)
