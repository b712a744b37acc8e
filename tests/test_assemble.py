import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import (
    SEED,
    TEXTS,
    basis,
    claim,
    echo_proposals,
    offer,
    read_registry,
    record,
    seed_proposals,
    shooting,
    write_registry,
)

from pipeline import contract, ingest, store
from pipeline.assemble import Basis, Rows, assemble, assemble_rows, run
from pipeline.errors import RsbError
from pipeline.extract.names import Names
from pipeline.info import describe, render
from pipeline.proposals import Mention, Proposals, Record, dump_proposals
from pipeline.workspace import Workspace


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Basis:
    return basis(read_registry(tmp_path_factory.mktemp("tiny")))


def one(rows: Rows, table: str, **values: Any) -> dict[str, Any]:
    (found,) = [row for row in rows[table] if all(row[name] == value for name, value in values.items())]
    return found


def refused(ground: Basis, *proposals: Proposals) -> str:
    with pytest.raises(RsbError) as error:
        assemble_rows(proposals, ground)
    return str(error.value)


def test_every_table_has_its_columns_and_ids_from_the_natural_key(ground: Basis) -> None:
    rows = assemble_rows([seed_proposals()], ground)
    assert {table: len(rows[table]) for table in ("deals", "terms", "events", "claims", "participants")} == {
        "deals": 1, "terms": 1, "events": 1, "claims": 4, "participants": 3,
    }  # fmt: skip
    for table, some in rows.items():
        assert all(tuple(row) == contract.column_names(table) for row in some)
    deal, term = rows["deals"][0], rows["terms"][0]
    assert deal["deal_id"] == contract.record_id("deals", deal, roles={"party": ["COD", "USA"]}, source="seed")
    assert term["deal_id"] == deal["deal_id"]
    assert term["term_id"] == contract.record_id("terms", term)
    json.dumps(rows)


