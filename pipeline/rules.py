"""Rules across rows and tables: what no single column's declaration can say.

A rule is a function under `@rule` that yields a `Finding` for each thing wrong; its docstring is what the codebook
prints, and its passing and failing examples are run by the tests. Rules know no files and mend nothing. They run
on tables whose structure holds (`pipeline.validate`), so they may trust columns, types and codes.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import contract, edtf
from pipeline.assertions import Profile, profile
from pipeline.codes import MUTUAL_EVENTS, OPEN_ACTS, Codes
from pipeline.contract import Row
from pipeline.extract.names import Names
from pipeline.extract.numbers import SIGNS
from pipeline.grounding import check_cell
from pipeline.proposals import CLAIM_PARTS, ROLE, UNNAMED, WHOLE
from pipeline.registry import LEARNED, registry_columns
from pipeline.standing import standing_of
from pipeline.waivers import Waiver

Severity = Literal["error", "warning"]
Example = Mapping[str, Any]

ANY = "*"
"""The table of a rule that looks at every table there is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong. key: the row's (`key_of`); table: where the rule looks at several."""

    key: str
    message: str
    column: str | None = None
    value: str | None = None
    source_id: str | None = None
    table: str | None = None


@dataclass(frozen=True)
class Context:
    """What rules need beside the tables; `texts` and `names` are None where there are none to check against.

    texts: source id → text. names: what the registry's names mean. params: of `params.yaml`. set_aside: documents
    that `ingest` did not take, with path, reason and detail. version: the release in the works. previous: the totals
    of the last published one. waivers: what is let pass; idle_waivers: those of them that no finding matched.
    n_warnings: how many the other rules found.
    """

    codes: Codes
    texts: Mapping[str, str] | None = None
    names: Names | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    set_aside: Sequence[Mapping[str, str]] = ()
    version: str = ""
    previous: Profile | None = None
    waivers: Sequence[Waiver] = ()
    idle_waivers: Sequence[Waiver] = ()
    n_warnings: int = 0


class Tables:
    """The tables under check, as Arrow and as rows, with the look-ups that rules share; each is made once."""

    def __init__(self, data: Mapping[str, pa.Table]) -> None:
        self.data = {table: data[table] for table in contract.table_names() if table in data}
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._by_id: dict[str, dict[str, Row]] = {}

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table; none where it is not there."""
        if table not in self._rows:
            self._rows[table] = self.data[table].to_pylist() if table in self.data else []
        return self._rows[table]

    def by_id(self, table: str) -> dict[str, Row]:
        """The rows of a table by their id."""
        if table not in self._by_id:
            self._by_id[table] = {row[contract.facts(table).key[0]]: row for row in self.rows(table)}
        return self._by_id[table]

    @cached_property
    def owners(self) -> dict[str, str]:
        """id → the table it stands in."""
        named = [(table, column) for table in self.data if (column := contract.id_column(table))]
        return {key: table for table, column in named for key in self.data[table][column].to_pylist()}

    @cached_property
    def propositions(self) -> list[tuple[str, str, Row]]:
        """(table, id, row) of every proposition."""
        return [(table, key, row) for table in contract.proposition_tables() for key, row in self.by_id(table).items()]

    @cached_property
    def claims(self) -> dict[str, list[Row]]:
        """Record id → the claims on it."""
        return _grouped(self.rows("claims"), "record_id")

    @cached_property
    def evidence(self) -> dict[str, list[Row]]:
        """Record id → the evidence for its cells."""
        return _grouped(self.rows("evidence"), "record_id")

    @cached_property
    def roles(self) -> dict[str, dict[str, list[str]]]:
        """Record id → role → the actors that have it."""
        found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for row in self.rows("participants"):
            found[row["record_id"]][row["role"]].append(row["actor_id"])
        return found

    @cached_property
    def profile(self) -> Profile:
        """Their totals."""
        return profile(self.data)

    @cached_property
    def sources(self) -> dict[str, Row]:
        """The rows of `sources` by id."""
        return self.by_id("sources")


def _grouped(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


Check = Callable[[Tables, Context], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A registered rule; `reads` are the other inputs without which it cannot run (tables, `texts`, `names`)."""

    rule_id: str
    severity: Severity
    table: str
    reads: tuple[str, ...]
    mend: str
    check: Check
    passes: Example
    fails: Example

    @property
    def description(self) -> str:
        """The docstring of the rule's function in one line."""
        return " ".join((self.check.__doc__ or "").split())


RULES: dict[str, Rule] = {}
"""Every rule by id, in the order of this file."""


def rule(
    rule_id: str,
    severity: Severity,
    table: str,
    *,
    reads: tuple[str, ...] = (),
    mend: str,
    passes: Example,
    fails: Example,
) -> Callable[[Check], Check]:
    """Register a rule.

    table: the table its findings are about, or `ANY`. passes, fails: tiny tables (table → rows, absent columns are
    null), with fields of `Context` beside them, on which it finds nothing and something. Raises `ValueError` where
    the id is taken.
    """

    def register(check: Check) -> Check:
        if rule_id in RULES:
            raise ValueError(f"two rules are called {rule_id}")
        RULES[rule_id] = Rule(rule_id, severity, table, reads, mend, check, passes, fails)
        return check

    return register


def key_of(table: str, row: Row) -> str:
    """The row's key as text: its id, or the parts of its key joined by `|`."""
    return "|".join(contract.canonical(row.get(part)) for part in contract.facts(table).key)


def _shown(value: object) -> str | None:
    return None if value is None else contract.canonical(value)


def _selected(data: pa.Table, table: str, mask: Any, column: str, message: str) -> Iterator[Finding]:
    """A finding for each row of a table's data where `mask` is true, about its cell in `column`."""
    names = list(dict.fromkeys((*contract.facts(table).key, column)))
    for batch in data.select(names).filter(mask).to_batches(max_chunksize=4096):
        for row in batch.to_pylist():
            yield Finding(key_of(table, row), message, column, _shown(row[column]), table=table)


# --- identity -------------------------------------------------------------------------------------------------------

REBUILD = "never edit the tables by hand: mend the coded record, correction or rule behind the row, then `rsb run`"
_TERM = {"deal_id": "d", "term_type": "loan", "act": "offer", "giver_id": "USA", "receiver_id": "COD"}
_TERM_ID = contract.record_id("terms", _TERM)
_FIGURE = {"measure": "deaths", "value": 7000.0, "bound": "exact", "unit": "persons"}
_FIGURE_ID = contract.record_id("figures", _FIGURE, source="s")
_SAID = {"source_id": "s", "act": "state", "certainty": "CT", "polarity": "pos", "realis": "actual"}


def _is_linked(table: str) -> bool:
    return any(part.startswith("@") for part in contract.facts(table).natural_key)


@rule(
    "id:hash",
    "error",
    ANY,
    mend=REBUILD,
    passes={"terms": [{"term_id": _TERM_ID, **_TERM}]},
    fails={"terms": [{"term_id": _TERM_ID, **_TERM, "giver_id": "COD", "receiver_id": "USA"}]},
)
def ids_are_hashes(tables: Tables, _: Context) -> Iterator[Finding]:
    """The id is the hash of the row's natural key, in tables whose key lies in the row itself."""
    for table in tables.data:
        if not contract.facts(table).natural_key or _is_linked(table):
            continue
        for row in tables.rows(table):
            due = contract.record_id(table, row)
            if key_of(table, row) != due:
                yield _wrong_hash(table, row, due)


