"""Hand-coded records: `data/coded/<source_id>.yaml`, and gold in the same format, read as proposals.

Every value carries a quote, which is looked up in the document's text, or is marked as inferred from the record's
own quote. `complete: true` says that the coder read the whole document and coded all that belongs in the tables;
`reviewed_by: <who>`, with `review: accepted|corrected`, that its records were read against it. `text_sha256` marks
annotations of a text that may not be part of the project: spans ("120-145", code points) stand in them for quotes.
Whether a number, date or name follows from its quote is checked where all proposals are, in `assemble`.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipeline import contract
from pipeline.codes import Codes
from pipeline.errors import RsbError, together
from pipeline.marked import MarkedFile, Node, is_null, yaml_files
from pipeline.proposals import CLAIM_PARTS, CODED, LOCAL, REVIEWS, ROLE, UNNAMED, WHOLE, Mention, Proposals, Record
from pipeline.registry import LEARNED, NAMED, Registry, how_to_mend
from schemas.base import SLUG

OWN_CLAIM = {"act": "state", "certainty": "CT", "polarity": "pos", "realis": "actual"}
"""What a publication does with a record for which the coder names no claim."""
CLAIMS = "claims"
FILE_KEYS = ("source", "coder", "text_sha256", "complete", "review", "reviewed_by", "mentions", "records")
RECORD_KEYS = ("ref", "table", "within", "roles", "quotes", "inferred", "claims")
_CLAIM_KEYS = ("ref", "within", "quotes", "inferred")


@cache
def value_columns(table: str) -> dict[str, contract.Column]:
    """The columns that a proposal of this table may fill: neither derived, nor its id, nor its source."""
    hidden = {LEARNED, "source_id"} | (set(contract.facts(table).key) if table in NAMED else set())
    return {c.name: c for c in contract.columns(table) if not c.derived and c.name not in hidden}


def missing_columns(table: str, values: Mapping[str, Any]) -> list[str]:
    """The columns without which a proposal of this table says nothing, as far as `values` lacks them."""
    needed = [name for name, column in value_columns(table).items() if not column.nullable and values.get(name) is None]
    # A registered deal is named by its id, and has its type from the registry; any other has no id yet.
    spared = ("deal_id",) if table == "deals" else ()
    return [name for name in needed if name not in spared and not (table == "deals" and values.get("deal_id"))]


def read_folder(folder: Path, texts: Mapping[str, str], registry: Registry, codes: Codes) -> list[Proposals]:
    """Read all files of a folder, by name; `texts` are the documents' by id.

    Raises `RsbError` with the problems of all files.
    """
    read, problems = [], []
    for path in yaml_files(folder):
        try:
            if path.stem not in texts:
                mend = "name the file after a source that `rsb ingest` keeps"
                raise RsbError(f"there is no document {path.stem}", path=path, mend=mend)
            read.append(read_coded(path, texts[path.stem], registry, codes))
        except RsbError as problem:
            problems.append(problem)
    if problems:
        raise together(problems)
    return read


def read_coded(path: Path, text: str, registry: Registry, codes: Codes) -> Proposals:
    """The records of one file; its stem is the id of the document whose text is `text`.

    Raises `RsbError` with all problems of the file, each with its line and mend: malformed YAML, an unknown table,
    column, code or id, a value without a quote, a quote that is absent from the text or stands in it repeatedly.
    """
    return _Reader(MarkedFile(path), text, registry, codes).read(path.stem)


@dataclass(frozen=True, slots=True)
class Span:
    """Where a quote stands."""

    start: int
    end: int


class QuoteFinder:
    """Looks up the quotes of one file in one document's text; complains in the file."""

    def __init__(self, file: MarkedFile, text: str) -> None:
        self.file, self.text = file, text
        self.by_spans = False

    def passage(self, node: Node | None) -> Span:
        """Where the passage that `within` names stands; the whole text without one."""
        whole = Span(0, len(self.text))
        return whole if node is None else (self._find(node, "within", whole) or whole)

    def quotes(self, node: Node | None, within: Span) -> dict[str, tuple[Node, list[Span]]]:
        """Column → its node and spans, for the entries of a `quotes` mapping."""
        found: dict[str, tuple[Node, list[Span]]] = {}
        for column, value in (self.file.mapping(node, "quotes") if node is not None else {}).items():
            several = value.value if isinstance(value, yaml.SequenceNode) else [value]
            spans = [span for one in several if (span := self._find(one, column, within, one_line=True))]
            found[column] = (value, spans)
        return found

    def _find(self, node: Node, column: str, within: Span, *, one_line: bool = False) -> Span | None:
        if self.by_spans:
            return self._span(node, column)
        quote, nth = self._wanted(node, column)
        if not quote:
            return None
        if one_line and "\n" in quote:
            self.file.complain(node, "a quote never crosses a line end", column=column, mend="quote one line of it")
            return None
        starts = occurrences(self.text, quote, within)
        if not starts:
            near = _near(self.text, quote, within)
            mend = f"the text has “{near}”" if near else "quote the text character by character"
            self.file.complain(node, f"“{quote}” is not in the text", column=column, mend=mend)
        elif nth is None and len(starts) > 1:
            mend = "quote more of it, name the passage with `within`, or write {quote: …, nth: 1}"
            self.file.complain(node, f"“{quote}” stands there {len(starts)} times", column=column, mend=mend)
        elif nth is not None and nth > len(starts):
            self.file.complain(node, f"“{quote}” stands there {len(starts)} times, not {nth}", column=column)
        else:
            start = starts[(nth or 1) - 1]
            return Span(start, start + len(quote))
        return None

    def _span(self, node: Node, column: str) -> Span | None:
        told = re.fullmatch(r"(\d{1,9})-(\d{1,9})", self.file.text(node, column) or "")
        if told is None or not int(told[1]) < int(told[2]) <= len(self.text):
            mend = "write the span in code points, as 120-145"
            self.file.complain(node, "is no span of the text", column=column, mend=mend)
            return None
        return Span(int(told[1]), int(told[2]))

    def _wanted(self, node: Node, column: str) -> tuple[str, int | None]:
        nth = None
        if isinstance(node, yaml.MappingNode):
            entry = self.file.mapping(node, f"the quote of {column}", allowed=("quote", "nth"), needed=("quote",))
            told = self.file.text(entry.get("nth"), "nth")
            if told is not None and (not told.isdecimal() or int(told) < 1):
                self.file.complain(node, f"nth is “{told}”", column=column, mend="count from 1")
            elif told is not None:
                nth = int(told)
            quote = self.file.text(entry.get("quote"), "quote") or ""
        else:
            quote = self.file.text(node, f"the quote of {column}") or ""
            if not quote:
                self.file.complain(node, "an empty quote", column=column, mend="quote the words, or delete the line")
        return unicodedata.normalize("NFC", quote), nth


