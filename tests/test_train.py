"""Training: the regression, and that what was coded in some documents is read in another."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.codebook import Codebook, load_codebook
from pipeline.errors import RsbError
from pipeline.extract.document import extract_document
from pipeline.proposals import Mention, Record
from pipeline.train import Document, Matrix, regress, run, train
from pipeline.weights import Weights, load_weights, render_weights
from pipeline.workspace import Workspace, installed_checkout

SENTENCES = (
    "Russia zorbed Mali in {month}.",
    "The talks in {month} were long.",
    "Rwanda zorbed Uganda in {month}.",
    "China zorbed Sudan last {month}, a report says.",
)
MONTHS = ("March", "May", "June", "July")


@pytest.fixture
def codebook() -> Iterator[Codebook]:
    book = _book()
    held = book.weights
    yield book
    book.weights = held


@cache
def _book() -> Codebook:
    checkout = installed_checkout()
    return load_codebook(checkout.codebook, checkout.registry)


def documents() -> list[Document]:
    """Four texts in which an invented verb was coded as aid."""
    states = {"Russia": "RUS", "Mali": "MLI", "Rwanda": "RWA", "Uganda": "UGA", "China": "CHN", "Sudan": "SDN"}
    made = []
    for number, month in enumerate(MONTHS):
        text = " ".join(sentence.format(month=month) for sentence in SENTENCES)
        records = []
        for at in range(len(text)):
            if text.startswith("zorbed", at):
                before, after = text[:at].split()[-1], text[at:].split()[1].strip(".,")
                roles = [("actor", states[before]), ("recipient", states[after])]
                mentions = [Mention("event_type", at, at + 6)]
                records.append(Record(f"#e{at}", "events", {"event_type": "AID"}, roles, mentions, "coded"))
        made.append(Document(f"text-{number}", text, {"published": "2025-03-01", "publisher": None}, records))
    return made


def learned(book: Codebook, tmp_path_factory: pytest.TempPathFactory) -> Weights:
    path = tmp_path_factory.mktemp("weights") / "weights.csv"
    book.weights = Weights()
    path.write_text(render_weights(train(documents(), book)), encoding="utf-8")
    return load_weights(path)


def test_what_coders_read_in_some_texts_is_read_in_another(
    codebook: Codebook, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = "France zorbed Niger in April. Nobody spoke of France and Niger afterwards."
    codebook.weights = Weights()
    assert not [r for r in extract_document("new", text, None, codebook).records if r.table == "events"]
    codebook.weights = learned(codebook, tmp_path_factory)
    [event] = [r for r in extract_document("new", text, None, codebook).records if r.table == "events"]
    assert event.values["event_type"] == "AID"
    assert set(event.roles) == {("actor", "FRA"), ("recipient", "NER")}
    assert event.method == "trained.events"
    [told] = [m for m in event.mentions if m.column == "event_type"]
    assert (text[told.start : told.end], told.inferred) == ("zorbed", True)


def records_with(codebook: Codebook, tmp_path: Path, weights: str, text: str) -> list[Record]:
    """What is read in a text with these weights, written as the file would be."""
    path = tmp_path / "weights.csv"
    path.write_text(weights, encoding="utf-8")
    codebook.weights = load_weights(path)
    return extract_document("new", text, None, codebook).records


HELPING = """model,table,label,feature,weight
table,events,,,-1
table,events,,lemma:zorbed,12
type,events,AID,,9
role,events,actor,side:before,4
role,events,recipient,side:after,4
"""


@pytest.mark.parametrize(("more", "reads"), [("", True), (", provided humanitarian aid to Mali", False)])
def test_a_type_that_a_rule_read_in_the_sentence_is_left_to_the_rule(
    codebook: Codebook, tmp_path: Path, more: str, reads: bool
) -> None:
    records = records_with(codebook, tmp_path, HELPING, f"France, which zorbed Niger{more}.")
    events = [record for record in records if record.values.get("event_type") == "AID"]
    assert events
    assert any(record.method == "trained.events" for record in events) is reads


TAKING = """model,table,label,feature,weight
table,events,,,-6
table,events,,lemma:attack,-2
type,events,ASSAULT,,9
"""


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("Rwanda attacked Uganda.", False),
        ("Rwanda bombed Uganda.", True),
        ("Rwanda bombed the hills.", False),
    ],
)
def test_an_event_of_a_rule_stays_where_weights_have_not_met_its_word_and_two_take_part(
    codebook: Codebook, tmp_path: Path, text: str, stays: bool
) -> None:
    events = [r for r in records_with(codebook, tmp_path, TAKING, text) if r.values.get("event_type") == "ASSAULT"]
    assert bool(events) is stays


WEIGHTS = """model,table,label,feature,weight
table,terms,,,-9
table,terms,,lemma:venture,12
type,terms,equity_share,,9
role,terms,giver_id,,-2
role,terms,giver_id,side:before,4
role,terms,receiver_id,,-2
role,terms,receiver_id,side:after,4
"""


LEADING = """model,table,label,feature,weight
table,relations,,,-9
table,relations,,lemma:host,12
type,relations,leads,,9
role,relations,subject_id,,-2
role,relations,subject_id,is:person,4
role,relations,object_id,,-2
role,relations,object_id,is:state,4
"""


@pytest.mark.parametrize(
    ("text", "tied"),
    [
        ("Vladimir Putin hosted Mali.", 0),
        ("Vladimir Putin hosted Russia.", 1),
        ("Former premier Vladimir Putin hosted Russia.", 0),
    ],
)
def test_a_person_leads_no_state_but_the_own(codebook: Codebook, tmp_path: Path, text: str, tied: int) -> None:
    records = records_with(codebook, tmp_path, LEADING, text)
    assert len([r for r in records if r.method == "trained.relations"]) == tied


@pytest.mark.parametrize(
    ("text", "bargains"),
    [
        ("Guinea formed a venture with Rusal for its bauxite.", 1),
        ("Glencore formed a venture with Barrick for gold.", 0),
        ("Barrick formed a Malian venture for gold.", 0),
    ],
)
def test_an_undertaking_needs_public_power_and_a_party_that_is_named(
    codebook: Codebook, tmp_path: Path, text: str, bargains: int
) -> None:
    records = records_with(codebook, tmp_path, WEIGHTS, text)
    assert len([r for r in records if r.table == "terms" and r.method == "trained.terms"]) == bargains
    assert len([r for r in records if r.table == "deals"]) == bargains


GRANTING = """model,table,label,feature,weight
table,terms,,,-9
table,terms,,lemma:right,12
type,terms,concession,,9
role,terms,giver_id,,-2
role,terms,giver_id,side:before,4
"""


@pytest.mark.parametrize(
    ("text", "act", "cue"),
    [
        ("Niger offered lithium rights to Canada.", "offer", "offered lithium rights"),
        ("Niger did not give lithium rights to Canada.", "refuse", "did not give lithium rights"),
    ],
)
def test_the_act_of_what_was_weighed_is_that_of_its_verb(
    codebook: Codebook, tmp_path: Path, text: str, act: str, cue: str
) -> None:
    [term] = [r for r in records_with(codebook, tmp_path, GRANTING, text) if r.method == "trained.terms"]
    [told] = [m for m in term.mentions if m.column == "act"]
    assert (term.values["act"], text[told.start : told.end]) == (act, cue)


ACTS = (
    GRANTING
    + """act,terms,agree,,-1