@rule(
    "id:hash-linked",
    "error",
    ANY,
    reads=("participants", "claims"),
    mend=REBUILD,
    passes={
        "figures": [{"figure_id": _FIGURE_ID, **_FIGURE}],
        "claims": [{"claim_id": "c", "record_id": _FIGURE_ID, **_SAID}],
    },
    fails={
        "figures": [{"figure_id": _FIGURE_ID, **_FIGURE, "value": 8000.0}],
        "claims": [{"claim_id": "c", "record_id": _FIGURE_ID, **_SAID}],
    },
)
def linked_ids_are_hashes(tables: Tables, _: Context) -> Iterator[Finding]:
    """The id is the hash of the natural key, in tables whose key takes in participants or the source.

    Deals that the registry names have a chosen id, and are left out.
    """
    for table in filter(_is_linked, tables.data):
        for row in tables.rows(table):
            key = key_of(table, row)
            if _is_registered(table, key):
                continue
            sources = sorted({claim["source_id"] for claim in tables.claims.get(key, ())}) or [""]
            roles = tables.roles.get(key, {})
            due = [contract.record_id(table, row, roles=roles, source=source) for source in sources]
            if key not in due:
                yield _wrong_hash(table, row, due[0])


def _is_registered(table: str, key: str) -> bool:
    """Whether it is a deal that the registry names: its id is chosen."""
    return table == "deals" and not key.startswith(f"{contract.facts(table).prefix}-")


def _wrong_hash(table: str, row: Row, due: str) -> Finding:
    key = key_of(table, row)
    return Finding(key, f"the natural key hashes to {due}", contract.id_column(table), key, table=table)


@rule(
    "id:unique",
    "error",
    ANY,
    mend="give one of the two another id, or delete it",
    passes={"actors": [{"actor_id": "COD"}], "places": [{"place_id": "cod-country"}]},
    fails={"actors": [{"actor_id": "COD"}], "places": [{"place_id": "COD"}]},
)
def ids_are_unique(tables: Tables, _: Context) -> Iterator[Finding]:
    """A key stands once in its table, and an id once in all tables."""
    if _all_distinct(tables):
        return
    seen: dict[tuple[str, ...], str] = {}
    for table, data in tables.data.items():
        parts = contract.facts(table).key
        for row in data.select(list(parts)).to_pylist():
            identity = tuple(contract.canonical(row[part]) for part in parts)
            if contract.id_column(table) is None:
                identity = (table, *identity)
            if identity in seen:
                key = key_of(table, row)
                yield Finding(key, f"stands already in {seen[identity]}", parts[0], key, table=table)
            seen.setdefault(identity, table)


def _all_distinct(tables: Tables) -> bool:
    """Whether no key stands twice: told by Arrow in a fraction of the time that naming the rows takes."""
    keys = {table: data.select(list(contract.facts(table).key)) for table, data in tables.data.items()}
    ids = [chunk for table, key in keys.items() if contract.id_column(table) for chunk in key.column(0).chunks]
    others = [key for table, key in keys.items() if contract.id_column(table) is None]
    asked = [pa.table({"id": pa.chunked_array(ids, pa.string())}), *others]
    return all(len(key.group_by(key.column_names).aggregate([])) == len(key) for key in asked)


@rule(
    "reference:resolves",
    "error",
    ANY,
    mend="add the row it points to (a name in data/registry/, a record in data/coded/), or empty the cell",
    passes={"actors": [{"actor_id": "fardc", "parent_id": "COD"}, {"actor_id": "COD"}]},
    fails={"actors": [{"actor_id": "fardc", "parent_id": "COG"}, {"actor_id": "COD"}]},
)
def references_resolve(tables: Tables, _: Context) -> Iterator[Finding]:
    """Every reference finds its row, in one of the tables it may point to."""
    for table, data in tables.data.items():
        for column in contract.columns(table):
            if not column.refers_to or not all(target in tables.data for target in column.refers_to):
                continue
            known = pa.chunked_array(
                [chunk for t in column.refers_to for chunk in tables.data[t][contract.facts(t).key[0]].chunks],
                type=column.arrow_type,
            )
            cells = data[column.name]
            dangling = pc.and_(pc.is_valid(cells), pc.invert(pc.is_in(cells, value_set=known)))
            message = f"no such row in {', '.join(column.refers_to)}"
            yield from _selected(data, table, dangling, column.name, message)


# --- cells ----------------------------------------------------------------------------------------------------------

_CONTROL = r"[\p{Cc}\x{2028}\x{2029}]"
_BLANK_ENDS = r"^\pZ|\pZ$"


@rule(
    "string:clean",
    "error",
    ANY,
    mend="write it on one line, without blanks at its ends, in Unicode NFC; leave unknown cells empty",
    passes={"actors": [{"actor_id": "COD", "name": "Côte"}]},
    fails={"actors": [{"actor_id": "COD", "name": "DR\nCongo"}]},
)
def strings_are_clean(tables: Tables, _: Context) -> Iterator[Finding]:
    """A string holds no line end, tab or other control character, has no blanks at its ends, is NFC, not empty."""
    for table, data in tables.data.items():
        for column in contract.columns(table):
            if not pa.types.is_string(column.arrow_type):
                continue
            odd = data.filter(_is_odd(data[column.name]))
            cells = odd[column.name]
            for mask, message in (
                (pc.equal(cells, ""), "is empty text; unknown is null"),
                (pc.match_substring_regex(cells, _CONTROL), "holds a line end, tab or control character"),
                (pc.match_substring_regex(cells, _BLANK_ENDS), "begins or ends with a blank"),
                (pc.not_equal(cells, pc.utf8_normalize(cells, form="NFC")), "is not in Unicode NFC"),
            ):
                yield from _selected(odd, table, mask, column.name, message)


def _is_odd(cells: pa.ChunkedArray) -> Any:
    """Which cells are not simply ASCII that can be printed, without blanks at its ends: they are few, and told quickly."""
    blank = pc.or_(pc.starts_with(cells, " "), pc.ends_with(cells, " "))
    return pc.or_(pc.or_(blank, pc.equal(cells, "")), pc.invert(pc.ascii_is_printable(cells)))


@rule(
    "date:edtf",
    "error",
    ANY,
    mend="write YYYY, YYYY-MM, YYYY-MM-DD, an interval with /, or XXXX-MM where no year is told",
    passes={"events": [{"event_id": "e", "date": "XXXX-01/.."}]},
    fails={"events": [{"event_id": "e", "date": "2025-02-30"}]},
)
def dates_are_edtf(tables: Tables, _: Context) -> Iterator[Finding]:
    """A date is EDTF of the profile in use: level 0 and 1, and an unspecified year."""
    for table, data in tables.data.items():
        for column in contract.columns(table):
            if column.edtf:
                cells = data[column.name]
                wrong = [text for text in pc.unique(cells).to_pylist() if text is not None and not edtf.is_edtf(text)]
                mask = pc.is_in(cells, value_set=pa.array(wrong, column.arrow_type))
                yield from _selected(data, table, mask, column.name, "is no date that exists")


