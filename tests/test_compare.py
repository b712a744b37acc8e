import copy
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline import compare, contract, store
from pipeline.codes import Codes
from pipeline.compare import Version, compare_schemas, find_deltas, gravest, keys_of, unannounced, unexplained
from pipeline.delta import Delta, Rows, as_rows, diff
from pipeline.errors import RsbError
from pipeline.workspace import Workspace

Tables = dict[str, pa.Table]


def version(tables: Tables, description: compare.Description) -> Version:
    keys = keys_of(description)
    return Version({table: as_rows(data, keys[table]) for table, data in tables.items()}, description)


@pytest.fixture
def description(codes: Codes) -> dict[str, Any]:
    described = json.loads(json.dumps(contract.schema_description(codes)))
    return {"version": "0.1.0", "schema_version": "1.2.3", **described}


def columns_of(description: dict[str, Any], table: str) -> list[dict[str, Any]]:
    return list(description["tables"][table]["columns"])


# Declarations


def test_an_unchanged_declaration_changes_nothing(description: dict[str, Any]) -> None:
    assert compare_schemas(description, copy.deepcopy(description)) == []
    assert compare.bump("1.2.3", gravest([])) == "1.2.3"


@pytest.mark.parametrize(
    ("path", "value", "level"),
    [
        (("tables", "deals", "key"), ["title"], "major"),
        (("tables", "terms", "natural_key"), ["deal_id"], "major"),
        (("tables", "figures", "columns", 2, "arrow_type"), "int32", "major"),
        (("tables", "figures", "columns", 2, "unit"), "thousands", "major"),
        (("tables", "deals", "columns", 2, "nullable"), True, "major"),
        (("tables", "deals", "columns", 3, "nullable"), False, "minor"),
        (("tables", "deals", "columns", 2, "vocabulary"), "stage", "major"),
        (("tables", "deals", "columns", 1, "vocabulary"), "stage", "minor"),
        (("tables", "deals", "columns", 2, "description"), "Other words.", "patch"),
        (("tables", "deals", "columns", 2, "deprecated"), "use stage", "minor"),
        (("tables", "terms", "columns", 1, "refers_to"), ["deals", "events"], "major"),
        (("tables", "evidence", "columns", 1, "refers_to"), ["deals"], "minor"),
        (("tables", "deals", "columns", 4, "edtf"), False, "major"),
    ],
)
def test_a_changed_fact_has_its_level(
    description: dict[str, Any], path: tuple[str | int, ...], value: object, level: str
) -> None:
    new: Any = copy.deepcopy(description)
    place = new
    for step in path[:-1]:
        place = place[step]
    assert place[path[-1]] != value
    place[path[-1]] = value
    (change,) = compare_schemas(description, new)
    assert change.level == level
    assert change.where.split(".")[0] == path[1]


def test_removed_things_are_major_and_added_things_minor(description: dict[str, Any]) -> None:
    more = copy.deepcopy(description)
    more["tables"]["extra"] = more["tables"]["deals"]
    more["tables"]["deals"]["columns"] = [
        *columns_of(more, "deals"),
        {**columns_of(more, "deals")[-1], "name": "extra", "description": "More."},
    ]
    more["codes"]["stage"] = [*more["codes"]["stage"], "extra"]
    more["codes"]["extras"] = ["one"]
    gained, lost = compare_schemas(description, more), compare_schemas(more, description)
    assert {change.level for change in gained} == {"minor"}
    assert {change.level for change in lost} == {"major"}
    assert sorted(change.where for change in gained) == ["deals.extra", "extra", "extra", "extras"]
    assert sorted(change.where for change in lost) == sorted(change.where for change in gained)
    assert {change.what for change in gained} == {"column added", "table added", "code list added", "stage code added"}
    assert compare.bump("1.2.3", "minor") == "1.3.0"
    assert compare.bump("1.2.3", "major") == "2.0.0"
    assert compare.bump("1.2.3", "patch") == "1.2.4"


def test_a_column_under_another_name_is_a_renaming(description: dict[str, Any]) -> None:
    new = copy.deepcopy(description)
    columns_of(new, "deals")[-1]["name"] = "reviewer"
    (change,) = compare_schemas(description, new)
    assert (change.level, change.where, change.what) == ("major", "deals.reviewed_by", "column renamed to reviewer")


def test_a_tightened_column_says_so(description: dict[str, Any]) -> None:
    new = copy.deepcopy(description)
    columns_of(new, "deals")[3]["nullable"] = False
    columns_of(new, "deals")[1]["pattern"] = "[a-z]+"
    told = [change.what for change in compare_schemas(description, new)]
    assert sorted(told) == [
        "tightened: nullable changed from True to False",
        "tightened: pattern changed from nothing to [a-z]+",
    ]
    assert all("tightened" not in change.what for change in compare_schemas(new, description))


