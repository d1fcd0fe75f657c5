"""HL7 v2: delimiters, escapes, repetitions, corrections, batches; what does not map is set aside whole."""

from pathlib import Path
from typing import Any

import hl7  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records_ingest_kit import hl7_batch, oru, read_text
from scelle.base.errors import ScelleError
from scelle.records.ingest import errors
from scelle.records.ingest.hl7 import MAX_MESSAGE, Delimiters, declared, decode, parse, split_stream, unescape
from scelle.records.ingest.meaning import iso_time

MSH = r"MSH|^~\&|APP|LAB^1^L|TO|TO|20210605120000||ORU^R01|1|P|2.5"
PID = "PID|1||1^^^X^PI||Dupont^Zoé||19840102|F"
OBR = "OBR|1||F1|94500-6^PCR^LN|||20210604"
OBX = "OBX|1|CWE|94500-6^PCR^LN||260373001^Detected^SCT||||||F"


def message(*segments: str) -> str:
    return "".join(segment + "\r" for segment in segments)


def rows(tmp_path: Path, text: str | bytes) -> list[dict[str, Any]]:
    reading, frame = read_text(tmp_path, text, name="in.hl7")
    assert not reading.rejects
    return frame.to_dicts()


def row(tmp_path: Path, *segments: str) -> dict[str, Any]:
    (only,) = rows(tmp_path, message(*segments))
    return only


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("batch", [True, False])
@pytest.mark.parametrize("version", ["2.3", "2.3.1", "2.4", "2.5", "2.5.1"])
def test_line_ends_versions_and_batches_give_the_same_rows(tmp_path: Path, version: str, batch: bool, end: str) -> None:
    messages = [oru(n, end=end, version=version) for n in range(7)]
    text = hl7_batch(messages, end=end) if batch else "".join(messages)
    plain = rows(tmp_path, "".join(oru(n) for n in range(7)))
    assert rows(tmp_path, text) == plain
    assert rows(tmp_path, "\ufeff" + text) == plain
    assert rows(tmp_path, text.encode("utf-16")) == plain


def test_frames_of_the_transport_are_taken_off(tmp_path: Path) -> None:
    framed = "".join(f"\x0b{oru(n)}\x1c\r" for n in range(3))
    assert rows(tmp_path, framed) == rows(tmp_path, "".join(oru(n) for n in range(3)))


def test_declared_delimiters(tmp_path: Path) -> None:
    plain = message(MSH, PID, OBR, OBX)
    other = plain.translate(str.maketrans("|^~&\\", "#!*%?"))
    assert rows(tmp_path, other) == rows(tmp_path, plain)


def test_each_field_of_a_french_message(tmp_path: Path) -> None:
    pid = (
        "PID|1||184013612345607^^^ASIP&1.2.250.1.213.1.4.8&ISO^INS~42^^^HOP^PI||DUPONT^ZOE^ZOE MARIE^^^^L~MARTIN^ZOE"
        "^^^^^D||19840102|F|||1 RUE DE LA PAIX^BAT B^PARIS^^75002^FRA^H^^75102~^^^^^^BDL^^36044||^PRN^CP^^33^^601020304"
        "~^NET^Internet^zoe@example.org|||||||||||||||||||VALI"
    )
    obr = (
        "OBR|1|P1|F1|94500-6^PCR^LN|||20210604082500+0200|||||||||810001234567^Martin^Paul^^^^^^ASIP&1.2.250.1.71.4.2.1"
        "&ISO|^WPN^PH^^33^1^40506070|||||202106051830|||F"
    )
    obx = f"{OBX}|||||||||||| Labo ^^^^^FINESS&1.2.250.1.71.4.2.2&ISO^FINEG^^^750000018"
    said = row(tmp_path, MSH, pid, "NK1|1|DUPONT^ANNE|MTH", obr, obx)
    assert {name: value for name, value in said.items() if value is not None} == {
        "birth_name": "DUPONT",
        "used_name": "MARTIN",
        "first_names": "ZOE MARIE",
        "sex": "F",
        "birth_date": "1984-01-02",
        "birth_place": "36044",
        "nir": "184013612345607",
        "nir_kind": "nir",
        "ins_status": "validated",
        "address_line": "1 RUE DE LA PAIX, BAT B",
        "postcode": "75002",
        "commune": "75102",
        "phone": "+33601020304",
        "email": "zoe@example.org",
        "representative_name": "DUPONT ANNE",
        "prescriber_name": "Martin Paul",
        "prescriber_rpps": "10001234567",
        "prescriber_phone": "+33140506070",
        "lab_name": "Labo",
        "lab_finess": "750000018",
        "sample_id": "F1",
        "collection_date": "2021-06-04",
        "sample_time": "2021-06-04T08:25:00+02:00",
        "received_date": "2021-06-05",
        "test_loinc": "94500-6",
        "test_kind": "pcr",
        "result": "P",
        "result_time": "2021-06-05T18:30:00",
        "_status": "F",
        "_file": 0,
        "_row": 1,
    }