@rule(
    "date:derived",
    "error",
    ANY,
    mend=REBUILD,
    passes={"events": [{"event_id": "e", "date": "XXXX-01-27"}]},
    fails={"sources": [{"source_id": "s", "published": "2025-03"}]},
)
def derived_days_agree(tables: Tables, _: Context) -> Iterator[Finding]:
    """The derived earliest and latest day are those that the date means; null where the year is unknown."""
    for table in tables.data:
        derived = {
            column.name: (column.name.removesuffix(ending), bound)
            for column in contract.columns(table)
            for ending, bound in (("_earliest", edtf.earliest), ("_latest", edtf.latest))
            if column.derived and column.name.endswith(ending)
        }
        for row in tables.rows(table) if derived else ():
            for name, (base, bound) in derived.items():
                due = bound(row[base])
                if row[name] != due:
                    message = f"{base} {row[base] or 'null'} means {due or 'null'}"
                    yield Finding(key_of(table, row), message, name, _shown(row[name]), table=table)


# --- claims and standing --------------------------------------------------------------------------------------------


@rule(
    "claim:present",
    "error",
    ANY,
    reads=("claims",),
    mend="add to the record who says so, or take it out",
    passes={"deals": [{"deal_id": "d"}], "claims": [{"claim_id": "c", "record_id": "d"}]},
    fails={"deals": [{"deal_id": "d"}], "claims": [{"claim_id": "c", "record_id": "other"}]},
)
def propositions_have_claims(tables: Tables, _: Context) -> Iterator[Finding]:
    """Every proposition has at least one claim."""
    for table, key, _row in tables.propositions:
        if not tables.claims.get(key):
            yield Finding(key, "nobody says so: it has no claim", table=table)


@rule(
    "claim:deny-negative",
    "error",
    "claims",
    mend="set polarity to neg, or the act to what the holder does",
    passes={"claims": [{"claim_id": "c", "act": "deny", "polarity": "neg"}]},
    fails={"claims": [{"claim_id": "c", "act": "deny", "polarity": "pos"}]},
)
def denials_are_negative(tables: Tables, _: Context) -> Iterator[Finding]:
    """A denial has negative polarity."""
    for row in tables.rows("claims"):
        if row["act"] == "deny" and row["polarity"] != "neg":
            yield Finding(row["claim_id"], "a denial against nothing", "polarity", row["polarity"], row["source_id"])


@rule(
    "claim:responds",
    "error",
    "claims",
    mend="let it answer a claim on the same record in the same document, or leave it empty",
    passes={
        "claims": [
            {"claim_id": "c1", "record_id": "r", "source_id": "s"},
            {"claim_id": "c2", "record_id": "r", "source_id": "s", "responds_to_id": "c1"},
        ]
    },
    fails={
        "claims": [
            {"claim_id": "c1", "record_id": "r", "source_id": "s"},
            {"claim_id": "c2", "record_id": "r", "source_id": "other", "responds_to_id": "c1"},
        ]
    },
)
def answers_meet_their_claim(tables: Tables, _: Context) -> Iterator[Finding]:
    """A claim answers another claim on the same record in the same document."""
    claims = tables.by_id("claims")
    for row in tables.rows("claims"):
        answered = claims.get(row["responds_to_id"] or "")
        if answered is None:
            continue
        same = all(answered[column] == row[column] for column in ("record_id", "source_id"))
        if not same or answered["claim_id"] == row["claim_id"]:
            message = "answers itself" if same else "answers a claim on another record or in another document"
            yield Finding(row["claim_id"], message, "responds_to_id", row["responds_to_id"], row["source_id"])


@rule(
    "claim:accuser",
    "error",
    "claims",
    mend=f"name the holder, or `{UNNAMED}` where the text hides it; a publication's own words are state or report",
    passes={"claims": [{"claim_id": "c", "act": "accuse", "holder_id": UNNAMED}]},
    fails={"claims": [{"claim_id": "c", "act": "accuse"}]},
)
def accusations_have_a_holder(tables: Tables, _: Context) -> Iterator[Finding]:
    """An allegation or accusation has its holder; an unidentified one is `unnamed`."""
    for row in tables.rows("claims"):
        if row["act"] in ("allege", "accuse") and row["holder_id"] is None:
            yield Finding(row["claim_id"], f"{row['act']} without a holder", "holder_id", None, row["source_id"])


_NEGATING = re.compile(
    r"\b(?:not|never|no|none|nobody|nothing|neither|nor|without|hardly|cannot|unable|unlikely|instead|false(?:ly)?"
    r"|(?:fail|refus|reject|dismiss|disput|contest|refut|rebuff|repudiat|declin|doubt|lack|stop|withh[eo]ld)\w*"
    r"|den(?:y|ies|ied|ials?|ying)|rul(?:e|es|ed|ing) out|far from)\b|n[’']t\b",
    re.IGNORECASE,
)
"""Words that turn what is said into its opposite."""
_DENYING = re.compile(
    r"\b(?:den(?:y|ies|ied|ials?|ying)|(?:refut|repudiat|reject|dismiss|disput|contest|contradict)\w+"
    r"|exclud\w+|rul(?:e[sd]?|ing) out|doubt\w*|false(?:ly|hoods?)?|baseless|unfounded)\b",
    re.IGNORECASE,
)
"""Words of a cue that make what follows a denial."""
_NOT = re.compile(r"\b(?:not|never|no|none|nobody|nothing|neither|nor|without|cannot)\b|n[’']t\b", re.IGNORECASE)
_NO_TRADE = "Ghana has not sold bauxite."
_NEGATED = {"claim_id": "c", "record_id": "r", "source_id": "s", "act": "state", "polarity": "neg"}
_CUE = {"evidence_id": "x", "record_id": "c", "column_name": "cue", "source_id": "s", "span_start": 0, "span_end": 5}


@rule(
    "claim:negation",
    "error",
    "claims",
    reads=("evidence", "texts"),
    mend="set polarity to pos, or quote the words that say the opposite",
    passes={"claims": [_NEGATED], "evidence": [_CUE], "texts": {"s": _NO_TRADE}},
    fails={"claims": [_NEGATED], "evidence": [_CUE], "texts": {"s": "Ghana has sold bauxite.\nNot so Togo."}},
)
def negative_claims_have_a_negation(tables: Tables, context: Context) -> Iterator[Finding]:
    """A negative claim that is no denial has a negating word in a line that it was read from."""
    texts = context.texts or {}
    for row in tables.rows("claims"):
        if row["polarity"] != "neg" or row["act"] == "deny":
            continue
        spans = [*tables.evidence.get(row["claim_id"], ()), *tables.evidence.get(row["record_id"], ())]
        spans = [span for span in spans if span["source_id"] == row["source_id"] and row["source_id"] in texts]
        if spans and not any(_NEGATING.search(_line(texts[span["source_id"]], span)) for span in spans):
            yield Finding(row["claim_id"], "no word there negates it", "polarity", row["polarity"], row["source_id"])


def _line(text: str, span: Row) -> str:
    begin = text.rfind("\n", 0, span["span_start"]) + 1
    end = text.find("\n", span["span_end"])
    return text[begin : end if end >= 0 else None]


