"""Signed requests: one strict profile of RFC 9421, both directions (spec/api-requests.md).

One signature, labelled `sig1`, over `@method`, `@target-uri`, and, when the request has them, `content-digest`
(RFC 9530), `upload-offset` and `scelle-checkpoint`, in this order, with the parameters created, nonce, keyid, alg
and tag, in this order. There is one spelling of a signed request, so nothing general is parsed. Requests whose
method carries a body are always signed with its digest, an empty body too.

A signature proves who sends; whether it was sent before is for `NonceMemory` (reads), or for the ledger, which
spends the nonce with the change it asks for.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from scelle.base.codec import decode_base64, encode_base64
from scelle.base.ids import Digest, KeyId
from scelle.exchange.errors import (
    ContentDigestError,
    RequestBeforeStartError,
    RequestReplayedError,
    RequestStaleError,
    RequestTooManyError,
    SignatureMalformedError,
    SignatureWrongError,
)

TAG = "scelle-v1"
"""The application's tag (RFC 9421 §2.3): a signature made for something else is never taken for one of ours."""

NONCE_SIZE = 16
"""Bytes of a nonce."""

WINDOW = 60
"""Seconds that the time of signing may lie before or after the service's clock."""

CONTENT_DIGEST = "content-digest"
UPLOAD_OFFSET = "upload-offset"
CHECKPOINT = "scelle-checkpoint"
SIGNATURE_INPUT = "signature-input"
SIGNATURE = "signature"

SIGNED_HEADERS = (CONTENT_DIGEST, UPLOAD_OFFSET, CHECKPOINT)
"""The header fields that a signature covers when the request has them, in the order it covers them."""

_WITH_BODY = frozenset(("POST", "PUT", "PATCH"))
_METHOD = re.compile(r"[A-Z]{1,16}\Z")
_TARGET = re.compile(r"https?://[!-~]{1,4000}\Z")
_INPUT = re.compile(
    r'sig1=(\("@method" "@target-uri"( "content-digest")?( "upload-offset")?( "scelle-checkpoint")?\)'
    r';created=([1-9][0-9]{0,10});nonce="([A-Za-z0-9+/]{21}[AQgw]==)";keyid="([0-9a-f]{32})"'
    r';alg="ed25519";tag="scelle-v1")\Z'
)
_SIGNATURE = re.compile(r"sig1=:([A-Za-z0-9+/]{85}[AQgw]==):\Z")
_VALUES = {
    CONTENT_DIGEST: re.compile(r"sha-256=:([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=):\Z"),
    UPLOAD_OFFSET: re.compile(r"(?:0|[1-9][0-9]{0,15})\Z"),
    CHECKPOINT: re.compile(r"[!-~](?:[ -~]{0,1000}[!-~])?\Z"),
}


@dataclass(frozen=True, slots=True)
class RequestSignature:
    """A signature whose form is right; nothing in it may be believed before `verify_request`.

    `content_digest` is the SHA-256 digest that the body must have, `upload_offset` and `checkpoint` the values of
    the header fields of that name (None: the request has none). `covered` and `params` are the signed spelling.
    """

    key_id: KeyId
    created: int
    nonce: bytes
    content_digest: Digest | None
    upload_offset: int | None
    checkpoint: str | None
    covered: tuple[tuple[str, str], ...]
    params: str
    signature: bytes

    def base(self, method: str, target_uri: str) -> bytes:
        """The signature base (RFC 9421 §2.5) for a request with this method and target URI."""
        return _base(method, target_uri, self.covered, self.params)


def content_digest(body_digest: bytes) -> str:
    """The value of `Content-Digest` for a body with this SHA-256 digest (RFC 9530 §2)."""
    return f"sha-256=:{encode_base64(body_digest)}:"


def target_uri(public_base: str, path_and_query: str) -> str:
    """The URI that clients sign: the service's public base URL, then path and query exactly as received."""
    return public_base.rstrip("/") + path_and_query