@pytest.mark.parametrize(
    ("aspect", "before", "now", "tightens", "level"),
    [
        ("low", None, 0.0, True, "minor"),
        ("low", 0.0, 1.0, True, "minor"),
        ("low", 1.0, 0.0, False, "minor"),
        ("high", None, 9.0, True, "minor"),
        ("high", 9.0, 8.0, True, "minor"),
        ("high", 8.0, 9.0, False, "minor"),
        ("high", 8.0, None, False, "minor"),
        ("vocabulary", None, "stage", True, "minor"),
        ("vocabulary", "stage", None, False, "major"),
        ("edtf", False, True, True, "minor"),
        ("edtf", True, False, False, "major"),
        ("refers_to", ["deals", "events"], ["deals"], True, "minor"),
        ("refers_to", [], ["deals"], True, "minor"),
        ("refers_to", ["deals"], [], False, "major"),
        ("refers_to", ["deals"], ["deals", "events"], False, "major"),
        ("unit", None, "t", False, "minor"),
        ("unit", "t", "kg", False, "major"),
        ("derived", False, True, False, "minor"),
    ],
)
def test_what_narrows_a_column_is_minor_and_what_breaks_its_promise_major(
    description: dict[str, Any], aspect: str, before: object, now: object, tightens: bool, level: str
) -> None:
    old, new = copy.deepcopy(description), copy.deepcopy(description)
    columns_of(old, "deals")[3][aspect] = before
    columns_of(new, "deals")[3][aspect] = now
    (change,) = compare_schemas(old, new)
    assert (change.what.startswith("tightened: "), change.level) == (tightens, level)


def test_a_change_tells_what_was_and_what_is(description: dict[str, Any]) -> None:
    new = copy.deepcopy(description)
    new["tables"]["terms"]["natural_key"] = ["deal_id", "side"]
    columns_of(new, "deals")[0]["arrow_type"] = "int32"
    columns_of(new, "deals")[1]["deprecated"] = "use stage"
    columns_of(new, "evidence")[1]["refers_to"] = ["deals", "events"]
    told = {change.where: change.what for change in compare_schemas(description, new)}
    old = description["tables"]["terms"]["natural_key"]
    assert told["terms"] == f"natural key changed from {', '.join(old)} to deal_id, side"
    name = [column["name"] for column in columns_of(new, "deals")]
    assert told[f"deals.{name[0]}"] == "retyped from string to int32"
    assert told[f"deals.{name[1]}"] == "deprecated: use stage"
    assert told["evidence.record_id"].endswith(" to deals, events")
    back = {change.where: change.what for change in compare_schemas(new, description)}
    assert back[f"deals.{name[1]}"] == "deprecated no longer"


def test_the_gravest_change_stands_before_the_others(description: dict[str, Any]) -> None:
    new = copy.deepcopy(description)
    columns_of(new, "aliases")[0]["description"] = "Other words."
    columns_of(new, "deals")[1]["deprecated"] = "use stage"
    columns_of(new, "terms")[0]["arrow_type"] = "int32"
    changes = compare_schemas(description, new)
    assert [change.level for change in changes] == ["major", "minor", "patch"]
    assert gravest(changes) == "major"
    assert gravest(changes[1:]) == "minor"


def test_descriptions_are_the_same_only_with_the_same_tables_and_codes(description: dict[str, Any]) -> None:
    assert compare.same_declarations(description, {**copy.deepcopy(description), "version": "9.9.9"})
    for part in ("tables", "codes"):
        assert not compare.same_declarations(description, {**description, part: {}})


def test_a_column_that_goes_unannounced_may_not_be_published(description: dict[str, Any]) -> None:
    new = copy.deepcopy(description)
    gone = new["tables"]["deals"]["columns"].pop()["name"]
    (reason,) = unannounced(description, new)
    assert reason.startswith(f"deals.{gone}: column removed, and version 0.1.0 did not announce it")
    columns_of(description, "deals")[-1]["deprecated"] = "use status"
    assert unannounced(description, new) == []


def test_columns_in_another_order_are_minor(description: dict[str, Any]) -> None:
    new = copy.deepcopy(description)
    columns_of(new, "deals")
    new["tables"]["deals"]["columns"].reverse()
    (change,) = compare_schemas(description, new)
    assert (change.level, change.where) == ("minor", "deals")


# Rows


