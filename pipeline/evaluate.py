"""The extractor and the coded records against gold, and the passes it was made of: precision, recall, agreement.

Compares what each side says of the same documents after ids are given. A strict match has the same natural key. A
lenient match lies in the same sentence and agrees in what matters most of its table. Every record counts in one
pair at most. It does not judge the gold.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline import contract, store
from pipeline.assemble import (
    Basis,
    Resolved,
    flatten,
    learned_names,
    load_documents,
    load_proposals,
    resolve,
    ungrounded,
)
from pipeline.coded import CLAIMS, read_folder
from pipeline.codes import load_codes
from pipeline.errors import RsbError, together
from pipeline.progress import say
from pipeline.proposals import ROLE, WHOLE, Mention, Proposals, Record
from pipeline.registry import NAMED, Registry, load_registry
from pipeline.workspace import Workspace

NOTE = "The gold was made by language models that read the documents; no person has checked it."
NOTE_CODED = (
    "Coded records of a language model stand for gold here. The registry has the names of these documents, and some of "
    "the rules and most of the weights were learned on them: figures at first contact are in reports/first_contact.csv."
)
NOTE_REPEAT = "Both annotators are machines (language models) that read the documents on their own; no person did."
REPORT = "evaluation.json"
STANCE = ("certainty", "polarity", "act", "realis")
"""The columns of claims on which the agreement of annotators is measured."""
SECTIONS = {
    "extractor_on_coded": "The extractor on completely coded documents:",
    "coded": "Coded records on gold documents that have them:",
    "repeat_coding": "The second pass of annotation against the first:",
}
"""The parts of the report beside that on the extractor and all gold, with a heading for each."""
_SENTENCE_END = re.compile(r"[.!?][”’\"')\]]*\s+|\n+")
_FAMILIES = (
    {"resource_for_security", "resource_access", "resource_backed_finance", "infrastructure_for_resources"},
    {"resource_for_security", "security_pact", "base_access"},
    {"peace_agreement", "ceasefire"},
)
"""Types of deals that a lenient match does not tell apart; a type in two families agrees with both."""


@dataclass(slots=True)
class Item:
    """All that one side says under one id in one document.

    sentences: the numbers of those it stands in. methods: who proposed it.
    """

    source_id: str
    table: str
    key: str
    values: dict[str, Any]
    roles: frozenset[tuple[str, str]]
    sentences: set[int] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)


Items = list[Item]
Pairs = list[tuple[Item, Item]]


def run(workspace: Workspace) -> dict[str, Any]:
    """Evaluate the workspace's proposals, write `reports/evaluation.json`, and return the report.

    Raises `RsbError` where there is no gold, or where gold, documents or proposals are missing or broken.
    """
    from pipeline.codebook import load_names

    sources, texts = load_documents(workspace)
    codes = load_codes(workspace.codebook / "codes.csv")
    registry = load_registry(workspace.registry, codes)
    basis = Basis(sources, texts, registry, codes, load_names(workspace.registry))
    gold = read_folder(workspace.gold, texts, registry, codes)
    if not gold:
        raise RsbError("there is no gold", path=workspace.gold, mend="annotate <source_id>.yaml files there by hand")
    first, second = (read_folder(path, texts, registry, codes) for path in workspace.gold_passes)
    for annotated in (gold, first, second):
        check_gold(annotated, basis)
    coded = read_folder(workspace.coded, texts, registry, codes)
    report = evaluate_all(gold, load_proposals(workspace), coded, (first, second), basis)
    store.write_text(workspace.reports / REPORT, render(report))
    for line in report_lines(report):
        say(line)
    return report


def render(report: Mapping[str, Any]) -> str:
    """The report as the text of its file."""
    return json.dumps(report, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def check_gold(gold: Sequence[Proposals], basis: Basis) -> None:
    """Raise `RsbError` for gold values that do not follow from their quotes."""
    problems = []
    proposed = flatten(gold, basis)
    learned = learned_names(proposed)
    for one in proposed:
        if one.record.table in contract.proposition_tables():
            where = f"gold {one.source_id}: {one.record.ref}"
            found = ungrounded(one, basis, learned[one.source_id])
            problems += [RsbError(f"{column}: {told}", path=where) for column, told in found]
    if problems:
        raise RsbError(str(together(problems)), mend="correct the value or the quote in data/gold/")


def evaluate(gold: Sequence[Proposals], proposals: Sequence[Proposals], basis: Basis) -> dict[str, Any]:
    """Compare the extractor's `proposals` with `gold` on the documents that gold covers.

    Raises `RsbError` where the proposals lack one of them, or records of either side do not resolve.
    """
    covered = {one.source_id for one in gold}
    missing = covered - {one.source_id for one in proposals}
    if missing:
        raise RsbError(f"no proposals for {', '.join(sorted(missing))}", mend="run `rsb extract`")
    sides = _matched(gold, proposals, basis)
    return {
        "note": NOTE,
        "n_documents": len(covered),
        "tables": _by_table(sides),
        "rules": _by_rule(sides),
        "missed": _residue(sides.gold, sides.system, sides.lenient),
        "unsupported": _residue(sides.system, sides.gold, [(other, one) for one, other in sides.lenient]),
        "factuality": _factuality(sides),
        "acts": _acts(sides),
    }


def evaluate_all(
    gold: Sequence[Proposals],
    proposals: Sequence[Proposals],
    coded: Sequence[Proposals],
    passes: tuple[Sequence[Proposals], Sequence[Proposals]],
    basis: Basis,
) -> dict[str, Any]:
    """`evaluate`, and beside it the parts of `SECTIONS`; one for which there are no documents is null.

    coded: the coded records. passes: two annotations blind to each other, of any documents. Raises `RsbError` as
    `evaluate` does.
    """
    by_hand = {one.source_id for one in coded}
    whole = [one for one in coded if one.complete]
    first, second = passes
    twice = {one.source_id for one in first} & {one.source_id for one in second}
    return {
        **evaluate(gold, proposals, basis),
        "causes": CAUSES,
        "extractor_on_coded": {**evaluate(whole, proposals, basis), "note": NOTE_CODED} if whole else None,
        "coded": _part([one for one in gold if one.source_id in by_hand], coded, basis, NOTE),
        "repeat_coding": _part([one for one in first if one.source_id in twice], second, basis, NOTE_REPEAT),
    }


def _part(gold: Sequence[Proposals], other: Sequence[Proposals], basis: Basis, note: str) -> dict[str, Any] | None:
    """One section of the report: how another side agrees with some of the gold."""
    if not gold:
        return None
    sides = _matched(gold, other, basis)
    return {
        "note": note,
        "n_documents": len(gold),
        "tables": _by_table(sides),
        "factuality": _factuality(sides),
        "acts": _acts(sides),
        "stance": _stance(sides),
    }


# --- what a side says -----------------------------------------------------------------------------------------------


def read_items(proposals: Sequence[Proposals], basis: Basis) -> Items:
    """What one side says, by document and id; learned actors and places go by their names."""
    renamed, registry = _learn(proposals, basis.registry)
    learned = replace(basis, registry=registry)
    resolved = resolve(flatten(renamed, learned), learned)
    items: dict[tuple[str, str, str], Item] = {}
    bounds = {source_id: sentence_starts(text) for source_id, text in basis.texts.items()}
    for one in resolved:
        source_id = one.origin.source_id
        item = items.setdefault(
            (source_id, one.table, one.key), Item(source_id, one.table, one.key, dict(one.values), frozenset())
        )
        item.roles |= set(one.roles)
        item.methods.add(one.method)
        item.sentences |= _sentences_of(one, bounds[source_id])
    return [items[key] for key in sorted(items)]


def _learn(proposals: Sequence[Proposals], registry: Registry) -> tuple[list[Proposals], Registry]:
    """The proposals with learned rows called after their names, and a registry that has them.

    A name that the registry has for one row goes by that row's id: it may have been registered since.
    """
    known = _registered_names(registry)
    names: dict[str, dict[str, dict[str, Any]]] = {table: {} for table in NAMED}
    renamed = []
    for one in proposals:
        ids = {r.ref: known.get(name_id(r), name_id(r)) for r in one.records if r.table in NAMED and r.values}
        for record in one.records:
            if record.ref in ids and ids[record.ref] not in registry.table_of:
                key = contract.facts(record.table).key[0]
                names[record.table][ids[record.ref]] = {key: ids[record.ref], **record.values}
        renamed.append(Proposals(one.source_id, [_renamed(record, ids) for record in one.records]))
    table_of = {**registry.table_of, **{name: table for table, rows in names.items() for name in rows}}
    rows = {table: registry.rows(table) + tuple(names[table].values()) for table in NAMED}
    return renamed, replace(registry, **rows, table_of=table_of)


def _registered_names(registry: Registry) -> dict[str, str]:
    """What a learned row would be called → the id of the one row of the registry that has this name or alias."""
    found: dict[str, set[str]] = {}
    for table in NAMED:
        key = contract.facts(table).key[0]
        for row in registry.rows(table):
            found.setdefault(_called(table, row["name"]), set()).add(row[key])
    for alias in registry.aliases:
        table = registry.table_of.get(alias["target_id"], "")
        if table in NAMED:
            found.setdefault(_called(table, alias["alias"]), set()).add(alias["target_id"])
    return {name: next(iter(ids)) for name, ids in found.items() if len(ids) == 1}


def name_id(record: Record) -> str:
    """What a learned row is called in the comparison: its table and name, upper and lower case alike."""
    return _called(record.table, str(record.values.get("name", record.ref)))


def _called(table: str, name: str) -> str:
    return f"{table}:{name.casefold()}"


def _renamed(record: Record, ids: Mapping[str, str]) -> Record:
    references = {column.name for column in contract.columns(record.table) if column.refers_to}
    values = {name: ids.get(value, value) if name in references else value for name, value in record.values.items()}
    mentions = [
        replace(m, column=ROLE + ids.get(actor, actor)) if (actor := _actor_of(m)) else m for m in record.mentions
    ]
    return replace(
        record,
        ref=ids.get(record.ref, record.ref),
        values={} if record.ref in ids else values,
        roles=[(role, ids.get(actor, actor)) for role, actor in record.roles],
        mentions=mentions,
    )


def _actor_of(mention: Mention) -> str | None:
    return mention.column.removeprefix(ROLE) if mention.column.startswith(ROLE) else None


def sentence_starts(text: str) -> list[int]:
    """Where sentences begin: after a full stop, question or exclamation mark and a blank, and after a line end."""
    return [0, *(match.end() for match in _SENTENCE_END.finditer(text))]


def _sentences_of(one: Resolved, starts: Sequence[int]) -> set[int]:
    """The sentences of the whole quote, else of the first mention; a deal's parts lie far apart, so of all of them."""
    whole = [m for m in one.mentions if m.column == WHOLE]
    chosen = one.mentions if one.table == "deals" else whole or sorted(one.mentions, key=lambda m: (m.start, m.end))[:1]
    ends = [*starts[1:], 1 << 60]
    return {
        number
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
        if any(m.start < end and start < m.end for m in chosen)
    }


