"""Uploading parts: tus 1.0 (spec/api.md, Uploading)."""

import asyncio
from contextlib import suppress
from typing import cast

from scelle.base.codec import decode_base64
from scelle.base.errors import MalformedError
from scelle.exchange.refusals import BodyTooLargeError, BodyTypeError, UploadVersionError
from scelle.exchange.request import RequestSignature
from scelle.exchange.segments import SEGMENT_SIZE
from scelle.server.api.calls import Call, Headers, Reply
from scelle.server.api.services import Services
from scelle.server.service.sending import ChunkWriter, PartUpload

VERSION = b"1.0.0"
CHUNK_TYPE = "application/offset+octet-stream"
BATCH = 4 << 20
"""Bytes that are collected before a thread hashes and writes them in one go; one batch is in flight at most."""

TUS: Headers = [(b"tus-resumable", VERSION)]
_PART_FIELD = "part"


def _check_version(call: Call) -> None:
    if call.headers.get(b"tus-resumable") != VERSION:
        raise UploadVersionError(wanted=VERSION.decode())


def _decimal(text: bytes, what: str) -> int:
    if not text.isdigit() or len(text) > 15 or str(int(text)).encode() != text:
        raise MalformedError(what=what, why="not a number")
    return int(text)


def _length(call: Call) -> int | None:
    text = call.headers.get(b"upload-length")
    return None if text is None else _decimal(text, "Upload-Length")


def _part_number(call: Call) -> int:
    name, _, value = call.headers.get(b"upload-metadata", b"").decode("latin-1").partition(" ")
    if name != _PART_FIELD:
        raise MalformedError(what="Upload-Metadata", why="not the number of a part")
    return _decimal(decode_base64(value, what="Upload-Metadata"), "Upload-Metadata")


def _progress(part: PartUpload) -> Headers:
    known = (b"upload-defer-length", b"1") if part.length is None else (b"upload-length", b"%d" % part.length)
    return [*TUS, (b"upload-offset", b"%d" % part.offset), known]


async def create(services: Services, call: Call) -> Reply:
    """POST: a part begins to exist; again for the same number: the same answer."""
    _check_version(call)
    length = _length(call)
    if (length is None) != (call.headers.get(b"upload-defer-length") == b"1"):
        raise MalformedError(what="Upload-Length", why="neither given nor deferred, or both")
    number = _part_number(call)
    created, part = await call.in_thread(services.sending.create_part, call.asker, call.transfer, number, length)
    location = f"/v1/transfers/{call.transfer}/parts/{part.number}".encode()
    return Reply(201 if created else 200, headers=[*_progress(part), (b"location", location)])


async def progress(services: Services, call: Call) -> Reply:
    """HEAD: how far a part is."""
    _check_version(call)
    part = await call.in_thread(services.sending.part, call.asker, call.transfer, int(call.path["part"]))
    return Reply(200, headers=_progress(part))


async def chunk(services: Services, call: Call) -> Reply:
    """PATCH: bytes of a part, kept as they arrive."""
    _check_version(call)
    if call.headers.get(b"content-type") != CHUNK_TYPE.encode() or b"content-encoding" in call.headers:
        raise BodyTypeError(wanted=CHUNK_TYPE)
    signature = cast("RequestSignature", call.signature)  # the route is signed
    offset, digest = signature.upload_offset, signature.content_digest
    if offset is None or digest is None:
        raise MalformedError(what="request", why="no Upload-Offset")
    room = SEGMENT_SIZE - offset % SEGMENT_SIZE
    if call.incoming.size > room:
        raise BodyTooLargeError(limit=room)
    writer = await call.in_thread(
        services.sending.upload,
        call.asker,
        call.transfer,
        int(call.path["part"]),
        offset=offset,
        length=_length(call),
        expected_digest=digest,
        declared_body_size=call.incoming.size,
    )
    try:
        await _pump(call, writer)
        reached = await call.on_disk(writer.finish)
    except BaseException:
        # Shielded: what arrived is kept even when the service stops amid the request.
        with suppress(asyncio.CancelledError):
            await asyncio.shield(call.on_disk(writer.broken))
        raise
    services.metrics.uploaded.inc(call.incoming.arrived)
    return Reply(204, headers=[*TUS, (b"upload-offset", b"%d" % reached)])


async def _pump(call: Call, writer: ChunkWriter) -> None:
    """Hand the body to the writer in batches: the next one is collected while a thread works on one."""
    pieces: list[bytes] = []
    size = 0
    job: asyncio.Future[None] | None = None
    try:
        async for piece in call.incoming.pieces(seconds=call.incoming.patience.upload):
            pieces.append(piece)
            size += len(piece)
            if size >= BATCH:
                if job is not None:
                    await job
                job = call.loop.run_in_executor(call.disk, _feed, writer, pieces)
                pieces, size = [], 0
    finally:
        # Also when the connection broke: every byte that arrived is kept.
        if job is not None:
            await asyncio.shield(job)
        if pieces:
            await asyncio.shield(call.loop.run_in_executor(call.disk, _feed, writer, pieces))


def _feed(writer: ChunkWriter, pieces: list[bytes]) -> None:
    writer.feed(memoryview(pieces[0] if len(pieces) == 1 else b"".join(pieces)))
