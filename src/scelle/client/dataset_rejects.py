"""What a dataset sending set aside, sealed to the sender's key: rejects that can be mended, and the held rows."""

import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from scelle.age.file import open_bytes, seal_bytes
from scelle.age.header import FileKey
from scelle.age.hybrid import HybridIdentity, HybridRecipient
from scelle.base.errors import Exit, PeerError
from scelle.client.disk import DiskExistsError, disk_errors
from scelle.client.home import write_private
from scelle.client.session import ENCRYPTION_PREFIX, Session
from scelle.client.vault import Vault
from scelle.exchange.errors import KeyExpiredError
from scelle.records.checked import Outcome

HELD = "held.csv"
"""Name of the list of held rows: source file, row, codes of the findings."""


class RejectsMalformedError(PeerError):
    """A file of rejects holds something else. Facts: `file`."""

    code = "rejects.malformed"
    exit_status = Exit.MALFORMED
    http_status = 400


def held_listing(outcome: Outcome, paths: Sequence[Path]) -> bytes:
    """The held rows as CSV, without any of their values; empty when there are none."""
    held = replace(outcome, flagged=outcome.flagged.filter("_held")).codes()
    if held.is_empty():
        return b""
    names = pl.Series([path.name for path in paths], dtype=pl.String)
    listing = held.select(
        pl.lit(names).gather(pl.col("_file").cast(pl.UInt32)).alias("file"),
        pl.col("_row").alias("row"),
        pl.col("_codes").list.join(" ").alias("findings"),
    )
    return listing.write_csv(separator=";").encode()


def write_rejects(session: Session, files: Mapping[str, bytes], path: Path) -> None:
    """Seal files to one's own newest encryption key; an earlier file of this name is replaced."""
    subkey = session.me.subkey_at(session.now())
    if subkey is None:
        raise KeyExpiredError(key=session.me.key)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o600
            tar.addfile(entry, io.BytesIO(content))
    draw = session.draw
    sealed = seal_bytes(
        archive.getvalue(), [HybridRecipient(subkey.recipient)], file_key=FileKey(draw(16)), nonce=draw(16)
    )
    with disk_errors(path):
        write_private(path, sealed)


def open_rejects(vault: Vault, path: Path, into: Path) -> list[str]:
    """Open such a file into a folder, with the keys of the vault; the names of the files. Nothing is overwritten.

    Raises RejectsMalformedError, AgeError, and the errors of the disk.
    """
    names = [name for name in vault.names() if name.startswith(ENCRYPTION_PREFIX)]
    identities = [HybridIdentity.from_seed(vault.get(name)) for name in names]
    with disk_errors(path):
        raw = path.read_bytes()
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(open_bytes(raw, identities)), mode="r:") as tar:
            for entry in tar:
                file = tar.extractfile(entry) if entry.isreg() else None
                # Anybody can seal a file to somebody's key: its names are not to be trusted.
                if file is None or Path(entry.name).name != entry.name or not entry.name.isprintable():
                    raise RejectsMalformedError(file=path.name)
                found[entry.name] = file.read()
    except (tarfile.TarError, UnicodeError):
        raise RejectsMalformedError(file=path.name) from None
    with disk_errors(into):
        into.mkdir(parents=True, exist_ok=True)
        for name in found:
            if (into / name).exists():
                raise DiskExistsError(path=str(into / name))
        for name, content in found.items():
            write_private(into / name, content)
    return sorted(found)
