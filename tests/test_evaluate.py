import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import SEED, basis, claim, echo_proposals, offer, read_registry, record, seed_proposals, shooting

from pipeline.assemble import Basis
from pipeline.errors import RsbError
from pipeline.evaluate import (
    NOTE,
    NOTE_REPEAT,
    SECTIONS,
    evaluate,
    evaluate_all,
    nominal_alpha,
    render,
    report_lines,
    sentence_starts,
    table_lines,
)
from pipeline.proposals import Mention, Proposals, Record


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Basis:
    return basis(read_registry(tmp_path_factory.mktemp("tiny")))


def compare(ground: Basis, gold: list[Record], system: list[Record]) -> dict[str, Any]:
    return evaluate([Proposals("seed", gold)], [Proposals("seed", system), Proposals("echo", [])], ground)


def matched(report: dict[str, Any], table: str) -> tuple[int, int]:
    return tuple(report["tables"][table][mode]["n_matched"] for mode in ("strict", "lenient"))


def test_a_side_compared_with_itself_is_right(ground: Basis) -> None:
    report = evaluate([seed_proposals(), echo_proposals()], [echo_proposals(), seed_proposals()], ground)
    scores = [modes[mode] for modes in report["tables"].values() for mode in modes if modes[mode]["n_gold"]]
    assert scores
    assert all((s["precision"], s["recall"], s["f1"], s["extra_per_gold"]) == (1.0, 1.0, 1.0, 0.0) for s in scores)
    assert report["factuality"]["accuracy"] == 1.0


def test_extra_and_missing_rows_are_counted_and_shares_of_nothing_are_null(ground: Basis) -> None:
    report = compare(ground, offer("seed"), [*offer("seed"), *shooting()])
    assert report["tables"]["events"]["strict"] == {
        "n_gold": 0, "n_system": 1, "n_matched": 0, "precision": 0.0, "recall": None, "f1": 0.0, "extra_per_gold": None,
    }  # fmt: skip
    total = report["tables"]["propositions"]["lenient"]
    assert (total["n_gold"], total["n_system"], total["n_matched"]) == (2, 3, 2)
    assert (total["precision"], total["extra_per_gold"]) == (0.6667, 0.5)


@pytest.mark.parametrize(("given", "n_matched"), [((), 1), (("giver_id",), 0)])
def test_terms_that_both_leave_open_who_gives_are_a_lenient_match(
    ground: Basis, given: tuple[str, ...], n_matched: int
) -> None:
    gold, system = offer("seed"), offer("seed")
    for term, kept in ((gold[1], ()), (system[1], given)):
        term.values = {key: value for key, value in term.values.items() if key in kept or not key.endswith("er_id")}
    system[1].values["act"] = "promise"
    assert matched(compare(ground, gold, system), "terms") == (0, n_matched)


def test_a_term_of_the_same_type_and_giver_is_a_lenient_match(ground: Basis) -> None:
    system = offer("seed")
    system[1].values["act"] = "promise"
    del system[1].values["receiver_id"]
    system[1].mentions = [m for m in system[1].mentions if m.column != "receiver_id"]
    assert matched(compare(ground, offer("seed"), system), "terms") == (0, 1)


def test_a_term_with_other_ends_is_none(ground: Basis) -> None:
    system = offer("seed")
    system[1].values.update(giver_id="USA", receiver_id="COD")
    assert matched(compare(ground, offer("seed"), system), "terms") == (0, 0)


def test_what_stands_in_another_sentence_is_no_match(ground: Basis) -> None:
    system = offer("seed")
    system[1].values["act"] = "promise"
    at = SEED.index("Rwanda denied")
    system[1].mentions = [m for m in system[1].mentions if m.column != "*"] + [Mention("*", at, at + 13)]
    assert matched(compare(ground, offer("seed"), system), "terms") == (0, 0)


@pytest.mark.parametrize(
    ("parties", "kind", "found"),
    [
        (["COD", "USA"], "resource_for_security", (1, 1)),
        (["COD", "USA"], "resource_access", (0, 1)),
        (["COD", "USA"], "security_pact", (0, 1)),
        (["COD", "USA"], "ceasefire", (0, 0)),
        (["COD"], "resource_for_security", (0, 1)),
        (["COD", "RWA"], "resource_for_security", (0, 0)),
    ],
)
def test_deals_agree_by_half_of_their_parties_and_kin_types(
    ground: Basis, parties: list[str], kind: str, found: tuple[int, int]
) -> None:
    system = offer("seed", deal_type=kind)
    system[0].roles = [("party", actor) for actor in parties]
    assert matched(compare(ground, offer("seed"), system), "deals") == found


