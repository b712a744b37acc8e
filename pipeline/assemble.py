"""Proposals → linked, merged tables: corrections, the grounding check, ids, standing, the registry rows in use.

Pure but for `run`: the result does not depend on the order of proposals. Nothing is dropped silently: a proposal that
does not follow from its text, points to nothing, or is said by nobody is an error; what only others than the coder
find in a completely coded document is set aside, and counted in `reports/assembly.json`.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipeline import contract, edtf, store
from pipeline.coded import CLAIMS, missing_columns, read_folder, value_columns
from pipeline.codes import Codes, load_codes
from pipeline.corrections import Correction, Proposed, apply_corrections, load_corrections
from pipeline.errors import RsbError, together
from pipeline.proposals import (
    CLAIM_PARTS,
    CODED,
    LOCAL,
    REVIEWS,
    ROLE,
    WHOLE,
    Mention,
    Proposals,
    Record,
    read_proposals,
    to_json,
)
from pipeline.registry import LEARNED, NAMED, Registry, load_registry
from pipeline.standing import standing_of
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from pipeline.extract.names import Names

Row = dict[str, Any]
Rows = dict[str, list[Row]]

REPORT = "assembly.json"


@dataclass(frozen=True, slots=True)
class Basis:
    """What proposals are judged against: the documents (rows of `sources` and texts, by id), registry and codes.

    names: the registry's names, compiled; None skips the check that quotes name what they ground.
    """

    sources: Mapping[str, Mapping[str, Any]]
    texts: Mapping[str, str]
    registry: Registry
    codes: Codes
    names: "Names | None" = None


@dataclass(slots=True)
class Resolved:
    """A proposal with its id, and ids for its local references."""

    table: str
    key: str
    values: Row
    roles: list[tuple[str, str]]
    mentions: list[Mention]
    origin: Proposed

    @property
    def method(self) -> str:
        """The rule, or `coded`, that proposed it."""
        return self.origin.record.method


@dataclass(slots=True)
class _Problems:
    """Problems with records, told by document, record and column."""

    basis: Basis
    found: list[RsbError] = field(default_factory=list)

    def add(self, one: Proposed, column: str, problem: str) -> None:
        record = one.record
        spans = [m for m in record.mentions if m.column == column] or record.mentions[:1]
        text = self.basis.texts.get(one.source_id, "")
        quote = f" (“{text[spans[0].start : spans[0].end]}”)" if spans else ""
        where = f"{one.source_id}: {record.table} {record.ref} by {record.method or '?'}"
        self.found.append(RsbError(f"{column}: {problem}{quote}", path=where))

    def raise_found(self, mend: str) -> None:
        if self.found:
            error = together(self.found)
            raise RsbError(str(error), mend=mend)


def run(workspace: Workspace) -> Rows:
    """Assemble the workspace's proposals and write its tables; returns the rows.

    Raises `RsbError` where an input is missing or broken, or a proposal does not stand.
    """
    from pipeline.codebook import load_names

    sources, texts = load_documents(workspace)
    codes = load_codes(workspace.codebook / "codes.csv")
    registry = load_registry(workspace.registry, codes)
    basis = Basis(sources, texts, registry, codes, load_names(workspace.registry))
    proposals = load_proposals(workspace) + read_folder(workspace.coded, texts, registry, codes)
    corrections = load_corrections(workspace.corrections, texts, registry, codes)
    rows, kept, aside = _assemble(proposals, basis, corrections, closed=True)
    store.write_tables(workspace.tables, {table: contract.to_arrow(table, some) for table, some in rows.items()})
    report = {"records": _account(kept, aside), "documents": _coding(proposals, sources)}
    store.write_text(workspace.reports / REPORT, json.dumps(report, indent=2, sort_keys=True) + "\n")
    return rows


def load_documents(workspace: Workspace) -> tuple[dict[str, Row], dict[str, str]]:
    """The rows of `sources` and the texts that `ingest` wrote, by id. Raises `RsbError` where they are not there."""
    path = workspace.documents / "sources.parquet"
    if not path.is_file():
        raise RsbError("there are no documents", path=path, mend="run `rsb ingest`")
    sources = {row["source_id"]: row for row in store.read_parquet(path).to_pylist()}
    texts = {}
    for source_id in sources:
        text = workspace.documents / "text" / f"{source_id}.txt"
        try:
            texts[source_id] = text.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RsbError(f"cannot read this text: {error}", path=text, mend="run `rsb ingest`") from error
    return sources, texts


def load_proposals(workspace: Workspace) -> list[Proposals]:
    """What the extractor proposed. Raises `RsbError` where it has not run."""
    path = workspace.proposals / "proposals.jsonl"
    if not path.is_file():
        raise RsbError("there are no proposals", path=path, mend="run `rsb extract`")
    return read_proposals(path)


def assemble(
    proposals: Sequence[Proposals], basis: Basis, corrections: Sequence[Correction] = ()
) -> dict[str, pa.Table]:
    """All tables as Arrow, from the proposals of all documents; see `assemble_rows`."""
    rows, *_ = _assemble(proposals, basis, corrections, closed=True)
    return {table: contract.to_arrow(table, some) for table, some in rows.items()}


def assemble_rows(
    proposals: Sequence[Proposals], basis: Basis, corrections: Sequence[Correction] = (), *, closed: bool = True
) -> Rows:
    """All tables as rows fit for JSON, sorted by key, with columns in declared order.

    closed: add the parents of registry rows, every state and every country, so that the tables stand alone; else only
    what the records refer to. Raises `RsbError` for proposals that do not stand, and for obsolete corrections.
    """
    rows, *_ = _assemble(proposals, basis, corrections, closed=closed)
    return {table: [_plain(row) for row in some] for table, some in rows.items()}


def _plain(row: Row) -> Row:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def _assemble(
    proposals: Sequence[Proposals], basis: Basis, corrections: Sequence[Correction], *, closed: bool
) -> tuple[Rows, list[Resolved], list[Resolved]]:
    """The tables' rows, the records that they are made of, and those set aside."""
    proposed = apply_corrections(corrections, _flatten(proposals, basis))
    proposed = [_with_registered_type(one, basis) for one in proposed]
    _check_grounding(proposed, basis)
    kept, aside = _set_aside(_identify(proposed, basis))
    _check_references(kept, basis)
    _check_claims(kept, basis)
    rows = _merge(kept, basis)
    rows["participants"] = _participants(kept)
    rows["evidence"] = _evidence(kept, basis)
    rows["sources"] = [dict(row) for row in basis.sources.values()]
    _derive(rows, basis)
    _add_registry(rows, basis, closed=closed)
    return {table: _in_order(table, rows[table]) for table in contract.table_names()}, kept, aside


