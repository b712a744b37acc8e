import json
import math
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.errors
import pandera.pandas
import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import contract, store, validate
from pipeline.cli import main
from pipeline.codes import Codes
from pipeline.extract.names import Names
from pipeline.issues import FORMATS, ISSUES, LONGEST, Outcome, as_github, as_json, as_junit, as_table, as_text, clean
from pipeline.rules import RULES, Context

Data = dict[str, pa.Table]
Row = dict[str, Any]
CODEBOOK = Path(__file__).parent.parent / "data" / "codebook"


@pytest.fixture
def context(codes: Codes, texts: dict[str, str], names: Names) -> Context:
    return Context(codes, texts=texts, names=names, params={"min_counts": {"deals": 1}, "max_warnings": 0})


def mutated(tables: Data, table: str, change: Callable[[Row], Row | None], **chosen: Any) -> Data:
    """The tables with the rows of one that have the `chosen` cells changed, or dropped where `change` gives None."""
    rows = tables[table].to_pylist()
    picked = [row for row in rows if all(row[column] == value for column, value in chosen.items())]
    assert picked
    kept = [(change(dict(row)) if row in picked else row) for row in rows]
    return {**tables, table: contract.to_arrow(table, [row for row in kept if row is not None])}


def put(**cells: Any) -> Callable[[Row], Row]:
    return lambda row: {**row, **cells}


def swapped(row: Row) -> Row:
    return {**row, "giver_id": row["receiver_id"], "receiver_id": row["giver_id"]}


def broken(tables: Data, context: Context) -> set[tuple[str, str, str | None]]:
    """(rule, table, column) of every issue."""
    outcome = validate.check(tables, context)
    return {(issue.rule_id, issue.table_name, issue.column_name) for issue in outcome.issues}


def test_the_tiny_dataset_is_valid(tables: Data, context: Context) -> None:
    outcome = validate.check(tables, context)
    assert outcome.issues == ()
    assert outcome.not_checked == {}
    assert outcome.rows == {table: len(data) for table, data in tables.items()}


@pytest.mark.parametrize(
    ("table", "chosen", "change", "noticed"),
    [
        ("figures", {}, put(value=8000.0, low=8000.0), ("evidence:grounded", "figures", "value")),
        ("figures", {}, put(value=8000.0, low=8000.0), ("id:hash-linked", "figures", "figure_id")),
        ("terms", {}, swapped, ("evidence:grounded", "terms", "giver_id")),
        ("terms", {}, swapped, ("id:hash", "terms", "term_id")),
        ("claims", {"act": "deny"}, lambda _: None, ("standing:recomputed", "relations", "status")),
        ("claims", {"act": "deny"}, lambda _: None, ("standing:recomputed", "relations", "n_against")),
        ("claims", {"act": "deny"}, put(polarity="pos"), ("claim:deny-negative", "claims", "polarity")),
        (
            "evidence",
            {"column_name": "value"},
            lambda row: {**row, "span_start": row["span_start"] + 1, "span_end": row["span_end"] + 1},
            ("evidence:quote", "evidence", "quote"),
        ),
        ("evidence", {"column_name": "value"}, put(span_end=99999), ("evidence:span", "evidence", "span_end")),
        ("evidence", {"column_name": "value"}, lambda _: None, ("evidence:coverage", "figures", "value")),
        ("evidence", {"column_name": "role:m23"}, lambda _: None, ("evidence:coverage", "participants", "actor_id")),
        ("evidence", {"column_name": "holder"}, lambda _: None, ("evidence:coverage", "claims", "holder_id")),
        ("evidence", {"column_name": "value"}, put(column_name="val"), ("evidence:column", "evidence", "column_name")),
        ("evidence", {"column_name": "value"}, put(record_id="gone"), ("reference:resolves", "evidence", "record_id")),
        ("terms", {}, put(receiver_id="FRA"), ("reference:resolves", "terms", "receiver_id")),
        ("actors", {"actor_id": "USA"}, put(actor_id="COD"), ("id:unique", "actors", "actor_id")),
        ("participants", {"actor_id": "USA"}, put(actor_id="COD"), ("id:unique", "participants", "record_id")),
        ("events", {}, put(date="2024-01-27"), ("evidence:grounded", "events", "date")),
        ("events", {}, put(date="2024-01-27"), ("date:derived", "events", "date_earliest")),
        ("events", {}, put(date="2025-02-30"), ("date:edtf", "events", "date")),
        ("events", {}, put(event_type="assault"), ("structure:code", "events", "event_type")),
        ("events", {}, put(event_id="ev-1"), ("structure:pattern", "events", "event_id")),
        ("places", {}, put(latitude=float("inf")), ("structure:finite", "places", "latitude")),
        ("places", {}, put(longitude=181.0), ("structure:high", "places", "longitude")),
        ("places", {}, put(geonames_id=0), ("structure:low", "places", "geonames_id")),
        ("sources", {}, put(sha256=None), ("structure:null", "sources", "sha256")),
        ("sources", {}, put(n_chars=1), ("source:text", "sources", "n_chars")),
        ("sources", {}, put(title="An\noffer"), ("string:clean", "sources", "title")),
        ("sources", {}, put(title=" An offer"), ("string:clean", "sources", "title")),
        ("sources", {}, put(title=""), ("string:clean", "sources", "title")),
        ("sources", {}, put(title="Cafe\u0301"), ("string:clean", "sources", "title")),
        ("deals", {}, put(n_sources=2), ("standing:recomputed", "deals", "n_sources")),
        ("deals", {}, lambda _: None, ("count:min", "deals", None)),
    ],
)
def test_a_named_rule_notices(
    tables: Data,
    context: Context,
    table: str,
    chosen: Row,
    change: Callable[[Row], Row | None],
    noticed: tuple[str, str, str | None],
) -> None:
    assert noticed in broken(mutated(tables, table, change, **chosen), context)