def test_maiden_name_is_the_birth_name(tmp_path: Path) -> None:
    said = row(tmp_path, MSH, "PID|1||||Martin^Zoé^^^^^L~Dupont^Zoé^^^^^M", OBR, OBX)
    assert (said["birth_name"], said["used_name"]) == ("Dupont", "Martin")


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("CWE||260415000^Not detected^SCT", "N"),
        ("CE||X1^local^L^260373001^Detected^SCT", "P"),
        ("CWE||^^^^POSITIF", "POSITIF"),
        ("ST||Positive", "P"),
        ("ST|| not  DETECTED ", "N"),
        ("TX||négatif", "N"),
        ("CWE||419984006", "I"),
        ("CWE||840544004^Suspected", "840544004"),
        ("NM||12.5|UI/mL", "12.5"),
        ("NM||12.5|UI/mL||POS", "P"),
    ],
)
def test_values_become_results(tmp_path: Path, value: str, result: str) -> None:
    kind, _, rest = value.partition("||")
    segment = f"OBX|1|{kind}|94500-6^PCR^LN||{rest}"
    parts = segment.split("|")
    parts += [""] * (11 - len(parts)) + ["F"]
    said = row(tmp_path, MSH, PID, OBR, "|".join(parts))
    assert said["result"] in {result, "P" if result == "POSITIF" else result}


@pytest.mark.parametrize("status", ["F", "C", "W", "D", "P", "X"])
def test_status_of_the_observation_is_kept(tmp_path: Path, status: str) -> None:
    said = row(tmp_path, MSH, PID, OBR, OBX[:-1] + status)
    assert (said["_status"], said["result"]) == (status, "P")


def test_a_result_that_cannot_be_obtained(tmp_path: Path) -> None:
    said = row(tmp_path, MSH, PID, OBR, "OBX|1|CWE|94500-6^PCR^LN||||||||X")
    assert said["result"] == "X"


def test_several_patients_orders_and_observations(tmp_path: Path) -> None:
    other = OBX.replace("260373001", "260415000").replace("94500-6", "94558-4")
    said = rows(
        tmp_path,
        message(
            MSH, PID, OBR, OBX, "OBX|2|CWE|95418-0^Q^LN||Y", "SPM|1|^S1", OBR.replace("F1", "F2"), other, "SPM|1|^S2",
            PID.replace("Dupont", "Petit"), OBR, OBX,
        ),
    )  # fmt: skip
    assert [(r["birth_name"], r["test_kind"], r["result"], r["sample_id"], r["health_professional"]) for r in said] == [
        ("Dupont", "pcr", "P", "S1", "true"),
        ("Dupont", "antigen", "N", "S2", "true"),
        ("Petit", "pcr", "P", "F1", None),
    ]


def test_local_codes_and_comments(tmp_path: Path) -> None:
    local = "OBX|1|ST|SARS^Covid^L||POSITIVE||||||F"
    said = row(tmp_path, MSH, PID, "OBR|1||F1|SARS^Covid^L", local, "OBX|2|TX|COM^Comment^L||Negative||||||F")
    assert (said["result"], said["test_loinc"]) == ("P", None)
    said = row(tmp_path, MSH, PID, OBR, local)  # the order says which test it is
    assert said["test_loinc"] == "94500-6"


def test_lines_broken_inside_a_field_are_joined(tmp_path: Path) -> None:
    text = message(MSH, PID.replace("Dupont", "Du\npont"), OBR, OBX)
    reading, frame = read_text(tmp_path, text, name="in.hl7")
    assert frame["birth_name"].to_list() == ["Du\npont"]
    assert reading.found.files[0].notes["note.hl7-broken-lines"].count == 1


