import ntpath
import posixpath
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scelle.exchange.names import MAX_COMPONENT, MAX_DEPTH, MAX_PATH, safe_paths, sent_name

ODD = st.sampled_from(
    [
        *"/\\.: -~aA\u00e9\u00c9\u00df\u0301\u202e\u200b\u212b\u2126\x00\n\u0130\u0131\ufb01\U0001f600\udc80\u034f2",
        "..",
        "con",
        "NUL",
        "COM\u00b9",
        ".txt",
        " (2)",
        "x" * 130,
    ]
)
NAMES = st.one_of(st.lists(ODD, max_size=12).map("".join), st.text(max_size=30))


def one(name: str) -> str:
    (path,) = safe_paths([name])
    return "/".join(path)


@pytest.mark.parametrize(
    "name",
    [
        "r\u00e9sultats d\u00e9pistage.csv",
        "2020-09/\u00cele-de-France/lot 1.csv",
        ".config",
        "a.tar.gz",
        "\u65e5\u672c.txt",
        "l'\u00e9t\u00e9 (1) [v2] & co, #3 = 50 %+.ods",
        "\U0001f600.txt",
        "consul.txt",
        "com10.txt",
        "a-b_c~d",
    ],
)
def test_sane_names_stay(name: str) -> None:
    assert one(name) == name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("", "_"),
        (".", "_"),
        ("..", "_"),
        ("../../etc/passwd", "_/_/etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("a//./b", "a/b"),
        ("C:\\Windows\\x.dll", "C_/Windows/x.dll"),
        ("\\\\host\\share\\x", "host/share/x"),
        ("c:x", "c_x"),
        ("x.txt:stream", "x.txt_stream"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("Nul .tar.gz", "_Nul .tar.gz"),
        ("COM\u00b9", "_COM\u00b9"),
        ("lpt9.csv", "_lpt9.csv"),
        ("CONIN$", "_CONIN$"),
        ("a. . ", "a"),
        ("  a", "a"),
        ("...", "_"),
        ("-rf", "_-rf"),
        ("dir/-x", "dir/_-x"),
        ('a<b>c"d|e?f*g', "a_b_c_d_e_f_g"),
        ("a\x00b\nc\x7fd\x85e", "a_b_c_d_e"),
        ("exe\u202etxt.pdf", "exe_txt.pdf"),
        ("a\u200bb\ufeffc\u00add", "a_b_c_d"),
        ("a\u2028b\ue000c\udc80d\uffffe", "a_b_c_d_e"),
        ("a\u00a0b\u3000c", "a b c"),
        ("e\u0301te\u0301", "\u00e9t\u00e9"),
        ("PROGRA~1", "PROGRA_1"),
        ("a\u3164b\u034fc\ufe0fd", "a_b_c_d"),
    ],
)
def test_what_is_made_safe(name: str, safe: str) -> None:
    assert one(name) == safe


@pytest.mark.parametrize(
    ("names", "safe"),
    [
        (["a", "a", "a"], ["a", "a (2)", "a (3)"]),
        (["a.csv", "A.CSV", "\uff41.csv"], ["a.csv", "A (2).CSV", "\uff41 (3).csv"]),
        (["\u00e9.txt", "e\u0301.txt"], ["\u00e9.txt", "\u00e9 (2).txt"]),
        (["stra\u00dfe", "STRASSE"], ["stra\u00dfe", "STRASSE (2)"]),
        (["a", "a", "a (2)"], ["a", "a (3)", "a (2)"]),
        (["Dir/x", "dir/y", "DIR/X"], ["Dir/x", "Dir/y", "Dir/X (2)"]),
        (["a", "a/b", "a/c"], ["a", "a (2)/b", "a (2)/c"]),
        (["a/b", "a"], ["a/b", "a (2)"]),
        (["v1.0", "v1.0/x"], ["v1.0", "v1.0 (2)/x"]),
        (["..", "."], ["_", "_ (2)"]),
        ([".bashrc", ".BASHRC"], [".bashrc", ".BASHRC (2)"]),
    ],
)
def test_names_that_fall_together(names: list[str], safe: list[str]) -> None:
    assert ["/".join(path) for path in safe_paths(names)] == safe


def test_long_names_keep_their_extension() -> None:
    assert one("\u00e9" * 200 + ".csv") == "\u00e9" * 125 + ".csv"
    first, second = safe_paths(["x" * 300 + ".csv", "x" * 400 + ".csv"])
    assert first == ("x" * 251 + ".csv",)
    assert second == ("x" * 247 + " (2).csv",)
    assert one("a." + "b" * 300) == ("a." + "b" * 300)[:255]


def test_deep_and_long_paths_lose_folders_not_files() -> None:
    deep = one("/".join(f"d{number}" for number in range(100)) + "/file.csv").split("/")
    assert len(deep) == MAX_DEPTH
    assert deep[0] == "d0"
    assert deep[-1] == "file.csv"
    long = one("/".join(["x" * 200] * 10) + "/file.csv")
    assert len(long) <= MAX_PATH
    assert long.endswith("/file.csv")


def test_many_names_that_fall_together_take_no_quadratic_time() -> None:
    paths = safe_paths(["same.csv"] * 5000 + ["d/x"] * 2000 + ["same.csv/x"] * 2000)
    assert len(set(paths)) == 9000


@given(st.lists(NAMES, max_size=8))
def test_properties(names: list[str]) -> None:
    paths = safe_paths(names)
    assert len(paths) == len(names)
    joined = ["/".join(path) for path in paths]
    assert ["/".join(path) for path in safe_paths(joined)] == joined
    folded = set()
    folders = set()
    for path in paths:
        assert path
        for part in path:
            assert part not in ("", ".", "..")
            assert not set(part) & set('/\\<>:"|?*')
            assert len(part.encode()) <= MAX_COMPONENT
            assert part == part.strip(" ").rstrip(".")
            assert not part.startswith("-")
            assert unicodedata.is_normalized("NFC", part)
            assert not {unicodedata.category(char) for char in part} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        name = "/".join(path)
        assert posixpath.normpath(posixpath.join("/base", name)) == "/base/" + name
        assert ntpath.normpath(ntpath.join("C:\\base", *path)) == "C:\\base\\" + "\\".join(path)
        assert len(path) <= MAX_DEPTH
        assert len(name.encode()) <= MAX_PATH
        for key in (name.casefold(), unicodedata.normalize("NFKC", name).casefold() + "|k", name.upper() + "|u"):
            assert key not in folded
            folded.add(key)
        folders |= {"/".join(path[:depth]).casefold() for depth in range(1, len(path))}
    assert not folders & {name.casefold() for name in joined}


@given(st.lists(NAMES, max_size=4))
def test_what_is_sent_is_one_name_below_the_folder(parts: list[str]) -> None:
    name = sent_name(parts)
    assert sent_name(name.split("/")) == name
    assert len(name.split("/")) == max(1, len(parts))
    assert name.encode()
    assert ".." not in name.split("/")
    assert "\\" not in name


def test_what_is_sent() -> None:
    assert sent_name(["d\u00e9p\u00f4t", "e\u0301te\u0301.csv"]) == "d\u00e9p\u00f4t/\u00e9t\u00e9.csv"
    assert sent_name(["a\\b/c", "..", "", "x\udce9.csv"]) == "a_b_c/_/_/x_.csv"
    assert sent_name(["CON", "a:b?"]) == "CON/a:b?"