def test_the_arrow_tables_hold_the_same_rows(ground: Basis) -> None:
    rows = assemble_rows([seed_proposals()], ground)
    for table, data in assemble([seed_proposals()], ground).items():
        assert data.schema == contract.arrow_schema(table)
        plain = [
            {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
            for row in data.to_pylist()
        ]
        assert plain == rows[table]


def test_evidence_quotes_its_span_for_records_claims_and_names(ground: Basis) -> None:
    rows = assemble_rows([seed_proposals()], ground)
    assert all(SEED[row["span_start"] : row["span_end"]] == row["quote"] for row in rows["evidence"])
    denial = one(rows, "claims", act="deny")
    assert one(rows, "evidence", record_id=denial["claim_id"], column_name="holder")["quote"] == "Rwanda"
    assert one(rows, "evidence", record_id="kivu-front", column_name="name")["quote"] == "Kivu Front"


def test_claims_point_to_their_record_and_to_what_they_answer(ground: Basis) -> None:
    rows = assemble_rows([seed_proposals()], ground)
    denial = one(rows, "claims", act="deny")
    answered = one(rows, "claims", claim_id=denial["responds_to_id"])
    assert answered["record_id"] == denial["record_id"] == rows["terms"][0]["term_id"]


def test_derived_columns_follow_from_other_cells(ground: Basis) -> None:
    rows = assemble_rows([seed_proposals()], ground)
    term, deal = rows["terms"][0], rows["deals"][0]
    assert (term["side"], term["status"], term["n_for"], term["n_against"]) == ("resource", "contested", 1, 1)
    assert (term["first_said"], term["review"], term["reviewed_by"]) == ("2025-03-01", "unreviewed", None)
    assert deal["title"] == "DR Congo–United States: Resource for security"


def test_dates_get_the_days_that_they_mean(ground: Basis) -> None:
    _, event, stance = shooting()
    event.values["date"] = "2025-02"
    event.mentions.append(Mention("date", 0, 5))
    row = assemble_rows([Proposals("seed", [*shooting()[:1], event, stance])], ground)["events"][0]
    assert (row["date_earliest"], row["date_latest"]) == ("2025-02-01", "2025-02-28")


def test_a_learned_actor_is_provisional_and_the_registry_is_not(ground: Basis) -> None:
    rows = assemble_rows([seed_proposals()], ground)
    assert one(rows, "actors", actor_id="kivu-front")["is_provisional"] is True
    assert one(rows, "actors", actor_id="COD")["is_provisional"] is False


def test_another_name_of_a_learned_row_is_an_alias(ground: Basis) -> None:
    attack = shooting()
    start = SEED.index("Front")
    attack[0].mentions.append(Mention("name", start, start + len("Front")))
    rows = assemble_rows([Proposals("seed", attack)], ground, closed=False)
    assert [(row["alias"], row["target_id"], row["alias_type"]) for row in rows["aliases"]] == [
        ("Front", "kivu-front", "name")
    ]


def test_the_registry_rows_are_those_in_use_with_states_countries_parents_and_aliases(ground: Basis) -> None:
    attack = shooting()
    attack[1].roles.append(("recipient", "fardc"))
    attack[1].mentions.append(Mention("role:fardc", 0, 5))
    closed = assemble_rows([Proposals("seed", attack)], ground)
    assert [row["actor_id"] for row in closed["actors"]] == ["COD", "RWA", "USA", "fardc", "kivu-front"]
    assert [row["place_id"] for row in closed["places"]] == ["cod-country", "cod-goma"]
    assert [row["alias"] for row in closed["aliases"]] == ["Congo", "Congolese army"]
    told = assemble_rows([Proposals("seed", attack)], ground, closed=False)
    assert [row["actor_id"] for row in told["actors"]] == ["fardc", "kivu-front"]
    assert [row["place_id"] for row in told["places"]] == ["cod-goma"]


def test_a_group_of_commodities_comes_with_its_member(ground: Basis) -> None:
    rows = assemble_rows([seed_proposals()], ground)
    assert [row["commodity_id"] for row in rows["commodities"]] == ["cobalt", "minerals"]


def test_deals_of_two_documents_meet_in_the_registry_alone(ground: Basis) -> None:
    apart = assemble_rows([seed_proposals(), echo_proposals()], ground)
    assert len(apart["deals"]) == 2
    both = [seed_proposals(), echo_proposals()]
    for proposals in both:
        proposals.records[0].values["deal_id"] = "kivu-pact"
    together = assemble_rows(both, ground)
    (deal,) = together["deals"]
    assert (deal["deal_id"], deal["title"], deal["deal_type"], deal["pax_id"]) == (
        "kivu-pact", "Kivu pact", "security_pact", "123",
    )  # fmt: skip
    assert (deal["n_sources"], deal["n_origins"]) == (2, 1)
    assert len(together["terms"]) == 1
    assert {row["source_id"] for row in together["evidence"] if row["record_id"] == "kivu-pact"} == {"seed", "echo"}
    assert one(together, "evidence", record_id="kivu-pact", column_name="deal_type", source_id="echo")["is_inferred"]


def linked(proposals: Proposals, stage: str, method: str = "rule:x") -> Proposals:
    deal = proposals.records[0]
    deal.values.update(deal_id="kivu-pact", stage=stage)
    deal.method = method
    return proposals


def test_a_cell_is_taken_from_the_latest_publication(ground: Basis) -> None:
    rows = assemble_rows([linked(echo_proposals(), "signed"), linked(seed_proposals(), "offered")], ground)
    assert rows["deals"][0]["stage"] == "signed"


def test_a_hand_coded_cell_goes_before_a_later_one(ground: Basis) -> None:
    rows = assemble_rows([linked(echo_proposals(), "signed"), linked(seed_proposals(), "offered", "coded")], ground)
    assert rows["deals"][0]["stage"] == "offered"


def test_an_empty_cell_is_filled_from_another_document(ground: Basis) -> None:
    later = linked(echo_proposals(), "signed")
    del later.records[0].values["stage"]
    later.records[0].mentions = [m for m in later.records[0].mentions if m.column != "stage"]
    assert assemble_rows([later, linked(seed_proposals(), "offered")], ground)["deals"][0]["stage"] == "offered"


def test_of_claims_with_one_id_the_strongest_counts(ground: Basis) -> None:
    doubtful = claim("seed", "#again", "#t", "cobalt", method="coded", certainty="PS", realis="planned")
    proposals = seed_proposals()
    proposals.records.append(doubtful)
    rows = assemble_rows([proposals], ground)
    merged = one(rows, "claims", record_id=rows["terms"][0]["term_id"], act="state")
    assert (merged["certainty"], merged["realis"]) == ("CT", "actual")
    cues = [e["quote"] for e in rows["evidence"] if e["record_id"] == merged["claim_id"]]
    assert sorted(cues) == ["cobalt", "offered"]


def test_the_ends_of_a_symmetric_relation_are_ordered_with_their_evidence(ground: Basis) -> None:
    fight = record(
        "seed",
        "#r",
        "relations",
        {"subject_id": "USA", "predicate": "fights", "object_id": "COD"},
        {"*": "shot", "subject_id": "United States", "predicate": "shot", "object_id": "Congo"},
    )
    rows = assemble_rows([Proposals("seed", [fight, claim("seed", "#c", "#r", "shot")])], ground)
    (relation,) = rows["relations"]
    assert (relation["subject_id"], relation["object_id"]) == ("COD", "USA")
    assert one(rows, "evidence", column_name="subject_id")["quote"] == "Congo"


def test_a_mention_over_a_line_end_becomes_one_for_each_line(ground: Basis) -> None:
    proposals = seed_proposals()
    start, end = SEED.index("denied"), SEED.index("The Kivu") + len("The Kivu")
    proposals.records[0].mentions.append(Mention("*", start, end))
    rows = assemble_rows([proposals], ground)
    told = [e["quote"] for e in rows["evidence"] if e["record_id"].startswith("dl-") and e["column_name"] == "*"]
    assert {"denied it.", "The Kivu"} < set(told)


def test_told_by_hand_and_by_rule_a_span_is_hand_coded(ground: Basis) -> None:
    for rule in ("a:rule", "rule:x"):
        both = [Proposals("seed", offer("seed", method)) for method in ("coded", rule)]
        rows = assemble_rows(both, ground)
        assert {e["method"] for e in rows["evidence"] if e["record_id"] == rows["terms"][0]["term_id"]} == {"coded"}
        assert len(rows["terms"]) == 1


# --- completely coded documents


def coded(source: str, records: list[Record], **told: Any) -> Proposals:
    for one_record in records:
        one_record.method = "coded"
    return Proposals(source, records, complete=True, **told)


def test_of_a_completely_coded_document_only_coded_records_stand(ground: Basis) -> None:
    rows = assemble_rows([seed_proposals(), coded("seed", shooting())], ground)
    assert {table: len(rows[table]) for table in ("deals", "terms", "events", "claims")} == {
        "deals": 0, "terms": 0, "events": 1, "claims": 1,
    }  # fmt: skip
    assert len(assemble_rows([seed_proposals(), echo_proposals(), coded("seed", [])], ground)["deals"]) == 1


def test_another_deal_of_the_same_parties_does_not_survive(ground: Basis) -> None:
    extracted = Proposals("seed", offer("seed", deal_type="security_pact"))
    (deal,) = assemble_rows([extracted, coded("seed", offer("seed"))], ground)["deals"]
    assert deal["deal_type"] == "resource_for_security"
    named = linked(seed_proposals(), "signed")
    (deal,) = assemble_rows([named, coded("seed", offer("seed"))], ground)["deals"]
    assert deal["deal_id"].startswith("dl-")


def test_what_says_the_same_as_a_coded_record_adds_its_evidence_and_no_cells(ground: Basis) -> None:
    own = offer("seed")
    del own[0].values["stage"]
    own[0].mentions = [m for m in own[0].mentions if m.column != "stage"]
    extracted = offer("seed")
    extracted[0].roles.append(("mediator", "RWA"))
    extracted[0].mentions += [Mention("role:RWA", 60, 66), Mention("*", 0, 5)]
    rows = assemble_rows([Proposals("seed", extracted), coded("seed", own)], ground)
    (deal,) = rows["deals"]
    assert deal["stage"] is None
    assert {p["actor_id"] for p in rows["participants"]} == {"COD", "USA"}
    told = [e for e in rows["evidence"] if e["record_id"] == deal["deal_id"]]
    assert {e["column_name"] for e in told} == {"*", "deal_type", "role:COD", "role:USA"}
    assert [e["method"] for e in told if e["quote"] == "Congo" and e["column_name"] == "*"] == ["rule:x"]


def test_the_coders_stance_goes_before_a_stronger_one_and_others_claims_are_set_aside(ground: Basis) -> None:
    own = offer("seed")
    own[2].values.update(certainty="PS")
    rows = assemble_rows([seed_proposals(), coded("seed", own)], ground)
    assert sorted(c["certainty"] for c in rows["claims"]) == ["CT", "PS"]
    assert (rows["terms"][0]["status"], rows["deals"][0]["status"]) == ("asserted", "unconfirmed")


def test_learned_names_go_with_the_records_that_named_them(ground: Basis) -> None:
    rows = assemble_rows([seed_proposals(), coded("seed", offer("seed"))], ground)
    assert [row["actor_id"] for row in rows["actors"] if row["is_provisional"]] == []


def test_other_documents_and_partly_coded_ones_keep_what_the_extractor_finds(ground: Basis) -> None:
    partly = Proposals("seed", coded("seed", offer("seed")).records)
    rows = assemble_rows([seed_proposals(), echo_proposals(), partly], ground)
    assert (len(rows["events"]), len(rows["deals"])) == (1, 2)


def test_what_is_set_aside_is_counted_with_its_reason(sources_workspace: Workspace) -> None:
    workspace = sources_workspace
    write_registry(workspace.registry)
    for source, text in TEXTS.items():
        (workspace.sources / f"{source}.txt").write_text(text, encoding="utf-8")
    ingest.run(workspace)
    store.write_text(workspace.proposals / "proposals.jsonl", dump_proposals([seed_proposals()]))
    workspace.coded.mkdir()
    (workspace.coded / "seed.yaml").write_text(
        "source: seed\ncoder: a tester\ncomplete: true\nreviewed_by: reader 1\nrecords: []\n"
    )
    rows = run(workspace)
    report = json.loads((workspace.reports / "assembly.json").read_text())
    assert report["documents"] == {"read": 2, "completely_coded": 1, "reviewed": 1}
    assert report["records"]["terms"] == {"proposed": 1, "kept": 0, "set_aside": {"completely coded document": 1}}
    assert report["records"]["claims"]["proposed"] == 4
    assert rows["terms"] == []
    assert "1 of 1 set aside: completely coded document" in render(describe(workspace))


def test_a_review_of_a_file_is_that_of_its_records(ground: Basis) -> None:
    own = coded("seed", offer("seed"), review="corrected", reviewed_by="reader 1")
    rows = assemble_rows([seed_proposals(), own], ground)
    for table in ("deals", "terms"):
        assert [(row["review"], row["reviewed_by"]) for row in rows[table]] == [("corrected", "reader 1")]


def test_a_record_is_reviewed_once_all_documents_that_tell_it_are(ground: Basis) -> None:
    read = linked(coded("seed", offer("seed"), review="accepted", reviewed_by="reader 2"), "offered")
    (deal,) = assemble_rows([read, linked(echo_proposals(), "signed")], ground)["deals"]
    assert (deal["review"], deal["reviewed_by"]) == ("unreviewed", None)
    other = linked(coded("echo", offer("echo"), review="corrected", reviewed_by="reader 1"), "signed")
    (deal,) = assemble_rows([read, other], ground)["deals"]
    assert (deal["review"], deal["reviewed_by"]) == ("corrected", "reader 1; reader 2")


def mended(change: str) -> Proposals:
    """The proposals of `seed` with one thing wrong."""
    proposals = seed_proposals()
    deal, term, _, _, denial, front, event, _ = proposals.records
    if change == "span":
        term.mentions.append(Mention("act", 5, 4000))
    elif change == "empty span":
        term.mentions.append(Mention("act", 5, 5))
    elif change == "column":
        term.mentions.append(Mention("place_id", 5, 9))
    elif change == "no evidence":
        term.mentions = [m for m in term.mentions if m.column != "giver_id"]
    elif change == "no role evidence":
        event.mentions = [m for m in event.mentions if not m.column.startswith("role:")]
    elif change == "no holder evidence":
        denial.mentions = [m for m in denial.mentions if m.column != "holder"]
    elif change == "reference":
        term.values["deal_id"] = "#gone"
    elif change == "id":
        term.values["giver_id"] = "nobody"
    elif change == "kind":
        term.values["giver_id"] = "cod-goma"
    elif change == "registered deal":
        term.values["deal_id"] = "kivu-pact"
    elif change == "code":
        term.values["act"] = "ask"
    elif change == "unknown column":
        term.values["side"] = "resource"
        term.mentions.append(Mention("side", 0, 5))
    elif change == "missing":
        del term.values["term_type"]
        term.mentions = [m for m in term.mentions if m.column != "term_type"]
    elif change == "collision":
        front.ref = "fardc"
    elif change == "claim":
        proposals.records = [r for r in proposals.records if r.ref != "#c1"]
    elif change == "deal":
        deal.values["deal_id"] = "lake-pact"
    return proposals


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("span", "act: span 5–4000 is not in the text"),
        ("empty span", "act: span 5–5 is not in the text"),
        ("column", "place_id: evidence for a column without a value"),
        ("no evidence", "giver_id: has no evidence"),
        ("no role evidence", "role:kivu-front: has no evidence"),
        ("no holder evidence", "holder: has no evidence"),
        ("reference", "deal_id: points to #gone, which is not there"),
        ("id", "giver_id: nobody is not there (“Congo”)"),
        ("kind", "giver_id: cod-goma is of places, not of actors"),
        ("registered deal", "no document tells kivu-pact"),
        ("code", "act: “ask” is no code of term_act"),
        ("unknown column", "side: is no column that a proposal fills"),
        ("missing", "term_type: is missing"),
        ("collision", "fardc is already an id in actors of the registry"),
        ("claim", "nobody says so"),
        ("deal", "deal_id: lake-pact is no deal of the registry"),
    ],
)
def test_a_proposal_that_does_not_stand_is_an_error(ground: Basis, change: str, told: str) -> None:
    message = refused(ground, mended(change))
    assert "seed: " in message
    assert told in message