def test_either_end_of_a_symmetric_relation_may_be_the_one_in_common(ground: Basis) -> None:
    def fight(subject: str, target: str) -> list[Record]:
        values = {"subject_id": subject, "predicate": "fights", "object_id": target}
        quotes = {"*": "shot", "subject_id": "Congo", "predicate": "shot", "object_id": "Goma"}
        return [record("seed", "#r", "relations", values, quotes), claim("seed", "#c", "#r", "shot")]

    assert matched(compare(ground, fight("COD", "RWA"), fight("COD", "USA")), "relations") == (0, 1)
    assert matched(compare(ground, fight("COD", "RWA"), fight("RWA", "USA")), "relations") == (0, 1)
    assert matched(compare(ground, fight("COD", "RWA"), fight("USA", "fardc")), "relations") == (0, 0)


def test_figures_agree_by_measure_and_number(ground: Basis) -> None:
    def shot(value: float, bound: str) -> list[Record]:
        values = {"measure": "injured", "value": value, "low": value, "bound": bound}
        quotes = {"*": "shot 20 people", **dict.fromkeys(values, "20")}
        return [record("seed", "#f", "figures", values, quotes), claim("seed", "#c", "#f", "shot")]

    assert matched(compare(ground, shot(20, "at_least"), shot(20, "approx")), "figures") == (0, 1)
    assert matched(compare(ground, shot(20, "at_least"), shot(21, "at_least")), "figures") == (0, 0)


def test_learned_names_are_compared_by_name_not_by_id(ground: Basis) -> None:
    gold = shooting()
    system = shooting()
    system[0].ref, system[0].values["name"] = "the-front", "KIVU FRONT"
    system[1].roles = [("actor", "the-front")]
    for mention in system[1].mentions:
        mention.column = mention.column.replace("kivu-front", "the-front")
    report = compare(ground, gold, system)
    assert matched(report, "events") == (1, 1)
    assert matched(report, "actors") == (1, 1)


def test_a_gold_row_is_matched_once(ground: Basis) -> None:
    system = offer("seed")
    again = offer("seed")[1]
    again.ref, again.values["act"] = "#t2", "promise"
    system += [again, claim("seed", "#c9", "#t2", "offered")]
    terms = compare(ground, offer("seed"), system)["tables"]["terms"]["lenient"]
    assert (terms["n_matched"], terms["n_system"], terms["extra_per_gold"]) == (1, 2, 1.0)


def test_the_pair_with_the_same_key_goes_before_others(ground: Basis) -> None:
    other = offer("seed", method="rule:late")[1]
    other.ref, other.values["act"] = "#a", "promise"
    system = [*offer("seed", method="rule:right"), other, claim("seed", "#c9", "#a", "offered")]
    rules = compare(ground, offer("seed"), system)["rules"]
    assert rules["rule:right"]["lenient"]["precision"] == 1.0
    assert rules["rule:late"] == {
        "n_proposed": 1,
        "strict": {"n_matched": 0, "precision": 0.0},
        "lenient": {"n_matched": 0, "precision": 0.0},
        "f1_gain": -0.3333,
    }
    assert rules["rule:right"]["f1_gain"] == 0.8


def test_what_has_no_pair_is_counted_by_cause(ground: Basis) -> None:
    denied = {"holder_id": "RWA", "holder": "Rwanda", "act": "deny", "polarity": "neg"}
    gold = [*offer("seed"), claim("seed", "#c3", "#t", "denied", **denied)]
    other = offer("seed")
    other[1].values["term_type"] = "military_training"
    report = compare(ground, gold, other)
    assert report["missed"] == {"terms": {"other_kind": 1}, "claims": {"no_record": 2}}
    assert report["unsupported"] == {"terms": {"other_kind": 1}, "claims": {"no_record": 1}}
    assert compare(ground, gold, offer("seed"))["missed"] == {"claims": {"other_holder": 1}}
    assert compare(ground, gold, shooting())["missed"]["terms"] == {"nothing_there": 1}


def test_claims_match_on_matched_records_by_holder_and_polarity(ground: Basis) -> None:
    denied = {"holder_id": "RWA", "holder": "Rwanda", "act": "deny", "polarity": "neg"}
    gold = [*offer("seed"), claim("seed", "#c3", "#t", "denied", **denied)]
    system = [*offer("seed"), claim("seed", "#c3", "#t", "denied", **{**denied, "certainty": "PR", "act": "state"})]
    report = compare(ground, gold, system)
    assert matched(report, "claims") == (2, 3)
    assert report["factuality"] == {"n_claims": 3, "n_right": 2, "accuracy": 0.6667}