def _in_order(table: str, rows: Iterable[Row]) -> list[Row]:
    names, key = contract.column_names(table), contract.facts(table).key
    ordered = [{name: row.get(name) for name in names} for row in rows]
    return sorted(ordered, key=lambda row: tuple(contract.canonical(row[part]) for part in key))


# --- before ids -----------------------------------------------------------------------------------------------------


def flatten(proposals: Sequence[Proposals], basis: Basis) -> list[Proposed]:
    """All records, in an order that the order of `proposals` does not change, with mentions kept to lines."""
    return [_with_registered_type(one, basis) for one in _flatten(proposals, basis)]


def _flatten(proposals: Sequence[Proposals], basis: Basis) -> list[Proposed]:
    unknown = sorted({one.source_id for one in proposals} - set(basis.texts))
    if unknown:
        raise RsbError(f"proposals for documents that are not there: {', '.join(unknown)}", mend="run `rsb extract`")
    complete = {one.source_id for one in proposals if one.complete}
    return [
        Proposed(
            one.source_id,
            scope,
            replace(record, mentions=_in_lines(record.mentions, basis.texts[one.source_id])),
            is_settled=one.source_id in complete and not one.complete,
            review=one.review,
            reviewed_by=one.reviewed_by,
        )
        for scope, one in enumerate(sorted(proposals, key=to_json))
        for record in one.records
    ]