# --- matching -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sides:
    """What gold and another side say of the same documents, and which of it matches."""

    gold: Items
    system: Items
    strict: Pairs
    lenient: Pairs


def _matched(gold: Sequence[Proposals], other: Sequence[Proposals], basis: Basis) -> Sides:
    """Both sides on the documents of `gold`."""
    covered = {one.source_id for one in gold}
    mine = read_items(gold, basis)
    theirs = read_items([one for one in other if one.source_id in covered], basis)
    return Sides(mine, theirs, *match_items(mine, theirs))


def match_items(gold: Items, system: Items) -> tuple[Pairs, Pairs]:
    """Strict and lenient pairs; claims are matched leniently on records that are."""
    by_id = {(item.source_id, item.table, item.key): item for item in system}
    strict = [(one, by_id[key]) for one in gold if (key := (one.source_id, one.table, one.key)) in by_id]
    lenient = [pair for pair in strict if pair[0].table in NAMED]
    for table in contract.proposition_tables():
        lenient += _pair_up(_of(gold, table), _of(system, table), _AGREE[table])
    lenient += _pair_claims(gold, system, lenient, lambda one, other: _same(one, other, "holder_id", "polarity"))
    return strict, lenient


def _of(items: Items, table: str) -> Items:
    return [item for item in items if item.table == table]