def test_a_consistent_forgery_is_noticed_by_its_evidence(tables: Data, context: Context) -> None:
    """Ids and references all recomputed: only the quote tells."""
    (old,) = tables["figures"].to_pylist()
    (claim,) = [claim for claim in tables["claims"].to_pylist() if claim["record_id"] == old["figure_id"]]
    new = {**old, "value": 1000.0, "low": 1000.0}
    new["figure_id"] = contract.record_id("figures", new, source=claim["source_id"])

    def moved(table: str) -> Callable[[Row], Row]:
        def move(row: Row) -> Row:
            row["record_id"] = new["figure_id"]
            return {**row, contract.facts(table).key[0]: contract.record_id(table, row)}

        return move

    forged = {**tables, "figures": contract.to_arrow("figures", [new])}
    for table in ("claims", "evidence"):
        forged = mutated(forged, table, moved(table), record_id=old["figure_id"])
    assert broken(forged, context) == {
        ("evidence:grounded", "figures", "value"),
        ("evidence:grounded", "figures", "low"),
    }


@given(table=st.sampled_from(["terms", "events", "figures", "relations", "claims"]), data=st.data())
def test_no_id_survives_another_cell(table: str, data: st.DataObject) -> None:
    part = data.draw(st.sampled_from([p for p in contract.facts(table).natural_key if not p.startswith("@")]))
    row = dict.fromkeys(contract.column_names(table), None)
    assert contract.record_id(table, row) != contract.record_id(table, {**row, part: data.draw(st.text(min_size=1))})


def test_wrong_columns_and_types_are_issues(tables: Data, context: Context) -> None:
    deals = tables["deals"]
    figures = tables["figures"]
    spoiled = {
        **tables,
        "deals": deals.drop_columns(["stage"]).append_column("colour", pa.array(["red"])),
        "figures": figures.set_column(1, "measure", pa.array([1], pa.int64())),
        "terms": tables["terms"].select(list(reversed(contract.column_names("terms")))),
        "places": tables["places"].append_column("name", tables["places"]["name"]),
    }
    del spoiled["aliases"]
    outcome = validate.check(spoiled, context)
    assert outcome.counts["structure:type"] == 1, "one for the column, however many its cells"
    issues = outcome.issues
    found = {(issue.rule_id, issue.table_name, issue.column_name) for issue in issues}
    told = {issue.message for issue in issues if issue.rule_id.startswith("structure:")}
    assert told == {
        "is missing", "is not declared", "is int64, not string", "stands in another place than declared",
        "stands more than once",
    }  # fmt: skip
    assert {
        ("structure:missing-column", "deals", "stage"),
        ("structure:extra-column", "deals", "colour"),
        ("structure:type", "figures", "measure"),
        ("structure:order", "terms", "term_id"),
        ("structure:extra-column", "places", "name"),
        ("structure:missing-table", "aliases", None),
    } <= found
    assert not any(rule == "structure:code" and table == "figures" for rule, table, _ in found)


