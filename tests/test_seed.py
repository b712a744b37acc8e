"""What the digest behind the project must give; its text is not part of the project, so the tests skip without it."""

from functools import cache
from typing import Any

import pytest

from pipeline.read import Reader
from pipeline.workspace import installed_checkout

CHECKOUT = installed_checkout()
SEED = CHECKOUT.root.parent / "shared" / "corpus" / "seed.md"

pytestmark = pytest.mark.skipif(not SEED.is_file(), reason=f"no {SEED.name} beside the checkout")


@cache
def tables() -> dict[str, list[dict[str, Any]]]:
    answer, _ = Reader.of(CHECKOUT).read(str(SEED))
    found: dict[str, list[dict[str, Any]]] = answer["tables"]
    return found


def rows(table: str, **values: object) -> list[dict[str, Any]]:
    return [row for row in tables()[table] if all(row[column] == value for column, value in values.items())]


def one(table: str, **values: object) -> dict[str, Any]:
    [row] = rows(table, **values)
    return row


def parties(record: str) -> set[str]:
    return {row["actor_id"] for row in rows("participants", record_id=record)}


def deal(*states: str) -> dict[str, Any]:
    [found] = [row for row in tables()["deals"] if parties(row["deal_id"]) == set(states)]
    return found


def claims(record: str, **values: object) -> list[dict[str, Any]]:
    return rows("claims", record_id=record, **values)


def test_the_bargain_is_sought_and_modelled_on_another_by_speculation() -> None:
    bargain = deal("COD", "USA")
    assert bargain["deal_type"] == "resource_for_security"
    assert bargain["stage"] in ("sought", "negotiating")
    model = one("relations", predicate="modelled_on")
    assert (model["subject_id"], model["object_id"]) == (bargain["deal_id"], deal("UKR", "USA")["deal_id"])
    assert claims(model["relation_id"], certainty="PS", holder_id="unnamed")
    assert not claims(model["relation_id"], certainty="CT")


@pytest.mark.parametrize(
    "term",
    [
        {"term_type": "mine_access", "act": "offer", "giver_id": "COD", "receiver_id": "usa-companies"},
        {"term_type": "joint_stockpile", "act": "offer", "giver_id": "COD"},
        {"term_type": "troop_deployment", "act": "request", "giver_id": "USA"},
        {"term_type": "military_training", "act": "expect", "giver_id": "USA"},
        {"term_type": "military_aid", "act": "request", "giver_id": "USA"},
    ],
    ids=lambda term: str(term["term_type"]),
)
def test_its_terms(term: dict[str, str]) -> None:
    assert rows("terms", deal_id=deal("COD", "USA")["deal_id"], **term)


def test_the_daily_talks_are_what_congolese_officials_say() -> None:
    [talks] = [row for row in rows("events", event_type="CONSULT") if parties(row["event_id"]) == {"COD", "USA"}]
    assert claims(talks["event_id"], holder_id="COD")
    holder = [row for row in rows("evidence", column_name="holder", quote="Congolese officials") if row["is_inferred"]]
    assert holder


def test_its_figures_and_no_year() -> None:
    deaths = one("figures", measure="deaths", value=7000.0)
    assert (deaths["bound"], deaths["low"], deaths["high"], deaths["period"]) == (
        "more_than",
        7000.0,
        None,
        "XXXX-01/..",
    )
    displaced = one("figures", measure="displaced")
    assert (displaced["bound"], displaced["value"], displaced["low"]) == ("vague", None, None)
    assert one("figures", measure="duration")["value"] == 30.0
    worth = one("figures", measure="resource_value")
    assert (worth["value"], worth["unit"], worth["bound"]) == (24e12, "USD", "approx")
    dates = [str(row.get(column)) for row in tables()["figures"] + tables()["events"] for column in ("period", "date")]
    assert not any(date.startswith(("19", "20")) for date in dates)


def test_its_relations() -> None:
    assert rows("relations", predicate="fights", subject_id="COD", object_id="m23")
    support = one("relations", predicate="supports", subject_id="RWA", object_id="m23")
    assert support["status"] == "alleged"
    theft = one("relations", predicate="exploits", subject_id="RWA")
    assert theft["object_id"] == "COD"
    assert theft["status"] == "contested"
    assert claims(theft["relation_id"], holder_id="RWA", act="deny", polarity="neg")
    assert rows("relations", predicate="dominates", subject_id="CHN")
    office = one("relations", predicate="leads", subject_id="felix-tshisekedi", object_id="COD")
    evidence = rows("evidence", record_id=office["relation_id"], column_name="object_id")
    assert {row["is_inferred"] for row in evidence} == {True}
    assert {"gold", "coltan"} <= {row["commodity_id"] for row in tables()["commodities"]}


def test_willingness_is_a_promise_and_the_future_a_prediction() -> None:
    bargain = deal("COD", "USA")["deal_id"]
    assert claims(bargain, holder_id="USA", act="promise")
    assert rows("deals", deal_id=bargain)[0]["stage"] not in ("agreed_in_principle", "signed")
    outlook = [claim for claim in tables()["claims"] if claim["realis"] == "hypothetical"]
    assert {claim["act"] for claim in outlook} >= {"predict", "appraise"}
    aid = [row["term_id"] for row in rows("terms", term_type="military_aid", receiver_id="COD")]
    assert any(claims(term, certainty="U", polarity="unk") for term in aid)


def test_it_says_no_more_than_the_text() -> None:
    counts = {table: len(tables()[table]) for table in ("deals", "terms", "events", "figures")}
    assert counts["deals"] <= 3
    assert counts["terms"] <= 20
    assert counts["events"] <= 18
    assert counts["figures"] <= 8


def test_every_span_is_its_quote() -> None:
    answer, _ = Reader.of(CHECKOUT).read(str(SEED))
    for row in answer["tables"]["evidence"]:
        assert answer["text"][row["span_start"] : row["span_end"]] == row["quote"]
