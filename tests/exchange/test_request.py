from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from scelle.base.errors import PeerError
from scelle.base.ids import KeyId
from scelle.exchange.errors import (
    ContentDigestError,
    RequestBeforeStartError,
    RequestReplayedError,
    RequestStaleError,
    RequestTooManyError,
    SignatureMalformedError,
    SignatureWrongError,
)
from scelle.exchange.request import (
    SIGNED_HEADERS,
    NonceMemory,
    check_body,
    content_digest,
    parse_signature,
    relevant_headers,
    sign_request,
    target_uri,
    verify_request,
)

# RFC 8032 §7.1, test 1.
KEY = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
PUBLIC = KEY.public_key()
ID = KeyId("0" * 31 + "1")
NONCE = bytes(range(16))
NOW = 1618884473
URL = "https://scelle.example/v1/transfers?after=a%20b"
BODY = b'{"a":1}'
DIGEST = sha256(BODY).digest()
EXTRA = {"upload-offset": "0", "scelle-checkpoint": "12 abc="}


def signed(
    method: str = "POST", extra: dict[str, str] | None = None, digest: bytes | None = DIGEST, url: str = URL
) -> dict[str, str]:
    headers = EXTRA if extra is None else extra
    return {**headers, **sign_request(method, url, headers, digest, key=KEY, key_id=ID, now=NOW, nonce=NONCE)}


# Both verified by the independent implementation http-message-signatures 3.0.0 (Ed25519 is deterministic).
VECTOR_POST = {
    "content-digest": "sha-256=:AVq9f1zFei3ZS3WQ8ErYCEJzkF7jPsXOvq5iJ2qX+GI=:",
    "signature-input": 'sig1=("@method" "@target-uri" "content-digest" "upload-offset" "scelle-checkpoint")'
    ';created=1618884473;nonce="AAECAwQFBgcICQoLDA0ODw==";keyid="00000000000000000000000000000001"'
    ';alg="ed25519";tag="scelle-v1"',
    "signature": "sig1=:vg5ALnRRde1ZKWR2ZcDbOxkOyW5694Wn8pxNjeKUXC/MBTC7/dbPc75dckV1glCfqBua2t+3j77GRRihXot7Bg==:",
}
VECTOR_GET = {
    "signature-input": 'sig1=("@method" "@target-uri");created=1618884473;nonce="AAECAwQFBgcICQoLDA0ODw=="'
    ';keyid="00000000000000000000000000000001";alg="ed25519";tag="scelle-v1"',
    "signature": "sig1=:P1Fi5Z2fYhkUcrEh74EUcE7FCRbdAXDJCdNJ9K2zhhhhTplz+PlgwXlz8TucW7FzLcdAlg6bYoechmQiIbcaBQ==:",
}


def test_fixed_vectors() -> None:
    assert signed() == {**EXTRA, **VECTOR_POST}
    assert signed("GET", {}, None) == VECTOR_GET


def test_both_directions() -> None:
    signature = parse_signature(signed())
    assert (signature.key_id, signature.created, signature.nonce) == (ID, NOW, NONCE)
    assert (signature.content_digest, signature.upload_offset, signature.checkpoint) == (DIGEST, 0, "12 abc=")
    verify_request(signature, "POST", URL, PUBLIC)
    check_body(signature, DIGEST)
    with pytest.raises(ContentDigestError):
        check_body(signature, sha256(b"other").digest())


def test_a_read_has_no_digest_and_no_body() -> None:
    signature = parse_signature(signed("GET", {}, None))
    verify_request(signature, "GET", URL, PUBLIC)
    check_body(signature, sha256(b"").digest())
    with pytest.raises(ContentDigestError):
        check_body(signature, DIGEST)


@pytest.mark.parametrize(
    ("method", "url"), [("PUT", URL), ("POST", URL + "c"), ("POST", URL.replace("https", "http")), ("POST", URL[:-1])]
)
def test_another_request_is_not_the_signed_one(method: str, url: str) -> None:
    with pytest.raises(SignatureWrongError):
        verify_request(parse_signature(signed()), method, url, PUBLIC)


@pytest.mark.parametrize("name", [*SIGNED_HEADERS, "signature", "signature-input"])
def test_every_signed_header_must_be_there(name: str) -> None:
    headers = signed()
    del headers[name]
    with pytest.raises(SignatureMalformedError):
        parse_signature(headers)


@pytest.mark.parametrize("name", SIGNED_HEADERS)
def test_a_header_of_ours_that_is_not_signed_is_refused(name: str) -> None:
    with pytest.raises(SignatureMalformedError) as caught:
        parse_signature({**VECTOR_GET, name: {**EXTRA, **VECTOR_POST}[name]})
    assert caught.value.facts == {"why": name}