SchemaOf = Callable[[str], pandera.pandas.DataFrameSchema]


@pytest.fixture(scope="module")
def schema_of(codes: Codes) -> SchemaOf:
    """Makes a table's pandera schema, each once."""
    return cache(lambda table: contract.pandera_schema(table, codes))


def found_by_pandera(schema: pandera.pandas.DataFrameSchema, data: pa.Table) -> set[tuple[str, str | None]]:
    """(rule, column) of what pandera finds wrong with the cells of a table, by the same declaration."""
    try:
        schema.validate(data.to_pandas(types_mapper=pd.ArrowDtype), lazy=True)
    except pandera.errors.SchemaErrors as failure:
        nulls = pandera.errors.SchemaErrorReason.SERIES_CONTAINS_NULLS
        return {
            (
                "structure:null" if e.reason_code == nulls else f"structure:{str(e.check.name).partition(':')[0]}",
                e.schema.name,
            )
            for e in failure.schema_errors
        }
    return set()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(table=st.sampled_from(contract.table_names()), data=st.data())
def test_the_structure_found_wrong_is_what_pandera_finds(
    tables: Data, context: Context, schema_of: SchemaOf, table: str, data: st.DataObject
) -> None:
    values: dict[str, list[Any]] = {
        "string": [None, "", "COD", "state", "State", "x y", "Q12", "Q12 ", "a\nb", "é"],
        "int32": [None, -1, 0, 1, 4],
        "double": [None, -181.0, -1.0, 0.0, 90.5, float("inf"), float("-inf")],
        "bool": [None, True],
        "date32[day]": [None],
    }
    schema = contract.arrow_schema(table)
    cells = {field.name: st.sampled_from(values[str(field.type)]) for field in schema}
    rows = tables[table].to_pylist() + data.draw(st.lists(st.fixed_dictionaries(cells), max_size=3))
    spoilt = pa.Table.from_pylist(rows, schema=pa.schema([field.with_nullable(True) for field in schema]))
    found = broken({table: spoilt}, context)
    structure = {(rule, column) for rule, where, column in found if rule.startswith("structure:") and where == table}
    assert structure == found_by_pandera(schema_of(table), spoilt)


def test_not_a_number_is_no_number(tables: Data, context: Context) -> None:
    assert ("structure:finite", "figures", "value") in broken(mutated(tables, "figures", put(value=math.nan)), context)


def test_cells_are_checked_also_where_a_column_is_missing(tables: Data, context: Context) -> None:
    places = mutated(tables, "places", put(latitude=91.0))["places"]
    for gone in ("place_id", "name"):
        found = broken({**tables, "places": places.drop_columns([gone])}, context)
        assert {("structure:missing-column", "places", gone), ("structure:high", "places", "latitude")} <= found


def test_rules_do_not_run_on_a_table_without_structure(tables: Data, context: Context) -> None:
    spoiled = mutated(tables, "claims", put(polarity="maybe"), act="deny")
    outcome = validate.check(spoiled, context)
    assert {issue.rule_id for issue in outcome.issues} == {"structure:code"}
    assert outcome.not_checked["standing:recomputed"] == "claims"
    assert outcome.not_checked["claim:deny-negative"] == "claims"
    assert "term:side" not in outcome.not_checked