@rule(
    "claim:denial-cue",
    "error",
    "claims",
    reads=("evidence",),
    mend="make it a denial (act deny, polarity neg), or quote as the cue the words that tell the claim",
    passes={"claims": [{**_NEGATED, "act": "deny"}], "evidence": [{**_CUE, "quote": "denied"}]},
    fails={"claims": [{**_NEGATED, "polarity": "pos"}], "evidence": [{**_CUE, "quote": "denied"}]},
)
def cues_of_denial_deny(tables: Tables, _: Context) -> Iterator[Finding]:
    """A claim whose cue denies (“rejects”, “no such thing”), and is not negated itself (“did not deny”), is not positive."""
    for row in tables.rows("claims"):
        if row["polarity"] != "pos":
            continue
        cues = [span["quote"] for span in tables.evidence.get(row["claim_id"], ()) if span["column_name"] == "cue"]
        denied = [cue for cue in cues if bool(_DENYING.search(cue)) is not bool(_NOT.search(cue))]
        if denied:
            yield Finding(row["claim_id"], f"“{denied[0]}” denies", "polarity", "pos", row["source_id"])


_OFFERED = {"term_id": "t", "act": "offer"}
_GIVEN = {"claim_id": "c", "record_id": "t", "source_id": "s", "realis": "actual"}


@rule(
    "claim:not-yet-given",
    "error",
    "claims",
    reads=("terms",),
    mend="make it planned, or hypothetical where a condition is told; or give the term the act provide or agree",
    passes={"claims": [{**_GIVEN, "realis": "planned"}], "terms": [_OFFERED]},
    fails={"claims": [_GIVEN], "terms": [_OFFERED]},
)
def what_is_not_yet_given_is_not_actual(tables: Tables, _: Context) -> Iterator[Finding]:
    """A claim on an undertaking that is requested, offered, promised or expected is planned or hypothetical."""
    open_terms = {row["term_id"]: row["act"] for row in tables.rows("terms") if row["act"] in OPEN_ACTS}
    for row in tables.rows("claims"):
        act = open_terms.get(row["record_id"])
        if act is not None and row["realis"] == "actual":
            yield Finding(row["claim_id"], f"the term is in act {act}", "realis", "actual", row["source_id"])


_DENIED = {**_SAID, "record_id": "r", "act": "deny", "polarity": "neg", "realis": "actual"}
_CONTESTED = {
    "relation_id": "r", "status": "contested", "realis": "actual",
    "n_sources": 1, "n_origins": 1, "n_for": 1, "n_against": 1,
}  # fmt: skip


@rule(
    "standing:recomputed",
    "error",
    ANY,
    reads=("claims", "sources"),
    mend=REBUILD,
    passes={
        "relations": [_CONTESTED],
        "claims": [{"claim_id": "c1", "record_id": "r", **_SAID}, {"claim_id": "c2", **_DENIED}],
        "sources": [{"source_id": "s"}],
    },
    fails={
        "relations": [_CONTESTED],
        "claims": [{"claim_id": "c1", "record_id": "r", **_SAID}],
        "sources": [{"source_id": "s"}],
    },
)
def standing_follows_from_claims(tables: Tables, _: Context) -> Iterator[Finding]:
    """Status, realis, counts and dates of a proposition are those that its claims give."""
    for table, key, row in tables.propositions:
        for column, due in standing_of(tables.claims.get(key, []), tables.sources).items():
            if row[column] != due:
                shown = "null" if due is None else due
                yield Finding(key, f"its claims give {shown}", column, _shown(row[column]), table=table)


# --- figures --------------------------------------------------------------------------------------------------------


@rule(
    "figure:order",
    "error",
    "figures",
    mend="put the smaller number in low, the larger in high",
    passes={"figures": [{"figure_id": "f", "low": 10.0, "high": 12.0}]},
    fails={"figures": [{"figure_id": "f", "low": 10.0, "value": 8.0}]},
)
def bounds_are_ordered(tables: Tables, _: Context) -> Iterator[Finding]:
    """low ≤ value ≤ high, as far as they are known."""
    for row in tables.rows("figures"):
        known = [row[column] for column in ("low", "value", "high") if row[column] is not None]
        if known != sorted(known):
            shown = " ≤ ".join(contract.canonical(number) for number in known)
            yield Finding(row["figure_id"], f"{shown} does not hold", "value", _shown(row["value"]))


_AT_LEAST = {"value": "given", "low": "the value", "high": "null"}
_AT_MOST = {"value": "given", "low": "null", "high": "the value"}
_BOUNDS = {
    "exact": {"value": "given"},
    "approx": {"value": "given"},
    "at_least": _AT_LEAST,
    "more_than": _AT_LEAST,
    "at_most": _AT_MOST,
    "less_than": _AT_MOST,
    "range": {"value": "null", "low": "given", "high": "given"},
    "vague": {"value": "null"},
}


@rule(
    "figure:bound",
    "error",
    "figures",
    mend="'more than 7,000' is value 7000, more_than, low 7000, high null; a range and a vague quantity have no value",
    passes={"figures": [{"figure_id": "f", "bound": "more_than", "value": 7000.0, "low": 7000.0}]},
    fails={"figures": [{"figure_id": "f", "bound": "vague", "value": 100.0, "low": 100.0}]},
)
def bounds_agree_with_numbers(tables: Tables, _: Context) -> Iterator[Finding]:
    """The bound says which of value, low and high are given, and which agree."""
    for row in tables.rows("figures"):
        for column, due in _BOUNDS[row["bound"]].items():
            cell = row[column]
            if not {"given": cell is not None, "null": cell is None, "the value": cell == row["value"]}[due]:
                message = f"with {row['bound']}, {column} is {due}"
                yield Finding(row["figure_id"], message, column, _shown(cell))


_PEOPLE = frozenset({"persons", "households"})
_UNITS = {
    **dict.fromkeys(("deaths", "injured", "displaced", "refugees", "troops", "abducted"), _PEOPLE),
    "share": frozenset({"percent"}),
    "duration": frozenset({"a", "mo", "wk", "d", "h"}),
}
_MONEY = frozenset({"money", "resource_value"})


@rule(
    "figure:unit",
    "error",
    "figures",
    mend="people are counted in persons or households, shares in percent, money in a currency, durations in time",
    passes={"figures": [{"figure_id": "f", "measure": "money", "unit": "USD"}]},
    fails={"figures": [{"figure_id": "f", "measure": "money", "unit": "persons"}]},
)
def units_fit_measures(tables: Tables, context: Context) -> Iterator[Finding]:
    """The unit fits the measure: people, percent, a currency or a time."""
    currencies = {code for code, row in context.codes.by_vocabulary["unit"].items() if row["standard"] == "ISO 4217"}
    for row in tables.rows("figures"):
        fitting = currencies if row["measure"] in _MONEY else _UNITS.get(row["measure"])
        if fitting is not None and row["unit"] not in fitting:
            yield Finding(row["figure_id"], f"is no unit of {row['measure']}", "unit", row["unit"])


# --- deals, terms, events, relations, actors ------------------------------------------------------------------------


@rule(
    "deal:parties",
    "error",
    "deals",
    reads=("participants",),
    mend="say in the record's roles who the parties are, or take the deal out",
    passes={
        "deals": [{"deal_id": "d"}],
        "participants": [{"record_id": "d", "role": "party", "actor_id": "COD"}],
    },
    fails={
        "deals": [{"deal_id": "d"}],
        "participants": [{"record_id": "d", "role": "mediator", "actor_id": "QAT"}],
    },
)
def deals_have_a_party(tables: Tables, _: Context) -> Iterator[Finding]:
    """A deal has a party."""
    for key in tables.by_id("deals"):
        if not tables.roles.get(key, {}).get("party"):
            yield Finding(key, "a deal of nobody")


