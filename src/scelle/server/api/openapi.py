"""The description of the interface (OpenAPI 3.1), made from the table of routes and the message types.

`python -m scelle.server.api.openapi spec/openapi.json` writes it; a test compares it with the tree.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scelle.base.wire import Message
from scelle.exchange.answers import Problem
from scelle.server.api import problems
from scelle.server.api.calls import JSON
from scelle.server.api.table import PLACES, Field, Query, Route

Node = dict[str, Any]


def describe(routes: Iterable[Route], *, version: str) -> Node:
    """The description as a JSON value."""
    paths: dict[str, Node] = {}
    messages: set[type[Message]] = {Problem, *Problem.nested_messages()}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
        for message in (route.body, route.answer):
            if message:
                messages |= message.nested_messages()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Scellé",
            "summary": "Sealed files between health institutions.",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": {each.__name__: each.json_schema() for each in sorted(messages, key=lambda each: each.__name__)},
            "securitySchemes": {
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Signature",
                    "description": "RFC 9421 HTTP message signature by the member's signing key, in the profile of "
                    "spec/api-requests.md (with Signature-Input, and Content-Digest for POST and PATCH).",
                }
            },
        },
    }


def encode(description: Node) -> bytes:
    """The description as it is served and kept in spec/openapi.json."""
    return (json.dumps(description, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _operation(route: Route) -> Node:
    found: Node = {
        "operationId": route.name,
        "summary": route.about,
        "security": [{"signature": []}] if route.signed else [],
        "responses": _responses(route),
    }
    if route.roles:
        found["description"] = f"For: {route.roles}."
    parameters = [
        *(_place(name) for name in route.places()),
        *(_query(each) for each in route.query),
        *(_field(each) for each in route.reads),
    ]
    if route.signed:
        parameters.append(_field(Field("Scelle-Checkpoint", "size of the activity log that was verified last")))
    if parameters:
        found["parameters"] = parameters
    if route.body or route.takes:
        schema = _reference(route.body) if route.body else {}
        found["requestBody"] = {"required": True, "content": {route.takes or JSON: {"schema": schema}}}
    return found


def _reference(message: type[Message]) -> Node:
    return {"$ref": f"#/components/schemas/{message.__name__}"}


def _place(name: str) -> Node:
    schema = {"type": "string", "pattern": f"^({PLACES[name]})$"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query(each: Query) -> Node:
    schema = dict(each.codec.schema)
    if each.default is not None:
        schema["default"] = each.default
    return {"name": each.name, "in": "query", "required": each.required, "description": each.about, "schema": schema}


def _field(each: Field) -> Node:
    return {
        "name": each.name,
        "in": "header",
        "required": each.required,
        "description": each.about,
        "schema": {"type": "string"},
    }


def _responses(route: Route) -> Node:
    good: Node = {"description": "done"}
    if route.answer:
        good["content"] = {JSON: {"schema": _reference(route.answer)}}
    elif route.status == 200 and route.method == "GET":
        good["content"] = {route.media: {}}
    if route.writes:
        good["headers"] = {
            each.name: {"description": each.about, "required": each.required, "schema": {"type": "string"}}
            for each in route.writes
        }
    return {
        str(route.status): good,
        "default": {
            "description": "what stands against it",
            "content": {problems.MEDIA_TYPE: {"schema": _reference(Problem)}},
        },
    }


def main() -> None:
    """Write the description to the file that is named."""
    from scelle import __version__
    from scelle.server.api.routes import ROUTES

    Path(sys.argv[1]).write_bytes(encode(describe(ROUTES, version=__version__)))


if __name__ == "__main__":
    main()