def test_the_report_is_bounded_and_counts_the_rest(tables: Data, context: Context) -> None:
    n = 3 * validate.LIMIT
    rows = [{"record_id": f"r{i}", "role": "guest", "actor_id": None if i else "COD"} for i in range(n)]
    flood = {**tables, "participants": contract.to_arrow("participants", rows)}
    outcome = validate.check(flood, context)
    assert outcome.counts == {"structure:code": n, "structure:null": n - 1}
    assert len(outcome.issues) == 2 * validate.LIMIT
    assert f"… and {n - 10} more" in as_text(outcome)
    names = [{"alias": f" a{i}", "target_id": "COD", "alias_type": "name"} for i in range(n)]
    outcome = validate.check({**tables, "aliases": contract.to_arrow("aliases", names)}, context)
    assert outcome.counts == {"string:clean": n}
    assert len(outcome.issues) == validate.LIMIT


def test_too_many_warnings_are_an_error(tables: Data, context: Context) -> None:
    context = replace(context, set_aside=[{"path": "b.md", "reason": "duplicate", "detail": "repeats a.md"}])
    outcome = validate.check(tables, context)
    assert outcome.counts == {"source:set-aside": 1, "warnings:max": 1}
    assert (outcome.count("error"), outcome.count("warning")) == (1, 1)
    assert outcome.issues[0].rule_id == "warnings:max"
    assert "b.md" in as_text(outcome)


def test_without_texts_and_names_their_rules_are_told_not_checked(tables: Data, codes: Codes) -> None:
    outcome = validate.check(tables, Context(codes))
    assert outcome.issues == ()
    wanting = {rule.rule_id for rule in RULES.values() if {"texts", "names"} & set(rule.reads)}
    assert set(outcome.not_checked) == wanting
    assert "evidence:quote: no texts" in as_text(outcome)


def test_the_catalogue_has_everything_that_can_be_an_issue() -> None:
    ids = [rule_id for rule_id, *_ in validate.catalogue()]
    assert ids == [*validate.STRUCTURE, *RULES]
    assert len(set(ids)) == len(ids)


# --- reports


def test_an_issue_shows_the_words_of_its_own_cell_and_else_those_of_the_record(tables: Data, context: Context) -> None:
    def shown(change: Callable[[Row], Row], rule_id: str, column: str) -> list[str | None]:
        outcome = validate.check(mutated(tables, "figures", change), context)
        wanted = [issue for issue in outcome.issues if (issue.rule_id, issue.column_name) == (rule_id, column)]
        return [outcome.places[issue].quote for issue in wanted]

    assert shown(put(value=8000.0), "evidence:grounded", "value") == ["More than 7,000"]
    assert shown(put(unit="percent"), "figure:unit", "unit") == ["people"]
    assert shown(put(n_for=2), "standing:recomputed", "n_for") == ["More than 7,000 people have been killed."]


def test_an_issue_on_evidence_and_on_a_participant_shows_their_words(tables: Data, context: Context) -> None:
    longer = mutated(tables, "evidence", put(quote="7,000 and more"), column_name="value")
    outcome = validate.check(longer, context)
    (issue,) = [issue for issue in outcome.issues if issue.rule_id == "evidence:quote"]
    assert outcome.places[issue].quote == "7,000 and more"
    victim = mutated(tables, "participants", put(role="party"), actor_id="m23")
    outcome = validate.check(victim, context)
    (issue,) = [issue for issue in outcome.issues if issue.rule_id == "participant:role"]
    assert outcome.places[issue].quote == "M23"


def test_errors_stand_before_warnings_and_rows_in_order(tables: Data, context: Context) -> None:
    spoilt = mutated(tables, "participants", lambda _: None, actor_id="USA")
    spoilt = mutated(spoilt, "sources", put(n_chars=1))
    issues = validate.check(spoilt, context).issues
    assert {issue.severity for issue in issues} == {"error", "warning"}
    assert list(issues) == sorted(
        issues, key=lambda issue: (issue.severity, issue.rule_id, issue.table_name, issue.key, issue.column_name or "")
    )


@pytest.fixture
def outcome(tables: Data, context: Context) -> Outcome:
    """A value that is wrong, on a record with evidence."""
    return validate.check(mutated(tables, "deals", put(n_sources=2)), context)


