"""spec/exchange.md says what the code does: diagrams, domain strings, and the members of every kind."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from scelle.activity.record import RECORDS
from scelle.base.wire import Message
from scelle.exchange import acts
from scelle.exchange.entries import ENTRIES
from scelle.exchange.freeze import TRANSITIONS as FREEZE_TRANSITIONS
from scelle.exchange.statement import Act
from scelle.exchange.transfer import SHARE_TRANSITIONS, TRANSITIONS, mermaid

ROOT = Path(__file__).parents[2]
SPEC = (ROOT / "spec" / "exchange.md").read_text("utf-8")

KINDS: dict[str, type[Message]] = {
    **ENTRIES,
    **RECORDS,
    **{
        kind.KIND: kind
        for _, kind in inspect.getmembers(acts, inspect.isclass)
        if issubclass(kind, Act) and kind.__module__ == acts.__name__
    },
}


def test_diagrams() -> None:
    found = re.findall(r"```mermaid\n(.*?)```", SPEC, re.DOTALL)
    assert found == [mermaid(TRANSITIONS), mermaid(SHARE_TRANSITIONS), mermaid(FREEZE_TRANSITIONS)]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_members(kind: str) -> None:
    rows = [line.split("|") for line in SPEC.splitlines() if line.startswith(f"| `{kind}` |")]
    assert len(rows) == 1
    stated = set(re.findall(r"`(\w+)`", rows[0][2]))
    assert stated == set(KINDS[kind].json_schema()["properties"]) - {"time", "nonce", "seen"}


def _literals(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    texts = [each.value for each in ast.walk(tree) if isinstance(each, ast.Expr)]  # docstrings
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or node in texts:
            continue
        value = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
        if isinstance(value, str) and "scelle/v1" in value:
            found.add(value)
    return found


def test_domain_strings() -> None:
    listed = re.findall(r"^\| `(scelle/v1/[a-z/-]*)` \| (LF; )?", SPEC, re.MULTILINE)
    assert len({name for name, _ in listed}) == len(listed)
    wanted = {name + ("\n" if ends else "") for name, ends in listed}
    used = {literal for path in (ROOT / "src").rglob("*.py") for literal in _literals(path)}
    assert used == wanted
