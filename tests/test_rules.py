import hashlib
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from pipeline import contract
from pipeline.codes import Codes
from pipeline.extract.names import Names
from pipeline.registry import Registry
from pipeline.rules import RULES, Context, Finding, Rule, Tables
from pipeline.rules import rule as register

ALL = pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))


NO_NAMES = Names(Registry())


def run_example(rule: Rule, example: Any, codes: Codes) -> list[Finding]:
    rows = {key: value for key, value in example.items() if key in contract.table_names()}
    told = {key: value for key, value in example.items() if key not in rows}
    context = Context(codes, **{"names": NO_NAMES, **told})
    return list(rule.check(Tables({table: contract.to_arrow(table, some) for table, some in rows.items()}), context))


@ALL
def test_a_rule_is_silent_on_its_passing_example(rule: Rule, codes: Codes) -> None:
    assert rule.passes
    assert run_example(rule, rule.passes, codes) == []


@ALL
def test_a_rule_speaks_on_its_failing_example(rule: Rule, codes: Codes) -> None:
    found = run_example(rule, rule.fails, codes)
    assert found
    assert all(finding.key and finding.message for finding in found)


@ALL
def test_a_rule_says_what_it_asks_and_how_to_mend_it(rule: Rule) -> None:
    assert rule.description.endswith(".")
    assert rule.mend
    assert rule.severity in ("error", "warning")
    assert {rule.table, *rule.reads} <= {*contract.table_names(), "*", "texts", "names"}


@ALL
def test_a_rule_names_columns_that_exist(rule: Rule, codes: Codes) -> None:
    for finding in run_example(rule, rule.fails, codes):
        table = finding.table or rule.table
        if finding.column and not finding.column.startswith("role:"):
            assert finding.column in contract.column_names(table)


@ALL
def test_a_rule_bears_empty_tables(rule: Rule, codes: Codes) -> None:
    empty = {table: contract.to_arrow(table, []) for table in contract.table_names()}
    assert list(rule.check(Tables(empty), Context(codes, texts={}, names=NO_NAMES))) == []


@ALL
def test_a_rule_accepts_the_tiny_dataset(
    rule: Rule, codes: Codes, tables: dict[str, pa.Table], texts: dict[str, str], names: Names
) -> None:
    assert list(rule.check(Tables(tables), Context(codes, texts=texts, names=names))) == []


@pytest.mark.parametrize(("quote", "n_findings"), [("the X Front’s men", 0), ("Front", 0), ("the Y Union", 1)])
def test_an_actor_learned_from_a_text_is_grounded_by_its_name(quote: str, n_findings: int, codes: Codes) -> None:
    span = {"record_id": "e", "column_name": "role:x-front", "source_id": "s", "quote": quote, "is_inferred": False}
    example = {
        "actors": [{"actor_id": "x-front", "name": "X Front", "actor_type": "armed_group", "is_provisional": True}],
        "events": [{"event_id": "e", "event_type": "ASSAULT"}],
        "participants": [{"record_id": "e", "role": "actor", "actor_id": "x-front"}],
        "evidence": [{"evidence_id": "x", **span}],
    }
    assert len(run_example(RULES["evidence:grounded"], example, codes)) == n_findings


def test_what_the_registry_says_of_a_deal_needs_no_evidence(codes: Codes) -> None:
    rule = RULES["evidence:coverage"]
    deal = {"deal_type": "security_pact", "title": "A pact"}
    assert run_example(rule, {"deals": [{"deal_id": "the-pact", **deal}]}, codes) == []
    assert [f.column for f in run_example(rule, {"deals": [{"deal_id": "dl-1", **deal}]}, codes)] == ["deal_type"]
    staged = {"deals": [{"deal_id": "the-pact", **deal, "stage": "signed"}]}
    assert [f.column for f in run_example(rule, staged, codes)] == ["stage"]