def _pair_up(gold: Items, system: Items, agree: Callable[[Item, Item], bool]) -> Pairs:
    """One-to-one pairs, those that have most in common before others."""
    candidates = [
        (-_likeness(one, other), one.source_id, one.key, other.key, one, other)
        for one in gold
        for other in system
        if one.source_id == other.source_id and (one.key == other.key or agree(one, other))
    ]
    taken: set[tuple[str, str, str]] = set()
    pairs = []
    for _, source_id, left, right, one, other in sorted(candidates, key=lambda candidate: candidate[:4]):
        if not {(source_id, "gold", left), (source_id, "system", right)} & taken:
            taken |= {(source_id, "gold", left), (source_id, "system", right)}
            pairs.append((one, other))
    return pairs


def _likeness(one: Item, other: Item) -> int:
    same = [name for name, value in one.values.items() if other.values.get(name) == value]
    return 1000 * (one.key == other.key) + len(same) + len(one.roles & other.roles)


def _pair_claims(gold: Items, system: Items, records: Pairs, agree: Callable[[Item, Item], bool]) -> Pairs:
    partner = {(one.source_id, one.key): other.key for one, other in records}

    def fits(one: Item, other: Item) -> bool:
        record = partner.get((one.source_id, one.values["record_id"]))
        return record == other.values["record_id"] and agree(one, other)

    return _pair_up(_of(gold, CLAIMS), _of(system, CLAIMS), fits)


