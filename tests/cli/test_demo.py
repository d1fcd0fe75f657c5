"""The demonstration: its parts, and all of it."""

import base64
import json
import os
import socket
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from threading import Thread

import polars as pl
import pytest

from scelle.cli import demo_files, demo_thief
from scelle.cli.demo_files import NAME, PLANTS, nir
from scelle.cli.demo_relay import Relay
from scelle.cli.demo_season import Truth, explained_rows, has_only_its_own
from scelle.records.synth import generate
from scelle.records.synth.files import write_population
from scelle.storage.keeper import SLOT, encode_slot


def test_numbers_have_their_key() -> None:
    assert nir("2840799042117") == "284079904211791"


def test_the_large_file_has_its_size(tmp_path: Path) -> None:
    demo_files.large(tmp_path / "large", 3_000_001, draw=os.urandom)
    assert (tmp_path / "large").stat().st_size == 3_000_001


def test_the_extract_holds_the_planted_person(tmp_path: Path) -> None:
    demo_files.extract(tmp_path / "extract.csv", draw=os.urandom)
    text = (tmp_path / "extract.csv").read_bytes()
    assert [plant.raw in text for plant in PLANTS] == [True, True, True, False, False]


def test_read_only_samples_leave_nothing_that_cannot_be_removed(tmp_path: Path) -> None:
    (tmp_path / "samples" / "deep").mkdir(parents=True)
    (tmp_path / "samples" / "deep" / "a").write_text("a")
    (tmp_path / "samples" / "deep").chmod(0o500)
    demo_files.copy(tmp_path / "samples", tmp_path / "copy")
    assert (tmp_path / "copy" / "deep").stat().st_mode & 0o200
    assert demo_files.digests(tmp_path / "copy") == demo_files.digests(tmp_path / "samples")
    (tmp_path / "samples" / "deep").chmod(0o700)


@pytest.mark.parametrize("shift", range(3))
def test_the_search_finds_every_encoding_at_every_place(tmp_path: Path, shift: int) -> None:
    data = b"x" * shift + NAME.raw + b"yyy"
    (tmp_path / "raw").write_bytes(data)
    (tmp_path / "utf-16").write_bytes(data.decode().encode("utf-16-le"))
    (tmp_path / "hex").write_bytes(data.hex().encode())
    (tmp_path / "base64").write_bytes(base64.b64encode(data))
    found = demo_thief.search_folder(tmp_path, PLANTS)
    assert {(hit.encoding, hit.place) for hit in found.hits} == {(name, name) for name in demo_thief.ENCODINGS}
    assert {hit.plant for hit in found.hits} == {NAME}
    assert found.files == 4


def test_the_search_finds_names_of_files(tmp_path: Path) -> None:
    (tmp_path / demo_files.FILE_NAME.text).touch()
    assert [hit.plant for hit in demo_thief.search_folder(tmp_path, PLANTS).hits] == [demo_files.FILE_NAME]


@pytest.mark.skipif(sys.platform != "linux", reason="memory of processes is read through /proc")
def test_the_search_reads_the_memory_of_a_process() -> None:
    script = "import sys; kept = sys.stdin.readline() * 2; print(flush=True); sys.stdin.readline()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(NAME.raw + b"\n")
        process.stdin.flush()
        process.stdout.readline()
        found = demo_thief.search_memory(process.pid, PLANTS)
        process.stdin.write(b"\n")
    assert found is not None
    assert NAME in {hit.plant for hit in found.hits}


def test_shares_are_read_from_a_slot_file(tmp_path: Path) -> None:
    from scelle.base.ids import Digest, ReleaseShare

    slots = tmp_path / "slots"
    share = ReleaseShare(os.urandom(32))
    slots.write_bytes(bytes(SLOT) + encode_slot(1, Digest(os.urandom(32)), share) + bytes(SLOT))
    assert demo_thief.shares_in(slots) == [share]