def test_a_link_to_another_proposition_is_covered_by_the_whole_row(codes: Codes) -> None:
    rule = RULES["evidence:coverage"]
    example = {"deals": [{"deal_id": "pact"}], "events": [{"event_id": "e", "deal_id": "pact"}]}
    assert [f.column for f in run_example(rule, example, codes)] == ["deal_id"]
    span = {"evidence_id": "x", "record_id": "e", "column_name": "*", "source_id": "s"}
    assert run_example(rule, {**example, "evidence": [span]}, codes) == []


@pytest.mark.parametrize(
    ("bound", "value", "low", "high", "wrong"),
    [
        ("exact", 5.0, None, None, []),
        ("exact", None, 5.0, None, ["value"]),
        ("at_least", 5.0, 5.0, None, []),
        ("at_least", 5.0, None, 9.0, ["low", "high"]),
        ("less_than", 5.0, None, 5.0, []),
        ("less_than", 5.0, 5.0, None, ["low", "high"]),
        ("range", None, 5.0, 9.0, []),
        ("range", 7.0, 5.0, None, ["value", "high"]),
        ("vague", None, 100.0, None, []),
        ("vague", None, None, None, []),
    ],
)
def test_bounds_say_which_numbers_are_given(
    bound: str, value: float | None, low: float | None, high: float | None, wrong: list[str], codes: Codes
) -> None:
    example = {"figures": [{"figure_id": "f", "bound": bound, "value": value, "low": low, "high": high}]}
    assert [finding.column for finding in run_example(RULES["figure:bound"], example, codes)] == wrong


def test_two_rules_cannot_share_an_id() -> None:
    with pytest.raises(ValueError, match="id:hash"):
        register("id:hash", "error", "terms", mend="", passes={}, fails={})(lambda _, __: iter(()))


@pytest.mark.parametrize(
    ("start", "end", "text", "problem"),
    [
        (0, 5, "Ghana\nhas", None),
        (0, 9, "Ghana\nhas", "crosses a line end"),
        (0, 10, "Ghana\nhas", "the text ends at 9"),
        (3, 3, "Ghana\nhas", "ends before it begins"),
        (0, 9, None, None),
    ],
)
def test_a_span_lies_in_one_line_of_its_text(
    start: int, end: int, text: str | None, problem: str | None, codes: Codes
) -> None:
    span = {"evidence_id": "x", "record_id": "r", "source_id": "s", "span_start": start, "span_end": end}
    example = {"evidence": [span], "texts": {} if text is None else {"s": text}}
    told = [finding.message for finding in run_example(RULES["evidence:span"], example, codes)]
    assert told == ([problem] if problem else [])


@pytest.mark.parametrize(
    ("cue", "polarity", "n_findings"),
    [
        ("firmly rejected", "pos", 1),
        ("Denies it", "pos", 1),
        ("dismissed as baseless", "pos", 1),
        ("sees no such thing", "pos", 1),
        ("isn’t", "pos", 1),
        ("did not deny", "pos", 0),
        ("told", "pos", 0),
        ("denied", "neg", 0),
        ("denied", "unk", 0),
    ],
)
def test_a_cue_that_denies_makes_no_positive_claim(cue: str, polarity: str, n_findings: int, codes: Codes) -> None:
    example = {
        "claims": [{"claim_id": "c", "act": "state", "polarity": polarity, "source_id": "s"}],
        "evidence": [{"evidence_id": "x", "record_id": "c", "column_name": "cue", "quote": cue}],
    }
    assert len(run_example(RULES["claim:denial-cue"], example, codes)) == n_findings


