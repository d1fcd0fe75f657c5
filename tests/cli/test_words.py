"""Every sentence is there in both languages, says the same facts, and is used."""

import ast
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

import scelle
from scelle.base.errors import MalformedError, all_error_classes
from scelle.cli import catalogue
from scelle.cli.grammar import COMMON
from scelle.cli.reference import import_everything
from scelle.cli.words import LANGS, Lang, Words, choose_language, load

SOURCE = Path(scelle.__file__).parent


def fields_of(text: Any) -> set[str]:
    parts = text if isinstance(text, tuple) else (text,)
    return {name for part in parts for _, name, _, _ in Formatter().parse(part) if name is not None}


@pytest.mark.parametrize("kind", ["errors", "help", "view"])
def test_languages_have_the_same_keys_and_fields(kind: Any) -> None:
    english, french = load("en", kind), load("fr", kind)
    names = {key for key in english.keys() | french.keys() if not key.startswith("value ")}
    assert {key for key in names if key not in english} == set()
    assert {key for key in names if key not in french} == set()
    for key in names:
        assert fields_of(english[key]) == fields_of(french[key]), key


def test_every_error_has_words_and_no_words_are_without_error() -> None:
    import_everything()
    assert load("en", "errors").keys() == all_error_classes().keys()


def test_every_fact_in_a_sentence_is_given_where_the_error_is_raised() -> None:
    import_everything()
    wanted = {kind.__name__: fields_of(load("en", "errors")[code]) for code, kind in all_error_classes().items()}
    names = [kind.__name__ for kind in all_error_classes().values()]
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in wanted):
                continue
            if names.count(node.func.id) > 1 or any(keyword.arg is None for keyword in node.keywords):
                continue
            given = {keyword.arg for keyword in node.keywords}
            assert wanted[node.func.id] <= given, f"{path.name}:{node.lineno} {node.func.id}"


def test_help_is_there_for_everything_in_the_grammar_and_for_nothing_else() -> None:
    wanted = {option.flags[0] for option in COMMON} | set(catalogue.groups())
    values = {"COMMAND", "OPTIONS"} | {option.value for option in COMMON}
    for name in catalogue.COMMANDS:
        command = catalogue.load(name)
        wanted |= {name} | {f"{name} {option.flags[0]}" for option in command.options}
        wanted |= {f"{name} {argument.name}" for argument in command.arguments}
        values |= {option.value for option in command.options} | {argument.name for argument in command.arguments}
    for lang in LANGS:
        found = load(lang, "help")
        frame = {key for key in found if key.startswith("heading ")} | {"title", "more"}
        named = {key for key in found if key.startswith("value ")}
        assert found.keys() - frame - named == wanted
        assert {key.removeprefix("value ") for key in named} <= values


def test_every_view_text_is_used() -> None:
    sources = [path.read_text("utf-8") for path in SOURCE.rglob("*.py") if "words" not in path.parts]
    for key in load("en", "view"):
        assert any(f'"{key}"' in source for source in sources), key


def test_advice_and_sentences_do_not_end_in_a_full_stop() -> None:
    for lang in LANGS:
        for code, pair in load(lang, "errors").items():
            assert not any(part.endswith(".") or part[:1].isspace() or not part for part in pair), code


@pytest.mark.parametrize(
    ("lang", "text", "fact", "shown"),
    [
        ("en", "{x:size}", 0, "0\u00a0B"),
        ("en", "{x:size}", 999, "999\u00a0B"),
        ("en", "{x:size}", 1000, "1.0\u00a0kB"),
        ("en", "{x:size}", 999_999, "1.0\u00a0MB"),
        ("fr", "{x:size}", 1_450_000, "1,4\u00a0Mo"),
        ("fr", "{x:size}", 200_000_000, "200\u00a0Mo"),
        ("en", "{x:count}", 1_400_000, "1,400,000"),
        ("fr", "{x:count}", 1_400_000, "1\u00a0400\u00a0000"),
        ("en", "{x:time}", 1_773_480_600, "14\u00a0March\u00a02026, 09:30"),
        ("fr", "{x:time}", 1_773_480_600, "14\u00a0mars\u00a02026 à 9\u00a0h\u00a030"),
        ("fr", "{x:date}", 1_772_323_200, "1er\u00a0mars\u00a02026"),
        ("en", "{x:span}", 0, "0\u00a0s"),
        ("en", "{x:span}", 900, "15\u00a0min"),
        ("fr", "{x:span}", 183_661, "2\u00a0j 3\u00a0h"),
        ("en", "{x:plural file|files}", 0, "files"),
        ("fr", "{x:plural fichier|fichiers}", 0, "fichier"),
        ("en", "{x:choose yes|no}", 0, "no"),
        ("en", "{x}", "a\x1b[31m\u202eb\n", "a\\x1b[31m\\u202eb\\n"),
        ("en", "{y:size}", 3, "?"),
        ("en", "{x:stamp}", 1_773_480_600, "2026-03-14\u00a009:30"),
        ("en", "{x:date}", 1 << 53, "1\u00a0January\u00a09999"),
        ("en", "{x:short}", "abcdefghij", "abcdefgh"),
        # A problem of the service brings its facts as texts.
        ("en", "{x:size}", "1000", "1.0\u00a0kB"),
        ("en", "{x:size}", "a lot", "a lot"),
        ("en", "{x:count}", "9" * 17, "9" * 17),
    ],
)
def test_formats(lang: Lang, text: str, fact: Any, shown: str) -> None:
    from datetime import UTC

    assert Words(lang, zone=UTC)._form.vformat(text, (), {"x": fact}) == shown


def test_reasons_are_those_that_the_sources_give() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py") if "words" not in path.parts)
    system = {"Connection refused", "Name or service not known", "Temporary failure in name resolution"}
    system |= {"No route to host", "Network is unreachable"}
    for lang in LANGS:
        for text in load(lang, "reason").keys() - system:
            assert f'"{text}"' in sources or f"'{text}'" in sources, text
    assert load("en", "reason").keys() <= load("fr", "reason").keys()


def test_facts_that_are_texts_are_translated() -> None:
    words = Words("fr")
    assert words.reason("sender / security-officer") == "expéditeur / responsable de la sécurité"
    assert words.reason("desk: not a string") == "le nom de bureau: ce n’est pas une chaîne"
    assert words.reason("nobody translated this") == "nobody translated this"
    sentence, _ = words.error(MalformedError(what="key id", why="not 32 hexadecimal digits"))
    assert sentence == "l’identifiant de clé n’a pas la bonne forme\u00a0: il faut 32 chiffres hexadécimaux"


def test_french_spaces_do_not_break() -> None:
    words = Words("fr")
    assert words("frame.error", text="a : b") == "scelle\u00a0: erreur\u00a0: a : b"  # facts are left as they are


def test_an_error_without_words_shows_its_code() -> None:
    words = Words("en")
    words._of("errors").clear()
    assert words.error(MalformedError(what="x", why="y")) == ("malformed (what='x', why='y')", "")


def test_language_of_the_environment() -> None:
    assert choose_language({}) == "en"
    assert choose_language({"LANG": "fr_FR.UTF-8"}) == "fr"
    assert choose_language({"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}) == "en"
    assert choose_language({"LANG": "en_GB", "LC_MESSAGES": "fr_CA"}) == "fr"
    assert choose_language({}, fallback="French_France") == "fr"