@rule(
    "deal:other-party",
    "warning",
    "deals",
    reads=("participants",),
    mend="add the other party where the text names it",
    passes={
        "deals": [{"deal_id": "d"}],
        "participants": [{"record_id": "d", "role": "party", "actor_id": actor} for actor in ("COD", "USA")],
    },
    fails={
        "deals": [{"deal_id": "d"}],
        "participants": [{"record_id": "d", "role": "party", "actor_id": "COD"}],
    },
)
def deals_have_two_parties(tables: Tables, _: Context) -> Iterator[Finding]:
    """A deal has two parties or more."""
    for key in tables.by_id("deals"):
        parties = set(tables.roles.get(key, {}).get("party", ()))
        if len(parties) == 1:
            yield Finding(key, "only one party is known", "role:" + next(iter(parties)))


@rule(
    "term:side",
    "error",
    "terms",
    mend=REBUILD,
    passes={"terms": [{"term_id": "t", "term_type": "offtake", "side": "resource"}]},
    fails={"terms": [{"term_id": "t", "term_type": "offtake", "side": "security"}]},
)
def sides_follow_from_types(tables: Tables, context: Context) -> Iterator[Finding]:
    """The side of a term is the one that its type belongs to."""
    for row in tables.rows("terms"):
        due = context.codes.parent("term_type", row["term_type"])
        if row["side"] != due:
            yield Finding(row["term_id"], f"{row['term_type']} belongs to {due}", "side", row["side"])


@rule(
    "term:giver",
    "error",
    "terms",
    mend="leave the giver empty where the text does not tell it",
    passes={"terms": [{"term_id": "t", "giver_id": "COD", "receiver_id": "USA"}]},
    fails={"terms": [{"term_id": "t", "giver_id": UNNAMED}]},
)
def givers_are_somebody(tables: Tables, _: Context) -> Iterator[Finding]:
    """The giver of a term is never `unnamed`, and never its receiver."""
    for row in tables.rows("terms"):
        giver = row["giver_id"]
        if giver == UNNAMED:
            yield Finding(row["term_id"], "nobody in particular gives nothing", "giver_id", giver)
        elif giver is not None and giver == row["receiver_id"]:
            yield Finding(row["term_id"], "gives to itself", "giver_id", giver)


_ROLES = {"deals": {"party", "mediator"}, "events": {"actor", "recipient", "victim", "mediator"}}
_MUTUAL_ROLES = {"actor", "mediator"}


@rule(
    "participant:role",
    "error",
    "participants",
    reads=("deals", "events"),
    mend="deals have party and mediator; events actor, recipient, victim and mediator",
    passes={
        "deals": [{"deal_id": "d"}],
        "participants": [{"record_id": "d", "role": "party", "actor_id": "COD"}],
    },
    fails={
        "deals": [{"deal_id": "d"}],
        "participants": [{"record_id": "d", "role": "victim", "actor_id": "COD"}],
    },
)
def roles_fit_records(tables: Tables, _: Context) -> Iterator[Finding]:
    """A participant's role is one that its deal or event can have."""
    for row in tables.rows("participants"):
        owner = tables.owners.get(row["record_id"], "")
        if owner in _ROLES and row["role"] not in _ROLES[owner]:
            yield Finding(key_of("participants", row), f"is no role in {owner}", "role", row["role"])


@rule(
    "event:mutual-roles",
    "error",
    "participants",
    reads=("events",),
    mend="give everyone in a CONSULT or AGREE event the role actor (or mediator)",
    passes={
        "events": [{"event_id": "e", "event_type": "CONSULT"}],
        "participants": [{"record_id": "e", "role": "actor", "actor_id": "COD"}],
    },
    fails={
        "events": [{"event_id": "e", "event_type": "CONSULT"}],
        "participants": [{"record_id": "e", "role": "recipient", "actor_id": "COD"}],
    },
)
def mutual_events_have_actors(tables: Tables, _: Context) -> Iterator[Finding]:
    """In a mutual event (CONSULT, AGREE) everyone is an actor, or a mediator."""
    mutual = {row["event_id"]: row["event_type"] for row in tables.rows("events") if row["event_type"] in MUTUAL_EVENTS}
    for row in tables.rows("participants"):
        if row["record_id"] in mutual and row["role"] not in _MUTUAL_ROLES:
            message = f"{mutual[row['record_id']]} is mutual"
            yield Finding(key_of("participants", row), message, "role", row["role"])


@rule(
    "relation:ends-ordered",
    "error",
    "relations",
    mend=REBUILD,
    passes={"relations": [{"relation_id": "r", "subject_id": "COD", "predicate": "fights", "object_id": "m23"}]},
    fails={"relations": [{"relation_id": "r", "subject_id": "m23", "predicate": "fights", "object_id": "COD"}]},
)
def symmetric_ends_are_ordered(tables: Tables, _: Context) -> Iterator[Finding]:
    """In a relation that holds both ways the smaller id stands at its subject."""
    for row in tables.rows("relations"):
        if contract.ordered_relation(row) != row:
            message = f"{row['predicate']} holds both ways; {row['object_id']} goes before"
            yield Finding(row["relation_id"], message, "subject_id", row["subject_id"])


_FIGHT = {"subject_id": "COD", "predicate": "fights", "object_id": "m23"}


@rule(
    "relation:duplicate",
    "error",
    "relations",
    mend="merge the two: claims and evidence of both on one record",
    passes={"relations": [{"relation_id": "r1", **_FIGHT}, {"relation_id": "r2", **_FIGHT, "period": "2025"}]},
    fails={
        "relations": [
            {"relation_id": "r1", **_FIGHT},
            {"relation_id": "r2", **_FIGHT, "subject_id": "m23", "object_id": "COD"},
        ]
    },
)
def relations_stand_once(tables: Tables, _: Context) -> Iterator[Finding]:
    """A relation stands once, whichever way round it is told; nothing stands in relation to itself."""
    seen: dict[tuple[Any, ...], str] = {}
    for row in tables.rows("relations"):
        key = row["relation_id"]
        ordered = contract.ordered_relation(row)
        identity = tuple(ordered[part] for part in contract.facts("relations").natural_key)
        if identity in seen:
            yield Finding(key, f"says the same as {seen[identity]}")
        if row["subject_id"] == row["object_id"]:
            yield Finding(key, "is its own object", "object_id", row["object_id"])
        seen.setdefault(identity, key)


@rule(
    "actor:public-role",
    "warning",
    "actors",
    mend="give the person's state, company or group as parent_id in data/registry/actors.csv, or leave the person out",
    passes={"actors": [{"actor_id": "p", "actor_type": "person", "parent_id": "COD", "is_provisional": False}]},
    fails={"actors": [{"actor_id": "p", "actor_type": "person", "is_provisional": False}]},
)
def persons_have_a_public_role(tables: Tables, _: Context) -> Iterator[Finding]:
    """A person in the registry belongs to the state, company or group that the public role is in."""
    for row in tables.rows("actors"):
        if row["actor_type"] == "person" and row["parent_id"] is None and not row["is_provisional"]:
            yield Finding(row["actor_id"], "a person without a public role", "parent_id")


# --- documents and evidence -----------------------------------------------------------------------------------------

_TEXT = "More than 7,000 people died."
_HELD = {
    "source_id": "s", "text_origin": "digest", "n_chars": len(_TEXT),
    "sha256": hashlib.sha256(_TEXT.encode()).hexdigest(),
}  # fmt: skip
_SPAN = {
    "evidence_id": "x", "record_id": "f", "column_name": "value", "source_id": "s",
    "span_start": 0, "span_end": 15, "quote": "More than 7,000", "is_inferred": False,
}  # fmt: skip