def test_of_a_document_that_claims_nothing_it_is_said_once(codes: Codes) -> None:
    span = {"record_id": "f", "source_id": "s"}
    example = {
        "figures": [{"figure_id": "f"}],
        "claims": [{"claim_id": "c", "record_id": "f", "source_id": "other"}],
        "evidence": [{**span, "evidence_id": f"x{number}"} for number in range(3)]
        + [{**span, "evidence_id": "y", "record_id": "f", "source_id": "other"}]
        + [{**span, "evidence_id": "z", "record_id": "c"}],
    }
    (finding,) = run_example(RULES["evidence:claimed"], example, codes)
    assert (finding.key, finding.column, finding.value, finding.source_id) == ("x0", "record_id", "f", "s")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Côte d’Or", None),
        ("a  b", None),
        ("🇨🇩 cobalt", None),
        ("", "is empty text"),
        ("a\u2028b", "holds a line end"),
        ("é\x85", "holds a line end"),
        ("a\x7fb", "holds a line end"),
        ("a\tb", "holds a line end"),
        (" a", "begins or ends"),
        ("a ", "begins or ends"),
        ("\u00a0a", "begins or ends"),
        ("a\u3000", "begins or ends"),
        ("e\u0301", "is not in Unicode NFC"),
    ],
)
def test_a_string_is_clean_or_it_is_said_what_it_is(text: str, problem: str | None, codes: Codes) -> None:
    names = ["plain", text, "as well"]
    example = {"actors": [{"actor_id": f"a{number}", "name": name} for number, name in enumerate(names)]}
    found = run_example(RULES["string:clean"], example, codes)
    assert [(finding.key, finding.value) for finding in found] == ([("a1", text)] if problem else [])
    assert all(problem and problem in finding.message for finding in found)


@pytest.mark.parametrize(
    ("start", "end", "cut"), [(8, 19, False), (8, 9, False), (9, 19, True), (0, 7, False), (10, 19, True)]
)
def test_a_span_leaves_an_amount_its_sign(start: int, end: int, cut: bool, codes: Codes) -> None:
    text = "It lent $25 billion to Mali."
    span = {"evidence_id": "x", "source_id": "s", "span_start": start, "span_end": end, "quote": text[start:end]}
    found = run_example(RULES["evidence:words"], {"evidence": [span], "texts": {"s": text}}, codes)
    assert bool(found) == cut


def test_an_empty_cell_is_clean(codes: Codes) -> None:
    assert run_example(RULES["string:clean"], {"actors": [{"actor_id": "a", "name": None}]}, codes) == []


def test_a_key_of_several_parts_stands_once(codes: Codes) -> None:
    roles = [("r", "party", "COD"), ("r", "mediator", "COD"), ("r", "party", "COD")]
    example = {"participants": [{"record_id": r, "role": role, "actor_id": a} for r, role, a in roles]}
    (finding,) = run_example(RULES["id:unique"], example, codes)
    assert finding.key == "r|party|COD"
    assert finding.message == "stands already in participants"


@pytest.mark.parametrize(
    ("earliest", "latest", "wrong"),
    [
        ("2025-03-01", "2025-03-31", []),
        ("2025-03-02", "2025-03-31", ["published_earliest"]),
        ("2025-03-01", "2025-03-30", ["published_latest"]),
        ("2025-03-01", None, ["published_latest"]),
    ],
)
def test_both_days_that_a_date_means_are_recomputed(
    earliest: str, latest: str | None, wrong: list[str], codes: Codes
) -> None:
    days = {
        "published_earliest": date.fromisoformat(earliest),
        "published_latest": date.fromisoformat(latest) if latest else None,
    }
    example = {"sources": [{"source_id": "s", "published": "2025-03", **days}]}
    assert [finding.column for finding in run_example(RULES["date:derived"], example, codes)] == wrong


@pytest.mark.parametrize(("origin", "n_findings"), [("digest", 1), ("fetched", 0)])
def test_the_text_of_a_digest_is_always_there(origin: str, n_findings: int, codes: Codes) -> None:
    example = {"sources": [{"source_id": "s", "text_origin": origin, "n_chars": 3, "sha256": "0" * 64}], "texts": {}}
    found = run_example(RULES["source:text"], example, codes)
    assert [(finding.key, finding.message) for finding in found] == [("s", "its text is missing")] * n_findings


