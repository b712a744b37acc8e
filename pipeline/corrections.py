"""Corrections: `data/corrections/*.yaml`, fixes of single proposals with a reason and a guard.

An entry names a document and a table, picks records by their values (`match`), and sets cells, drops the record,
links a deal to the registry, or accepts the record as read against its source. An entry that no longer finds its
record, or finds it already as it should be, is an error: a correction never outlives its need.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline import contract
from pipeline.coded import CLAIMS, CellReader, QuoteFinder, value_columns
from pipeline.codes import Codes
from pipeline.errors import RsbError, together
from pipeline.marked import MarkedFile, Node, yaml_files
from pipeline.proposals import CLAIM_PARTS, LOCAL, REVIEWS, ROLE, WHOLE, Mention, Record
from pipeline.registry import NAMED, Registry

_ACTIONS = ("set", "drop", "deal", "accept")
_KEYS = ("source", "table", "match", *_ACTIONS, "reason", "expect", "quotes", "within", "reviewed_by")
_OBSOLETE = "delete the entry, or mend its `match` and `expect`"


@dataclass(frozen=True, slots=True)
class Proposed:
    """A record on its way to the tables.

    scope: which proposer of which document it is from, as a number. is_settled: whether another proposer has read the
    whole document and says all that belongs in the tables.
    """

    source_id: str
    scope: int
    record: Record
    is_settled: bool = False
    review: str = REVIEWS[0]
    reviewed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """One entry. `match`, `expect` and `changes` map a column, a role or `quote` to a value (roles: sorted ids)."""

    source_id: str
    table: str
    match: Mapping[str, Any]
    expect: Mapping[str, Any]
    changes: Mapping[str, Any]
    drop: bool
    mentions: tuple[Mention, ...]
    reviewed_by: str | None
    path: Path
    line: int
    texts: Mapping[str, str] = field(repr=False)


def load_corrections(folder: Path, texts: Mapping[str, str], registry: Registry, codes: Codes) -> list[Correction]:
    """Read all entries of a folder; `texts` are the documents' by id. Raises `RsbError` with all problems."""
    entries, problems = [], []
    for path in yaml_files(folder):
        try:
            file = MarkedFile(path)
            read = [_read_entry(file, node, texts, registry, codes) for node in file.items(file.root, "the file")]
            file.raise_problems()
            entries += [entry for entry in read if entry]
        except RsbError as problem:
            problems.append(problem)
    if problems:
        raise together(problems)
    return entries


def _read_entry(
    file: MarkedFile, node: Node, texts: Mapping[str, str], registry: Registry, codes: Codes
) -> Correction | None:
    entry = file.mapping(node, "a correction", allowed=_KEYS, needed=("source", "table", "match", "reason"))
    source, table = file.text(entry.get("source"), "source") or "", file.text(entry.get("table"), "table") or ""
    if not source or not table:
        return None
    if source not in texts:
        mend = "delete the entry, or correct the id"
        file.complain(node, f"there is no document {source}", column="source", mend=mend)
        return None
    if table not in (*NAMED, *contract.proposition_tables(), CLAIMS):
        mend = "name a table of propositions or names, or claims"
        file.complain(node, f"records of {table} cannot be corrected", column="table", mend=mend)
        return None
    actions = [action for action in _ACTIONS if action in entry]
    if len(actions) != 1:
        file.complain(node, "one of set, drop, deal, accept is due", mend="keep one; write an entry for each")
    for action in ("drop", "accept"):
        if action in entry and file.text(entry[action], action) != "true":
            told = f"{action} is true or not there"
            file.complain(entry[action], told, column=action, mend=f"write `{action}: true`")
    if "deal" in entry and table != "deals":
        file.complain(entry["deal"], "only deals are linked to the registry", column="deal", mend="use table: deals")
    cells = CellReader(file, registry, codes)
    seen = CellReader(file, registry, codes, ids_known=False)
    changes = _read_cells(cells, entry.get("set"), table)
    if "deal" in entry:
        changes["deal_id"] = cells.reference(file.text(entry["deal"], "deal") or "", ("deals",), entry["deal"], "deal")
    return Correction(
        source_id=source,
        table=table,
        match=_read_cells(seen, entry["match"], table, picking=True) if "match" in entry else {},
        expect=_read_cells(seen, entry.get("expect"), table),
        changes=changes,
        drop="drop" in entry,
        mentions=_read_mentions(file, entry, texts[source], changes, table),
        reviewed_by=file.text(entry.get("reviewed_by"), "reviewed_by"),
        path=file.path,
        line=node.start_mark.line + 1,
        texts=texts,
    )


def _read_cells(cells: CellReader, node: Node | None, table: str, *, picking: bool = False) -> dict[str, Any]:
    """Columns and roles with their values, null included; for picking also `quote` and the id of a named record."""
    if node is None:
        return {}
    columns = value_columns(table)
    roles = cells.codes.allowed("role") if table in ("deals", "events") else ()
    texts = ["quote", *(contract.facts(table).key if table in NAMED else ())] if picking else []
    read: dict[str, Any] = {}
    for name, value in cells.file.mapping(node, "the cells", allowed=(*columns, *roles, *texts)).items():
        if name in roles:
            read[name] = tuple(sorted(cells.actors(value, name)))
        elif name in texts:
            read[name] = cells.file.text(value, name)
        else:
            read[name] = cells.value(columns[name], value)
    return read