@rule(
    "source:text",
    "error",
    "sources",
    reads=("texts",),
    mend="run `rsb run`; a released text must not be edited",
    passes={"sources": [_HELD], "texts": {"s": _TEXT}},
    fails={"sources": [_HELD], "texts": {"s": _TEXT + " "}},
)
def texts_are_those_read(tables: Tables, context: Context) -> Iterator[Finding]:
    """A source's text has the recorded length and SHA-256; a digest's text is always there."""
    texts = context.texts or {}
    for row in tables.rows("sources"):
        key, text = row["source_id"], texts.get(row["source_id"])
        if text is None:
            if row["text_origin"] == "digest":
                yield Finding(key, "its text is missing", source_id=key)
        elif len(text) != row["n_chars"]:
            yield Finding(key, f"the text has {len(text)} characters", "n_chars", str(row["n_chars"]), key)
        elif hashlib.sha256(text.encode()).hexdigest() != row["sha256"]:
            yield Finding(key, "the text is another", "sha256", row["sha256"], key)


@rule(
    "source:copies",
    "error",
    "sources",
    mend="give both the same `origin` in their front matter, or take one of them out",
    passes={
        "sources": [
            {"source_id": "a", "title": "A deal", "publisher": "a", "origin": "AFP", "url": "https://a.org"},
            {"source_id": "b", "title": "A deal", "publisher": "b", "origin": "AFP", "url": "https://b.org"},
            {"source_id": "c", "title": "A deal", "publisher": "c", "published": "2025"},
            {"source_id": "d", "title": "Another", "publisher": "d"},
        ]
    },
    fails={"sources": [{"source_id": s, "title": "A deal", "publisher": s} for s in ("a", "b")]},
)
def copies_have_one_origin(tables: Tables, _: Context) -> Iterator[Finding]:
    """Documents of one address, or of one title and day by different publishers, rest on one origin."""
    seen: dict[tuple[Any, ...], Row] = {}
    for row in tables.rows("sources"):
        marks: list[tuple[Any, ...]] = [("url", row["url"])] if row["url"] else []
        if row["title"]:
            marks.append(("title", row["title"].casefold(), row["published"]))
        for mark in marks:
            first = seen.setdefault(mark, row)
            copied = first is not row and (mark[0] == "url" or first["publisher"] != row["publisher"])
            if copied and (first["origin"] or first["source_id"]) != (row["origin"] or row["source_id"]):
                message = f"has the {mark[0]} of {first['source_id']}, which rests on {first['origin'] or 'itself'}"
                yield Finding(row["source_id"], message, "origin", row["origin"], row["source_id"])


@rule(
    "source:origin-name",
    "warning",
    "sources",
    mend="write the origin in one way in the front matter of all sources: as two names it counts as two origins",
    passes={"sources": [{"source_id": s, "origin": "Associated Press"} for s in ("a", "b")]},
    fails={
        "sources": [
            {"source_id": "a", "origin": "Associated Press"},
            {"source_id": "b", "origin": "the Associated Press"},
            {"source_id": "c", "origin": "AP"},
        ]
    },
)
def origins_have_one_name(tables: Tables, _: Context) -> Iterator[Finding]:
    """An origin is written in one way: not with and without its article, in another case, or as its initials."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for row in tables.rows("sources"):
        if row["origin"]:
            by_name[row["origin"]].append(row["source_id"])
    known: dict[str, str] = {}
    for name in sorted(by_name, key=lambda name: (-len(name), name)):
        words = [word for word in re.findall(r"\w+", name) if word.casefold() != "the"]
        folded = " ".join(words).casefold()
        other = known.setdefault(folded, name)
        if len(words) > 1:
            known.setdefault("".join(word[0] for word in words).casefold(), name)
        if other != name:
            yield Finding(by_name[name][0], f"is also written “{other}”", "origin", name, by_name[name][0])


@rule(
    "source:set-aside",
    "warning",
    "sources",
    mend="mend or remove the file in data/sources/",
    passes={"sources": [_HELD], "set_aside": ()},
    fails={"set_aside": ({"path": "copy.md", "reason": "duplicate", "detail": "repeats s"},)},
)
def nothing_was_set_aside(_: Tables, context: Context) -> Iterator[Finding]:
    """Every document was read; one that was not is listed with its reason."""
    for entry in context.set_aside:
        yield Finding(entry["path"], entry["detail"] or "set aside", "source_id", entry["reason"])


@rule(
    "evidence:span",
    "error",
    "evidence",
    reads=("texts",),
    mend=REBUILD,
    passes={"evidence": [_SPAN], "texts": {"s": _TEXT}},
    fails={"evidence": [{**_SPAN, "span_end": 900}], "texts": {"s": _TEXT}},
)
def spans_lie_in_a_line(tables: Tables, context: Context) -> Iterator[Finding]:
    """A span begins before it ends, lies within its text, and crosses no line end."""
    texts = context.texts or {}
    for row in tables.rows("evidence"):
        text = texts.get(row["source_id"])
        start, end = row["span_start"], row["span_end"]
        if start >= end:
            problem = "ends before it begins"
        elif text is not None and end > len(text):
            problem = f"the text ends at {len(text)}"
        elif text is not None and "\n" in text[start:end]:
            problem = "crosses a line end"
        else:
            continue
        yield Finding(row["evidence_id"], problem, "span_end", f"{start}–{end}", row["source_id"])


@rule(
    "evidence:words",
    "error",
    "evidence",
    reads=("texts",),
    mend="quote whole words",
    passes={"evidence": [_SPAN], "texts": {"s": _TEXT}},
    fails={"evidence": [{**_SPAN, "span_start": 1}], "texts": {"s": _TEXT}},
)
def spans_are_whole_words(tables: Tables, context: Context) -> Iterator[Finding]:
    """A span cuts no word or number in two, and begins before the sign of its currency."""
    texts = context.texts or {}
    for row in tables.rows("evidence"):
        text, begin = texts.get(row["source_id"], ""), row["span_start"]
        for place in (begin, row["span_end"]):
            if not 0 < place < len(text):
                continue
            unsigned = place == begin and text[place - 1] in SIGNS and text[place].isdigit()
            if unsigned or (text[place - 1].isalnum() and text[place].isalnum()):
                whole = f"{text[max(0, place - 10) : place]}|{text[place : place + 10]}"
                yield Finding(row["evidence_id"], f"cuts “{whole}”", "quote", row["quote"], row["source_id"])


@rule(
    "evidence:quote",
    "error",
    "evidence",
    reads=("texts",),
    mend=REBUILD,
    passes={"evidence": [_SPAN], "texts": {"s": _TEXT}},
    fails={"evidence": [{**_SPAN, "span_start": 1, "span_end": 16}], "texts": {"s": _TEXT}},
)
def quotes_are_their_spans(tables: Tables, context: Context) -> Iterator[Finding]:
    """The quote is the text of its span, character for character."""
    texts = context.texts or {}
    for row in tables.rows("evidence"):
        text = texts.get(row["source_id"])
        if text is None:
            continue
        there = text[row["span_start"] : row["span_end"]]
        if there != row["quote"]:
            yield Finding(
                row["evidence_id"], f"the text there reads “{there}”", "quote", row["quote"], row["source_id"]
            )


@rule(
    "evidence:column",
    "error",
    "evidence",
    reads=("participants",),
    mend="name a column of the table, `*`, `role:<actor>` of a participant, or cue, holder, content of a claim",
    passes={"figures": [{"figure_id": "f"}], "evidence": [_SPAN]},
    fails={"figures": [{"figure_id": "f"}], "evidence": [{**_SPAN, "column_name": "values"}]},
)
def evidence_has_a_column(tables: Tables, _: Context) -> Iterator[Finding]:
    """Evidence is for a column that the record's table has, for the whole row, a participant, or part of a claim."""
    for row in tables.rows("evidence"):
        owner, column = tables.owners.get(row["record_id"]), row["column_name"]
        if owner is None or column == WHOLE or column in contract.column_names(owner):
            continue
        if owner == "claims" and column in CLAIM_PARTS:
            continue
        actors = {actor for some in tables.roles.get(row["record_id"], {}).values() for actor in some}
        if column.startswith(ROLE) and column.removeprefix(ROLE) in actors:
            continue
        yield Finding(row["evidence_id"], f"{owner} has no such column", "column_name", column, row["source_id"])