def test_charsets(tmp_path: Path) -> None:
    text = message(MSH + "||||||8859/1", PID, OBR, OBX)
    assert rows(tmp_path, text.encode("latin-1"))[0]["first_names"] == "Zoé"
    assert rows(tmp_path, text.encode())[0]["first_names"] == "ZoÃ©"  # the message says so
    plain = message(MSH, PID, OBR, OBX)
    assert rows(tmp_path, plain.encode("cp1252"))[0]["first_names"] == "Zoé"
    assert rows(tmp_path, plain.encode())[0]["first_names"] == "Zoé"


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (r"A\F\B\S\C\T\D\R\E\E\F", "A|B^C&D~E\\F"),
        (r"1\.br\2", "1\n2"),
        (r"\H\bold\N\ ", "bold "),
        (r"\X4A\\XC3A9\\XE9\ ", "Jéé "),
        (r"no\escape", r"no\escape"),
        (r"unknown \Zfoo\ stays", r"unknown \Zfoo\ stays"),
        ("\\", "\\"),
    ],
)
def test_escapes(escaped: str, text: str) -> None:
    assert unescape(escaped, Delimiters()) == text


@given(st.text(st.sampled_from("aé|^~&\\ x"), max_size=20))
def test_escaping_by_the_peer_is_undone(text: str) -> None:
    peer = hl7.parse(MSH + "\r")
    escaped = peer.escape(text)
    if "\\X" not in escaped or "é" not in text:
        assert unescape(escaped, Delimiters()) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("20210604", "2021-06-04"),
        ("202106040725-0400", "2021-06-04T07:25:00-04:00"),
        ("20210604072530.1234", "2021-06-04T07:25:30"),
        ("2021060407", "2021-06-04T07:00:00"),
        ("2021", "2021"),
        ("202106", "202106"),
        ("not a time", "not a time"),
    ],
)
def test_times(text: str, said: str) -> None:
    assert iso_time(text) == said


# --- what does not map --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "code", "place"),
    [
        (message(MSH.replace("ORU^R01", "ADT^A01"), PID), "reject.hl7-kind", "message 2, MSH-9"),
        (message(MSH, OBR, OBX), "reject.hl7-no-patient", "message 2, PID"),
        (message(MSH), "reject.hl7-no-patient", "message 2, MSH-1"),
        (message(MSH, PID), "reject.hl7-no-result", "message 2, OBX"),
        (message(MSH, PID, OBR), "reject.hl7-no-result", "message 2, OBX"),
        (message(MSH, PID, OBR, "OBX|1|NM|8339-4^Weight^LN||3000|g"), "reject.hl7-no-result", "message 2, OBX"),
        (message(MSH.replace(r"^~\&", "^^^^"), PID, OBR, OBX), "reject.hl7-delimiters", "message 2, MSH-2"),
        (message(MSH.replace(r"^~\&", "abcd"), PID, OBR, OBX), "reject.hl7-delimiters", "message 2, MSH-2"),
        (message(MSH.replace("|", "#"), PID, OBR, OBX), "reject.hl7-delimiters", "message 2, MSH-1"),
    ],
)
def test_a_message_without_row_is_set_aside_whole(tmp_path: Path, bad: str, code: str, place: str) -> None:
    reading, frame = read_text(tmp_path, oru(1) + bad + oru(2), name="in.hl7")
    assert frame["sample_id"].to_list() == ["R000001", "R000002"]
    (reject,) = reading.rejects
    assert (reject.code, reject.place) == (code, place)
    assert reject.raw == bad.rstrip("\r").encode()
    assert reject.facts["line"] == oru(1).count("\r") + 1
    files = reading.reject_files()
    assert files["in-rejects.hl7"] == bad.encode()


def test_mended_messages_are_read_again(tmp_path: Path) -> None:
    bad = message(MSH.replace("ORU^R01", "ORU^R99"), PID, OBR, OBX)
    reading, _ = read_text(tmp_path, bad + oru(3), name="in.hl7")
    mended = reading.reject_files()["in-rejects.hl7"].replace(b"R99", b"R01")
    assert rows(tmp_path, mended) == rows(tmp_path, message(MSH, PID, OBR, OBX))