def test_coded_records_are_compared_on_the_gold_documents_that_have_them(ground: Basis) -> None:
    gold = [seed_proposals(), echo_proposals()]
    coded = [Proposals("seed", offer("seed", "coded"))]
    report = evaluate_all(gold, [seed_proposals(), Proposals("echo", [])], coded, ([], []), ground)
    told = report["coded"]["tables"]["propositions"]["strict"]
    assert (told["n_gold"], told["n_system"], told["n_matched"]) == (3, 2, 2)
    assert report["coded"]["n_documents"] == 1
    assert report["repeat_coding"] is None
    assert report["n_documents"] == 2


def test_two_passes_of_annotation_are_compared(ground: Basis) -> None:
    second = offer("seed")
    second[2].values["certainty"] = "PR"
    gold = [seed_proposals(), echo_proposals()]
    told = evaluate_all(gold, gold, [], (gold, [Proposals("seed", second)]), ground)["repeat_coding"]
    assert (told["n_documents"], told["note"]) == (1, NOTE_REPEAT)
    assert told["tables"]["propositions"]["strict"]["f1"] == 0.8
    assert told["stance"]["certainty"] == {"n_claims": 2, "alpha": 0.0}
    assert told["stance"]["act"] == {"n_claims": 2, "alpha": None}


def test_passes_over_different_documents_are_not_compared(ground: Basis) -> None:
    gold = [seed_proposals()]
    assert evaluate_all(gold, gold, [], (gold, [echo_proposals()]), ground)["repeat_coding"] is None


def test_all_sections_are_shown(ground: Basis) -> None:
    both = [seed_proposals(), echo_proposals()]
    coded = [Proposals("echo", offer("echo"), complete=True)]
    report = evaluate_all(both, both, coded, (both, [seed_proposals()]), ground)
    lines = list(report_lines(report))
    assert all(heading in lines for heading in SECTIONS.values())
    assert any("alpha on polarity" in line and line.endswith("1.00") for line in lines)


@pytest.mark.parametrize(
    ("pairs", "alpha"),
    [
        ([], None),
        (["aa", "aa"], None),
        (["aa", "bb"], 1.0),
        (["ab", "ba"], -0.5),
        # Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability": two observers, binary data.
        (["01", "11", "01", "00", "00", "01", "00", "00", "10", "00"], 0.0952),
    ],
)
def test_alpha_is_krippendorffs(pairs: list[str], alpha: float | None) -> None:
    assert nominal_alpha([(pair[0], pair[1]) for pair in pairs]) == alpha


def test_a_document_without_proposals_is_an_error(ground: Basis) -> None:
    with pytest.raises(RsbError, match="no proposals for seed"):
        evaluate([seed_proposals()], [echo_proposals()], ground)


def test_the_report_says_who_made_the_gold_and_ends_as_a_file_does(ground: Basis) -> None:
    report = evaluate([seed_proposals()], [seed_proposals()], ground)
    assert report["note"] == NOTE
    assert json.loads(render(report)) == report
    assert render(report).endswith("}\n")
    assert any(line.startswith("terms") and "100.0" in line for line in table_lines(report))


@given(swap=st.booleans(), order=st.permutations(range(8)))
def test_the_order_of_records_does_not_change_the_report(ground: Basis, swap: bool, order: list[int]) -> None:
    sides = [seed_proposals(), echo_proposals()]
    expected = evaluate(sides, sides, ground)
    shuffled = Proposals("seed", [sides[0].records[number] for number in order])
    others = [sides[1], shuffled] if swap else [shuffled, sides[1]]
    assert render(evaluate(sides, others, ground)) == render(expected)


def test_sentences_end_at_stops_before_blanks_and_at_lines() -> None:
    text = "It rose 1.5 times. “Why?” he said.\nThen: no"
    assert [text[start : start + 4] for start in sentence_starts(text)] == ["It r", "“Why", "he s", "Then"]


def test_evaluating_a_workspace_without_gold_is_refused(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from pipeline.cli import main

    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        for command, told in (("evaluate", "run `rsb ingest`"), ("assemble", "run `rsb ingest`")):
            answer = CliRunner().invoke(main, [command])
            assert answer.exit_code == 2
            assert told in answer.output