@rule(
    "evidence:claimed",
    "error",
    "evidence",
    reads=("claims",),
    mend="add to the record what the document claims, or take out what was read from it",
    passes={
        "figures": [{"figure_id": "f"}],
        "claims": [{"claim_id": "c", "record_id": "f", "source_id": "s"}],
        "evidence": [_SPAN],
    },
    fails={
        "figures": [{"figure_id": "f"}],
        "claims": [{"claim_id": "c", "record_id": "f", "source_id": "other"}],
        "evidence": [_SPAN],
    },
)
def documents_claim_what_was_read_from_them(tables: Tables, _: Context) -> Iterator[Finding]:
    """A document from which something of a proposition was read makes a claim on it."""
    told: set[tuple[str, str]] = {(row["record_id"], row["source_id"]) for row in tables.rows("claims")}
    for row in tables.rows("evidence"):
        record, source = row["record_id"], row["source_id"]
        if (record, source) not in told and tables.owners.get(record) in contract.proposition_tables():
            told.add((record, source))  # once for each
            yield Finding(row["evidence_id"], f"{source} claims nothing of {record}", "record_id", record, source)


@rule(
    "evidence:coverage",
    "error",
    ANY,
    reads=("evidence", "claims"),
    mend="quote the words that the value was read from, or leave the cell empty",
    passes={"figures": [{"figure_id": "f", "value": 7000.0}], "evidence": [_SPAN]},
    fails={"figures": [{"figure_id": "f", "value": 7000.0, "high": 9000.0}], "evidence": [_SPAN]},
)
def cells_are_covered(tables: Tables, _: Context) -> Iterator[Finding]:
    """Every value that is not derived has evidence of its own, said or inferred.

    This holds for propositions, their participants, and a claim's holder and date. What links a row to another
    proposition, and what else a claim has, is covered by the row's `*` or by the claim's cue; what the registry says
    of a deal needs none.
    """
    covered = {key: {row["column_name"] for row in rows} for key, rows in tables.evidence.items()}
    registered = {column.name for column in registry_columns("deals")}
    for table, key, row in tables.propositions:
        linked = WHOLE in covered.get(key, ()) or any(
            covered.get(claim["claim_id"], set()) & {"cue", WHOLE} for claim in tables.claims.get(key, ())
        )
        for column in contract.columns(table):
            value = row[column.name]
            if value is None or column.derived or value == key or column.name in covered.get(key, ()):
                continue
            if _is_registered(table, key) and column.name in registered:
                continue
            if not (linked and column.refers_to and tables.owners.get(value) in contract.proposition_tables()):
                yield Finding(key, "nothing shows where it was read", column.name, _shown(value), table=table)
    for row in tables.rows("participants"):
        if ROLE + row["actor_id"] not in covered.get(row["record_id"], ()):
            key = key_of("participants", row)
            yield Finding(key, "nothing shows that it takes part", "actor_id", row["actor_id"], table="participants")
    yield from _uncovered_claims(tables, covered)


def _uncovered_claims(tables: Tables, covered: Mapping[str, set[str]]) -> Iterator[Finding]:
    for row in tables.rows("claims"):
        key, source = row["claim_id"], row["source_id"]
        own = covered.get(key, set())
        told = {"holder_id": own & {"holder", "holder_id"}, "said": own & {"said"}}
        for column, spans in told.items():
            if row[column] is not None and not spans:
                yield Finding(key, "nothing shows where it was read", column, row[column], source, "claims")
        # The publication's own claim is the sentence that tells the record.
        by_record = row["holder_id"] is None and any(
            e["column_name"] == WHOLE and e["source_id"] == source for e in tables.evidence.get(row["record_id"], ())
        )
        if not own & {"cue", WHOLE} and not by_record:
            yield Finding(key, "has neither a cue nor `*`", None, None, source, "claims")


@rule(
    "evidence:grounded",
    "error",
    ANY,
    reads=("evidence", "names"),
    mend="correct the value to what the quote says, quote the words that say it, or mark the evidence as inferred",
    passes={"figures": [{"figure_id": "f", "measure": "deaths", "value": 7000.0}], "evidence": [_SPAN]},
    fails={"figures": [{"figure_id": "f", "measure": "deaths", "value": 8000.0}], "evidence": [_SPAN]},
)
def values_follow_from_quotes(tables: Tables, context: Context) -> Iterator[Finding]:
    """A number, date or name can be read again from the quotes that are its evidence."""
    assert context.names is not None
    learned = {row["actor_id"]: row["name"] for row in tables.rows("actors") if row[LEARNED]}
    learned |= {
        row["place_id"]: row["name"] for row in tables.rows("places") if row["place_id"] not in context.names.places
    }
    rows = {
        key: (table, row)
        for table in tables.data
        if contract.id_column(table)
        for key, row in tables.by_id(table).items()
    }
    for key, spans in tables.evidence.items():
        if key not in rows:
            continue
        table, row = rows[key]
        for column, told in _grouped(spans, "column_name").items():
            value = _evident_value(table, row, column)
            if value is None:
                continue
            quotes = [span["quote"] for span in told]
            inferred = all(span["is_inferred"] for span in told)
            problem = check_cell(table, column, value, quotes, inferred, context.names, learned)
            if problem:
                yield Finding(key, problem, column, _shown(value), told[0]["source_id"], table)


def _evident_value(table: str, row: Row, column: str) -> Any:
    if column.startswith(ROLE):
        return column.removeprefix(ROLE)
    return row.get((CLAIM_PARTS.get(column) if table == "claims" else None) or column)


# --- assertions of params.yaml --------------------------------------------------------------------------------------


@rule(
    "count:min",
    "error",
    ANY,
    mend="find out what was lost; lower min_counts in params.yaml only where fewer rows are right",
    passes={"deals": [{"deal_id": "d"}], "params": {"min_counts": {"deals": 1}}},
    fails={"deals": [{"deal_id": "d"}], "params": {"min_counts": {"deals": 2}}},
)
def tables_are_not_too_small(tables: Tables, context: Context) -> Iterator[Finding]:
    """A table has at least the rows that `min_counts` asks for."""
    for table, least in sorted(context.params.get("min_counts", {}).items()):
        if table in tables.data and len(tables.data[table]) < least:
            yield Finding(table, f"at least {least} rows are due", None, str(len(tables.data[table])), table=table)


