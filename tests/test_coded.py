from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import CODES, SEED, TEXTS, read_registry

from pipeline.coded import Span, occurrences, read_coded, read_folder
from pipeline.errors import RsbError
from pipeline.proposals import Proposals, Record

HEAD = "source: seed\ncoder: a tester\nrecords:\n"
EVENT = """  - ref: e1
    table: events
    event_type: ASSAULT
    roles: {actor: [front]}
    quotes:
      '*': The Kivu Front shot 20 people
      event_type: shot
      role:front: Kivu Front
"""
ACTOR = """  - {ref: front, table: actors, name: Kivu Front, actor_type: armed_group, quotes: {name: Kivu Front}, inferred: [actor_type]}
"""


def read(tmp_path: Path, body: str, head: str = HEAD) -> Proposals:
    path = tmp_path / "seed.yaml"
    path.write_text(head + body, encoding="utf-8")
    return read_coded(path, SEED, read_registry(tmp_path), CODES)


def refused(tmp_path: Path, body: str, head: str = HEAD) -> str:
    with pytest.raises(RsbError) as error:
        read(tmp_path, body, head)
    return str(error.value)


def quotes(record: Record) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for mention in record.mentions:
        found.setdefault(mention.column, []).append(SEED[mention.start : mention.end])
    return found


def test_a_record_becomes_a_proposal_with_spans(tmp_path: Path) -> None:
    actor, event, claim = read(tmp_path, ACTOR + EVENT).records
    assert (actor.ref, actor.values["name"]) == ("front", "Kivu Front")
    assert (event.ref, event.values, event.roles) == ("#e1", {"event_type": "ASSAULT"}, [("actor", "front")])
    assert quotes(event) == {
        "*": ["The Kivu Front shot 20 people"], "event_type": ["shot"], "role:front": ["Kivu Front"],
    }  # fmt: skip
    assert {record.method for record in (actor, event, claim)} == {"coded"}


def test_without_claims_the_publication_says_so_itself(tmp_path: Path) -> None:
    claim = read(tmp_path, ACTOR + EVENT).records[-1]
    assert claim.table == "claims"
    assert claim.values == {
        "record_id": "#e1",
        "act": "state",
        "certainty": "CT",
        "polarity": "pos",
        "realis": "actual",
    }


def test_claims_have_holder_cue_and_the_passage_of_their_record(tmp_path: Path) -> None:
    body = """  - ref: r
    table: relations
    within: Rwanda denied it.
    subject_id: RWA
    predicate: supports
    object_id: COD
    quotes: {'*': Rwanda denied it, subject_id: Rwanda}
    inferred: [predicate, object_id]
    claims:
      - {ref: no, holder_id: RWA, act: deny, certainty: CT, polarity: neg, realis: actual,
         quotes: {cue: denied, holder: Rwanda}}
      - {holder_id: unnamed, act: allege, certainty: PS, polarity: pos, realis: actual, responds_to_id: '#no',
         quotes: {cue: it}}
"""
    relation, denial, charge = read(tmp_path, body).records
    assert quotes(denial) == {"cue": ["denied"], "holder": ["Rwanda"]}
    assert charge.values["responds_to_id"] == denial.ref == "#no"
    assert [m.inferred for m in charge.mentions if m.column == "holder"] == [True]
    assert {m.column for m in relation.mentions if m.inferred} == {"predicate", "object_id"}


def test_scalars_are_read_by_their_column_not_by_yaml(tmp_path: Path) -> None:
    body = """  - ref: f
    table: figures
    measure: injured
    value: 20
    bound: exact
    unit: persons
    period: 2025-03-01
    quotes: {'*': shot 20 people, value: '20'}
    inferred: [measure, bound, unit, period]
"""
    figure = read(tmp_path, body).records[0]
    assert figure.values["value"] == 20.0
    assert figure.values["period"] == "2025-03-01"


def test_a_registered_deal_needs_no_type_and_a_listed_mention_no_quote(tmp_path: Path) -> None:
    body = """  - ref: d
    table: deals
    deal_id: kivu-pact
    roles: {party: COD}
    quotes: {'*': Congo offered, role:COD: Congo}
mentions:
  actors: [COD, RWA]
"""
    deal, _, congo, rwanda = read(tmp_path, body).records
    assert deal.values == {"deal_id": "kivu-pact"}
    assert [(one.ref, one.values, one.mentions) for one in (congo, rwanda)] == [("COD", {}, []), ("RWA", {}, [])]


