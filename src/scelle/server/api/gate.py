"""Who asks: verification of signed requests (spec/api.md, Who asks; spec/api-requests.md)."""

from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scelle.base.errors import MalformedError
from scelle.exchange.directory import Directory, Member
from scelle.exchange.errors import MemberUnknownError, RequestStaleError, SignatureWrongError
from scelle.exchange.request import (
    WINDOW,
    NonceMemory,
    RequestSignature,
    parse_signature,
    relevant_headers,
    target_uri,
    verify_request,
)
from scelle.server.service.clockguard import Clock
from scelle.server.service.core import Asker

_MAX_SINCE = 1 << 53


class Gate:
    """Lets verified requests in, each once."""

    def __init__(self, directory: Callable[[], Directory], *, public_url: str, clock: Clock, stand_in: bytes) -> None:
        """`directory`: gives the present one. `stand_in`: a public key that what unknown keys sign is held against."""
        self._directory = directory
        self._public_url = public_url
        self._clock = clock
        self._stand_in = Ed25519PublicKey.from_public_bytes(stand_in)
        self._reads = NonceMemory(started=clock.now())

    def check(
        self, method: str, target: str, headers: list[tuple[bytes, bytes]], *, spends: bool
    ) -> tuple[Asker, RequestSignature]:
        """Verify a request. `target`: path and query as received. `spends`: the use case spends the nonce itself.

        An unknown key, one past its validity and a signature that is wrong are the same to the one who asks, and cost
        the same. Raises SignatureMalformedError, SignatureWrongError, RequestStaleError, RequestBeforeStartError,
        RequestReplayedError, RequestTooManyError, MalformedError.
        """
        signature = parse_signature(relevant_headers(headers))
        now = self._clock.now()
        member = self._member(signature, now)
        public = Ed25519PublicKey.from_public_bytes(member.public) if member else self._stand_in
        verify_request(signature, method, target_uri(self._public_url, target), public)
        if member is None:
            raise SignatureWrongError(key=signature.key_id)
        if not spends:
            self._reads.accept(signature.key_id, signature.nonce, signature.created, now)
        elif abs(now - signature.created) > WINDOW:
            raise RequestStaleError(created=signature.created, now=now)
        asker = Asker(member=member, nonce=signature.nonce, created=signature.created, since=_since(signature))
        return asker, signature

    def _member(self, signature: RequestSignature, now: int) -> Member | None:
        try:
            member = self._directory().member(signature.key_id)
        except MemberUnknownError:
            return None
        return member if now < member.not_after else None


def _since(signature: RequestSignature) -> int:
    text = signature.checkpoint
    if text is None:
        return 0
    if not (text.isdigit() and len(text) <= 16 and str(int(text)) == text) or int(text) > _MAX_SINCE:
        raise MalformedError(what="Scelle-Checkpoint", why="not a size")
    return int(text)


def header_map(headers: list[tuple[bytes, bytes]]) -> Mapping[bytes, bytes]:
    """Header fields by lower-case name; one that is given twice is joined (RFC 9110 §5.3), and so refused later."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found[name] = found[name] + b", " + value if name in found else value
    return found
