"""An answer of `rsb read` told to people: the text with what was found in it marked, then a sentence for each record.

Ids are replaced by names, codes by their labels. Colours are ANSI styles, which the caller strips in a pipe. It
shows what the answer holds and adds nothing to it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import click

from pipeline import contract
from pipeline.codes import Codes
from pipeline.registry import NAMED

Row = dict[str, Any]
Span = tuple[int, int, str]

STYLES: dict[str, dict[str, Any]] = {
    "actors": {"fg": "cyan"},
    "places": {"fg": "green"},
    "commodities": {"fg": "yellow"},
    "figures": {"fg": "magenta"},
    "claims": {"bold": True, "underline": True},
}
"""How the finds of each table are marked in the text; those of claims are their cues, and go with any colour."""
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_CUES = "claims"
_AMOUNT = ("value", "low", "high", "measure")
"""The columns of a figure whose words are marked: the foremost that has any."""


def tell(answer: Row, codes: Codes) -> Iterator[str]:
    """The lines for one answer without an error."""
    tables, source = answer["tables"], answer["source"]
    yield click.style(printable(answer["path"]), bold=True)
    told = [source[column] for column in ("title", "publisher", "published") if source[column]]
    if told:
        yield printable(" · ".join(told))
    yield ""
    yield paint(answer["text"].rstrip("\n"), marks(tables))
    yield ""
    yield "marked: " + ", ".join(click.style("cues" if kind == _CUES else kind, **STYLES[kind]) for kind in STYLES)
    yield from Teller(tables, codes).lines()


def printable(text: str) -> str:
    """`text` with `�` for each character that would steer a terminal or turn its writing direction."""
    return _STEERING.sub("\ufffd", text)


def marks(tables: dict[str, list[Row]]) -> Iterator[Span]:
    """The spans of the text that are marked, each with the table it is for."""
    named = {row[contract.facts(table).key[0]]: table for table in NAMED for row in tables[table]}
    figures: dict[str, dict[str, list[Span]]] = {row["figure_id"]: defaultdict(list) for row in tables["figures"]}
    for row in tables["evidence"]:
        record, column = row["record_id"], row["column_name"]
        start, end = row["span_start"], row["span_end"]
        if column == "name" and record in named:
            yield start, end, named[record]
        elif column == "cue":
            yield start, end, _CUES
        elif record in figures and column in _AMOUNT:
            figures[record][column].append((start, end, "figures"))
    for found in figures.values():
        yield from next((found[column] for column in _AMOUNT if column in found), ())


def paint(text: str, spans: Iterable[Span]) -> str:
    """`text` with its spans styled; of colours that overlap, that of the shorter span shows."""
    colours: list[str | None] = [None] * len(text)
    cues = [False] * len(text)
    for start, end, kind in sorted(spans, key=lambda span: (span[0] - span[1], span)):
        if kind == _CUES:
            cues[start:end] = [True] * (end - start)
        else:
            colours[start:end] = [kind] * (end - start)
    painted = []
    for (kind, cue), run in groupby(zip(printable(text), colours, cues, strict=True), key=lambda one: one[1:]):
        style = {**(STYLES[kind] if kind else {}), **(STYLES[_CUES] if cue else {})}
        piece = "".join(char for char, _, _ in run)
        painted.append(click.style(piece, **style) if style else piece)
    return "".join(painted)


class Teller:
    """Says the records of one answer in sentences."""

    def __init__(self, tables: dict[str, list[Row]], codes: Codes) -> None:
        self.tables, self.codes = tables, codes
        self.names: dict[str, str] = {}
        for table in NAMED:
            self.names |= {row[contract.facts(table).key[0]]: row["name"] for row in tables[table]}
        self.cast: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for row in tables["participants"]:
            self.cast[row["record_id"]][row["role"]].append(self.name(row["actor_id"]))
        self.cues: dict[str, str] = {}
        self.starts: dict[str, int] = {}
        for row in sorted(tables["evidence"], key=lambda row: (row["span_start"], row["span_end"])):
            self.starts.setdefault(row["record_id"], row["span_start"])
            if row["column_name"] == "cue":
                self.cues.setdefault(row["record_id"], row["quote"])
        self.claims: dict[str, list[Row]] = defaultdict(list)
        for row in self._in_order("claims"):
            self.claims[row["record_id"]].append(row)

    def lines(self) -> Iterator[str]:
        """Each table that has rows: its heading, and each record with its claims below it."""
        told = False
        # In the declared order a record comes after those it may refer to.
        for table in contract.proposition_tables():
            if self.tables[table]:
                yield f"\n{click.style(table.capitalize(), bold=True)}"
            for row in self._in_order(table):
                told = True
                key, sentence = row[contract.facts(table).key[0]], self.sentence(table, row)
                self.names[key] = row.get("title") or f"“{sentence}”"
                yield printable(f"  {sentence} [{self.label(table, 'status', row)}]")
                yield from (printable(f"      {self.claim(claim)}") for claim in self.claims[key])
        if not told:
            yield "\nnothing was found"

    def _in_order(self, table: str) -> list[Row]:
        """The rows of a table in the order in which the text tells them."""
        key = contract.facts(table).key[0]
        return sorted(self.tables[table], key=lambda row: (self.starts.get(row[key], 0), row[key]))

    def name(self, key: str) -> str:
        """What an id is called; the id itself where the answer does not hold its row."""
        return self.names.get(key, key)

    def label(self, table: str, column: str, row: Row) -> str:
        """The label of a coded cell in lower case, but for one that is its code, such as a currency's; '' for null."""
        code = contract.canonical(row[column])
        vocabulary = next(one.vocabulary for one in contract.columns(table) if one.name == column) or ""
        label = self.codes.by_vocabulary.get(vocabulary, {}).get(code, {}).get("label", code)
        return label if label == code else label.lower()

    def sentence(self, table: str, row: Row) -> str:
        """What a record says."""
        says = {
            "deals": self._deal,
            "terms": self._term,
            "events": self._event,
            "relations": self._relation,
            "figures": self._figure,
        }
        return says[table](row)

    def _deal(self, row: Row) -> str:
        cast, kind = self.cast[row["deal_id"]], self.label("deals", "deal_type", row)
        title = row["title"] or kind.capitalize()
        return _joined(
            title,
            "" if kind in title.lower() else kind,
            self.label("deals", "stage", row),
            _said("on", row["stage_date"]),
            _said("opened", row["opened"]),
            _said("signed on", row["signed"]),
            _said("parties", " and ".join(cast["party"])),
            _said("mediated by", " and ".join(cast["mediator"])),
        )

    def _term(self, row: Row) -> str:
        what = self.label("terms", "term_type", row)
        who = _said("from", self._named(row["giver_id"])) + _said(" to", self._named(row["receiver_id"]))
        return _joined(
            f"{self.label('terms', 'act', row).capitalize()}: {what}",
            self._named(row["commodity_id"]),
            who.strip(),
            self._where_and_when("date", row),
            _said("in", self._named(row["deal_id"])),
        )

    def _event(self, row: Row) -> str:
        cast = self.cast[row["event_id"]]
        return _joined(
            self.label("events", "event_type", row).capitalize()
            + _said(" by", " and ".join(cast["actor"]))
            + _said(" towards", " and ".join(cast["recipient"])),
            _said("victims:", " and ".join(cast["victim"])),
            _said("mediated by", " and ".join(cast["mediator"])),
            self.label("events", "violence_type", row),
            self._where_and_when("date", row),
            _said("in", self._named(row["deal_id"])),
        )

    def _relation(self, row: Row) -> str:
        what = [self._named(row["object_id"]), self._named(row["commodity_id"])]
        predicate = self.label("relations", "predicate", row)
        return _joined(
            f"{self._named(row['subject_id'])} {predicate} {': '.join(filter(None, what))}",
            self._where_and_when("period", row),
        )

    def _figure(self, row: Row) -> str:
        return _joined(
            f"{self.label('figures', 'measure', row).capitalize()}: {self._amount(row)}",
            _said("about", self._named(row["about_id"])),
            self._named(row["commodity_id"]),
            self.label("figures", "basis", row),
            self._where_and_when("period", row),
        )

    def _amount(self, row: Row) -> str:
        ends = [_number(end) for end in (row["low"], row["high"]) if end is not None]
        number = "–".join(ends) if row["value"] is None else _number(row["value"])
        bound = "" if row["bound"] in ("exact", "range") else self.label("figures", "bound", row)
        if row["bound"] == "vague" and number:
            bound = "vague, from"
        return " ".join(filter(None, (bound, number, self.label("figures", "unit", row))))

    def _named(self, key: str | None) -> str:
        return "" if key is None else self.name(key)

    def _where_and_when(self, column: str, row: Row) -> str:
        return _joined(_said("at", self._named(row["place_id"])), _said("date", row[column]))

    def claim(self, row: Row) -> str:
        """Who takes what stance, and the words that show it."""
        holder = self.name(row["holder_id"]) if row["holder_id"] else "the publication"
        stance = [self.label("claims", column, row) for column in ("certainty", "polarity", "realis")]
        told = f"{holder}: {self.label('claims', 'act', row)} ({', '.join(filter(None, stance))})"
        cue = self.cues.get(row["claim_id"])
        return told + _said(" on", row["said"]) + (f" “{cue}”" if cue else "")


def _said(before: str, what: str | None) -> str:
    return f"{before} {what}" if what else ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() else f"{value:,}"


def _joined(*parts: str) -> str:
    return ", ".join(filter(None, parts))