act,terms,agree,own:hand,4
act,terms,promise,,-1
act,terms,promise,above:hope,5
act,terms,promise,rule:offer|concession,9
"""
)


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("Niger handed lithium rights to Canada.", "agree"),
        ("Niger hopes to hand lithium rights to Canada.", "promise"),
        ("Niger offered Canada lithium concessions.", "offer"),
        ("Niger did not hand lithium rights to Canada.", "refuse"),
    ],
)
def test_the_act_is_weighed_with_the_verbs_around_it_and_what_rules_say(
    codebook: Codebook, tmp_path: Path, text: str, act: str
) -> None:
    terms = [r for r in records_with(codebook, tmp_path, ACTS, text) if r.table == "terms"]
    assert {term.values["act"] for term in terms} == {act}


BARGAINING = """model,table,label,feature,weight
table,deals,,,-9
table,deals,,lemma:swap,12
type,deals,resource_access,,9
role,deals,party,,4
"""


@pytest.mark.parametrize(
    ("text", "bargains"),
    [
        ("Mali and Glencore swapped shares.", 1),
        ("Bamako and Glencore swapped shares.", 1),
        ("The Mali-based miner Glencore and Barrick swapped shares.", 0),
        ("The Malian miner Glencore and Barrick swapped shares.", 0),
    ],
)
def test_a_bargain_needs_a_public_party_that_is_named_itself(
    codebook: Codebook, tmp_path: Path, text: str, bargains: int
) -> None:
    records = records_with(codebook, tmp_path, BARGAINING, text)
    assert len([r for r in records if r.table == "deals" and r.method == "trained.deals"]) == bargains


DOUBT = """model,table,label,feature,weight
table,events,,,{bias}
table,events,,lemma:attack,0.1
type,events,ASSAULT,,9
"""


@pytest.mark.parametrize(("bias", "events"), [(-9, 2), (9, 3)])
def test_an_event_of_a_rule_is_taken_back_where_its_word_hardly_ever_tells_one(
    codebook: Codebook, tmp_path: Path, bias: int, events: int
) -> None:
    text = "Russia attacked Ukraine in May. Rwanda denied that it supports M23."
    records = records_with(codebook, tmp_path, DOUBT.format(bias=bias), text)
    assert len([r for r in records if r.table == "events"]) == events
    assert len({r.ref for r in records}) == len(records)
    held = {r.values["record_id"] for r in records if r.table == "claims"}
    assert held <= {r.ref for r in records}


COUNTING = """model,table,label,feature,weight
measure,figures,deaths,,-9
measure,figures,deaths,near:lifeless,12
measure,figures,troops,,-9
measure,figures,troops,ruled:troops,12
"""


@pytest.mark.parametrize(
    ("text", "measures"),
    [
        ("Rebels attacked the army in Mali; 40 miners lay lifeless.", ["deaths"]),
        ("The flood and the earthquake hit Mali; 40 miners lay lifeless.", []),
        ("Mali sent 300 soldiers, and the war went on.", ["troops"]),
        ("Mali bought 12 tanks, and the war went on.", []),
    ],
)
def test_what_a_number_counts_is_weighed_and_casualties_need_a_conflict(
    codebook: Codebook, tmp_path: Path, text: str, measures: list[str]
) -> None:
    figures = [r for r in records_with(codebook, tmp_path, COUNTING, text) if r.table == "figures"]
    assert [r.values["measure"] for r in figures] == measures
    assert {r.values["unit"] for r in figures} <= {"persons"}


PLACING = """model,table,label,feature,weight
place,places,,,-9
place,places,,places in it:1,12
"""


@pytest.mark.parametrize(
    ("text", "weights", "told"),
    [
        ("Mali denied it. Fighting went on near Kidal.", PLACING, {"mli-country", "mli-kidal"}),
        ("Mali denied it. Fighting went on near Goma.", PLACING, {"cod-goma"}),
        ("Fighting went on in Mali.", PLACING, set()),
        ("Bamako denied it. Fighting went on near Kidal.", PLACING, {"mli-kidal"}),
        ("Fighting went on in Mali.", "model,table,label,feature,weight\n", {"mli-country"}),
    ],
)
def test_whether_a_country_is_told_as_a_place_is_weighed_over_the_text(
    codebook: Codebook, tmp_path: Path, text: str, weights: str, told: set[str]
) -> None:
    records = records_with(codebook, tmp_path, weights, text)
    assert {r.ref for r in records if r.table == "places"} == told


def test_measures_and_places_are_learned_from_coded_numbers_and_mentions(codebook: Codebook) -> None:
    codebook.weights = Weights()
    told = []
    for number in range(4):
        text = f"Rebels in Mali blinked 3{number} miners. Rebels in Mali saw 2{number} miners."
        spans = [Mention(column, 23, 25) for column in ("value", "measure")]
        figure = Record("#f", "figures", {"measure": "abducted", "value": 30.0 + number}, [], spans, "coded")
        records = [figure, Record("mli-country", "places", {}, [], [Mention("name", 10, 14)], "coded")]
        told.append(Document(f"text-{number}", text, {"published": None, "publisher": None}, records))
    models = train(told, codebook)
    assert models["measure", "figures", "abducted"]["near:blink"] > 0
    assert ("place", "places", "") in models


def test_the_same_documents_give_the_same_weights(codebook: Codebook) -> None:
    codebook.weights = Weights()
    assert render_weights(train(documents(), codebook)) == render_weights(train(documents(), codebook))


def test_a_type_with_few_examples_is_not_learned(codebook: Codebook) -> None:
    codebook.weights = Weights()
    assert not [model for model in train(documents()[:1], codebook) if model[0] in ("table", "type")]


def test_a_type_is_learned_where_no_text_names_who_takes_part(codebook: Codebook) -> None:
    codebook.weights = Weights()
    told = []
    for document in documents():
        text = document.text
        for state in ("Russia", "Rwanda", "China"):
            text = text.replace(state, "X" * len(state))
        records = [Record(r.ref, r.table, r.values, [], r.mentions, r.method) for r in document.records]
        told.append(Document(document.source_id, text, document.source, records))
    assert ("type", "events", "AID") in train(told, codebook)


def test_a_regression_finds_the_feature_that_tells_among_noise() -> None:
    rows = [[0, 1 + (n % 2), 3 + (n % 7)] for n in range(140)]
    wanted = np.array([float(n % 2) for n in range(140)])
    weights = regress(Matrix.of(rows, 10), wanted, np.ones(140), 1.0)
    assert weights[2] - weights[1] > 3
    assert np.abs(weights[3:]).max() < 0.2


def test_a_stronger_penalty_leaves_smaller_weights() -> None:
    random = np.random.default_rng(1)
    rows = [[0, *(1 + random.choice(12, 4, replace=False))] for _ in range(200)]
    wanted = np.array([float(1 in row and 2 in row) for row in rows])
    matrix = Matrix.of(rows, 13)
    small, large = (np.abs(regress(matrix, wanted, np.ones(200), c)[1:]).sum() for c in (0.02, 10.0))
    assert small < large


@given(st.lists(st.sets(st.integers(1, 5)), min_size=1, max_size=6))
def test_a_matrix_multiplies_as_its_full_form_does(rows: list[set[int]]) -> None:
    full = np.array([[1.0, *(float(column in row) for column in range(1, 6))] for row in rows])
    matrix = Matrix.of([[0, *sorted(row)] for row in rows], 6)
    right, left = np.arange(6) - 2.5, np.arange(len(rows)) + 0.5
    assert np.allclose(matrix.times(right), full @ right)
    assert np.allclose(matrix.gathered(left), full.T @ left)


def test_without_completely_coded_documents_there_is_nothing_to_learn_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.train.load_codebook", lambda *_: _book())
    monkeypatch.setattr("pipeline.train.load_documents", lambda _: ({}, {}))
    monkeypatch.setattr("pipeline.train.load_registry", lambda *_: None)
    with pytest.raises(RsbError, match="nothing to learn from"):
        run(Workspace(tmp_path), None)