def test_the_relay_forwards_and_slows_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        relay = Relay(server.getsockname()[1])
        relay.rate = 4_000_000
        body = os.urandom(3_000_000)

        def serve() -> None:
            accepted, _ = server.accept()
            with accepted:
                assert accepted.recv(100) == b"please"
                accepted.sendall(body)

        thread = Thread(target=serve)
        thread.start()
        began = time.monotonic()
        received = bytearray()
        with socket.create_connection(("127.0.0.1", relay.port)) as client:
            client.sendall(b"please")
            while block := client.recv(1 << 16):
                received += block
        thread.join()
        relay.close()
    assert received == body
    assert time.monotonic() - began > 0.6
    assert 0 < relay.passed < len(body)  # the first megabyte does not count as a download
    assert relay.last > began


def test_the_truth_of_a_season_is_not_met_by_a_row_too_many_or_too_few(tmp_path: Path) -> None:
    source, told = tmp_path / "season.csv", tmp_path / "truth.parquet"
    write_population(generate(2_000, seed=1, start=date(2020, 9, 1), days=50, dirty=0.1), source, "csv", truth=told)
    truth = Truth.read(source, told)
    rows = truth.cases.height
    assert 50 < truth.persons <= rows
    assert truth.once_each(truth.cases)
    assert not truth.once_each(truth.cases.head(rows - 1))
    assert not truth.once_each(pl.concat([truth.cases.head(rows - 1), truth.cases.head(1)]))
    assert not truth.once_each(pl.concat([truth.cases, truth.cases.head(1)]))


def test_rows_of_another_region_are_seen() -> None:
    insured = pl.DataFrame({"sample_id": ["a", "b", "c", "d"], "department": ["75", "94", "69", None]})
    assert has_only_its_own(insured.filter(pl.col("sample_id").is_in(["a", "b"])), insured)
    assert has_only_its_own(insured.filter(pl.col("sample_id").is_in(["a", "b", "d"])), insured)
    assert not has_only_its_own(insured.head(1), insured)
    assert not has_only_its_own(insured, insured)
    assert not has_only_its_own(insured.clear(), insured)


def test_the_table_of_views_is_read() -> None:
    table = "to      view     rows\nars-nouvelle-aq…  agency  1\u202f234   30\ncnam/tracing  insurer  5,678  31\n"
    assert explained_rows(table, "ars-nouvelle-aquitaine/cases") == 1234
    assert explained_rows(table, "cnam/tracing") == 5678
    assert explained_rows(table, "ars-idf/cases") is None


@pytest.mark.slow
def test_all_of_it_holds(tmp_path: Path) -> None:
    words = ["demo", "--json", "--size", "30", "--people", "20000", "--lang", "fr", "--keep", str(tmp_path / "demo")]
    command = [sys.executable, "-m", "scelle.cli.main", *words]
    ran = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", timeout=240)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    document = json.loads(ran.stdout)
    assert document["ok"]
    assert len(document["steps"]) == 10
    claims = [claim["holds"] for step in document["steps"] for claim in step["claims"]]
    assert len(claims) >= 21
    assert all(claims)
    statuses = {command["exit"] for step in document["steps"] for command in step["commands"]}
    assert statuses == {0, 8, 9, 17}  # done, expired, frozen, log wrong


@pytest.mark.parametrize("people", ["0", "1999", "x", "15000001"])
def test_a_number_of_people_out_of_bounds_is_refused(people: str, capsys: pytest.CaptureFixture[str]) -> None:
    from scelle.cli.main import run

    assert run(["demo", "--people", people, "--lang", "en"]) == 2
    assert people in capsys.readouterr().err


@pytest.mark.parametrize("size", ["0", "29", "x", "1000000"])
def test_a_size_out_of_bounds_is_refused(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    from scelle.cli.main import run

    assert run(["demo", "--size", size, "--lang", "en"]) == 2
    assert size in capsys.readouterr().err