def test_a_text_of_the_same_length_may_be_another(codes: Codes) -> None:
    source = {"source_id": "s", "text_origin": "digest", "n_chars": 3, "sha256": hashlib.sha256(b"abc").hexdigest()}
    rule = RULES["source:text"]
    assert run_example(rule, {"sources": [source], "texts": {"s": "abc"}}, codes) == []
    assert [f.column for f in run_example(rule, {"sources": [source], "texts": {"s": "abd"}}, codes)] == ["sha256"]


def copies(*rows: dict[str, str], codes: Codes) -> list[str]:
    sources = [{"source_id": f"s{number}", **row} for number, row in enumerate(rows)]
    return [finding.key for finding in run_example(RULES["source:copies"], {"sources": sources}, codes)]


def test_documents_are_copies_by_their_address_or_by_title_and_day_of_another_publisher(codes: Codes) -> None:
    one = {"title": "The week", "publisher": "a", "published": "2025-03-01", "url": "https://a.org/1"}
    assert copies(one, {**one, "url": "https://a.org/2"}, codes=codes) == [], "a publisher's own column"
    assert copies(one, {**one, "publisher": "b", "url": "https://b.org"}, codes=codes) == ["s1"]
    assert copies(one, {**one, "publisher": "b", "url": "https://b.org", "title": "THE WEEK"}, codes=codes) == ["s1"]
    later = {**one, "publisher": "b", "url": "https://b.org", "published": "2025-03-08"}
    assert copies(one, later, codes=codes) == []
    assert copies(one, {"title": "Another", "publisher": "a", "url": one["url"]}, codes=codes) == ["s1"]
    assert copies({"publisher": "a"}, {"publisher": "b"}, codes=codes) == [], "nothing is known of them"
    assert copies(one, {**one, "publisher": "b", "origin": "s0", "url": "https://b.org"}, codes=codes) == []


def test_what_was_set_aside_is_told_with_its_detail(codes: Codes) -> None:
    entries = [
        {"path": "a.md", "reason": "format", "detail": "no reader"},
        {"path": "b.md", "reason": "x", "detail": ""},
    ]
    found = run_example(RULES["source:set-aside"], {"set_aside": entries}, codes)
    assert [(f.key, f.message, f.value) for f in found] == [("a.md", "no reader", "format"), ("b.md", "set aside", "x")]


@pytest.mark.parametrize(("quote", "n_findings"), [("in Old Ferry", 0), ("in Goma", 1)])
def test_a_place_learned_from_a_text_is_grounded_by_its_name(quote: str, n_findings: int, codes: Codes) -> None:
    span = {"record_id": "e", "column_name": "place_id", "source_id": "s", "quote": quote, "is_inferred": False}
    example = {
        "places": [{"place_id": "old-ferry", "name": "Old Ferry"}],
        "events": [{"event_id": "e", "event_type": "ASSAULT", "place_id": "old-ferry"}],
        "evidence": [{"evidence_id": "x", **span}],
    }
    assert len(run_example(RULES["evidence:grounded"], example, codes)) == n_findings


@pytest.mark.parametrize(("quote", "columns"), [("Kigali", []), ("Congo", ["holder"])])
def test_who_holds_a_claim_is_read_again_from_its_quote(
    quote: str, columns: list[str], codes: Codes, names: Names
) -> None:
    span = {"record_id": "c", "column_name": "holder", "source_id": "s", "quote": quote, "is_inferred": False}
    example = {
        "claims": [{"claim_id": "c", "record_id": "r", "source_id": "s", "holder_id": "RWA"}],
        "evidence": [{"evidence_id": "x", **span}],
        "names": names,
    }
    assert [finding.column for finding in run_example(RULES["evidence:grounded"], example, codes)] == columns
