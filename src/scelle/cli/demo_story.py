"""The story that `scelle demo` tells: what is done, in order, and what is claimed about it."""

import json
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

from scelle.age.hybrid import HybridIdentity
from scelle.app.randomness import draw
from scelle.base.errors import Exit
from scelle.cli import demo_files, demo_thief
from scelle.cli.demo_files import PLANTS, PURPOSE, SAMPLE, Plant
from scelle.cli.demo_season import CODE, Season
from scelle.cli.demo_stage import Member, Ran, Stage
from scelle.cli.demo_teller import BrokenOffError
from scelle.cli.session import Session
from scelle.cli.words import SHORT

ORIGIN = "demo.scelle.example"
_LAST_INDEX = re.compile(r"^ *[0-9]+(?= .*\n\Z)", re.MULTILINE)
_SLOW = 2_000_000  # bytes a second
_ENOUGH = 3_000_000  # bytes of a download that are seen to arrive before it is cut off
_CUT_WITHIN = 1.0  # seconds
_PATIENCE = 20.0  # seconds


class Story(Season):
    """Tells the story on the terminal; `document` and `failed` say what was done and which claims do not hold."""

    def __init__(self, session: Session, stage: Stage, *, large: int, people: int, samples: Path | None) -> None:
        """`large`: bytes of the large file; `people`: of the season's dataset.

        `samples`: a folder of files to send, instead of generated ones.
        """
        super().__init__(session, stage)
        self._large = large
        self._people = people
        self._samples = samples

    def tell(self) -> None:
        """All of it. Stops early when a command fails that everything else needs; `failed` says so."""
        self._say(self._words("demo.title"))
        self._say(self._words("demo.intro", folder=str(self._stage.folder)), indent="")
        with suppress(BrokenOffError):
            self._found()
            self._join_all()
            self._send_short()
            self._send_long()
            self._open_long()
            self._generate()
            self._verify()
            self._search()
            self._freeze()
            self._send_season()
            self._expire()

    # --- 1, 2: the service and its members ------------------------------------------------------------------

    def _found(self) -> None:
        words, stage = self._words, self._stage
        self._step(words("demo.service"), words("demo.service.text"))
        port, self._url = stage.open_network()
        self._port = port
        self._run(
            *("service", "init", "--data", "service", "--host-org", "aphp", "--origin", ORIGIN),
            *("--listen", f"127.0.0.1:{port}", "--url", self._url),
        )
        began = time.monotonic()
        ready = stage.start_service()
        self._shown(Ran("operator", "scelle service run --data service &", 0, ready, "", time.monotonic() - began))

    def _join_all(self) -> None:
        words = self._words
        self._step(words("demo.join"), words("demo.join.text"))
        self._aphp = self._join("aphp", words("demo.org.aphp"), "Maud Lenoir", "sender")
        self._cnam = self._join("cnam", words("demo.org.cnam"), "Karim Benali", "recipient")
        self._ars = self._join("ars-idf", words("demo.org.ars"), "Jeanne Roux", "recipient")
        for member, name, desk in ((self._cnam, "Karim Benali", "tracing"), (self._ars, "Jeanne Roux", "cases")):
            self._run("desk", "add", desk, "--title", desk.capitalize(), member=member, brief=True)
            self._run("desk", "add", desk, name, member=member)
            self._run("accept", "--from", "aphp", member=member)

    def _join(self, organisation: str, title: str, name: str, role: str) -> Member:
        member = self._stage.member(organisation, draw(12).hex())
        brief = organisation != "aphp"
        code = self._find(CODE, self._run("service", "invite", "--data", "service", organisation, brief=True))
        self._run(
            *("join", self._url, "--code", code, "--name", name, "--email", f"contact@{organisation}.example"),
            *("--organisation-name", title, "--roles", role),
            member=member,
            unlocking=True,
            hide=code,
            brief=brief,
        )
        self._run("unlock", "--for", "15m", member=member, unlocking=True, brief=brief)
        return member

    # --- 3, 4, 5, 6: sending, opening, proving --------------------------------------------------------------

    def _send_short(self) -> None:
        words = self._words
        self._step(words("demo.short"), words("demo.short.text"))
        (self._aphp.folder / "alerte.txt").write_text(f"{demo_files.NAME.text}: {SAMPLE.text}\n", "utf-8")
        self._run(
            *("send", "alerte.txt", "--to", "cnam/tracing", "--purpose", words("demo.short.purpose")),
            *("--expires", "1m"),
            member=self._aphp,
        )
        self._short_until = self._clock.now() + 60
        self._short = self._newest("sent", self._aphp)
        self._stolen = self._stage.folder / "stolen-early"
        demo_thief.steal(self._stage.data, self._stolen)
        self._claim(words("demo.short.stolen"), (self._stolen / "ledger.sqlite").exists())

    def _send_long(self) -> None:
        words, folder = self._words, self._aphp.folder / "envoi"
        self._step(words("demo.send"), words("demo.send.text", size=self._large))
        (folder / "laboratoires").mkdir(parents=True)
        if self._samples is None:
            demo_files.messages(folder / "laboratoires", draw=draw)
        else:
            demo_files.copy(self._samples, folder / "laboratoires")
        demo_files.extract(folder / demo_files.FILE_NAME.text, draw=draw)
        demo_files.large(folder / "registre.csv", self._large, draw=draw)
        self._sent = demo_files.digests(folder)
        ran = self._run(
            *("send", "envoi", "--to", "cnam/tracing,ars-idf/cases", "--purpose", PURPOSE.text, "--expires", "7d"),
            member=self._aphp,
        )
        self._long = self._newest("sent", self._aphp)[:SHORT]
        self._say(words("demo.send.took", files=len(self._sent), milliseconds=round(1000 * ran.seconds)), indent="   ")

    def _open_long(self) -> None:
        words = self._words
        self._step(words("demo.open"), words("demo.open.text"))
        self._run("inbox", member=self._cnam)
        self._run("open", self._long, "--into", "recu", member=self._cnam)
        self._compare(self._cnam)
        self._run("show", self._long, member=self._aphp)
        shown = json.loads(self._stage.run(["show", self._long, "--json"], member=self._aphp).out)
        receipts = [each for each in shown["recipients"] if each["organisation"] == "cnam" and each.get("opened")]
        self._claim(words("demo.open.receipt"), len(receipts) == 1)

    def _compare(self, member: Member) -> None:
        same = demo_files.digests(member.folder / "recu" / "envoi") == self._sent
        self._claim(self._words("demo.open.same", count=len(self._sent), who=member.who), same)

    def _verify(self) -> None:
        words = self._words
        self._step(words("demo.log"), words("demo.log.text"))
        self._run("log", "verify", member=self._cnam)
        self._run("log", "export", "journal", member=self._cnam, brief=True)
        self._run("log", "verify", "journal", member=self._cnam)
        self._falsify(self._cnam.folder / "journal")
        tail = self._run("log", "tail", "--transfer", self._long, member=self._aphp)
        index = self._find(_LAST_INDEX, tail)
        self._run("log", "proof", index.strip(), "--output", "recu.tlog-proof", member=self._aphp, brief=True)
        self._run("log", "verify", "recu.tlog-proof", member=self._aphp)

    def _falsify(self, exported: Path) -> None:
        """Change one byte of one entry, as who wants to rewrite history would."""
        forged = exported.with_name("journal-falsifie")
        shutil.copytree(exported, forged)
        entries = max((forged / "activity" / "tile" / "entries").rglob("*"), key=lambda path: path.is_file())
        data = bytearray(entries.read_bytes())
        data[-1] ^= 1
        entries.write_bytes(data)
        ran = self._stage.run(["log", "verify", forged.name], member=self._cnam)
        self._shown(ran)
        self._claim(self._words("demo.log.forged"), ran.status == Exit.LOG)

    # --- 7: the thief searches ------------------------------------------------------------------------------

    def _search(self) -> None:
        words, stage = self._words, self._stage
        self._step(words("demo.thief"), words("demo.thief.text", encodings=", ".join(demo_thief.ENCODINGS)))
        for plant in PLANTS:
            self._say(f"{words(plant.what)}: {plant.text}", indent="   ", mark="· ")
        stolen = stage.folder / "stolen"
        demo_thief.steal(stage.data, stolen)
        shutil.copyfile(stage.events, stolen / stage.events.name)
        (stolen / "metrics.txt").write_bytes(self._metrics())
        found = demo_thief.search_folder(stolen, PLANTS)
        self._claim(words("demo.thief.nothing", files=found.files, size=found.size), not found.hits)
        memory = None if stage.service_pid is None else demo_thief.search_memory(stage.service_pid, PLANTS)
        if memory is None:
            self._say(words("demo.thief.no-memory"), indent="   ")
        else:
            self._claim(words("demo.thief.memory", size=memory.size), not memory.hits)
        control = self._control()
        seen = {(hit.plant.what, hit.encoding) for hit in control.hits}
        every = {(plant.what, encoding) for plant in PLANTS for encoding in demo_thief.ENCODINGS}
        self._claim(words("demo.thief.control", count=len(seen), size=control.size), seen == every)

    def _metrics(self) -> bytes:
        from http.client import HTTPConnection

        connection = HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
        connection.request("GET", "/metrics")
        answer = connection.getresponse().read()
        connection.close()
        return answer

    def _control(self) -> demo_thief.Search:
        """The same files stored unsealed, as a server that can read them has them, and copies in other encodings."""
        import base64

        folder = self._stage.folder / "unsealed"
        shutil.copytree(self._aphp.folder / "envoi", folder)
        lines = "\n".join(plant.text for plant in PLANTS)
        (folder / "liste.txt").write_bytes(lines.encode())
        (folder / "liste.utf16").write_bytes(lines.encode("utf-16-le"))
        (folder / "liste.hex").write_bytes(lines.encode().hex().encode())
        (folder / "liste.b64").write_bytes(base64.b64encode(lines.encode()))
        return demo_thief.search_folder(folder, PLANTS)

    # --- 8: freeze ------------------------------------------------------------------------------------------

    def _freeze(self) -> None:
        words, stage = self._words, self._stage
        self._step(words("demo.freeze"), words("demo.freeze.text", rate=_SLOW))
        first, second = (
            self._colleague(who, name, "security-officer")
            for who, name in (("rssi-1", "Inès Faure"), ("rssi-2", "Paul Andrieu"))
        )
        relay = stage.relay
        if relay is None:
            raise BrokenOffError
        relay.rate, before = _SLOW, relay.passed
        download = stage.begin(["open", self._long, "--into", "recu"], member=self._ars)
        end = time.monotonic() + _PATIENCE
        while relay.passed < before + _ENOUGH and not download.is_over() and time.monotonic() < end:
            time.sleep(0.01)
        arrived = relay.passed - before
        self._run("freeze", "service", "--reason", words("demo.freeze.reason"), member=first)
        frozen = time.monotonic()
        stopped = download.finish()
        relay.rate = None
        late = max(0.0, relay.last - frozen)
        self._shown(stopped)
        self._claim(words("demo.freeze.arrived", size=arrived), arrived >= _ENOUGH)
        self._claim(
            words("demo.freeze.stopped", status=stopped.status, milliseconds=round(1000 * late)),
            stopped.status == Exit.FROZEN and late < _CUT_WITHIN,
        )
        left = [path for path in (self._ars.folder / "recu").rglob("*") if path.is_file()]
        self._claim(words("demo.freeze.nothing-left"), not left)
        self._say(words("demo.freeze.refused"), indent="   ")
        self._run("open", self._long, "--into", "encore", member=self._cnam, status=Exit.FROZEN)
        self._say(words("demo.freeze.lift"), indent="   ")
        identifier = self._newest("freezes", first)[:SHORT]
        self._run("lift", identifier, member=first)
        self._run("confirm", identifier, member=second)
        self._run("open", self._long, "--into", "recu", member=self._ars)
        self._compare(self._ars)

    # --- 10: expiry -----------------------------------------------------------------------------------------

    def _expire(self) -> None:
        words, stage = self._words, self._stage
        self._step(words("demo.expiry"), words("demo.expiry.text"))
        left = max(0, self._short_until - self._clock.now())
        if left > 1:
            self._say(words("demo.expiry.wait", left=left), indent="   ")
        destroyed = self._wait_destroyed(time.monotonic() + left + _PATIENCE)
        late = 0 if destroyed is None else max(0, destroyed - self._short_until)
        self._claim(words("demo.expiry.destroyed", late=late), destroyed is not None and late < _PATIENCE)
        self._run("open", self._short[:SHORT], "--into", "trop-tard", member=self._cnam, status=Exit.EXPIRED)
        identities = self._identities()
        early = [
            Plant("demo.plant.share", bytes(share)) for share in demo_thief.shares_in(self._stolen / "shares.slots")
        ]
        trace = demo_thief.search_folder(stage.data, early)
        self._claim(words("demo.expiry.erased", count=len(early)), bool(early) and not trace.hits)
        control, after = (
            demo_thief.attempt(self._stolen, self._short, origin=ORIGIN, identities=identities, slots=slots)
            for slots in (self._stolen / "shares.slots", stage.data / "shares.slots")
        )
        opens = any(SAMPLE.raw in plain for plain in control.opened)
        self._claim(words("demo.expiry.shut", parts=after.sealed, note=after.note.purpose), not after.opened)
        self._claim(words("demo.expiry.control"), opens)
        self._say(words("demo.expiry.log"), indent="   ")
        self._run("log", "verify", member=self._aphp)
        self._run("log", "tail", "--transfer", self._short[:SHORT], member=self._aphp)
        self._run("inventory", member=self._aphp)

    def _wait_destroyed(self, until: float) -> int | None:
        """When the service says that it destroyed the transfer (Unix time), once it does."""
        while time.monotonic() < until:
            for line in self._stage.events.read_text("utf-8").splitlines():
                with suppress(ValueError):
                    event = json.loads(line)
                    if event.get("event") == "transfer.destroyed" and event.get("transfer") == self._short:
                        return int(event["time"])
            time.sleep(0.1)
        return None

    def _identities(self) -> list[HybridIdentity]:
        """The recipient's keys, which the thief of its unlocked computer has."""
        from scelle.client import agent
        from scelle.client.session import ENCRYPTION_PREFIX
        from scelle.client.vault import Vault

        vault = Vault(self._cnam.home, agent.stored_key(self._cnam.home) or b"", draw=draw)
        names = [name for name in vault.names() if name.startswith(ENCRYPTION_PREFIX)]
        return [HybridIdentity.from_seed(vault.get(name)) for name in names]