def text_hash(text: str) -> str:
    """The SHA-256 of a text's UTF-8 bytes, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def occurrences(text: str, quote: str, within: Span) -> list[int]:
    """Where `quote` begins inside a span of `text`, overlapping ones included."""
    found, start = [], text.find(quote, within.start, within.end)
    while start != -1:
        found.append(start)
        start = text.find(quote, start + 1, within.end)
    return found


_PLAIN = str.maketrans(dict(zip("’‘“”–—\u00a0\n", "''\"\"--  ", strict=True)))


def _near(text: str, quote: str, within: Span) -> str | None:
    """What stands in the text for a quote that differs from it in quotation marks, dashes or blanks alone."""
    at = text.translate(_PLAIN).find(quote.translate(_PLAIN), within.start, within.end)
    return text[at : at + len(quote)] if at != -1 and "\n" not in text[at : at + len(quote)] else None


class CellReader:
    """Reads the values of one file; complains in the file of what does not fit its column.

    ids_known: whether ids must be in the registry or the file; else any text passes, to be compared.
    """

    def __init__(self, file: MarkedFile, registry: Registry, codes: Codes, *, ids_known: bool = True) -> None:
        self.file, self.registry, self.codes, self.ids_known = file, registry, codes, ids_known
        self.local: dict[str, str] = {}

    def value(self, column: contract.Column, node: Node) -> Any:
        """The typed value of a node; None where it is null or wrong."""
        text = self.file.text(node, column.name)
        if text is None:
            return None
        if column.refers_to:
            return self.reference(text, column.refers_to, node, column.name)
        try:
            return contract.parse_cell(column, unicodedata.normalize("NFC", text), self.codes)
        except ValueError as error:
            self.file.complain(node, str(error), column=column.name, mend=how_to_mend(column))
            return None

    def reference(self, text: str, targets: tuple[str, ...], node: Node, column: str) -> str | None:
        """An id of one of the tables `targets`, or a local reference to such a record."""
        table = self.local.get(text) or self.registry.table_of.get(text)
        if table in targets or not self.ids_known:
            return text
        told = f"{text} is {'of ' + table if table else 'unknown'}, not of {' or '.join(targets)}"
        mend = "correct the id, add it to data/registry/, or give it a record here (`#ref` for deals and the like)"
        self.file.complain(node, told, column=column, mend=mend)
        return None

    def actors(self, node: Node, role: str) -> list[str]:
        """The actors of a role: a list or one id."""
        nodes = [node] if isinstance(node, yaml.ScalarNode) else self.file.items(node, role)
        ids = [self.reference(self.file.text(one, role) or "", ("actors",), one, role) for one in nodes]
        return [actor for actor in ids if actor]


@dataclass(frozen=True, slots=True)
class _Passage:
    """What grounds a record: the passage it is in, its quotes, and the columns that are inferred."""

    within: Span
    quotes: dict[str, tuple[Node, list[Span]]]
    inferred: frozenset[str]

    def mentions(self, column: str, fallback: str | None = None) -> list[Mention]:
        """The mentions of a column: its own quotes, else those of `fallback`, inferred."""
        if column in self.quotes:
            return [Mention(column, s.start, s.end, column in self.inferred) for s in self.quotes[column][1]]
        if fallback in self.quotes and fallback is not None:
            return [Mention(column, s.start, s.end, True) for s in self.quotes[fallback][1]]
        return []


class _Reader:
    """Reads one file; the state is what the file has told so far."""

    def __init__(self, file: MarkedFile, text: str, registry: Registry, codes: Codes) -> None:
        self.file = file
        self.finder = QuoteFinder(file, text)
        self.cells = CellReader(file, registry, codes)
        self.registry, self.codes = registry, codes
        self.records: list[Record] = []

    def read(self, source_id: str) -> Proposals:
        top = self.file.mapping(self.file.root, "the file", allowed=FILE_KEYS, needed=("source", "coder"))
        told = self.file.text(top.get("source"), "source")
        if told and told != source_id:
            mend = "a file is named after its source"
            self.file.complain(top["source"], f"source is {told}, the file {source_id}", column="source", mend=mend)
        self._check_text(top.get("text_sha256"))
        entries = [
            (node, self.file.mapping(node, "a record", needed=("ref", "table")))
            for node in self.file.items(top.get("records"), "records")
        ]
        for _, entry in entries:
            self._register(entry)
        self.file.raise_problems()  # without refs and tables nothing else can be judged
        for node, entry in entries:
            self._read_record(node, entry)
        self._read_mentions(top.get("mentions"))
        complete = self._is_complete(top.get("complete"))
        review, reviewer = self._read_review(top)
        self.file.raise_problems()
        return Proposals(source_id, self.records, complete, review, reviewer)

    def _check_text(self, node: Node | None) -> None:
        """Spans hold for one text only: complains where the document's is another."""
        self.finder.by_spans = node is not None
        if node is not None and self.file.text(node, "text_sha256") != text_hash(self.finder.text):
            mend = "give the text that was annotated, or annotate this one"
            self.file.complain(node, "the document has another text", column="text_sha256", mend=mend)

    def _is_complete(self, node: Node | None) -> bool:
        if node is None:
            return False
        if self.file.text(node, "complete") != "true":
            self.file.complain(node, "complete is true or not there", column="complete", mend="write `complete: true`")
        return True

    def _read_review(self, top: Mapping[str, Node]) -> tuple[str, str | None]:
        """The review of all records of the file, and its reviewer."""
        review, reviewer = (self.file.text(top.get(name), name) for name in ("review", "reviewed_by"))
        if review is not None and reviewer is None:
            self.file.complain(top["review"], "a review without a reviewer", column="review", mend="add `reviewed_by`")
        if review is not None and review not in REVIEWS[1:]:
            told = f"review is “{review}”"
            self.file.complain(top["review"], told, column="review", mend=f"use {' or '.join(REVIEWS[1:])}")
        return (review or REVIEWS[1] if reviewer else REVIEWS[0]), reviewer

    def _register(self, entry: Mapping[str, Node]) -> None:
        table = self.file.text(entry.get("table"), "table")
        ref = self.file.text(entry.get("ref"), "ref")
        if not table or not ref:
            return
        allowed = (*NAMED, *contract.proposition_tables())
        if table not in allowed:
            mend = "write claims under their record" if table == CLAIMS else f"use {', '.join(allowed)}"
            self.file.complain(entry["table"], f"no records of {table} are coded", column="table", mend=mend)
        else:
            if not re.fullmatch(SLUG, ref):
                mend = "use letters, digits and single hyphens"
                self.file.complain(entry["ref"], f"“{ref}” is no slug", column="ref", mend=mend)
            self._name(entry["ref"], ref if table in NAMED else LOCAL + ref, table)
        for position, claim in enumerate(self.file.items(entry.get("claims"), "claims")):
            name = self.file.text(self.file.mapping(claim, "a claim").get("ref"), "ref") or f"{ref}.{position + 1}"
            self._name(claim, LOCAL + name, CLAIMS)

    def _name(self, node: Node, ref: str, table: str) -> None:
        if ref in self.cells.local:
            self.file.complain(node, f"two records are called {ref}", column="ref", mend="give one another ref")
        self.cells.local[ref] = table

    def _read_record(self, node: Node, entry: Mapping[str, Node]) -> None:
        table, ref = self.file.text(entry["table"], "table") or "", self.file.text(entry["ref"], "ref") or ""
        columns = value_columns(table)
        self.file.mapping(node, f"a record of {table}", allowed=(*RECORD_KEYS, *columns))
        values = self._values(entry, columns)
        roles = self._roles(entry.get("roles"), table)
        if table in NAMED:
            self._check_named(node, table, ref, values)
        else:
            ref = LOCAL + ref
            self._check_needed(node, table, values)
        passage = self._passage(entry)
        record = Record(ref, table, values, roles, [], CODED)
        record.mentions = self._ground(node, record, passage)
        self.records.append(record)
        if table not in NAMED:
            self._read_claims(entry, record, passage)

    def _values(self, entry: Mapping[str, Node], columns: Mapping[str, contract.Column]) -> dict[str, Any]:
        read = {name: self.cells.value(column, entry[name]) for name, column in columns.items() if name in entry}
        return {name: value for name, value in read.items() if value is not None}

    def _roles(self, node: Node | None, table: str) -> list[tuple[str, str]]:
        if node is None:
            return []
        if table not in ("deals", "events"):
            self.file.complain(node, f"{table} have no roles", mend="use the columns of the table")
            return []
        allowed = self.codes.allowed("role")
        entries = self.file.mapping(node, "roles", allowed=allowed)
        return [(role, actor) for role, some in entries.items() for actor in self.cells.actors(some, role)]

    def _check_named(self, node: Node, table: str, ref: str, values: Mapping[str, Any]) -> None:
        if ref not in self.registry.table_of:
            self._check_needed(node, table, values)
        elif values:
            mend = f"leave out {', '.join(values)}, or change the ref"
            self.file.complain(node, f"{ref} is in the registry", column="ref", mend=mend)

    def _check_needed(self, node: Node, table: str, values: Mapping[str, Any]) -> None:
        entries = node.value if isinstance(node, yaml.MappingNode) else ()
        stated = {key.value for key, value in entries if not is_null(value)}
        for name in missing_columns(table, values):
            if name not in stated:  # a value that does not fit was complained of
                self.file.complain(node, f"lacks {name}", column=name, mend=f"add `{name}: …`")

    def _passage(self, entry: Mapping[str, Node], around: Span | None = None) -> _Passage:
        within = self.finder.passage(entry.get("within")) if "within" in entry or around is None else around
        inferred = [self.file.text(one, "inferred") for one in self.file.items(entry.get("inferred"), "inferred")]
        quotes = self.finder.quotes(entry.get("quotes"), within)
        return _Passage(within, quotes, frozenset(name for name in inferred if name))

    def _ground(self, node: Node, record: Record, passage: _Passage) -> list[Mention]:
        """The mentions of a record; complains of values without a quote and quotes without a value."""
        needed = [*record.values, *dict.fromkeys(ROLE + actor for _, actor in record.roles)]
        whole = WHOLE in passage.quotes
        if not whole and record.table not in NAMED:
            self.file.complain(node, "lacks the quote of the whole", column=WHOLE, mend="add `'*': …` to its quotes")
        known = {*needed, WHOLE} | ({"name"} if record.table in NAMED else set())
        self._check_columns(node, passage, known)
        mentions = passage.mentions(WHOLE)
        for column in needed + [name for name in known if name == "name" and name not in needed]:
            linked = _is_link(record, column)
            if column in passage.quotes or column in passage.inferred:
                mentions += passage.mentions(column, WHOLE)
            elif not linked and (record.values or column == "name" or column.startswith(ROLE)):
                mend = "quote the words that say it, or list the column under `inferred`"
                self.file.complain(node, "has no quote", column=column, mend=mend)
        return mentions

    def _check_columns(self, node: Node, passage: _Passage, known: set[str]) -> None:
        for column, (quoted, _) in passage.quotes.items():
            if column not in known:
                mend = "give the value, or delete the quote"
                self.file.complain(quoted, "is quoted but has no value", column=column, mend=mend)
        for column in sorted(passage.inferred - known):
            self.file.complain(node, "is inferred but has no value", column=column, mend="take it out of `inferred`")

    def _read_claims(self, entry: Mapping[str, Node], record: Record, passage: _Passage) -> None:
        nodes = self.file.items(entry.get("claims"), "claims")
        if not nodes:
            own_claim = {"record_id": record.ref, **OWN_CLAIM}
            self.records.append(Record(f"{record.ref}.1", CLAIMS, own_claim, [], [], CODED))
        columns = {name: column for name, column in value_columns(CLAIMS).items() if name != "record_id"}
        for position, node in enumerate(nodes):
            told = self.file.mapping(node, "a claim", allowed=(*_CLAIM_KEYS, *columns))
            values = {"record_id": record.ref, **self._values(told, columns)}
            self._check_needed(node, CLAIMS, values)
            name = self.file.text(told.get("ref"), "ref")
            own = self._passage(told, passage.within)
            claim = Record(LOCAL + name if name else f"{record.ref}.{position + 1}", CLAIMS, values, [], [], CODED)
            claim.mentions = self._ground_claim(node, claim, own, passage)
            self.records.append(claim)

    def _ground_claim(self, node: Node, claim: Record, own: _Passage, record: _Passage) -> list[Mention]:
        due = [part for part, cell in CLAIM_PARTS.items() if cell and cell in claim.values]
        due += [name for name in ("said",) if name in claim.values]
        self._check_columns(node, own, {*due, WHOLE, *CLAIM_PARTS})
        has_cue = "cue" in own.quotes or WHOLE in own.quotes
        if not has_cue and "holder_id" in claim.values:
            self.file.complain(node, "has no cue", column="cue", mend="quote the words by which the holder says it")
        mentions = [mention for column in own.quotes for mention in own.mentions(column)]
        for column in due:
            if column not in own.quotes:
                spans = own.mentions(column, "cue") or own.mentions(column, WHOLE) or record.mentions(column, WHOLE)
                mentions += [Mention(column, m.start, m.end, True) for m in spans]
                # Who stays unnamed is told by the cue alone ("reportedly").
                if column not in own.inferred and claim.values.get("holder_id") != UNNAMED:
                    mend = "quote the words that say it, or list it under the claim's `inferred`"
                    self.file.complain(node, "has no quote", column=column, mend=mend)
        return mentions

    def _read_mentions(self, node: Node | None) -> None:
        """Ids that the document mentions, listed without quotes."""
        if node is None:
            return
        for table, listed in self.file.mapping(node, "mentions", allowed=NAMED).items():
            for one in self.file.items(listed, table):
                ref = self.cells.reference(self.file.text(one, table) or "", (table,), one, table)
                if ref and not any(record.ref == ref for record in self.records):
                    self.records.append(Record(ref, table, {}, [], [], CODED))


def _is_link(record: Record, column: str) -> bool:
    """Whether a column ties the record to a proposition, which the record's whole quote covers."""
    value = record.values.get(column)
    if column == contract.id_column(record.table):
        return True
    return isinstance(value, str) and (value.startswith(LOCAL) or column == "deal_id")