def _same(one: Item, other: Item, *columns: str) -> bool:
    return all(one.values.get(column) == other.values.get(column) for column in columns)


def _shares(one: Item, other: Item, column: str, other_column: str | None = None) -> bool:
    value = one.values.get(column)
    return value is not None and value == other.values.get(other_column or column)


def _near(one: Item, other: Item) -> bool:
    return bool(one.sentences & other.sentences)


def _deals_agree(one: Item, other: Item) -> bool:
    left, right = ({actor for role, actor in item.roles if role == "party"} for item in (one, other))
    kinds = {one.values["deal_type"], other.values["deal_type"]}
    overlap = 2 * len(left & right) >= len(left | right) > 0
    return _near(one, other) and overlap and (len(kinds) == 1 or any(kinds <= family for family in _FAMILIES))


def _terms_agree(one: Item, other: Item) -> bool:
    ends = _shares(one, other, "giver_id") or _shares(one, other, "receiver_id")
    ends = ends or not any(item.values.get(end) for item in (one, other) for end in ("giver_id", "receiver_id"))
    return _near(one, other) and _same(one, other, "term_type") and ends


def _events_agree(one: Item, other: Item) -> bool:
    actors = {actor for _, actor in one.roles} & {actor for _, actor in other.roles}
    return _near(one, other) and _same(one, other, "event_type") and bool(actors)


def _figures_agree(one: Item, other: Item) -> bool:
    numbers = _shares(one, other, "value") or _shares(one, other, "low")
    return _near(one, other) and _same(one, other, "measure") and numbers


def _relations_agree(one: Item, other: Item) -> bool:
    ends = _shares(one, other, "subject_id") or _shares(one, other, "object_id")
    if one.values["predicate"] in contract.facts("relations").symmetric:
        ends = ends or _shares(one, other, "subject_id", "object_id") or _shares(one, other, "object_id", "subject_id")
    return _near(one, other) and _same(one, other, "predicate") and ends


_AGREE: dict[str, Callable[[Item, Item], bool]] = {
    "deals": _deals_agree,
    "terms": _terms_agree,
    "events": _events_agree,
    "figures": _figures_agree,
    "relations": _relations_agree,
}


# --- report ---------------------------------------------------------------------------------------------------------


def _by_table(sides: Sides) -> dict[str, Any]:
    tables = (*NAMED, *contract.proposition_tables(), CLAIMS)
    report = {}
    for table in tables:
        n_gold, n_system = len(_of(sides.gold, table)), len(_of(sides.system, table))
        report[table] = {
            mode: _scores(n_gold, n_system, sum(one.table == table for one, _ in pairs))
            for mode, pairs in (("strict", sides.strict), ("lenient", sides.lenient))
        }
    told = [report[table] for table in contract.proposition_tables()]
    report["propositions"] = {
        mode: _scores(*(sum(scores[mode][count] for scores in told) for count in ("n_gold", "n_system", "n_matched")))
        for mode in ("strict", "lenient")
    }
    return report