def test_the_text_report_shows_value_key_line_quote_and_mend(outcome: Outcome, tables: Data) -> None:
    told = as_text(outcome)
    source = tables["sources"]["source_id"][0]
    assert "ERROR  standing:recomputed  (1)" in told
    assert f"deals {tables['deals']['deal_id'][0]}  n_sources = 2: its claims give 1" in told
    assert f"{source}, line 1: “The Democratic Republic" in told
    assert "mend: never edit the tables by hand" in told
    assert told.endswith(f"13 tables, {sum(map(len, tables.values()))} rows: 1 errors, 0 warnings\n")


def test_json_github_and_junit_carry_the_issue(outcome: Outcome) -> None:
    loaded = json.loads(as_json(outcome))
    assert loaded["errors"] == 1
    assert loaded["issues"][0]["rule_id"] == "standing:recomputed"
    assert loaded["issues"][0]["line"] == 1
    named = replace(outcome, files={"deals": "out,put/deals.parquet"})
    assert as_github(named).startswith("::error file=out%2Cput/deals.parquet,title=standing%3Arecomputed::deals dl-")
    suite = ET.fromstring(as_junit(outcome))
    assert suite.get("failures") == "1"
    assert suite.get("tests") == str(len(suite.findall("testcase")))
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["standing:recomputed"]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_reported_text_stays_on_one_short_line(text: str) -> None:
    shown = clean(text)
    assert shown is None or (len(shown.splitlines()) == 1 and len(shown) <= LONGEST)
    assert text == "" or shown


def test_control_characters_in_cells_break_no_report(tables: Data, context: Context) -> None:
    outcome = validate.check(mutated(tables, "sources", put(title="a\x00\x1b]b::error::c\n%0A")), context)
    ET.fromstring(as_junit(outcome))
    assert as_github(outcome).count("\n") == len(outcome.issues)
    assert all("\x1b" not in tell(outcome) for tell in FORMATS.values())


def test_issues_are_rows_of_their_schema(outcome: Outcome) -> None:
    assert as_table(outcome).schema == ISSUES
    assert all(field.metadata[b"description"] for field in ISSUES)


# --- the command


@pytest.fixture
def workspace(
    tmp_path: Path, tables: Data, texts: dict[str, str], names: Names, monkeypatch: pytest.MonkeyPatch
) -> Path:
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "params.yaml").write_text("min_counts: {deals: 1}\nmax_warnings: 5\n")
    (tmp_path / "data" / "codebook").mkdir(parents=True)
    shutil.copy(CODEBOOK / "codes.csv", tmp_path / "data" / "codebook")
    store.write_tables(tmp_path / "data" / "interim" / "tables", tables)
    documents = tmp_path / "data" / "interim" / "documents"
    (documents / "text").mkdir(parents=True)
    for source, text in texts.items():
        (documents / "text" / f"{source}.txt").write_bytes(text.encode())
    (documents / "set_aside.json").write_text('[{"path": "x.pdf", "reason": "format", "detail": "no reader"}]')
    monkeypatch.setattr(validate, "load_names", lambda _: names)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rsb(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["validate", *arguments])


def spoil(workspace: Path, table: str, change: Callable[[Row], Row | None]) -> None:
    folder = workspace / "data" / "interim" / "tables"
    store.write_tables(folder, mutated(store.read_tables(folder), table, change))


def test_a_good_workspace_passes_and_is_reported(workspace: Path) -> None:
    result = rsb()
    assert result.exit_code == 0, result.output
    report = json.loads((workspace / "reports" / "validation.json").read_text())
    assert (report["errors"], report["warnings"]) == (0, 1)
    assert report["rules"] == {"source:set-aside": 1}
    assert report["set_aside"] == {"x.pdf": "format"}
    assert report["rows"]["deals"] == 1
    issues = pa.parquet.read_table(workspace / "data" / "interim" / "issues" / "issues.parquet")
    assert issues.schema.equals(ISSUES)
    assert issues["rule_id"].to_pylist() == ["source:set-aside"]


