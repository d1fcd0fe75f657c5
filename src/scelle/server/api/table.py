"""What a row of the table of routes says (spec/api.md, Routes): dispatch, description and tests are made from it."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import unquote

from scelle.base.errors import MalformedError
from scelle.base.wire import Codec, Message
from scelle.server.api.calls import JSON, Call, Reply, Stream
from scelle.server.api.services import Services

M = TypeVar("M", bound=Message)

Act: TypeAlias = Callable[[Services, Call], Awaitable[Reply | Stream]]

PLACES: Final[dict[str, str]] = {
    "transfer": "[a-z2-7]{25}[aeimquy4]",
    "freeze": "[a-z2-7]{25}[aeimquy4]",
    "part": "0|[1-9][0-9]{0,6}",
    "index": "0|[1-9][0-9]{0,14}",
    "log": "directory|activity",
    "tile": "[a-z0-9./]{1,80}",
}
"""What may stand in each place of a path. Anything else is a path that does not exist."""

_PLACE = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Query:
    """A query parameter: a decimal number when its codec is of integers, else a text. `default` None: may be absent."""

    name: str
    codec: Codec[Any]
    about: str
    default: str | int | None = None
    required: bool = False

    @property
    def is_number(self) -> bool:
        """Whether its values are decimal numbers."""
        return self.codec.schema.get("type") == "integer"

    def read(self, text: str) -> str | int:
        """Read a value. Raises MalformedError."""
        what = f"query: {self.name}"
        if not self.is_number:
            return str(self.codec.decode(text, what))
        if not (text.isascii() and text.isdigit() and len(text) <= 16 and str(int(text)) == text):
            raise MalformedError(what=what, why="not a decimal number")
        return int(self.codec.decode(int(text), what))


@dataclass(frozen=True, slots=True)
class Field:
    """A header field that a route reads or answers with."""

    name: str
    about: str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A row. `name`: its unique name (OpenAPI's operationId); `path` has places such as `{transfer}`.

    `roles`: who may ask, in words; the use case decides. `body`, `answer`: messages, None for none. `takes`: type of
    a body that is no message; `media`: type of an answer that is none.
    """

    name: str
    method: str
    path: str
    about: str
    act: Act
    signed: bool = True
    roles: str = ""
    query: tuple[Query, ...] = ()
    body: type[Message] | None = None
    answer: type[Message] | None = None
    status: int = 200
    takes: str = ""
    media: str = JSON
    reads: tuple[Field, ...] = ()
    writes: tuple[Field, ...] = ()

    @property
    def spends(self) -> bool:
        """Whether the use case spends the request's nonce with the change that it makes.

        Uploaded bytes change nothing by themselves: their nonces are only remembered.
        """
        return self.method in {"POST", "DELETE"}

    def pattern(self) -> "re.Pattern[str]":
        """Matches the route's paths."""
        parts = _PLACE.split(self.path)
        spelled = [
            f"(?P<{part}>{PLACES[part]})" if number % 2 else re.escape(part) for number, part in enumerate(parts)
        ]
        return re.compile("".join(spelled) + r"\Z")

    def places(self) -> tuple[str, ...]:
        """Names of the places in the path."""
        return tuple(_PLACE.findall(self.path))

    def read_query(self, raw: str) -> Mapping[str, str | int]:
        """Read a query string: known names, each at most once. Raises MalformedError."""
        known = {each.name: each for each in self.query}
        found: dict[str, str | int] = {}
        for pair in raw.split("&") if raw else ():
            name, equals, value = pair.partition("=")
            if name not in known or name in found or not equals:
                raise MalformedError(what="query", why="an unknown, repeated or empty parameter")
            found[name] = known[name].read(unquote(value, errors="replace"))
        for each in self.query:
            if each.name in found:
                continue
            if each.required:
                raise MalformedError(what="query", why=f"{each.name} is missing")
            if each.default is not None:
                found[each.name] = each.default
        return found


def answering(run: Callable[[Services, Call], Message], *, status: int = 200) -> Act:
    """An act that asks a use case in a thread."""

    def work(services: Services, call: Call) -> bytes:
        return run(services, call).encode()

    async def act(services: Services, call: Call) -> Reply:
        return Reply(status, await call.in_thread(work, services, call))

    return act


def doing(run: Callable[[Services, Call], None]) -> Act:
    """An act that has a use case do something, with nothing to answer."""

    async def act(services: Services, call: Call) -> Reply:
        await call.in_thread(run, services, call)
        return Reply(204)

    return act


def promising(run: "Callable[[Services, Call], Future[M]]") -> Act:
    """An act whose use case promises its answer: no thread waits for the ledger meanwhile."""

    async def act(services: Services, call: Call) -> Reply:
        promise = await call.in_thread(run, services, call)
        answer = await asyncio.wrap_future(promise)
        return Reply(200, answer.encode())

    return act