def test_nth_counts_inside_the_passage(tmp_path: Path) -> None:
    body = ACTOR + EVENT.replace("event_type: shot", "event_type: {quote: o, nth: 2}")
    body = body.replace(
        "    event_type: ASSAULT", "    within: The Kivu Front shot 20 people in Goma.\n    event_type: ASSAULT"
    )
    event = read(tmp_path, body).records[1]
    start = SEED.index("The Kivu Front")
    second = SEED.index("o", SEED.index("o", start) + 1)
    assert [(m.start, m.end) for m in event.mentions if m.column == "event_type"] == [(second, second + 1)]


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("event_type: shot", "event_type: fired at", 11, "“fired at” is not in the text"),
        ("event_type: shot", "event_type: o", 11, "stands there"),
        ("event_type: shot", "event_type: {quote: shot, nth: 2}", 11, "1 times, not 2"),
        ("event_type: shot", 'event_type: "it.\\nThe"', 11, "never crosses a line end"),
        ("event_type: shot", "place_id: Goma", 11, "is quoted but has no value"),
        ("      event_type: shot\n", "", 5, "column event_type: has no quote"),
        ("      role:front: Kivu Front\n", "", 5, "column role:front: has no quote"),
        ("      '*': The Kivu Front shot 20 people\n", "", 5, "lacks the quote of the whole"),
        ("event_type: ASSAULT", "event_type: ATTACK", 7, "“ATTACK” is no code of event_type"),
        ("    event_type: ASSAULT\n", "", 5, "lacks event_type"),
        ("    event_type: ASSAULT", "    event_kind: ASSAULT", 7, "a record of events has no event_kind"),
        ("table: events", "table: incidents", 6, "no records of incidents"),
        ("[front]", "[m23]", 8, "m23 is unknown"),
        ("[front]", "[cod-goma]", 8, "cod-goma is of places"),
        ("actor: [", "aktor: [", 8, "roles has no aktor"),
        ("ref: e1", "ref: front", 5, None),
        ("ref: e1", "ref: e 1", 5, "is no slug"),
        ("    roles:", "    date: tomorrow\n    roles:", 8, "no EDTF date"),
        ("    roles:", "    deal_id: '#e1'\n    roles:", 8, "#e1 is of events, not of deals"),
    ],
)
def test_a_problem_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, told: str | None) -> None:
    assert old in EVENT
    body = ACTOR + EVENT.replace(old, new)
    if told is None:  # `#front` and the actor `front` are two names
        assert read(tmp_path, body).records[1].ref == "#front"
        return
    message = refused(tmp_path, body)
    assert f"seed.yaml:{line}" in message
    assert told in message


def test_a_quote_with_other_quotation_marks_is_shown_as_the_text_has_it(tmp_path: Path) -> None:
    path = tmp_path / "seed.yaml"
    path.write_text(HEAD + ACTOR + EVENT.replace("event_type: shot", "event_type: 'the front''s'"), encoding="utf-8")
    with pytest.raises(RsbError, match="the text has “the front’s”"):
        read_coded(path, SEED + " It was the front’s.", read_registry(tmp_path), CODES)


def test_all_problems_of_a_file_are_told_together(tmp_path: Path) -> None:
    body = ACTOR + EVENT.replace("event_type: shot", "event_type: fired").replace("Kivu Front shot 20", "Front shot 30")
    message = refused(tmp_path, body)
    assert message.startswith("2 problems")


def test_two_records_may_not_share_a_ref(tmp_path: Path) -> None:
    assert "two records are called #e1" in refused(tmp_path, ACTOR + EVENT + EVENT)


def test_a_name_of_the_registry_takes_no_values(tmp_path: Path) -> None:
    body = (
        "  - {ref: COD, table: actors, name: Congo, actor_type: state, quotes: {name: Congo}, inferred: [actor_type]}\n"
    )
    assert "COD is in the registry" in refused(tmp_path, body)


def test_malformed_yaml_is_told_with_line_and_column(tmp_path: Path) -> None:
    assert "seed.yaml:5, column" in refused(tmp_path, "  - {ref: e1, table\n")


def test_a_file_says_whether_it_is_complete_and_who_reviewed_it(tmp_path: Path) -> None:
    def told(lines: str) -> tuple[bool, str, str | None]:
        one = read(tmp_path, "", f"source: seed\ncoder: x\n{lines}records: []\n")
        return one.complete, one.review, one.reviewed_by

    assert told("") == (False, "unreviewed", None)
    assert told("complete: true\n") == (True, "unreviewed", None)
    assert told("reviewed_by: reader 1\n") == (False, "accepted", "reader 1")
    assert told("reviewed_by: reader 1\nreview: corrected\n") == (False, "corrected", "reader 1")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("complete: false", "complete is true or not there"),
        ("review: accepted", "a review without a reviewer"),
        ("review: unreviewed\nreviewed_by: reader 1", "review is “unreviewed”"),
    ],
)
def test_a_review_that_says_nothing_is_told_with_its_line(tmp_path: Path, line: str, problem: str) -> None:
    message = refused(tmp_path, "", f"source: seed\ncoder: x\n{line}\nrecords: []\n")
    assert "seed.yaml:3" in message
    assert problem in message


def test_a_file_is_named_after_its_source(tmp_path: Path) -> None:
    assert "seed.yaml:1, column source" in refused(tmp_path, "", "source: other\ncoder: x\nrecords: []\n")
    (tmp_path / "seed.yaml").rename(tmp_path / "gone.yaml")
    with pytest.raises(RsbError, match="there is no document gone"):
        read_folder(tmp_path, TEXTS, read_registry(tmp_path), CODES)


def test_a_folder_that_is_empty_or_absent_holds_no_records(tmp_path: Path) -> None:
    assert read_folder(tmp_path / "none", TEXTS, read_registry(tmp_path), CODES) == []


@given(st.text(alphabet="ab", max_size=12), st.text(alphabet="ab", min_size=1, max_size=2), st.data())
def test_occurrences_are_all_and_only_the_places_of_the_quote(text: str, quote: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) // 4))
    end = data.draw(st.integers(start, len(text)))
    expected = [at for at in range(start, end) if text.startswith(quote, at) and at + len(quote) <= end]
    assert occurrences(text, quote, Span(start, end)) == expected


def test_occurrences_may_overlap() -> None:
    assert occurrences("aaa", "aa", Span(0, 3)) == [0, 1]