def test_a_bad_workspace_is_reported_and_exits_1(workspace: Path) -> None:
    spoil(workspace, "figures", put(value=8000.0, low=8000.0))
    result = rsb()
    assert result.exit_code == 1
    assert "id:hash-linked" in result.output
    assert json.loads((workspace / "reports" / "validation.json").read_text())["errors"] > 0
    assert len(store.read_parquet(workspace / "data" / "interim" / "issues" / "issues.parquet")) > 1


def test_two_runs_write_the_same_bytes(workspace: Path) -> None:
    spoil(workspace, "figures", put(value=8000.0, low=8000.0))
    written = []
    for _ in range(2):
        rsb()
        files = [
            workspace / "reports" / "validation.json",
            workspace / "data" / "interim" / "issues" / "issues.parquet",
        ]
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_can_be_asked_for(workspace: Path, form: str) -> None:
    result = rsb(str(workspace / "data" / "interim" / "tables"), "--format", form)
    assert result.exit_code == 0, result.output
    if form == "json":
        assert json.loads(result.output)["not_checked"] == {}


def test_a_release_folder_is_checked_with_its_own_texts_and_codes(workspace: Path, tables: Data) -> None:
    release = workspace / "elsewhere"
    store.write_tables(release / "parquet", tables)
    shutil.copytree(workspace / "data" / "interim" / "documents" / "text", release / "text")
    codes = (CODEBOOK / "codes.csv").read_text(encoding="utf-8")
    (release / "codes.csv").write_text(codes.replace("event_type,ASSAULT,", "event_type,ATTACK,"), encoding="utf-8")
    result = rsb(str(release))
    assert result.exit_code == 1
    assert "structure:code" in result.output
    (release / "codes.csv").write_text(codes, encoding="utf-8")
    for path in (release / "text").iterdir():
        path.write_text("Something else.")
    result = rsb(str(release))
    assert result.exit_code == 1
    assert "evidence:quote" in result.output


def test_one_csv_is_checked_by_what_reads_it_alone(workspace: Path, tables: Data) -> None:
    path = workspace / "terms.csv"
    store.write_csv(path, "terms", tables["terms"])
    result = rsb(str(path))
    assert result.exit_code == 0, result.output
    assert "claim:present: no claims" in result.output
    path.write_text(path.read_text().replace("resource", "security"))
    result = rsb(str(path), "--format", "github")
    assert result.exit_code == 1
    assert f"::error file={path},title=term%3Aside::" in result.output


def test_a_csv_with_wrong_columns_and_types_is_issues_not_a_traceback(workspace: Path) -> None:
    path = workspace / "places.csv"
    path.write_text(
        "place_id,name,place_type,colour,geonames_id\ncod-goma,Goma,settlement,red,12\ncod-bukavu,Bukavu,settlement,,many\n"
    )
    result = rsb(str(path), "--format", "json")
    assert result.exit_code == 1, result.output
    found = {(issue["rule_id"], issue["column_name"], issue["value"]) for issue in json.loads(result.output)["issues"]}
    assert ("structure:missing-column", "latitude", None) in found
    assert ("structure:extra-column", "colour", None) in found
    assert ("structure:type", "geonames_id", "many") in found


@pytest.mark.parametrize("path", ["nowhere", "empty", "notes.csv", "terms.txt", "terms.parquet", "claims.csv"])
def test_what_cannot_be_checked_exits_2_with_one_message(workspace: Path, path: str) -> None:
    (workspace / "empty").mkdir()
    for name in ("notes.csv", "terms.txt", "terms.parquet"):
        (workspace / name).write_text("a,b\n1\n")
    (workspace / "claims.csv").write_bytes(b"\xff\xfe,\n1\n")
    result = rsb(path)
    assert result.exit_code == 2
    assert result.output.startswith("rsb: ")
    assert path in result.output