def test_a_changed_cell_is_a_revision_of_that_cell(tables: Tables, description: dict[str, Any]) -> None:
    before = version(tables, description)
    stage = ["signed" if value else value for value in tables["deals"]["stage"].to_pylist()]
    now = version({**tables, "deals": replaced(tables["deals"], "stage", stage)}, description)
    changes = compare.compare(before, now, "0.2.0").changes.to_pylist()
    assert [(row["change"], row["column_name"], row["old_value"], row["new_value"]) for row in changes] == [
        ("revised", "stage", "offered", "signed")
    ]
    assert changes[0]["version"] == "0.2.0"
    assert changes[0]["record_id"] == tables["deals"]["deal_id"][0].as_py()


def replaced(data: pa.Table, column: str, values: list[Any]) -> pa.Table:
    at = data.column_names.index(column)
    return data.set_column(at, data.schema.field(column), pa.array(values, data.schema.field(column).type))


def rename_ids(tables: Tables, ids: dict[str, str]) -> Tables:
    """The tables with some ids replaced wherever they stand."""
    return {
        table: contract.to_arrow(
            table,
            [
                {name: ids.get(value, value) if isinstance(value, str) else value for name, value in row.items()}
                for row in data.to_pylist()
            ],
        )
        for table, data in tables.items()
    }


def test_a_row_read_from_the_same_passages_under_a_new_id_is_replaced(
    tables: Tables, description: dict[str, Any]
) -> None:
    deal = tables["deals"]["deal_id"][0].as_py()
    now = rename_ids(tables, {deal: "congo-us-minerals"})
    deltas = find_deltas(version(tables, description), version(now, description))
    assert deltas["deals"].heirs == {deal: ("replaced", "congo-us-minerals")}
    # What refers to the deal is replaced with it, or only revised where its own id stays.
    assert {fate for fate, _ in deltas["participants"].heirs.values()} == {"replaced"}
    assert set(deltas["participants"].heirs) == set(deltas["participants"].gone)
    assert deltas["evidence"].gone == []
    assert {cell.column for cell in deltas["terms"].revised} == {"deal_id"}
    rows = compare.compare(version(tables, description), version(now, description), "0.2.0").changes.to_pylist()
    (gone,) = [row for row in rows if row["change"] == "replaced" and row["table_name"] == "deals"]
    assert (gone["record_id"], gone["replaced_by"]) == (deal, "congo-us-minerals")
    assert gone["reason"] == "what it says stands under another id"


def test_a_row_whose_passages_another_took_over_is_merged(tables: Tables, description: dict[str, Any]) -> None:
    (event,) = tables["events"].to_pylist()
    twin = {**event, "event_id": "ev-0000000000000001"}
    double = {**tables, "events": contract.to_arrow("events", [event, twin])}
    evidence = tables["evidence"].to_pylist()
    own = [row for row in evidence if row["record_id"] == event["event_id"]]
    theirs = [
        {**row, "evidence_id": f"ed-{n:016x}", "record_id": twin["event_id"], "quote": f"{row['quote']}, again"}
        for n, row in enumerate(own)
    ]
    before = {**double, "evidence": contract.to_arrow("evidence", evidence + theirs)}
    moved = [{**row, "evidence_id": f"ed-{n:016x}", "record_id": event["event_id"]} for n, row in enumerate(theirs, 90)]
    after = {**tables, "evidence": contract.to_arrow("evidence", evidence + moved)}
    deltas = find_deltas(version(before, description), version(after, description))
    assert deltas["events"].heirs == {twin["event_id"]: ("merged", event["event_id"])}


def test_a_row_that_is_gone_is_retracted_and_told(tables: Tables, description: dict[str, Any]) -> None:
    now = {**tables, "relations": tables["relations"].slice(0, 0)}
    rows = compare.compare(version(tables, description), version(now, description), "0.2.0").changes.to_pylist()
    (gone,) = [row for row in rows if row["table_name"] == "relations"]
    assert (gone["change"], gone["record_id"]) == ("retracted", tables["relations"]["relation_id"][0].as_py())
    assert gone["replaced_by"] is None
    assert gone["reason"] == "it is no longer read from its source"


def test_a_row_that_went_with_its_source_says_so(tables: Tables, description: dict[str, Any]) -> None:
    now = {table: data.slice(0, 0) for table, data in tables.items()}
    rows = compare.compare(version(tables, description), version(now, description), "0.2.0").changes.to_pylist()
    assert len(rows) == sum(data.num_rows for data in tables.values())
    told = {row["table_name"]: row["reason"] for row in rows}
    for table in ("relations", "claims", "evidence", "participants"):
        assert told[table] == "its source is no longer part of the dataset"
    assert told["sources"] == "no longer part of the dataset"
    assert told["aliases"] == "it is no longer listed, or nothing refers to it"


