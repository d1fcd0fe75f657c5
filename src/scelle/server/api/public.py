"""What anybody may ask: the logs as static tiles, health, metrics, the API description."""

from ipaddress import ip_address

from scelle.exchange.refusals import RouteUnknownError
from scelle.server.api import metrics
from scelle.server.api.calls import BYTES, JSON, Call, Reply
from scelle.server.api.services import Services
from scelle.tlog.errors import TileWrongError
from scelle.tlog.tiles import WIDTH, Tile, parse_path

NO_CACHE = (b"cache-control", b"no-cache")
_FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")
_PROXIED = (b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip")


async def checkpoint(services: Services, call: Call) -> Reply:
    """The newest checkpoint of a log."""
    note = services.oversight.checkpoint(call.log)
    return Reply(200, note, "text/plain; charset=utf-8", [NO_CACHE])


async def tile(services: Services, call: Call) -> Reply:
    """A tile or an entry bundle. What one path gives never changes; what is partial may be gone one day."""
    try:
        wanted = parse_path("tile/" + call.path["tile"])
    except TileWrongError:
        raise RouteUnknownError() from None
    level = wanted.level if isinstance(wanted, Tile) else -1
    data = await call.in_thread(services.oversight.tile, call.log, level, wanted.index, wanted.width)
    if data is None:
        raise RouteUnknownError()
    return Reply(200, data, BYTES, [_FOREVER if wanted.width == WIDTH else NO_CACHE])


async def health(services: Services, call: Call) -> Reply:
    """Whether the service is well: 503 when a person must look."""
    found = await call.in_thread(services.oversight.health)
    return Reply(200 if found.status == "green" else 503, found.encode(), JSON, [NO_CACHE])


async def measurements(services: Services, call: Call) -> Reply:
    """Metrics, for whoever sits on this computer; nobody behind a proxy does."""
    if not _is_local(call):
        raise RouteUnknownError()
    found = await call.in_thread(services.oversight.health)
    return Reply(200, services.metrics.text(found), metrics.MEDIA_TYPE, [NO_CACHE])


def _is_local(call: Call) -> bool:
    if call.behind_proxy or any(name in call.headers for name in _PROXIED):
        return False
    try:
        return ip_address(call.peer).is_loopback
    except ValueError:
        return False


async def description(services: Services, _call: Call) -> Reply:
    """This interface as OpenAPI."""
    return Reply(200, services.description, JSON, [NO_CACHE])