def _read_mentions(
    file: MarkedFile, entry: Mapping[str, Node], text: str, changes: Mapping[str, Any], table: str
) -> tuple[Mention, ...]:
    finder = QuoteFinder(file, text)
    known = {WHOLE, *changes, *(CLAIM_PARTS if table == CLAIMS else ())}
    known |= {ROLE + actor for value in changes.values() if isinstance(value, tuple) for actor in value}
    mentions = []
    for column, (node, spans) in finder.quotes(entry.get("quotes"), finder.passage(entry.get("within"))).items():
        if column not in known:
            file.complain(node, "is quoted but not set", column=column, mend="set it, or delete the quote")
        mentions += [Mention(column, span.start, span.end) for span in spans]
    return tuple(mentions)


def apply_corrections(corrections: Sequence[Correction], proposed: Sequence[Proposed]) -> list[Proposed]:
    """The proposals as the corrections leave them, in their order.

    Raises `RsbError` for each entry that finds no record, whose `expect` does not hold, or that would change nothing.
    """
    problems: list[RsbError] = []
    kept = list(proposed)
    for entry in corrections:
        hits = {number for number, one in enumerate(kept) if _matches(entry, one)}
        problem = _obsolete(entry, [kept[number] for number in sorted(hits)])
        if problem:
            problems.append(RsbError(problem, path=entry.path, line=entry.line, mend=_OBSOLETE))
        elif entry.drop:
            kept = dropped(kept, hits)
        else:
            kept = [_corrected(entry, one) if number in hits else one for number, one in enumerate(kept)]
    if problems:
        raise together(problems)
    return kept


def _matches(entry: Correction, one: Proposed) -> bool:
    if one.source_id != entry.source_id or one.record.table != entry.table:
        return False
    return all(_holds(entry, one.record, name, value) for name, value in entry.match.items())


def _holds(entry: Correction, record: Record, name: str, value: Any) -> bool:
    if name == "quote":
        text = entry.texts[entry.source_id]
        return any(text[mention.start : mention.end] == value for mention in record.mentions)
    if name not in value_columns(record.table) and record.table in NAMED:
        return bool(record.ref == value)
    return bool(current(record, name, value) == value)


def current(record: Record, name: str, like: Any) -> Any:
    """A record's value of a column, or its sorted actors of a role where `like` is a tuple."""
    if isinstance(like, tuple):
        return tuple(sorted({actor for role, actor in record.roles if role == name}))
    return record.values.get(name)


def _obsolete(entry: Correction, hits: Sequence[Proposed]) -> str | None:
    if not hits:
        return "this correction matches nothing"
    if all(one.is_settled for one in hits):
        return f"{entry.source_id} is completely coded: data/coded/{entry.source_id}.yaml says what the tables hold"
    for record in (one.record for one in hits):
        for name, value in entry.expect.items():
            if not _holds(entry, record, name, value):
                return f"{name} is {_shown(current(record, name, value))}, not {_shown(value)} as expected"
        if entry.changes and all(current(record, name, value) == value for name, value in entry.changes.items()):
            return "this correction changes nothing any more"
    return None


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else contract.canonical(value) or "null"


def _corrected(entry: Correction, one: Proposed) -> Proposed:
    """The record with the entry's values; a cell that has lost its evidence falls back on the whole, inferred."""
    record = one.record
    columns = {name: value for name, value in entry.changes.items() if not isinstance(value, tuple)}
    roles = {name: value for name, value in entry.changes.items() if isinstance(value, tuple)}
    values = {name: value for name, value in {**record.values, **columns}.items() if value is not None}
    cast = [pair for pair in record.roles if pair[0] not in roles]
    cast += [(role, actor) for role, actors in roles.items() for actor in actors]
    quoted = {mention.column for mention in entry.mentions}
    gone = quoted | {name for name, value in columns.items() if value is None}
    gone |= {ROLE + actor for _, actor in record.roles} - {ROLE + actor for _, actor in cast}
    mentions = [mention for mention in record.mentions if mention.column not in gone] + list(entry.mentions)
    grounded = {mention.column for mention in mentions}
    due = [name for name, value in columns.items() if value is not None]
    due += [ROLE + actor for actors in roles.values() for actor in actors]
    whole = [mention for mention in mentions if mention.column == WHOLE]
    mentions += [Mention(column, m.start, m.end, True) for column in due if column not in grounded for m in whole]
    strongest = REVIEWS[2] if entry.changes else REVIEWS[1]
    mended = replace(record, values=values, roles=cast, mentions=mentions)
    return replace(
        one,
        record=mended,
        review=max(one.review, strongest, key=REVIEWS.index),
        reviewed_by=entry.reviewed_by or one.reviewed_by,
    )


def dropped(proposed: Sequence[Proposed], hits: Iterable[int]) -> list[Proposed]:
    """The proposals without those at `hits` and what is nothing without them; other references to them are emptied."""
    lost = {(proposed[number].scope, proposed[number].record.ref) for number in hits}
    while True:
        dependent = {(one.scope, one.record.ref) for one in proposed if _needs_any(one, lost)} - lost
        if not dependent:
            break
        lost |= dependent
    kept = [one for one in proposed if (one.scope, one.record.ref) not in lost]
    return [replace(one, record=_without(one, lost)) for one in kept]


def _needs_any(one: Proposed, lost: set[tuple[int, str]]) -> bool:
    """Whether the record's identity holds a lost record."""
    parts = contract.facts(one.record.table).natural_key
    return any((one.scope, one.record.values.get(part)) in lost for part in parts)


def _without(one: Proposed, lost: set[tuple[int, str]]) -> Record:
    record = one.record
    empty = {
        name
        for name, value in record.values.items()
        if isinstance(value, str) and value.startswith(LOCAL) and (one.scope, value) in lost
    }
    if not empty:
        return record
    values = {name: value for name, value in record.values.items() if name not in empty}
    return replace(record, values=values, mentions=[m for m in record.mentions if m.column not in empty])