def relevant_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The header fields that matter here, from a list of raw ones with lower-case names.

    A field given twice is joined as RFC 9110 §5.3 says, and thereby refused later. Raises SignatureMalformedError.
    """
    found: dict[str, str] = {}
    for name, value in raw:
        if name in _RELEVANT:
            try:
                known, text = _RELEVANT[name], value.decode("ascii")
            except UnicodeDecodeError:
                raise SignatureMalformedError(why=_RELEVANT[name]) from None
            found[known] = f"{found[known]}, {text}" if known in found else text
    return found


_RELEVANT = {name.encode(): name for name in (*SIGNED_HEADERS, SIGNATURE_INPUT, SIGNATURE)}


def _base(method: str, target: str, covered: Iterable[tuple[str, str]], params: str) -> bytes:
    lines = [f'"@method": {method}', f'"@target-uri": {target}']
    lines += [f'"{name}": {value}' for name, value in covered]
    lines.append(f'"@signature-params": {params}')
    return "\n".join(lines).encode()


def _check_line(method: str, target: str) -> None:
    if not _METHOD.match(method):
        raise SignatureMalformedError(why="@method")
    if not _TARGET.match(target):
        raise SignatureMalformedError(why="@target-uri")


def _covered(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    covered = tuple((name, headers[name]) for name in SIGNED_HEADERS if name in headers)
    for name, value in covered:
        if not _VALUES[name].match(value):
            raise SignatureMalformedError(why=name)
    return covered


def sign_request(
    method: str,
    target_uri: str,
    headers: Mapping[str, str],
    body_digest: bytes | None,
    *,
    key: Ed25519PrivateKey,
    key_id: KeyId,
    now: int,
    nonce: bytes,
) -> dict[str, str]:
    """The header fields to add to a request: `signature-input`, `signature`, and `content-digest` for a body.

    `target_uri` is absolute, in the spelling that is sent. `headers` (names in lower case) are those that the
    request has already; `upload-offset` and `scelle-checkpoint` are covered when they are among them.
    `body_digest` is the SHA-256 digest of the body for POST, PUT and PATCH (of b"" when it is empty), else None.
    Raises SignatureMalformedError for what cannot be signed in this profile.
    """
    _check_line(method, target_uri)
    if (body_digest is not None) != (method in _WITH_BODY) or len(nonce) != NONCE_SIZE:
        raise SignatureMalformedError(why=CONTENT_DIGEST if len(nonce) == NONCE_SIZE else "nonce")
    added = {} if body_digest is None else {CONTENT_DIGEST: content_digest(body_digest)}
    covered = _covered({**{name: headers[name] for name in SIGNED_HEADERS[1:] if name in headers}, **added})
    names = "".join(f' "{name}"' for name, _ in covered)
    params = (
        f'("@method" "@target-uri"{names});created={now};nonce="{encode_base64(nonce)}";keyid="{key_id}"'
        f';alg="ed25519";tag="{TAG}"'
    )
    signature = key.sign(_base(method, target_uri, covered, params))
    return {**added, SIGNATURE_INPUT: f"sig1={params}", SIGNATURE: f"sig1=:{encode_base64(signature)}:"}


def parse_signature(headers: Mapping[str, str]) -> RequestSignature:
    """Read a request's signature from its header fields (names in lower case, as `relevant_headers` gives them).

    Raises SignatureMalformedError when it is absent, of another form, or does not cover what the request has.
    """
    found = _INPUT.match(headers.get(SIGNATURE_INPUT, ""))
    if found is None:
        raise SignatureMalformedError(why=SIGNATURE_INPUT if SIGNATURE_INPUT in headers else "unsigned")
    signature = _SIGNATURE.match(headers.get(SIGNATURE, ""))
    if signature is None:
        raise SignatureMalformedError(why=SIGNATURE)
    for name, listed in zip(SIGNED_HEADERS, found.group(2, 3, 4), strict=True):
        if (name in headers) != (listed is not None):
            raise SignatureMalformedError(why=name)
    digest = headers.get(CONTENT_DIGEST)
    offset = headers.get(UPLOAD_OFFSET)
    covered = _covered(headers)
    return RequestSignature(
        key_id=KeyId(found[7]),
        created=int(found[5]),
        nonce=decode_base64(found[6], size=NONCE_SIZE),
        content_digest=None if digest is None else Digest(decode_base64(digest[9:-1], size=32)),
        upload_offset=None if offset is None else int(offset),
        checkpoint=headers.get(CHECKPOINT),
        covered=covered,
        params=found[1],
        signature=decode_base64(signature[1], size=64),
    )


def verify_request(signature: RequestSignature, method: str, target_uri: str, public_key: Ed25519PublicKey) -> None:
    """Check that the key signed this request; the header fields are those that `parse_signature` read.

    A method with a body must be signed with its digest, others without: a digest that is signed is a body that the
    caller must hold against it (`check_body`). Raises SignatureMalformedError, SignatureWrongError.
    """
    _check_line(method, target_uri)
    if (signature.content_digest is not None) != (method in _WITH_BODY):
        raise SignatureMalformedError(why=CONTENT_DIGEST)
    try:
        public_key.verify(signature.signature, signature.base(method, target_uri))
    except InvalidSignature:
        raise SignatureWrongError(key=signature.key_id) from None


def check_body(signature: RequestSignature, body_digest: bytes) -> None:
    """Check the SHA-256 digest of the body that arrived; no body is b"". Raises ContentDigestError."""
    if body_digest != (signature.content_digest or _EMPTY):
        raise ContentDigestError()


_EMPTY = sha256(b"").digest()


class NonceMemory:
    """Remembers the nonces of verified reads for as long as their signatures are accepted.

    Bounded: `per_key` requests in the window for one key, so that no member fills it for the others. Nothing
    signed before `started` is accepted, since what was seen before is forgotten. Left over: a request signed by a
    clock that runs ahead may be read once more right after a restart; state changes do not rely on this class.
    """

    def __init__(self, *, started: int, per_key: int = 20_000) -> None:
        self._started = started
        self._per_key = per_key
        self._floor = 0
        self._seen: dict[int, set[tuple[KeyId, bytes]]] = {}
        self._counts: dict[KeyId, int] = {}

    def __len__(self) -> int:
        return sum(self._counts.values())

    def accept(self, key_id: KeyId, nonce: bytes, created: int, now: int) -> None:
        """Accept a verified request once. Times are unix seconds.

        Raises RequestStaleError, RequestBeforeStartError, RequestReplayedError, RequestTooManyError.
        """
        # The floor never falls: when the clock steps back, what was forgotten is not accepted again.
        self._floor = max(self._floor, now - WINDOW)
        if not self._floor <= created <= now + WINDOW:
            raise RequestStaleError(created=created, now=now)
        if created < self._started:
            raise RequestBeforeStartError(created=created, started=self._started)
        self._forget()
        seen = self._seen.setdefault(created, set())
        if (key_id, nonce) in seen:  # the same nonce with another time is another signed request
            raise RequestReplayedError(key=key_id)
        count = self._counts.get(key_id, 0)
        if count >= self._per_key:
            raise RequestTooManyError(key=key_id)
        seen.add((key_id, nonce))
        self._counts[key_id] = count + 1

    def _forget(self) -> None:
        for second in [second for second in self._seen if second < self._floor]:
            for key_id, _ in self._seen.pop(second):
                left = self._counts[key_id] - 1
                if left:
                    self._counts[key_id] = left
                else:
                    del self._counts[key_id]
