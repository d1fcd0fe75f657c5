"""Reading command lines."""

import pytest

from scelle.cli import catalogue, grammar
from scelle.cli.grammar import Argument, Command, Option, Values, parse

COMMAND = Command(
    ("try", "it"),
    lambda values, session: None,
    (
        Option(("--out", "-o"), "FILE"),
        Option(("--to", "-t"), "WHO", many=True, required=True),
        Option(("--all", "-a")),
        Option(("--kind",), "KIND", choices=("x", "y")),
    ),
    (Argument("FIRST"), Argument("REST", many=True, required=False)),
)


def read(line: str) -> Values:
    values = parse(COMMAND, line.split())
    values.check_complete()
    return values


def test_every_spelling() -> None:
    for line in (
        "--out f -t a -t b -a p q r",
        "-of -ta --to=b -a -- p q r",
        "p -aof q --to a --to b r",
        "-ao f p q r -ta -tb",
    ):
        values = read(line)
        assert values.text("out") == "f"
        assert values.texts("to") == ["a", "b"]
        assert values.has("all")
        assert not values.has("kind")
        assert values.optional("kind") is None
        assert [values.text("FIRST"), *values.texts("REST")] == ["p", "q", "r"]


def test_hyphens() -> None:
    assert read("-t a - -- -x").texts("REST") == ["-x"]
    assert read("-t - x").texts("to") == ["-"]
    assert read("-t --odd x").texts("to") == ["--odd"]
    assert read("--to= x").texts("to") == [""]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("-t a p --nope", grammar.UnknownOptionError),
        ("-t a p --ou f", grammar.UnknownOptionError),
        ("-t a p -x", grammar.UnknownOptionError),
        ("-t a p -o", grammar.MissingValueError),
        ("-t a p --all=1", grammar.NeedlessValueError),
        ("-t a p -o f -o g", grammar.RepeatedOptionError),
        ("-t a p --kind z", grammar.ChoiceError),
        ("p", grammar.MissingOptionError),
        ("-t a", grammar.MissingArgumentError),
    ],
)
def test_errors(line: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        read(line)


def test_one_argument_too_many() -> None:
    with pytest.raises(grammar.ExtraArgumentError):
        parse(Command(("x",), lambda values, session: None), ["y"])


def test_options_that_exclude_each_other() -> None:
    values = read("-t a -a p")
    values.at_most_one("all", "out")
    with pytest.raises(grammar.ConflictError):
        values.at_most_one("all", "to")


def test_the_catalogue_and_its_modules_agree() -> None:
    for name in catalogue.COMMANDS:
        command = catalogue.load(name)
        assert command.name == name
        assert len({flag for option in command.options for flag in option.flags} | set("-hq")) >= len(command.options)
        taken = [flag for option in (*grammar.COMMON, *command.options) for flag in option.flags]
        assert len(taken) == len(set(taken)), name
        assert not any(argument.many for argument in command.arguments[:-1])