def test_a_value_that_its_quote_does_not_give_is_an_error(ground: Basis) -> None:
    named = replace(ground, names=Names(ground.registry))
    assemble_rows([seed_proposals()], named)
    proposals = seed_proposals()
    term = proposals.records[1]
    term.values["giver_id"], term.values["receiver_id"] = "USA", "COD"
    message = refused(named, proposals)
    assert "giver_id" in message
    assert "receiver_id" in message


def test_problems_are_told_in_one_order(ground: Basis) -> None:
    wrong = [mended("code"), Proposals("echo", offer("echo", stage="over"))]
    assert refused(ground, *wrong) == refused(ground, *reversed(wrong))


def test_proposals_for_a_document_that_is_not_there_are_an_error(ground: Basis) -> None:
    assert "gone" in refused(ground, Proposals("gone", []))


def all_proposals() -> list[Proposals]:
    return [
        linked(seed_proposals(), "offered"),
        linked(echo_proposals(), "signed"),
        Proposals("seed", offer("seed", "coded")),
        Proposals("echo", offer("echo", "coded", stage="refused")),
        Proposals("seed", offer("seed", "coded"), complete=True, review="accepted", reviewed_by="reader 1"),
    ]


@given(order=st.permutations(range(5)))
def test_the_order_of_proposals_changes_nothing(ground: Basis, order: list[int]) -> None:
    proposals = all_proposals()
    expected = assemble_rows(proposals, ground)
    assert assemble_rows([proposals[number] for number in order], ground) == expected


@given(data=st.data())
def test_the_order_of_records_and_their_local_names_change_nothing(ground: Basis, data: st.DataObject) -> None:
    proposals = seed_proposals()
    expected = assemble_rows([proposals], ground)
    local = sorted(r.ref for r in proposals.records if r.ref.startswith("#"))
    called = dict(zip(local, data.draw(st.permutations([f"#n{i}" for i in range(len(local))])), strict=True))
    for one_record in proposals.records:
        one_record.ref = called.get(one_record.ref, one_record.ref)
        one_record.values = {name: called.get(value, value) for name, value in one_record.values.items()}
    shuffled = Proposals("seed", data.draw(st.permutations(proposals.records)))
    assert assemble_rows([shuffled], ground) == expected


@given(twice=st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_what_is_proposed_again_adds_nothing(ground: Basis, twice: list[int]) -> None:
    proposals = all_proposals()
    again = [copy.deepcopy(proposals[number]) for number in twice]
    assert assemble_rows(proposals + again, ground) == assemble_rows(proposals, ground)


def test_inputs_are_left_as_they_were(ground: Basis) -> None:
    proposals = all_proposals()
    before = copy.deepcopy(proposals)
    assemble_rows(proposals, ground)
    assert proposals == before