def _in_lines(mentions: Iterable[Mention], text: str) -> list[Mention]:
    """The mentions, one that crosses line ends split into one for each line that has words of it."""
    kept = []
    for mention in mentions:
        inside = 0 <= mention.start < mention.end <= len(text)
        if not inside or "\n" not in text[mention.start : mention.end]:
            kept.append(mention)
            continue
        start = mention.start
        for line in text[mention.start : mention.end].split("\n"):
            left = start + len(line) - len(line.lstrip())
            if line.strip():
                kept.append(Mention(mention.column, left, left + len(line.strip()), mention.inferred))
            start += len(line) + 1
    return kept


def _with_registered_type(one: Proposed, basis: Basis) -> Proposed:
    """A deal of the registry takes its type from there; where the text does not tell it, it is inferred."""
    record = one.record
    if record.table != "deals" or "deal_id" not in record.values:
        return one
    registered = basis.registry.by_id("deals").get(record.values["deal_id"])
    if registered is None:
        return one  # an unknown id, which `resolve` reports
    told = record.values.get("deal_type") == registered["deal_type"]
    kept = [mention for mention in record.mentions if told or mention.column != "deal_type"]
    whole = [mention for mention in kept if mention.column == WHOLE]
    if not any(mention.column == "deal_type" for mention in kept):
        kept += [Mention("deal_type", mention.start, mention.end, True) for mention in whole]
    values = {**record.values, "deal_type": registered["deal_type"]}
    return replace(one, record=replace(record, values=values, mentions=kept))


# --- grounding ------------------------------------------------------------------------------------------------------


def _check_grounding(proposed: Sequence[Proposed], basis: Basis) -> None:
    problems = _Problems(basis)
    learned = learned_names(proposed)
    for one in proposed:
        for column, problem in ungrounded(one, basis, learned[one.source_id]):
            problems.add(one, column, problem)
    problems.raise_found("mend the rule or the coded record, or add a correction")


def learned_names(proposed: Iterable[Proposed]) -> Mapping[str, Mapping[str, str]]:
    """source → id → name of the actors, places and commodities that only the document's own records name."""
    learned: dict[str, dict[str, str]] = defaultdict(dict)
    for one in proposed:
        if one.record.table in NAMED and "name" in one.record.values:
            learned[one.source_id][one.record.ref] = str(one.record.values["name"])
    return learned