def _scores(n_gold: int, n_system: int, n_matched: int) -> dict[str, Any]:
    """Counts and shares; a share of nothing is null. extra_per_gold: system rows without a pair, per gold row."""
    return {
        "n_gold": n_gold,
        "n_system": n_system,
        "n_matched": n_matched,
        "precision": _share(n_matched, n_system),
        "recall": _share(n_matched, n_gold),
        "f1": _share(2 * n_matched, n_gold + n_system),
        "extra_per_gold": _share(n_system - n_matched, n_gold),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _by_rule(sides: Sides) -> dict[str, Any]:
    """For each method, how many rows it proposed and how many of them are right."""
    modes = (("strict", sides.strict), ("lenient", sides.lenient))
    matched = {mode: {id(other) for _, other in pairs} for mode, pairs in modes}
    report: dict[str, dict[str, Any]] = {}
    for method in sorted({method for item in sides.system for method in item.methods}):
        proposed = [item for item in sides.system if method in item.methods]
        entry: dict[str, Any] = {"n_proposed": len(proposed)}
        for mode, right in matched.items():
            n_right = sum(id(item) in right for item in proposed)
            entry[mode] = {"n_matched": n_right, "precision": _share(n_right, len(proposed))}
        only = [item for item in proposed if item.methods == {method}]
        entry["f1_gain"] = _f1_gain(only, matched["lenient"], sides)
        report[method or "?"] = entry
    return report


def _f1_gain(only: Items, right: set[int], sides: Sides) -> float | None:
    """What lenient F1 of the tables concerned loses without the rows of `only`; below zero, it would win."""
    tables = {item.table for item in only}
    system = [item for item in sides.system if item.table in tables]
    n_gold, n_system = sum(item.table in tables for item in sides.gold), len(system)
    n_matched, n_own = sum(id(item) in right for item in system), sum(id(item) in right for item in only)
    with_them = _share(2 * n_matched, n_gold + n_system)
    without = _share(2 * (n_matched - n_own), n_gold + n_system - len(only))
    return None if with_them is None or without is None else round(with_them - without, 4)


_KIND = {
    "deals": "deal_type",
    "terms": "term_type",
    "events": "event_type",
    "figures": "measure",
    "relations": "predicate",
}
"""The column that says what a row of the table is of."""


def _residue(mine: Items, theirs: Items, pairs: Pairs) -> dict[str, dict[str, int]]:
    """Table → why rows of one side have no pair on the other, with counts; see `CAUSES`. `pairs`: (mine, theirs)."""
    partner = {id(one): other for one, other in pairs}
    here: dict[tuple[str, str], Items] = {}
    for item in theirs:
        here.setdefault((item.source_id, item.table), []).append(item)
    owners = {(item.source_id, item.key): item for item in mine}
    told: dict[str, Counter[str]] = {table: Counter() for table in (*contract.proposition_tables(), CLAIMS)}
    for item in mine:
        if id(item) in partner or item.table not in told:
            continue
        others = here.get((item.source_id, item.table), [])
        if item.table == CLAIMS:
            owner = partner.get(id(owners.get((item.source_id, item.values["record_id"]))))
            told[CLAIMS][_cause_of_claim(item, owner, others)] += 1
        else:
            kind = _KIND[item.table]
            near = [other for other in others if _near(item, other)]
            same = any(_same(item, other, kind) for other in near)
            told[item.table]["other_content" if same else "other_kind" if near else "nothing_there"] += 1
    return {table: dict(sorted(counts.items())) for table, counts in told.items() if counts}


def _cause_of_claim(claim: Item, owner: Item | None, others: Items) -> str:
    if owner is None:
        return "no_record"
    made = [other for other in others if other.values["record_id"] == owner.key]
    return "other_polarity" if any(_same(claim, other, "holder_id") for other in made) else "other_holder"


CAUSES = {
    "nothing_there": "the other side has no row of the table in the sentence",
    "other_kind": "it has rows there, none of the same type",
    "other_content": "it has a row of the same type there, with other participants or another value",
    "no_record": "of a claim: the record it is on has no pair",
    "other_holder": "of a claim: the record has a pair, on which this holder claims nothing",
    "other_polarity": "of a claim: this holder claims there, with another polarity",
}


def _same_holder(sides: Sides) -> Pairs:
    """Pairs of claims that one holder makes on matched records."""
    records = [pair for pair in sides.lenient if pair[0].table != CLAIMS]
    return _pair_claims(sides.gold, sides.system, records, lambda one, other: _same(one, other, "holder_id"))


def _factuality(sides: Sides) -> dict[str, Any]:
    """Of claims by one holder on matched records, how many have the same certainty and polarity."""
    pairs = _same_holder(sides)
    right = sum(_same(one, other, "certainty", "polarity") for one, other in pairs)
    return {"n_claims": len(pairs), "n_right": right, "accuracy": _share(right, len(pairs))}


def _acts(sides: Sides) -> dict[str, Any]:
    """Of lenient pairs of terms, which need not agree on it, how many have the same act."""
    pairs = [pair for pair in sides.lenient if pair[0].table == "terms"]
    right = sum(_same(one, other, "act") for one, other in pairs)
    return {"n_terms": len(pairs), "n_right": right, "accuracy": _share(right, len(pairs))}


def _stance(sides: Sides) -> dict[str, Any]:
    """Krippendorff's alpha on each column of the stance of claims by one holder on matched records."""
    pairs = [(one.values, other.values) for one, other in _same_holder(sides)]
    told = {name: [(str(one[name]), str(other[name])) for one, other in pairs] for name in STANCE}
    return {name: {"n_claims": len(pairs), "alpha": nominal_alpha(told[name])} for name in STANCE}


def nominal_alpha(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Krippendorff's alpha for nominal values that two annotators give; null where all of them are the same."""
    values = Counter(value for pair in pairs for value in pair)
    total = sum(values.values())
    expected = total * total - sum(count * count for count in values.values())
    observed = sum(one != other for one, other in pairs)
    # Of `total` values, 2 · observed stand in pairs that disagree; `expected` counts the ways in which any two can.
    return round(1 - (total - 1) * 2 * observed / expected, 4) if expected else None


def report_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The whole report for a terminal."""
    yield from table_lines(report)
    yield from _residue_lines(report)
    for section, heading in SECTIONS.items():
        if report[section] is not None:
            yield ""
            yield heading
            yield from table_lines(report[section])
            yield from _residue_lines(report[section])
            yield from _stance_lines(report[section])


def _residue_lines(report: Mapping[str, Any]) -> Iterator[str]:
    for part in ("missed", "unsupported"):
        for table, counts in report.get(part, {}).items():
            yield f"{part} {table}: {', '.join(f'{name} {count}' for name, count in counts.items())}"


def _stance_lines(report: Mapping[str, Any]) -> Iterator[str]:
    for name, told in report.get("stance", {}).items():
        alpha = "–" if told["alpha"] is None else f"{told['alpha']:.2f}"
        yield f"Krippendorff's alpha on {name} of {told['n_claims']} matched claims: {alpha}"


def table_lines(report: Mapping[str, Any]) -> Iterable[str]:
    """The report's tables for a terminal."""
    yield f"{report['n_documents']} documents. {report['note']}"
    yield (
        f"{'':<13}{'gold':>6}{'system':>8}   {'strict  P':>9}{'R':>7}{'F1':>7}   "
        f"{'lenient  P':>10}{'R':>7}{'F1':>7}{'extra':>8}"
    )
    for table, modes in report["tables"].items():
        counts = modes["strict"]
        shown = {mode: [_percent(modes[mode][name]) for name in ("precision", "recall", "f1")] for mode in modes}
        precision, recall, f1 = shown["strict"]
        loose = shown["lenient"]
        extra = "–" if modes["lenient"]["extra_per_gold"] is None else f"{modes['lenient']['extra_per_gold']:.2f}"
        yield (
            f"{table:<13}{counts['n_gold']:>6}{counts['n_system']:>8}   {precision:>9}{recall:>7}{f1:>7}   "
            f"{loose[0]:>10}{loose[1]:>7}{loose[2]:>7}{extra:>8}"
        )
    told = report["factuality"]
    yield f"factuality of {told['n_claims']} matched claims: {_percent(told['accuracy'])}"
    told = report["acts"]
    yield f"act of {told['n_terms']} matched terms: {_percent(told['accuracy'])}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"