def test_a_table_that_is_gone_takes_its_rows_with_it_and_says_so(tables: Tables, description: dict[str, Any]) -> None:
    now = {table: data for table, data in tables.items() if table != "aliases"}
    found = compare.compare(version(tables, description), version(now, description), "0.2.0")
    assert [(row["change"], row["reason"]) for row in found.changes.to_pylist()] == [("retracted", "table removed")] * 2
    assert found.report["tables"]["aliases"] == {
        "rows": 0, "added": 0, "revised": 0, "merged": 0, "replaced": 0, "retracted": 2,
    }  # fmt: skip


def test_a_table_that_is_new_is_added_row_by_row(tables: Tables, description: dict[str, Any]) -> None:
    before = {table: data for table, data in tables.items() if table != "aliases"}
    found = compare.compare(version(before, description), version(tables, description), "0.2.0")
    added = [(row["table_name"], row["change"], row["reason"]) for row in found.changes.to_pylist()]
    assert added == [("aliases", "added", None)] * 2
    assert found.report["tables"]["aliases"]["added"] == 2


def test_versions_without_documents_can_be_compared(tables: Tables, description: dict[str, Any]) -> None:
    before = {"deals": tables["deals"], "aliases": tables["aliases"]}
    now = {**before, "deals": tables["deals"].slice(0, 0)}
    (row,) = compare.compare(version(before, description), version(now, description), "0.2.0").changes.to_pylist()
    assert (row["change"], row["reason"]) == ("retracted", "it is no longer listed, or nothing refers to it")


def test_rows_are_counted_and_not_their_cells(tables: Tables, description: dict[str, Any]) -> None:
    (deal,) = tables["deals"].to_pylist()
    now = {**tables, "deals": contract.to_arrow("deals", [{**deal, "stage": "signed", "title": "Another"}])}
    found = compare.compare(version(tables, description), version(now, description), "0.2.0")
    assert found.changes.num_rows == 2
    assert found.report["tables"]["deals"] == {
        "rows": 1, "added": 0, "revised": 1, "merged": 0, "replaced": 0, "retracted": 0,
    }  # fmt: skip


def test_changes_stand_in_the_order_of_table_row_and_column(tables: Tables, description: dict[str, Any]) -> None:
    (deal,) = tables["deals"].to_pylist()
    now = {**tables, "deals": contract.to_arrow("deals", [{**deal, "title": "Another", "stage": "signed"}])}
    now |= {table: tables[table].slice(1) for table in ("participants", "aliases")}
    rows = compare.compare(version(tables, description), version(now, description), "0.2.0").changes.to_pylist()
    told = [(row["table_name"], row["record_id"], row["column_name"] or "") for row in rows]
    assert told == sorted(told)
    assert [column for table, _, column in told if table == "deals"] == ["stage", "title"]


