from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from pipeline import contract
from pipeline.assertions import Profile, profile, read_assertions, suggest
from pipeline.codes import Codes
from pipeline.errors import RsbError
from pipeline.rules import RULES, Context, Tables
from pipeline.workspace import Settings


def deals(stages: list[str | None]) -> dict[str, pa.Table]:
    rows = [{"deal_id": f"d{number}", "title": "D", "stage": stage} for number, stage in enumerate(stages)]
    return {"deals": contract.to_arrow("deals", rows)}


def found(data: dict[str, pa.Table], codes: Codes, params: dict[str, Any], **told: Any) -> set[tuple[str, str]]:
    """(rule, key) of what the assertions find."""
    context = Context(codes, params=params, **told)
    tables = Tables(data)
    rules = [r for r in RULES.values() if r.rule_id.startswith(("count:", "fill:", "drift:"))]
    return {(rule.rule_id, finding.key) for rule in rules for finding in rule.check(tables, context)}


def test_totals_are_counted() -> None:
    told = profile(deals(["signed", "signed", "sought", None]))
    assert told.rows == {"deals": 4}
    assert told.filled["deals.stage"] == 0.75
    assert told.filled["deals.signed"] == 0
    assert "deals.deal_id" not in told.filled, "a required column is always full"
    assert told.codes["deals.stage"] == {"signed": 0.5, "sought": 0.25}


def test_totals_of_a_csv_are_those_of_its_table() -> None:
    data = deals(["signed", None])
    text = {table: pa.table([c.cast(pa.string()) for c in t.columns], t.column_names) for table, t in data.items()}
    assert profile(text) == profile(data)


def test_totals_of_empty_or_partial_tables_are_counted_without_error() -> None:
    assert profile({}) == Profile()
    assert profile(deals([])) == Profile({"deals": 0})
    assert profile({"deals": pa.table({"deal_id": ["d"], "colour": ["red"]})}) == Profile({"deals": 1})


@pytest.mark.parametrize(
    ("most", "rows", "is_found"), [(0.1, 90, False), (0.1, 89, True), (0.0, 99, True), (0.5, 120, False)]
)
def test_lost_rows_are_a_drift(codes: Codes, most: float, rows: int, is_found: bool) -> None:
    told = found(deals([None] * rows), codes, {"max_drift": {"rows": most}}, previous=Profile({"deals": 100}))
    assert (("drift:rows", "deals") in told) is is_found


def test_a_column_that_runs_dry_and_a_code_that_takes_over_are_drifts(codes: Codes) -> None:
    before = profile(deals(["signed"] * 40 + ["sought"] * 40 + [None] * 20))
    limits = {"max_drift": {"fill": 0.1, "codes": 0.1}}
    assert found(deals(["signed"] * 44 + ["sought"] * 36 + [None] * 20), codes, limits, previous=before) == set()
    dry = deals(["signed"] * 30 + ["sought"] * 30 + [None] * 40)
    assert ("drift:fill", "deals.stage") in found(dry, codes, limits, previous=before)
    taken_over = deals(["signed"] * 80 + [None] * 20)
    assert found(taken_over, codes, limits, previous=before) == {("drift:codes", "deals.stage")}


def test_few_rows_do_not_drift(codes: Codes) -> None:
    before = profile(deals(["signed"] * 10))
    assert found(deals(["sought"] * 10), codes, {"max_drift": {"codes": 0.1, "fill": 0.1}}, previous=before) == set()


def test_without_a_previous_version_nothing_drifts(codes: Codes) -> None:
    assert found(deals([]), codes, {"max_drift": {"rows": 0.0, "fill": 0.0, "codes": 0.0}}) == set()


def test_counts_have_bounds_on_both_sides(codes: Codes) -> None:
    params = {"min_counts": {"deals": 2}, "max_counts": {"deals": 3}, "min_fill": {"deals.stage": 0.5}}
    assert found(deals(["signed", None]), codes, params) == set()
    assert found(deals([None]), codes, params) == {("count:min", "deals"), ("fill:min", "deals.stage")}
    assert found(deals(["signed"] * 4), codes, params) == {("count:max", "deals")}


def test_a_suggestion_is_kept_by_the_tables_it_was_made_for(tables: dict[str, pa.Table], codes: Codes) -> None:
    data = {**tables, **deals(["signed"] * 100 + [None] * 23)}
    told = yaml.safe_load(suggest(profile(data)))
    assert told["min_counts"]["deals"] == 98
    assert told["max_counts"]["deals"] == 360
    assert told["min_fill"]["deals.stage"] == 0.65
    assert "figures.value" not in told["min_fill"], "too few rows"
    assert "deals.signed" not in told["min_fill"], "never filled"
    assert found(data, codes, told) == set()
    read_assertions(Settings(Path("params.yaml"), {**told, "max_warnings": 1}))


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"max_warnings": 1}, "min_counts is missing"),
        ({"min_counts": {}}, "max_warnings is missing"),
        ({"min_counts": {"deal": 1}}, "min_counts names nothing known: deal"),
        ({"min_counts": {"deals": 0.5}}, "min_counts is no list of names with numbers"),
        ({"max_counts": {"deals": True}}, "max_counts is no list"),
        ({"min_fill": {"deals": 0.5}}, "min_fill names nothing known: deals"),
        ({"min_fill": {"deals.stage": "half"}}, "min_fill is no list"),
        ({"max_drift": {"values": 0.5}}, "max_drift names nothing known"),
        ({"max_drift": {"rows": -0.5}}, "max_drift holds a number below 0"),
        ({"max_warnings": "many"}, "max_warnings is no number"),
    ],
)
def test_malformed_assertions_are_told(told: dict[str, Any], problem: str) -> None:
    whole = told if problem.endswith("is missing") else {"min_counts": {}, "max_warnings": 1, **told}
    with pytest.raises(RsbError, match=problem):
        read_assertions(Settings(Path("params.yaml"), whole))
