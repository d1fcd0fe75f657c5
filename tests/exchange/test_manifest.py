from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange_kit import OTHER_TRANSFER, TRANSFER, seed
from scelle.exchange.errors import ManifestWrongError
from scelle.exchange.manifest import IDENTITY, ZSTD, Manifest, ManifestFile, ManifestPart, decode_manifest


def file(name: str, size: int, part: int, offset: int) -> ManifestFile:
    return ManifestFile(name=name, size=size, sha256=seed(name), part=part, offset=offset)


def manifest(parts: list[ManifestPart], files: list[ManifestFile], **more: Any) -> Manifest:
    fields: dict[str, Any] = {"transfer": TRANSFER, "folders": (), "categories": (), **more}
    return Manifest(parts=tuple(parts), files=tuple(files), **fields)


PLAIN = ManifestPart(encoding=IDENTITY, size=30, stored=30)
PACKED = ManifestPart(encoding=ZSTD, size=20, stored=7)
GOOD = manifest([PLAIN, PACKED], [file("a", 10, 0, 0), file("b", 0, 0, 10), file("c", 20, 0, 10), file("d", 20, 1, 0)])


def why(value: Manifest) -> str:
    with pytest.raises(ManifestWrongError) as caught:
        decode_manifest(value.encode(), TRANSFER)
    return str(caught.value.facts["why"])


def test_both_directions() -> None:
    full = replace(
        GOOD,
        folders=("empty",),
        categories=("health",),
        collected="2026-07-31",
        retention=1,
        legal_basis="L1110-4",
        dataset="contacts",
    )
    for value in (GOOD, full):
        assert decode_manifest(value.encode(), TRANSFER) == value


@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=4), min_size=1, max_size=4))
def test_files_one_after_the_other_are_right(sizes: list[list[int]]) -> None:
    parts = [ManifestPart(encoding=IDENTITY, size=sum(part), stored=sum(part)) for part in sizes]
    files = [
        file(f"{number}-{place}", size, number, sum(part[:place]))
        for number, part in enumerate(sizes)
        for place, size in enumerate(part)
    ]
    value = manifest(parts, files)
    value.check(TRANSFER)
    total = sum(len(part) for part in sizes)
    for gone in range(total):
        if files[gone].size:
            with pytest.raises(ManifestWrongError):
                replace(value, files=tuple(files[:gone] + files[gone + 1 :])).check(TRANSFER)


def test_no_file_at_all() -> None:
    empty = ManifestPart(encoding=IDENTITY, size=0, stored=0)
    manifest([empty], [], folders=("empty",)).check(TRANSFER)
    manifest([empty], [file("a", 0, 0, 0)]).check(TRANSFER)


def test_another_transfer() -> None:
    with pytest.raises(ManifestWrongError) as caught:
        decode_manifest(GOOD.encode(), OTHER_TRANSFER)
    assert caught.value.facts["why"] == "it belongs to another transfer"


FOLLOW = "its files do not follow one another"
FILL = "its files do not fill its parts"
BEYOND = "a file reaches beyond its part"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ([], FILL),
        ([file("a", 30, 0, 0)], FILL),
        ([file("a", 30, 0, 0), file("b", 19, 1, 0)], FILL),
        ([file("a", 29, 0, 0), file("b", 20, 1, 0)], FOLLOW),
        ([file("a", 30, 0, 0), file("b", 21, 1, 0)], BEYOND),
        ([file("a", 31, 0, 0), file("b", 20, 1, 0)], BEYOND),
        ([file("a", 10, 0, 0), file("b", 20, 0, 11), file("c", 20, 1, 0)], FOLLOW),
        ([file("a", 10, 0, 0), file("b", 20, 0, 9), file("c", 20, 1, 0)], FOLLOW),
        ([file("a", 10, 0, 0), file("b", 10, 0, 0), file("c", 20, 0, 10), file("d", 20, 1, 0)], FOLLOW),
        ([file("b", 20, 1, 0), file("a", 30, 0, 0)], FOLLOW),
        ([file("a", 30, 0, 0), file("b", 20, 1, 0), file("c", 1, 0, 30)], FOLLOW),
        ([file("a", 30, 0, 0), file("b", 20, 2, 0)], FOLLOW),
        ([file("a", 30, 0, 0), file("b", 20, 1, 0), file("c", 0, 2, 0)], FOLLOW),
        ([file("a", 30, 0, 0), file("b", 20, 1, 0), file("c", 0, 2048, 0)], FOLLOW),
    ],
)
def test_a_layout_that_contradicts_itself(files: list[ManifestFile], reason: str) -> None:
    assert why(manifest([PLAIN, PACKED], files)) == reason


def test_a_plain_part_has_one_size() -> None:
    assert why(replace(GOOD, parts=(replace(PLAIN, stored=31), PACKED))) == "a part has two sizes"


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"\xff", GOOD.encode() + b" ", GOOD.encode()[:-1]])
def test_what_is_no_manifest(raw: bytes) -> None:
    with pytest.raises(ManifestWrongError):
        decode_manifest(raw, TRANSFER)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("parts", []),
        ("parts", [{"encoding": "gzip", "size": 30, "stored": 30}]),
        ("files", [{"name": "", "size": 1, "sha256": "A" * 43 + "=", "part": 0, "offset": 0}]),
        ("files", [{"name": "a", "size": -1, "sha256": "A" * 43 + "=", "part": 0, "offset": 0}]),
        ("collected", "2026-7-31"),
        ("legal_basis", ""),
    ],
)
def test_members_of_another_form(member: str, value: Any) -> None:
    from scelle.base.codec import encode_json

    raw = encode_json({**GOOD.to_json(), member: value})
    with pytest.raises(ManifestWrongError):
        decode_manifest(raw, TRANSFER)
