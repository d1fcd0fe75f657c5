"""What the demonstration sends: an extract of invented people, laboratory messages, and a large file of rows.

Every person is invented: the social-security numbers carry a department that does not exist (99 is abroad) and a
valid key, so that they look like the real thing to whoever searches for them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from shutil import copyfile

_BLOCK = 1 << 20
_HEADER = (
    "numero;nom;prenom;sexe;naissance;nir;adresse;commune;telephone;preleve;loinc;resultat;laboratoire;echantillon\n"
)
_SURNAMES = ("MARTIN", "BERNARD", "DUBOIS", "PETIT", "DURAND", "LEROY", "MOREAU", "SIMON", "LAURENT", "GARCIA")
_FORENAMES = ("CAMILLE", "LOUISE", "GABRIEL", "JADE", "RAPHAEL", "ALICE", "ADAM", "EMMA", "LINA", "NOE")
_STREETS = ("RUE DES LILAS", "AVENUE FOCH", "BD VOLTAIRE", "PLACE DU MARCHE", "ALLEE DES TILLEULS")
_TOWNS = ("75013 PARIS", "94800 VILLEJUIF", "93200 SAINT-DENIS", "92110 CLICHY", "78000 VERSAILLES")


@dataclass(frozen=True, slots=True)
class Plant:
    """Something that must be found nowhere but where it was put. `what`: key of its description in the words."""

    what: str
    raw: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The plant as text; all of them are ASCII, but for shares of keys."""
        return self.raw.decode("ascii", "replace")


NAME = Plant("demo.plant.name", b"ROUSSELIERE-DEMONSTRATION Apolline")
SAMPLE = Plant("demo.plant.sample", b"ECHANTILLON-DEMO-7F3A9C55")
FILE_NAME = Plant("demo.plant.file", b"positifs-idf-semaine-38-demonstration.csv")
PURPOSE = Plant("demo.plant.purpose", b"Suivi des contacts, semaine 38 (objet-demo-41c7)")


def nir(body: str) -> str:
    """A social-security number: 13 digits and their key of two (97 minus the number modulo 97)."""
    return f"{body}{97 - int(body) % 97:02}"


NIR = Plant("demo.plant.nir", nir("2840799042117").encode())
PLANTS = (NAME, NIR, SAMPLE, FILE_NAME, PURPOSE)
"""A name, a number, a sample and a file's name are in what is sent; the purpose is beside it."""


def _rows(draw: Callable[[int], bytes], count: int) -> list[str]:
    """So many different people, each without the number of their row and the id of their sample."""
    rows = []
    for _ in range(count):
        d = draw(12)
        body = f"{1 + d[0] % 2}{d[1] % 100:02}{1 + d[2] % 12:02}99{int.from_bytes(d[3:6]) % 1000000:06}"
        rows.append(
            f"{_SURNAMES[d[6] % 10]};{_FORENAMES[d[7] % 10]};{'MF'[d[0] % 2]};19{d[1] % 100:02}-{1 + d[2] % 12:02}-"
            f"{1 + d[8] % 28:02};{nir(body)};{d[9]} {_STREETS[d[10] % 5]};{_TOWNS[d[11] % 5]};06{body[5:13]};"
            f"2020-09-{1 + d[8] % 20:02};94500-6;{'PNNN'[d[6] % 4]};LABO {d[7]:03};"
        )
    return rows


def extract(path: Path, *, draw: Callable[[int], bytes]) -> None:
    """The extract for contact tracing: a few hundred rows, among them the planted person."""
    lines = [f"{number};{row}{draw(8).hex().upper()}\n" for number, row in enumerate(_rows(draw, 400))]
    surname, forename = NAME.text.split(" ")
    lines[211] = (
        f"211;{surname} {forename};{forename};F;1984-07-14;{NIR.text};7 RUE DES LILAS;75013 PARIS;0600000000;"
        f"2020-09-14;94500-6;P;LABO 007;{SAMPLE.text}\n"
    )
    path.write_text(_HEADER + "".join(lines), "utf-8", newline="\n")


def large(path: Path, size: int, *, draw: Callable[[int], bytes]) -> None:
    """A file of `size` bytes: rows like those of the extract, each with a sample id of its own."""
    rows = _rows(draw, 10_000)  # more than the compressor's window, so that the file compresses as a real one does
    number = 0
    with path.open("wb") as file:
        written = file.write(_HEADER.encode())
        while written < size:
            ids = draw(8 * len(rows)).hex().upper()
            text = "".join(
                f"{number + place};{row}{ids[16 * place : 16 * place + 16]}\n" for place, row in enumerate(rows)
            )
            number += len(rows)
            written += file.write(text.encode()[: size - written])


_MESSAGE = """MSH|^~\\&|LABO007|APHP|SIDEP|CNAM|202009141030||ORU^R01^ORU_R01|{id}|P|2.5.1
PID|1||{nir}^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS||{surname}^{forename}||19840714|F
OBR|1|{sample}||94500-6^SARS-CoV-2 RNA^LN|||202009140900
OBX|1|CWE|94500-6^SARS-CoV-2 RNA^LN||260373001^Detected^SCT||||||F|||202009141015
"""


def messages(folder: Path, *, draw: Callable[[int], bytes]) -> None:
    """Laboratory results as HL7 v2.5.1 messages, where no real ones are at hand."""
    rows = _rows(draw, 12)
    for number in range(12):
        row = rows[number].split(";")
        text = _MESSAGE.format(id=number, nir=row[4], surname=row[0], forename=row[1], sample=draw(8).hex().upper())
        (folder / f"resultat-{number:02}.hl7").write_text(text.replace("\n", "\r"), "utf-8", newline="")


def copy(source: Path, target: Path) -> None:
    """Copy the files of a folder, without their modes: a sample may be read-only, its copy is to be removed."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            copyfile(path, place)


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by its name in there."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                digest = sha256()
                while block := file.read(_BLOCK):
                    digest.update(block)
            found[path.relative_to(folder).as_posix()] = digest.hexdigest()
    return found