def test_a_delta_that_loses_a_row_is_refused(
    tables: Tables, description: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = {**tables, "relations": tables["relations"].slice(0, 0)}

    def forgetful(before: Rows, after: Rows) -> Delta:
        found = diff(before, after)
        found.gone.clear()
        return found

    monkeypatch.setattr(compare, "diff", forgetful)
    with pytest.raises(RsbError, match="relations do not lead"):
        find_deltas(version(tables, description), version(now, description))


def test_every_row_that_is_gone_has_its_reason(tables: Tables, description: dict[str, Any]) -> None:
    before = version(tables, description)
    gone = tables["relations"]["relation_id"][0].as_py()
    now = {**tables, "relations": tables["relations"].slice(0, 0)}
    kept = pa.array([row["record_id"] != gone for row in tables["claims"].to_pylist()])
    now["claims"] = tables["claims"].filter(kept)
    rows = compare.compare(before, version(now, description), "0.2.0").changes.to_pylist()
    assert {(row["table_name"], row["reason"]) for row in rows if row["change"] == "retracted"} == {
        ("relations", "it is no longer read from its source"),
        ("claims", f"{gone}, to which it belongs, is gone"),
    }
    other = [{**row, "sha256": "0" * 64} for row in tables["sources"].to_pylist()]
    now = {**now, "claims": tables["claims"], "sources": contract.to_arrow("sources", other)}
    rows = compare.compare(before, version(now, description), "0.2.0").changes.to_pylist()
    told = [row["reason"] for row in rows if row["table_name"] == "relations"]
    assert told == ["the text of its source changed"]


def test_evidence_that_is_gone_while_its_record_stays_is_no_longer_read(
    tables: Tables, description: dict[str, Any]
) -> None:
    now = {**tables, "evidence": tables["evidence"].slice(1)}
    (row,) = compare.compare(version(tables, description), version(now, description), "0.2.0").changes.to_pylist()
    assert (row["table_name"], row["reason"]) == ("evidence", "it is no longer read from its source")


def test_what_vanishes_without_an_entry_is_named(tables: Tables, description: dict[str, Any]) -> None:
    before = version(tables, description)
    now = version({**tables, "relations": tables["relations"].slice(0, 0)}, description)
    changes = compare.compare(before, now, "0.2.0").changes
    gone = tables["relations"]["relation_id"][0].as_py()
    assert unexplained(before.tables, now.tables, changes) == []
    assert unexplained(before.tables, now.tables, changes.slice(0, 0)) == [
        f"relations {gone} is gone, and no entry of changes says so"
    ]
    (row,) = changes.to_pylist()
    for wrong, told in (
        ({"reason": None}, "its entry gives no reason"),
        ({"change": "merged", "replaced_by": "rl-0"}, "merged by rl-0, which is not there"),
    ):
        (problem,) = unexplained(before.tables, now.tables, pa.Table.from_pylist([{**row, **wrong}], compare.CHANGES))
        assert told in problem


def test_a_new_column_is_told_for_its_values(tables: Tables, description: dict[str, Any]) -> None:
    old = copy.deepcopy(description)
    old["tables"]["deals"]["columns"] = [c for c in columns_of(old, "deals") if c["name"] != "opened"]
    before = version({**tables, "deals": tables["deals"].drop_columns(["opened"])}, old)
    found = compare.compare(before, version(tables, description), "0.2.0")
    assert [(row["column_name"], row["reason"]) for row in found.changes.to_pylist()] == [("opened", "new column")]
    assert found.schema["schema_version"] == "1.3.0"
    assert found.report["schema_level"] == "minor"
    assert found.report["schema_changes"] == [{"level": "minor", "where": "deals.opened", "what": "column added"}]


# The stage


@pytest.fixture
def workspace(tables: Tables, tmp_path: Path) -> Workspace:
    space = Workspace(tmp_path)
    store.write_text(tmp_path / "params.yaml", "version: 0.1.0\n")
    codes_csv = Path(__file__).parent.parent / "data" / "codebook" / "codes.csv"
    store.write_bytes(space.codebook / "codes.csv", codes_csv.read_bytes())
    store.write_tables(space.tables, tables)
    space.baseline.mkdir()
    return space


def test_without_a_baseline_everything_is_counted_as_added(workspace: Workspace, tables: Tables) -> None:
    found = compare.run(workspace)
    assert found.report["schema_version"] == "1.0.0"
    assert found.report["since"] is None
    counts: dict[str, dict[str, int]] = found.report["tables"]
    assert {table: count["added"] for table, count in counts.items()} == {
        table: data.num_rows for table, data in tables.items()
    }
    assert store.read_parquet(workspace.changes / "changes.parquet").num_rows == 0
    assert json.loads((workspace.reports / "changes.json").read_text()) == found.report
    assert json.loads((workspace.changes / "schema.json").read_text()) == found.schema


def test_the_baseline_is_what_is_compared_with(workspace: Workspace, tables: Tables) -> None:
    schema = compare.run(workspace).schema
    store.write_text(workspace.baseline / "schema.json", json.dumps(schema))
    for table, data in tables.items():
        store.write_csv(workspace.baseline / f"{table}.csv", table, data)
    found = compare.run(workspace)
    assert found.changes.num_rows == 0
    assert found.report["since"] == "0.1.0"
    store.write_csv(workspace.baseline / "terms.csv", "terms", tables["terms"].slice(0, 0))
    assert compare.run(workspace).changes.to_pylist()[0]["change"] == "added"


@pytest.mark.parametrize(
    "broken", ["", "[]", "{", '{"version": "1", "schema_version": "1", "tables": {}, "codes": {}}']
)
def test_a_broken_baseline_is_named(workspace: Workspace, broken: str) -> None:
    store.write_text(workspace.baseline / "schema.json", broken)
    with pytest.raises(RsbError, match=r"schema\.json"):
        compare.run(workspace)


def test_a_table_missing_from_the_baseline_is_named(workspace: Workspace) -> None:
    store.write_text(workspace.baseline / "schema.json", json.dumps(compare.run(workspace).schema))
    with pytest.raises(RsbError, match=r"actors\.csv"):
        compare.run(workspace)