def test_text_before_the_first_message_is_set_aside(tmp_path: Path) -> None:
    reading, frame = read_text(tmp_path, oru(1) + "BTS|9\rstray words\r" + oru(2), name="in.hl7")
    assert frame.height == 2
    assert [reject.code for reject in reading.rejects] in ([], ["reject.hl7-stray"])


def test_an_open_batch_is_noted_and_its_cut_message_set_aside(tmp_path: Path) -> None:
    whole = hl7_batch([oru(n) for n in range(5)])
    cut = whole[: whole.rindex("OBX|5") + 20]
    reading, frame = read_text(tmp_path, cut, name="in.hl7")
    assert frame.height == 4
    (reject,) = reading.rejects
    assert (reject.code, reject.place) == ("reject.hl7-truncated", "message 5")
    assert reading.found.files[0].notes["note.hl7-batch-open"].facts == {"segment": "FHS/BHS"}


def test_a_batch_that_counts_otherwise_is_noted(tmp_path: Path) -> None:
    reading, _ = read_text(tmp_path, hl7_batch([oru(1)], said=3), name="in.hl7")
    assert reading.found.files[0].notes["note.hl7-batch-count"].said == {"said": 3, "there": 1, "count": 1, "first": 14}


def test_an_endless_message_is_never_read_whole(tmp_path: Path) -> None:
    with pytest.raises(errors.LineTooLongError) as caught:
        read_text(tmp_path, oru(1) + MSH + "x" * MAX_MESSAGE, name="in.hl7")
    assert caught.value.facts["line"] == oru(1).count("\r") + 1


def test_unmapped_fields_are_counted(tmp_path: Path) -> None:
    reading, _ = read_text(tmp_path, oru(1) + oru(2), name="in.hl7")
    unmapped = reading.found.files[0].unmapped
    assert (unmapped["PID-10"], unmapped["SFT"], unmapped["OBX 95417-2"], unmapped["SPM-4"]) == (2, 2, 2, 2)


def test_no_value_is_shown(tmp_path: Path) -> None:
    bad = message(MSH.replace("ORU^R01", "Zyxwvut"), PID.replace("Dupont", "Zyxwvut"))
    reading, _ = read_text(tmp_path, bad + oru(1), name="in.hl7")
    assert "Zyxwvut" not in repr(reading.rejects) + repr(reading.found)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(1, 400), max_size=6), st.sampled_from(["\r", "\n", "\r\n"]))
def test_pieces_do_not_depend_on_how_the_file_is_cut(cuts: list[int], end: str) -> None:
    data = hl7_batch([oru(n, end=end) for n in range(3)], end=end).encode()
    chunks, start = [], 0
    for cut in cuts:
        chunks.append(data[start : start + cut])
        start += cut
    chunks.append(data[start:])
    whole = list(split_stream([data]))
    assert list(split_stream(chunk for chunk in chunks if chunk)) == whole
    assert [piece[:3] for _, piece in whole] == [b"FHS", b"BHS", b"MSH", b"MSH", b"MSH", b"BTS", b"FTS"]


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 900))
def test_any_damage_gives_rows_rejects_or_one_of_our_errors(tmp_path_factory: Any, damage: bytes, at: int) -> None:
    data = oru(1).encode()
    try:
        reading, frame = read_text(tmp_path_factory.mktemp("h"), data[:at] + damage + data[at:], name="in.hl7")
    except ScelleError:
        return
    assert frame.height + len(reading.rejects) >= 1


@given(st.lists(st.text(st.sampled_from("ab~^&é "), max_size=8), min_size=1, max_size=6))
def test_splitting_agrees_with_the_peer(fields: list[str]) -> None:
    segment = "ZZZ|" + "|".join(fields) + "|end"
    peer = hl7.parse(f"{MSH}\r{segment}\r")
    ours = parse(decode(f"{MSH}\r{segment}".encode())[0], Delimiters())
    assert declared(MSH.encode()) == Delimiters()
    for number in range(1, len(fields) + 1):
        for repetition, parts in enumerate(ours.segments[1][number].split("~"), 1):
            for component, text in enumerate(parts.split("^"), 1):
                assert peer.extract_field("ZZZ", 1, number, repetition, component) == text.split("&")[0]