def ungrounded(one: Proposed, basis: Basis, learned: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What does not follow from the record's text: (column, problem). learned: names of the document's own rows."""
    record, text = one.record, basis.texts[one.source_id]
    spans: dict[str, list[Mention]] = defaultdict(list)
    for mention in record.mentions:
        if not 0 <= mention.start < mention.end <= len(text):
            yield mention.column, f"span {mention.start}–{mention.end} is not in the text of {len(text)} characters"
        elif not _is_known_column(record, mention.column):
            yield mention.column, "evidence for a column without a value"
        else:
            spans[mention.column].append(mention)
    if record.table in contract.proposition_tables() or record.table == CLAIMS:
        yield from ((column, "has no evidence") for column in _due(record) if column not in spans)
    if basis.names is not None:
        yield from _contradictions(record, spans, text, basis, learned)


def _is_known_column(record: Record, column: str) -> bool:
    if column == WHOLE or column in record.values or (record.table in NAMED and column == "name"):
        return True
    if record.table == CLAIMS and column in CLAIM_PARTS:
        return True
    return column.startswith(ROLE) and any(column == ROLE + actor for _, actor in record.roles)


def _due(record: Record) -> list[str]:
    """The columns of evidence that the record's values need; links to other records are covered by the whole."""
    if record.table == CLAIMS:
        parts = [part for part, cell in CLAIM_PARTS.items() if cell and record.values.get(cell) is not None]
        return parts + (["said"] if record.values.get("said") is not None else [])
    told = [(name, value) for name, value in record.values.items() if value is not None]
    linked = {name for name, value in told if _is_link(record.table, name, value)}
    return [name for name, _ in told if name not in linked] + [ROLE + actor for _, actor in record.roles]


def _is_link(table: str, column: str, value: Any) -> bool:
    refers_to = value_columns(table)[column].refers_to if column in value_columns(table) else ()
    registered_deal = column == "deal_id" or refers_to == ("deals",)
    return registered_deal or (isinstance(value, str) and value.startswith(LOCAL))


def _contradictions(
    record: Record, spans: Mapping[str, Sequence[Mention]], text: str, basis: Basis, learned: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    from pipeline.grounding import check_cell

    assert basis.names is not None
    for column, mentions in spans.items():
        value = _evident_value(record, column, basis)
        if value is None or (isinstance(value, str) and value.startswith(LOCAL)):
            continue
        quotes = [text[mention.start : mention.end] for mention in mentions]
        inferred = all(mention.inferred for mention in mentions)
        problem = check_cell(record.table, column, value, quotes, inferred, basis.names, learned)
        if problem:
            yield column, problem


def _evident_value(record: Record, column: str, basis: Basis) -> Any:
    """The value that mentions of `column` ground."""
    if column.startswith(ROLE):
        return column.removeprefix(ROLE)
    if record.table in NAMED and not record.values:
        return basis.registry.by_id(record.table).get(record.ref, {}).get(column)
    return record.values.get((CLAIM_PARTS.get(column) if record.table == CLAIMS else None) or column)


# --- ids ------------------------------------------------------------------------------------------------------------


def resolve(proposed: Sequence[Proposed], basis: Basis) -> list[Resolved]:
    """Give every record its id, after the records its identity refers to, and put ids for local references.

    Raises `RsbError` for unknown tables, columns, codes and ids, and for references to nothing.
    """
    resolved = _identify(proposed, basis)
    _check_references(resolved, basis)
    return resolved


def _identify(proposed: Sequence[Proposed], basis: Basis) -> list[Resolved]:
    problems = _Problems(basis)
    for one in proposed:
        _check_values(one, basis, problems)
    problems.raise_found("mend the rule or the coded record")
    ids: dict[tuple[int, str], str] = {}
    resolved = []
    for table in contract.table_names():
        for one in proposed:
            if one.record.table == table:
                found = _identified(one, ids, problems)
                ids[one.scope, one.record.ref] = found.key
                resolved.append(found)
    problems.raise_found(_MEND_REFERENCE)
    for found in resolved:
        found.values = {name: _pointed(value, found.origin.scope, ids) for name, value in found.values.items()}
    return resolved


_MEND_REFERENCE = "mend the rule or the coded record, or add the name to data/registry/"


def _check_values(one: Proposed, basis: Basis, problems: _Problems) -> None:
    record, registered = one.record, basis.registry.table_of.get(one.record.ref)
    if record.table not in (*NAMED, *contract.proposition_tables(), CLAIMS):
        problems.add(one, "table", f"no proposals are made for {record.table}")
        return
    columns = value_columns(record.table)
    for name, value in record.values.items():
        vocabulary = columns[name].vocabulary if name in columns else None
        if name not in columns:
            problems.add(one, name, "is no column that a proposal fills")
        elif vocabulary and value is not None and str(value) not in basis.codes.by_vocabulary[vocabulary]:
            problems.add(one, name, f"“{value}” is no code of {vocabulary}")
    if not (record.table in NAMED and registered):
        for name in missing_columns(record.table, record.values):
            problems.add(one, name, "is missing")
    deal = record.values.get("deal_id") if record.table == "deals" else None
    if deal is not None and deal not in basis.registry.by_id("deals"):
        problems.add(one, "deal_id", f"{deal} is no deal of the registry")
    if record.table not in NAMED:
        return
    if registered and (record.values or registered != record.table):
        problems.add(one, "ref", f"{record.ref} is already an id in {registered} of the registry")
    elif not registered and record.table == "commodities":
        problems.add(one, "ref", f"{record.ref} is not in the registry; only actors and places may be new")


def _identified(one: Proposed, ids: Mapping[tuple[int, str], str], problems: _Problems) -> Resolved:
    record = one.record
    values = {name: _typed(record.table, name, value) for name, value in record.values.items() if value is not None}
    mentions = list(record.mentions)
    if record.table == CLAIMS:
        values["source_id"] = one.source_id
    pointed = {name: _pointed(value, one.scope, ids) for name, value in values.items()}
    if record.table == "relations":
        ordered = contract.ordered_relation(pointed)
        if ordered["subject_id"] != pointed["subject_id"]:
            values["subject_id"], values["object_id"] = values["object_id"], values["subject_id"]
            mentions = [replace(mention, column=_SWAPPED.get(mention.column, mention.column)) for mention in mentions]
        pointed = ordered
    for part in contract.facts(record.table).natural_key:
        if isinstance(pointed.get(part), str) and pointed[part].startswith(LOCAL):
            problems.add(one, part, f"points to {pointed[part]}, which is not there")
    return Resolved(record.table, _id_of(one, pointed), values, sorted(set(record.roles)), mentions, one)


_SWAPPED = {"subject_id": "object_id", "object_id": "subject_id"}


def _id_of(one: Proposed, values: Row) -> str:
    record = one.record
    if record.table in NAMED:
        return record.ref
    if record.table == "deals" and values.get("deal_id"):
        return str(values["deal_id"])
    roles: dict[str, list[str]] = defaultdict(list)
    for role, actor in record.roles:
        roles[role].append(actor)
    return contract.record_id(record.table, values, roles=roles, source=one.source_id)


def _typed(table: str, name: str, value: Any) -> Any:
    """The value in its column's type: an integer in a number column is a number."""
    return float(value) if pa.types.is_floating(value_columns(table)[name].arrow_type) else value


def _pointed(value: Any, scope: int, ids: Mapping[tuple[int, str], str]) -> Any:
    return ids.get((scope, value), value) if isinstance(value, str) and value.startswith(LOCAL) else value


def _check_references(resolved: Sequence[Resolved], basis: Basis) -> None:
    problems = _Problems(basis)
    present = {one.key: one.table for one in resolved}
    known = {**basis.registry.table_of, **present}
    for one in resolved:
        _check_ids(one, known, present, problems)
    problems.raise_found(_MEND_REFERENCE)


def _check_ids(one: Resolved, known: Mapping[str, str], present: Mapping[str, str], problems: _Problems) -> None:
    """Every id is of a table that its column may refer to; a proposition must itself be among the records."""
    columns = value_columns(one.table)
    cells = [(name, value, columns[name].refers_to) for name, value in one.values.items() if name in columns]
    cells = [cell for cell in cells if cell[2]]
    cells += [(ROLE + actor, actor, ("actors",)) for _, actor in one.roles]
    for name, value, targets in cells:
        table = known.get(value)
        if table is None or value.startswith(LOCAL):
            problems.add(one.origin, name, f"{value} is not there")
        elif table not in targets:
            problems.add(one.origin, name, f"{value} is of {table}, not of {' or '.join(targets)}")
        elif table not in NAMED and value not in present:
            problems.add(one.origin, name, f"no document tells {value}, which is only in the registry")


def _check_claims(resolved: Sequence[Resolved], basis: Basis) -> None:
    problems = _Problems(basis)
    said = {one.values["record_id"] for one in resolved if one.table == CLAIMS}
    for one in resolved:
        if one.table in contract.proposition_tables() and one.key not in said:
            problems.add(one.origin, WHOLE, "nobody says so: there is no claim on it")
    problems.raise_found("give the record a claim, or drop it by a correction")


# --- completely coded documents -------------------------------------------------------------------------------------


def _set_aside(resolved: Sequence[Resolved]) -> tuple[list[Resolved], list[Resolved]]:
    """(kept, set aside): of settled documents, what others propose counts as far as the coder's record says the same."""
    coded: dict[tuple[str, str, str], list[Resolved]] = defaultdict(list)
    for one in resolved:
        if not one.origin.is_settled:
            coded[_in_document(one)].append(one)
    kept, aside = [], []
    for one in resolved:
        is_mention = one.table in NAMED and not one.values
        if not one.origin.is_settled or is_mention:
            kept.append(one)
        elif _in_document(one) in coded:
            kept.append(_agreed(one, coded[_in_document(one)]))
        else:
            aside.append(one)
    return kept, aside


def _in_document(one: Resolved) -> tuple[str, str, str]:
    return one.origin.source_id, one.table, one.key


def _agreed(one: Resolved, coded: Sequence[Resolved]) -> Resolved:
    """The cells and roles of a proposal that the coder's records have too, with their evidence."""
    values = {name: value for name, value in one.values.items() if any(c.values.get(name) == value for c in coded)}
    roles = [role for role in one.roles if any(role in c.roles for c in coded)]
    grounded = {*values, *(ROLE + actor for _, actor in roles), WHOLE, *(CLAIM_PARTS if one.table == CLAIMS else ())}
    return replace(one, values=values, roles=roles, mentions=[m for m in one.mentions if m.column in grounded])


REASON = "completely coded document"
"""Why a record is set aside: its document's coder, who coded all that belongs in the tables, has no such record."""


def _account(kept: Iterable[Resolved], aside: Iterable[Resolved]) -> dict[str, Any]:
    """For each table, how many records were proposed, kept, and set aside for which reason."""
    n_kept, n_aside = (Counter(one.table for one in some) for some in (kept, aside))
    return {
        table: {
            "proposed": n_kept[table] + n_aside[table],
            "kept": n_kept[table],
            "set_aside": {REASON: n_aside[table]} if n_aside[table] else {},
        }
        for table in sorted(n_kept | n_aside)
    }


def _coding(proposals: Iterable[Proposals], sources: Mapping[str, Row]) -> dict[str, int]:
    """How many documents there are, were completely coded, and were reviewed as a whole."""
    whole = [one for one in proposals if one.complete]
    reviewed = [one for one in whole if one.review != REVIEWS[0]]
    return {"read": len(sources), "completely_coded": len(whole), "reviewed": len(reviewed)}


# --- one row for one id ---------------------------------------------------------------------------------------------


def _merge(resolved: Sequence[Resolved], basis: Basis) -> Rows:
    groups: dict[tuple[str, str], list[Resolved]] = defaultdict(list)
    for one in resolved:
        groups[one.table, one.key].append(one)
    rows: Rows = {table: [] for table in contract.table_names()}
    for (table, key), group in groups.items():
        if table in NAMED and key in basis.registry.table_of:
            continue  # the registry has the row
        ranked = sorted(group, key=lambda one: _rank(one, basis))
        row: Row = {}
        for one in ranked:
            for name, value in one.values.items():
                row.setdefault(name, value)
        row[contract.facts(table).key[0]] = key
        if table in contract.proposition_tables():
            row["review"], row["reviewed_by"] = _reviewed(ranked)
        rows[table].append(row)
    return rows


def _rank(one: Resolved, basis: Basis) -> tuple[Any, ...]:
    """Whose cells count: of claims the strongest; then hand-coded before others, then the latest publication.

    What others propose of a completely coded document has no cells of its own.
    """
    strength: tuple[int, ...] = ()
    if one.table == CLAIMS and not one.origin.is_settled:
        strength = tuple(basis.codes.allowed(name).index(one.values[name]) for name in ("certainty", "realis"))
    published = edtf.latest(basis.sources[one.origin.source_id].get("published"))
    return (
        one.origin.is_settled,
        *strength,
        one.method != CODED,
        -published.toordinal() if published else 0,
        one.origin.source_id,
        json.dumps(one.values, sort_keys=True),
    )


def _reviewed(group: Sequence[Resolved]) -> tuple[str, str | None]:
    """The strongest review, and all reviewers; unreviewed where a document that tells the record was not read."""
    read = [one.origin for one in group if one.origin.review != REVIEWS[0]]
    if {one.source_id for one in read} != {one.origin.source_id for one in group}:
        return REVIEWS[0], None
    names = sorted({one.reviewed_by for one in read if one.reviewed_by})
    return max((one.review for one in read), key=REVIEWS.index), "; ".join(names) or None


def _participants(resolved: Iterable[Resolved]) -> list[Row]:
    cast = {(one.key, role, actor) for one in resolved for role, actor in one.roles}
    return [dict(zip(contract.facts("participants").key, member, strict=True)) for member in cast]


def _evidence(resolved: Iterable[Resolved], basis: Basis) -> list[Row]:
    """One row for each span that grounds a column; told twice, the hand-coded and the said counts."""
    told: dict[str, tuple[tuple[Any, ...], Row]] = {}
    for one in resolved:
        source_id = one.origin.source_id
        for mention in one.mentions:
            row = {
                "record_id": one.key,
                "column_name": mention.column,
                "source_id": source_id,
                "span_start": mention.start,
                "span_end": mention.end,
                "quote": basis.texts[source_id][mention.start : mention.end],
                "method": one.method,
                "is_inferred": mention.inferred,
            }
            key = contract.record_id("evidence", row)
            rank = (one.method != CODED, mention.inferred, one.method)
            if key not in told or rank < told[key][0]:
                told[key] = (rank, {"evidence_id": key, **row})
    return [row for _, row in told.values()]


# --- derived columns and registry rows ------------------------------------------------------------------------------


def _derive(rows: Rows, basis: Basis) -> None:
    """Fill what follows from other cells."""
    claims: dict[str, list[Row]] = defaultdict(list)
    for claim in rows[CLAIMS]:
        claims[claim["record_id"]].append(claim)
    for table in contract.proposition_tables():
        dated = [name for name in contract.column_names(table) if f"{name}_earliest" in contract.column_names(table)]
        for row in rows[table]:
            row.update(standing_of(claims[row[contract.facts(table).key[0]]], basis.sources))
            for name in dated:
                row[f"{name}_earliest"] = edtf.earliest(row.get(name))
                row[f"{name}_latest"] = edtf.latest(row.get(name))
    for row in rows["terms"]:
        row["side"] = basis.codes.parent("term_type", row["term_type"])
    called = {row["actor_id"]: row["name"] for row in (*basis.registry.actors, *rows["actors"])}
    parties: dict[str, set[str]] = defaultdict(set)
    for member in rows["participants"]:
        if member["role"] == "party":
            parties[member["record_id"]].add(called[member["actor_id"]])
    registered = basis.registry.by_id("deals")
    for row in rows["deals"]:
        label = basis.codes.by_vocabulary["deal_type"][row["deal_type"]]["label"]
        names = "–".join(sorted(parties[row["deal_id"]]))
        row["title"] = f"{names}: {label}" if names else label
        row.update(registered.get(row["deal_id"], {}))


def _add_registry(rows: Rows, basis: Basis, *, closed: bool) -> None:
    """Add the registry's rows that the others refer to, and aliases of what is there."""
    used = _referred(rows) | {row["parent_id"] for row in rows["actors"] if row.get("parent_id")}
    for table in NAMED:
        key = contract.facts(table).key[0]
        registered = basis.registry.by_id(table)
        wanted = {name for name in used if name in registered}
        if closed:
            column, value = _ALWAYS.get(table, (key, None))
            wanted |= {name for name, row in registered.items() if row[column] == value}
            wanted |= _ancestors(wanted, registered)
        rows[table] += [dict(registered[name]) for name in wanted if name in registered]
        if table == "actors":
            for row in rows[table]:
                row[LEARNED] = row[key] not in registered
    present = {row[contract.facts(table).key[0]] for table in (*NAMED, "deals") for row in rows[table]}
    rows["aliases"] = [dict(row) for row in basis.registry.aliases if row["target_id"] in present]
    rows["aliases"] += _other_names(rows)


def _other_names(rows: Rows) -> list[Row]:
    """Aliases of rows that are not in the registry and that documents name differently ("Sharqiya", "Al-Sharqiya")."""
    called = {row[contract.facts(table).key[0]]: row["name"] for table in NAMED for row in rows[table]}
    known = {(row["alias"], row["target_id"]) for row in rows["aliases"]}
    told = {(row["quote"], row["record_id"]) for row in rows["evidence"] if row["column_name"] == "name"}
    return [
        {"alias": name, "target_id": ident, "alias_type": "name", "valid_from": None, "valid_to": None}
        for name, ident in sorted(told - known)
        if called[ident] != name
    ]


_ALWAYS = {"actors": ("actor_type", "state"), "places": ("place_type", "country")}
"""The registry rows that stand in the tables whether or not a record refers to them."""


def _referred(rows: Rows) -> set[str]:
    columns = [(t, column.name) for t in rows for column in contract.columns(t) if set(column.refers_to) & set(NAMED)]
    return {row[name] for table, name in columns for row in rows[table] if row.get(name) is not None}


def _ancestors(ids: Iterable[str], by_id: Mapping[str, Row]) -> set[str]:
    found: set[str] = set()
    waiting = list(ids)
    while waiting:
        parent = by_id[waiting.pop()].get("parent_id")
        if parent is not None and parent not in found:
            found.add(parent)
            waiting.append(parent)
    return found