def test_other_values_than_the_signed_ones() -> None:
    for name, value in (
        ("upload-offset", "1"),
        ("scelle-checkpoint", "x"),
        ("content-digest", content_digest(bytes(32))),
    ):
        with pytest.raises(SignatureWrongError):
            verify_request(parse_signature({**signed(), name: value}), "POST", URL, PUBLIC)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sig1=", "sig2="),
        ('"@method" "@target-uri"', '"@target-uri" "@method"'),
        ('"@method" ', ""),
        (";created=1618884473", ""),
        ("created=1618884473", "created=01618884473"),
        ("created=1618884473", "created=-1"),
        ('nonce="AAECAwQFBgcICQoLDA0ODw=="', 'nonce="AAECAwQFBgcICQoLDA0ODx=="'),
        (';alg="ed25519"', ';alg="hmac-sha256"'),
        (';tag="scelle-v1"', ""),
        (';tag="scelle-v1"', ';tag="scelle-v1";expires=1618884480'),
        (';tag="scelle-v1"', ';tag="scelle-v1", sig2=("@method")'),
        (';tag="scelle-v1"', ';tag="scelle-v1"\n'),
        (";created", "; created"),
        ("00000000000000000000000000000001", "0000000000000000000000000000000A"),
    ],
)
def test_other_spellings_are_refused(old: str, new: str) -> None:
    headers = signed()
    assert old in headers["signature-input"]
    headers["signature-input"] = headers["signature-input"].replace(old, new)
    with pytest.raises(SignatureMalformedError):
        parse_signature(headers)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("upload-offset", "00"),
        ("upload-offset", "-1"),
        ("upload-offset", "1, 1"),
        ("upload-offset", "１"),
        ("content-digest", VECTOR_POST["content-digest"] + ", " + VECTOR_POST["content-digest"]),
        ("content-digest", "sha-256=:" + "A" * 43 + "=:"[::-1]),
        ("content-digest", "sha-512=:AA==:"),
        ("scelle-checkpoint", 'x\n"@method": GET'),
        ("scelle-checkpoint", " x"),
        ("scelle-checkpoint", ""),
        ("signature", VECTOR_POST["signature"] + ", " + VECTOR_POST["signature"]),
        ("signature", "sig1=:AA==:"),
    ],
)
def test_odd_values_are_refused(name: str, value: str) -> None:
    with pytest.raises(SignatureMalformedError):
        parse_signature({**signed(), name: value})


@pytest.mark.parametrize(("method", "digest"), [("POST", None), ("PATCH", None), ("GET", DIGEST), ("DELETE", DIGEST)])
def test_a_digest_exactly_with_a_method_that_has_a_body(method: str, digest: bytes | None) -> None:
    with pytest.raises(SignatureMalformedError):
        signed(method, {}, digest)
    signature = parse_signature(signed("GET" if digest is None else "POST", {}, digest))
    with pytest.raises(SignatureMalformedError):
        verify_request(signature, method, URL, PUBLIC)


@pytest.mark.parametrize(
    "url", ["/v1/transfers", "https://x/a b", 'https://x/\n"@method": GET', "https://x/é", "ftp://x/"]
)
def test_what_cannot_be_a_target(url: str) -> None:
    with pytest.raises(SignatureMalformedError):
        signed("GET", {}, None, url)
    with pytest.raises(SignatureMalformedError):
        verify_request(parse_signature(signed("GET", {}, None)), "GET", url, PUBLIC)


def test_the_public_url_of_a_request() -> None:
    assert target_uri("https://scelle.example/x/", "/v1/a?b=%20") == "https://scelle.example/x/v1/a?b=%20"


def test_headers_as_a_server_receives_them() -> None:
    raw = [(name.encode(), value.encode()) for name, value in signed().items()]
    assert relevant_headers([(b"host", b"\xff"), *raw]) == signed()
    with pytest.raises(SignatureMalformedError):
        parse_signature(relevant_headers([*raw, (b"signature", VECTOR_POST["signature"].encode())]))
    with pytest.raises(SignatureMalformedError):
        relevant_headers([(b"signature", b"\xff")])


@given(st.dictionaries(st.sampled_from([*SIGNED_HEADERS, "signature", "signature-input"]), st.text(max_size=80)))
def test_nothing_but_our_error_comes_out(headers: dict[str, str]) -> None:
    with pytest.raises(PeerError):
        parse_signature({**signed(), "signature-input": "x", **headers})


def test_a_nonce_is_accepted_once() -> None:
    memory = NonceMemory(started=1000)
    memory.accept(ID, NONCE, 1010, 1010)
    memory.accept(ID, b"other", 1010, 1010)
    memory.accept(KeyId("f" * 32), NONCE, 1010, 1010)
    with pytest.raises(RequestReplayedError):
        memory.accept(ID, NONCE, 1010, 1070)


def test_the_window() -> None:
    memory = NonceMemory(started=0)
    memory.accept(ID, b"past", 940, 1000)
    memory.accept(ID, b"future", 1060, 1000)
    for created in (939, 1061):
        with pytest.raises(RequestStaleError) as caught:
            memory.accept(ID, NONCE, created, 1000)
        assert caught.value.facts == {"created": created, "now": 1000}


def test_nothing_from_before_the_start() -> None:
    memory = NonceMemory(started=1000)
    with pytest.raises(RequestBeforeStartError):
        memory.accept(ID, NONCE, 999, 1010)
    memory.accept(ID, NONCE, 1000, 1010)


def test_a_clock_that_steps_back_brings_no_replay() -> None:
    memory = NonceMemory(started=0)
    memory.accept(ID, NONCE, 1000, 1000)
    memory.accept(ID, NONCE, 1100, 1100)
    with pytest.raises(RequestStaleError):
        memory.accept(ID, NONCE, 1000, 1000)


def test_the_memory_is_bounded_per_key_and_forgets() -> None:
    memory = NonceMemory(started=0, per_key=3)
    for number in range(3):
        memory.accept(ID, bytes([number]), 1000 + number, 1000)
    with pytest.raises(RequestTooManyError):
        memory.accept(ID, NONCE, 1000, 1000)
    memory.accept(KeyId("f" * 32), NONCE, 1000, 1000)
    assert len(memory) == 4
    memory.accept(ID, NONCE, 1061, 1061)
    assert len(memory) == 3
    memory.accept(ID, NONCE, 9999, 9999)
    assert len(memory) == 1
