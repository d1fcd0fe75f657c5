"""spec/api.md has every route of the service, and none besides."""

import re

from docs_kit import page
from scelle.server.api.routes import ROUTES

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


def _spell(path: str) -> str:
    """A path with its places nameless; a tile's coordinates are one place, a query is left out."""
    path = path.partition("?")[0].replace("{directory,activity}", "{log}")
    path = re.sub(r"/tile/.*", "/tile/{}", path)
    return re.sub(r"\{[^}]*\}", "{}", path)


def _listed() -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for row in page("spec/api.md").rows():
        methods: list[str] = []
        paths: list[str] = []
        for code in re.findall(r"`([^`]+)`", row[0].replace("\\|", "|")):
            words = code.split()
            methods += [word for word in words if word in METHODS]
            for word in words:
                if word.startswith("…"):
                    paths.append(paths[-1].rpartition("/")[0] + word.removeprefix("…"))
                elif word.startswith("/tile/"):
                    paths.append(paths[-1].partition("/tile/")[0] + word)
                elif word.startswith("/"):
                    paths.append(word)
        found |= {(method, _spell(path)) for method in methods for path in paths}
    return found


def _served() -> set[tuple[str, str]]:
    """HEAD of what everybody may GET needs no row of its own."""
    return {(route.method, _spell(route.path)) for route in ROUTES if route.signed or route.method != "HEAD"}


def test_every_route_is_listed() -> None:
    assert _served() - _listed() == set()


def test_nothing_else_is_listed() -> None:
    assert _listed() - _served() == set()