def test_a_workspace_without_tables_or_with_odd_parameters_exits_2(workspace: Path) -> None:
    for text in ("max_warnings: 5", "min_counts: {deal: 1}\nmax_warnings: 5", "min_counts: {}\nmax_warnings: few"):
        (workspace / "params.yaml").write_text(text)
        assert rsb().exit_code == 2
    shutil.rmtree(workspace / "data" / "interim" / "tables")
    result = rsb()
    assert result.exit_code == 2
    assert "rsb run" in result.output


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_folder_of_tables_is_checked_in_either_format(workspace: Path, tables: Data, ending: str) -> None:
    write = {"csv": store.write_csv, "parquet": store.write_parquet}[ending]
    for table, data in tables.items():
        write(workspace / "folder" / f"{table}.{ending}", table, data)
    result = rsb(str(workspace / "folder"))
    assert result.exit_code == 0, result.output
    assert "13 tables" in result.output
    (workspace / "folder" / f"relations.{ending}").unlink()
    result = rsb(str(workspace / "folder"), "--format", "json")
    missing = [issue["table_name"] for issue in json.loads(result.output)["issues"]]
    assert "relations" in missing


def test_deals_that_the_registry_names_are_names_and_hashed_ones_are_not(tables: Data) -> None:
    (deal,) = tables["deals"].to_pylist()
    named = {**deal, "deal_id": "kivu-pact", "title": "Kivu pact"}
    both = {**tables, "deals": contract.to_arrow("deals", [deal, named])}
    aliases = [
        {"alias": "Kivu accord", "target_id": key, "alias_type": "name"} for key in ("kivu-pact", deal["deal_id"])
    ]
    names = validate.names_among({**both, "aliases": contract.to_arrow("aliases", aliases)})
    assert names is not None
    assert names.targets("Kivu accord") == names.targets("Kivu pact")
    assert "kivu-pact" in names.targets("Kivu pact")


def test_a_release_is_judged_by_the_names_that_it_holds(
    workspace: Path, tables: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> Names:
        raise AssertionError("the registry is not asked")

    monkeypatch.setattr(validate, "load_names", refuse)
    store.write_tables(workspace / "folder", tables)
    assert rsb(str(workspace / "folder")).exit_code == 0


def test_what_a_release_says_was_waived_is_let_pass_where_it_is_downloaded(workspace: Path, tables: Data) -> None:
    release = workspace / "elsewhere"
    store.write_tables(release / "parquet", mutated(tables, "figures", put(unit="percent")))
    assert "figure:unit" in rsb(str(release)).output
    key = tables["figures"]["figure_id"][0].as_py()
    row = dict.fromkeys(ISSUES.names, "") | {
        "rule_id": "figure:unit", "severity": "waived", "table_name": "figures", "key": key, "column_name": "unit",
        "message": "is no unit of deaths (waived: so the text)",
    }  # fmt: skip
    (release / "issues.csv").write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    told = rsb(str(release)).output
    assert "ERROR  figure:unit" not in told
    assert "Waived (1):" in told


@pytest.mark.usefixtures("workspace")
def test_assertions_are_suggested_from_the_tables_of_the_workspace() -> None:
    result = rsb("--suggest")
    assert result.exit_code == 0, result.output
    assert "min_counts:" in result.output


def test_an_actor_learned_from_a_text_is_no_name_of_the_registry(tables: Data) -> None:
    learned = {"actor_id": "x-front", "name": "X Front", "actor_type": "armed_group", "is_provisional": True}
    actors = contract.to_arrow("actors", [*tables["actors"].to_pylist(), learned])
    names = validate.names_among({**tables, "actors": actors})
    assert names is not None
    assert "x-front" not in names.targets("X Front")
    assert "x-front" not in names.actors


def test_names_are_those_of_the_tables_however_damaged_they_are(tables: Data) -> None:
    names = validate.names_among(tables)
    assert names is not None
    assert "RWA" in names.targets("Kigali")
    aliases = tables["aliases"].to_pylist()
    dangling = contract.to_arrow("aliases", [*aliases, {"alias": "Nowhere", "target_id": "gone", "alias_type": "name"}])
    names = validate.names_among({**tables, "aliases": dangling})
    assert names is not None
    assert "gone" not in names.targets("Nowhere")
    assert validate.names_among({**tables, "actors": tables["actors"].drop_columns(["name"])}) is None
    assert validate.names_among({"actors": tables["actors"]}) is None


def test_outside_a_workspace_only_a_path_can_be_checked(
    workspace: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("outside"))
    assert rsb().exit_code == 2
    assert rsb(str(workspace / "data" / "interim" / "tables")).exit_code == 0
