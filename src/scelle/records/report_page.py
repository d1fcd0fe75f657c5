"""The report as one HTML page that needs nothing else: no script, no font, no picture from elsewhere.

It shows counts and places (file and row), never a value of a row; counts of positives are guarded (`report.guarded`).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape

from scelle.records.checked import Outcome
from scelle.records.report import LEAST, Lang, Line, departments, report_words, season, summary
from scelle.records.report_plots import HATCH, Bar, columns, hidden_bar, share_bar, ticks
from scelle.records.rules.batch import Level

LEVELS: Sequence[Level] = ("error", "warning", "notice")
"""In the order of the page."""

_STYLE = """
:root{--ink:#1b2430;--soft:#5b6676;--paper:#fff;--card:#f5f7fa;--line:#dde3ea;--case:#1f6f8b;--error:#b3261e;
--warning:#b56a00;--notice:#4a6fa5;--good:#3c7d4f}
@media (prefers-color-scheme:dark){:root{--ink:#e6ebf1;--soft:#9aa7b7;--paper:#12171e;--card:#1b222c;--line:#303a47;
--case:#58b3cf;--error:#f2857d;--warning:#e8a94f;--notice:#8fb0e0;--good:#7cc490}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:66rem;padding:2rem 1.5rem 4rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
h1{font-size:1.7rem;margin:0 0 .25rem}h2{font-size:1.2rem;margin:2.6rem 0 .6rem}
p{margin:.3rem 0}.soft{color:var(--soft);font-size:.92rem}
.totals{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.8rem;margin:1.4rem 0 .5rem;padding:0}
.totals div{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.8rem 1rem}
.totals dd{margin:0;font-size:1.6rem;font-weight:600;font-variant-numeric:tabular-nums}.totals dt{color:var(--soft)}
table{border-collapse:collapse;width:100%;font-size:.93rem}
th{text-align:left;font-weight:600;color:var(--soft);border-bottom:1px solid var(--line);padding:.3rem .6rem .3rem 0}
td{border-bottom:1px solid var(--line);padding:.38rem .6rem .38rem 0;vertical-align:top}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
code{font:.88em ui-monospace,"SF Mono",Menlo,Consolas,monospace}
.bar{width:100%;min-width:6rem;height:.7rem;display:block;margin-top:.42rem;border-radius:2px}.w{width:20%}
.ground{fill:var(--line)}.case{fill:var(--case)}.good{fill:var(--good)}
.error{fill:var(--error)}.warning{fill:var(--warning)}.notice{fill:var(--notice)}
.tag{font-size:.8rem;font-weight:600;white-space:nowrap}.tag.error{color:var(--error)}.tag.warning{color:var(--warning)}
.tag.notice{color:var(--notice)}
.chart{width:100%;height:auto;display:block}.grid{stroke:var(--line)}.axis{stroke:var(--soft)}
.tick{fill:var(--soft);font-size:12px}.hatch-ground{fill:var(--line)}.hatch-line{stroke:var(--soft);stroke-width:2}
td.p{width:24%}.split{columns:26rem;column-gap:2.5rem}.split table{break-inside:auto}.split tr{break-inside:avoid}
.split .w{width:34%}.narrow{columns:15rem}
@media print{body{max-width:none;padding:0}h2{break-after:avoid}}
"""


def page(outcome: Outcome, *, lang: Lang, sources: Sequence[str]) -> str:
    """The whole page in one language. `sources`: names of the source files, by their index in `_file`."""
    said = _Page(outcome, lang, sources)
    words = said.words
    body = [
        f"<h1>{escape(words['title'])}</h1>",
        said.paragraph("asof", now=said.day(outcome.now), profile=outcome.profile.id),
        said.paragraph("sources", names=", ".join(sources)),
        *said.totals(),
        *said.findings(),
        *said.completeness(),
        *said.days(),
        *said.departments(),
    ]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(words['title'])}</title><style>{_STYLE}</style></head>"
        f"<body>{HATCH}{''.join(body)}</body></html>\n"
    )


class _Page:
    """The sections of one page."""

    def __init__(self, outcome: Outcome, lang: Lang, sources: Sequence[str]) -> None:
        self.outcome, self.lang, self.sources = outcome, lang, sources
        self.words: Mapping[str, str] = {key: self.typeset(text) for key, text in report_words(lang).items()}
        self.summary = summary(outcome, lang=lang, sources=sources)

    def typeset(self, text: str) -> str:
        """French puts a space that does not break before some marks."""
        if self.lang == "fr":
            for mark in ":;!?":
                text = text.replace(f" {mark}", f"\u00a0{mark}")
        return text

    def number(self, count: int) -> str:
        """A whole number with its thousands apart."""
        return f"{count:,}".replace(",", "\u202f" if self.lang == "fr" else ",")

    def percent(self, count: int, of: int) -> str:
        """A share, with one decimal; a small one is not shown as none, nor a large one as all."""
        share = 100 * count / of if of else 0.0
        text = f"{share:.1f}"
        if 0 < share < 0.05:
            text = "< 0.1"
        elif 99.95 <= share < 100:
            text = "> 99.9"
        return (text.replace(".", ",") + "\u00a0%") if self.lang == "fr" else text + "%"

    def day(self, day: date) -> str:
        """A day in digits, in the order of the language."""
        return f"{day:%d/%m/%Y}" if self.lang == "fr" else day.isoformat()

    def paragraph(self, key: str, **facts: str | int) -> str:
        return f"<p class=soft>{escape(self.words[key].format(**facts))}</p>"

    def heading(self, key: str) -> str:
        return f"<h2>{escape(self.words[key])}</h2>"

    def totals(self) -> list[str]:
        """Rows read, sound, flagged and held."""
        counts = {name: getattr(self.summary, name) for name in ("rows", "sound", "flagged", "held")}
        cells = [
            f"<div><dd>{self.number(count)}</dd><dt>{escape(self.words[name])}</dt></div>"
            for name, count in counts.items()
        ]
        return ["<dl class=totals>", *cells, "</dl>", self.paragraph("held_note")]

    def findings(self) -> list[str]:
        """A line for each rule that found something, and the names of the others."""
        lines = self.summary.lines
        out = [self.heading("findings")]
        if lines:
            heads = "".join(
                f"<th{' class=n' if key in ('count', 'share') else ''}>{escape(self.words[key])}</th>"
                for key in ("rule", "count", "share")
            )
            out.append(f"<table><tr>{heads}<th class=w></th><th>{escape(self.words['places'])}</th></tr>")
            most = {level: max((line.count for line in lines if line.level == level), default=1) for level in LEVELS}
            ordered = sorted(lines, key=lambda line: (LEVELS.index(line.level), -line.count))
            out += [self.finding(line, most[line.level]) for line in ordered]
            out += ["</table>", self.paragraph("bars")]
        else:
            out.append(self.paragraph("findings_none"))
        silent = [finding.rule.code for finding in self.outcome.findings if not finding.count]
        if silent:
            out.append(self.paragraph("silent", codes=", ".join(silent)))
        return out

    def finding(self, line: Line, most: int) -> str:
        places = [place.rpartition(":") for place in line.places[:3]]
        form = self.words["place" if len(self.sources) > 1 else "place_alone"]
        shown = "; ".join(form.format(file=file, row=row) for file, _, row in places)
        holds = f" · {escape(self.words['holds'])}" if line.holds else ""
        level = escape(self.words[f"level_{line.level}"])
        share = self.percent(line.count, self.outcome.rows)
        return (
            f"<tr><td><code>{line.code}</code> <span class='tag {line.level}'>{level}{holds}</span><br>"
            f"{escape(self.typeset(line.sentence))}</td><td class=n>{self.number(line.count)}</td>"
            f"<td class=n>{share}</td><td class=w>{share_bar(line.count / most, line.level, share)}</td>"
            f"<td class='p soft'>{escape(shown)}</td></tr>"
        )

    def completeness(self) -> list[str]:
        """How many rows have a value, column by column."""
        rows = self.outcome.rows
        out = [self.heading("completeness"), "<div class=split><table>"]
        name, filled = (escape(self.words[key]) for key in ("column", "filled"))
        out.append(f"<tr><th>{name}</th><th class=n>{filled}</th><th class=w></th></tr>")
        for column in self.outcome.profile.columns:
            count = self.outcome.filled[column.name]
            share = self.percent(count, rows)
            out.append(
                f"<tr><td><code>{column.name}</code> <span class=soft>{escape(self.typeset(column.meaning[self.lang]))}"
                f"</span></td><td class=n>{share}</td>"
                f"<td class=w>{share_bar(count / rows if rows else 0.0, 'good', share)}</td></tr>"
            )
        return [*out, "</table></div>"]

    def count(self, count: int | None) -> str:
        return self.words["hidden"] if count is None else self.number(count)

    def days(self) -> list[str]:
        """Positives by day of sampling, or by week of a long season."""
        over = season(self.outcome)
        title = "days" if over.step == 1 else "weeks"
        out = [self.heading(title)]
        if over.cells:
            labelled = max(1, len(over.cells) // 8)
            bars = [
                Bar(
                    count,
                    self.day(day) if index % labelled == 0 and index + labelled / 2 < len(over.cells) else "",
                    f"{self.day(day)} : {self.count(count)}",
                )
                for index, (day, count) in enumerate(over.cells.items())
            ]
            numbers = [self.number(mark) for mark in ticks(max((bar.count or 0 for bar in bars), default=0))]
            out += [self.paragraph("positives"), columns(bars, says=self.words[title], numbers=numbers)]
        elif over.outside == 0:
            out.append(self.paragraph("nothing"))
        if over.outside != 0:
            out.append(self.paragraph("outside", count=self.count(over.outside)))
        if None in over.cells.values():
            out.append(self.paragraph("guard", least=LEAST))
        return out

    def departments(self) -> list[str]:
        """Positives by department of residence, the most first."""
        shown = departments(self.outcome)
        if not shown:
            return []
        out = [self.heading("departments")]
        most = max((count or 0 for count in shown.values()), default=0)
        rows = sorted(shown.items(), key=lambda item: (-(item[1] or 0), item[0]))
        out.append("<div class='split narrow'><table>")
        for code, count in rows:
            name = escape(code or self.words["unknown"])
            text = escape(self.count(count))
            bar = hidden_bar(text) if count is None else share_bar(count / most if most else 0.0, "case", text)
            out.append(f"<tr><td>{name}</td><td class=n>{text}</td><td class=w>{bar}</td></tr>")
        out.append("</table></div>")
        if None in shown.values():
            out.append(self.paragraph("guard", least=LEAST))
        return out