@rule(
    "count:max",
    "warning",
    ANY,
    mend="find out what came in twice; raise max_counts in params.yaml where so many rows are right",
    passes={"deals": [{"deal_id": "d"}], "params": {"max_counts": {"deals": 1}}},
    fails={"deals": [{"deal_id": "d"}], "params": {"max_counts": {"deals": 0}}},
)
def tables_are_not_too_large(tables: Tables, context: Context) -> Iterator[Finding]:
    """A table has at most the rows that `max_counts` allows."""
    for table, most in sorted(context.params.get("max_counts", {}).items()):
        if table in tables.data and len(tables.data[table]) > most:
            yield Finding(table, f"at most {most} rows are due", None, str(len(tables.data[table])), table=table)


@rule(
    "fill:min",
    "error",
    ANY,
    mend="find out why cells are empty that were filled; lower min_fill in params.yaml only where it is right",
    passes={"deals": [{"deal_id": "d", "title": "D"}], "params": {"min_fill": {"deals.title": 1.0}}},
    fails={"deals": [{"deal_id": "d"}, {"deal_id": "e", "title": "E"}], "params": {"min_fill": {"deals.title": 0.6}}},
)
def columns_are_filled(tables: Tables, context: Context) -> Iterator[Finding]:
    """A column has at least the share of filled cells that `min_fill` asks for."""
    for where, least in sorted(context.params.get("min_fill", {}).items()):
        share = tables.profile.filled.get(where)
        if share is not None and share < least:
            yield _drifted(where, f"at least {least:.0%} filled cells are due", f"{share:.1%}")


def _drifted(where: str, message: str, value: str) -> Finding:
    table, _, column = where.partition(".")
    return Finding(where, message, column or None, value, table=table)


@rule(
    "drift:rows",
    "error",
    ANY,
    mend="`rsb diff latest` tells which rows; waive it in data/waivers.yaml with the reason where it is right",
    passes={"deals": [{"deal_id": "d"}], "params": {"max_drift": {"rows": 0.2}}, "previous": Profile({"deals": 1})},
    fails={"deals": [{"deal_id": "d"}], "params": {"max_drift": {"rows": 0.2}}, "previous": Profile({"deals": 2})},
)
def rows_do_not_drain_away(tables: Tables, context: Context) -> Iterator[Finding]:
    """A table has lost no greater part of the last version's rows than `max_drift` allows."""
    before, most = context.previous or Profile(), context.params.get("max_drift", {}).get("rows")
    for table, rows in sorted(before.rows.items() if most is not None else ()):
        now = len(tables.data[table]) if table in tables.data else rows
        if now < rows * (1 - most):
            message = f"the last version has {rows} rows; at most {most:.0%} fewer are due"
            yield Finding(table, message, None, str(now), table=table)


_MANY = [{"deal_id": f"d{number}", "stage": "signed"} for number in range(40)]


@rule(
    "drift:fill",
    "error",
    ANY,
    mend="find out what is read no longer; waive it in data/waivers.yaml with the reason where it is right",
    passes={
        "deals": _MANY,
        "params": {"max_drift": {"fill": 0.1}},
        "previous": Profile({"deals": 40}, {"deals.stage": 0.95}),
    },
    fails={
        "deals": _MANY,
        "params": {"max_drift": {"fill": 0.1}},
        "previous": Profile({"deals": 40}, {"deals.stage": 0.5}),
    },
)
def fill_rates_hold(tables: Tables, context: Context) -> Iterator[Finding]:
    """A column's share of filled cells is within `max_drift` of the last version's."""
    before, most = context.previous or Profile(), context.params.get("max_drift", {}).get("fill")
    for where, share in sorted(before.filled.items() if most is not None else ()):
        now = tables.profile.filled.get(where)
        if now is not None and _moved(before, tables.profile, where, share, now, most):
            yield _drifted(where, f"{share:.1%} of the last version's cells are filled", f"{now:.1%}")


@rule(
    "drift:codes",
    "error",
    ANY,
    mend="find out which rule or source codes otherwise; waive it in data/waivers.yaml with the reason",
    passes={
        "deals": _MANY,
        "params": {"max_drift": {"codes": 0.1}},
        "previous": Profile({"deals": 40}, {}, {"deals.stage": {"signed": 0.95, "sought": 0.05}}),
    },
    fails={
        "deals": _MANY,
        "params": {"max_drift": {"codes": 0.1}},
        "previous": Profile({"deals": 40}, {}, {"deals.stage": {"signed": 0.5, "sought": 0.5}}),
    },
)
def shares_of_codes_hold(tables: Tables, context: Context) -> Iterator[Finding]:
    """The share of each code in its column is within `max_drift` of the last version's."""
    before, most = context.previous or Profile(), context.params.get("max_drift", {}).get("codes")
    for where, shares in sorted(before.codes.items() if most is not None else ()):
        found = tables.profile.codes.get(where, shares)
        for code in sorted({*shares, *found}):
            share, now = shares.get(code, 0.0), found.get(code, 0.0)
            if _moved(before, tables.profile, where, share, now, most):
                yield _drifted(where, f"{share:.1%} of the last version's cells are {code}", f"{now:.1%}")


def _moved(before: Profile, now: Profile, where: str, share: float, share_now: float, most: float) -> bool:
    return before.comparable(where) and now.comparable(where) and abs(share - share_now) > most


# --- waivers --------------------------------------------------------------------------------------------------------

_WAIVER = Waiver("actor:public-role", "p", "The text gives no office.", expires="0.2.0")


@rule(
    "waiver:expired",
    "error",
    ANY,
    mend="mend what was waived and delete the entry of data/waivers.yaml, or give it a later `expires` with a reason",
    passes={"waivers": (_WAIVER,), "version": "0.1.0", "deals": []},
    fails={"waivers": (_WAIVER,), "version": "0.2.0"},
)
def waivers_have_not_expired(_: Tables, context: Context) -> Iterator[Finding]:
    """A waiver holds for versions before the one at which it expires."""
    for waiver in context.waivers:
        if waiver.has_expired(context.version):
            yield _about(waiver, f"expired with version {waiver.expires}")


@rule(
    "waiver:needed",
    "error",
    ANY,
    mend="delete the entry of data/waivers.yaml",
    passes={"waivers": (_WAIVER,), "deals": []},
    fails={"idle_waivers": (_WAIVER,)},
)
def waivers_are_needed(_: Tables, context: Context) -> Iterator[Finding]:
    """A waiver matches something that the rule still finds."""
    for waiver in context.idle_waivers:
        yield _about(waiver, "the rule finds no such thing any more")


def _about(waiver: Waiver, message: str) -> Finding:
    return Finding(waiver.key, f"{waiver.rule_id}: {message} (data/waivers.yaml:{waiver.line})", value=waiver.reason)


@rule(
    "warnings:max",
    "error",
    ANY,
    mend="mend some of them; raise max_warnings in params.yaml only where they are right",
    passes={"params": {"max_warnings": 500}, "n_warnings": 500, "deals": [{"deal_id": "d"}]},
    fails={"params": {"max_warnings": 500}, "n_warnings": 501},
)
def warnings_are_few(_: Tables, context: Context) -> Iterator[Finding]:
    """There are no more warnings than `max_warnings`."""
    most = context.params.get("max_warnings")
    if most is not None and context.n_warnings > most:
        yield Finding("max_warnings", f"at most {most} are allowed", None, str(context.n_warnings))
