"""What is derived from the declarations: schemas, DDL, codebook, ids, hashes."""

import hashlib
import json
import re
import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.errors
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import contract, store
from pipeline.codes import Codes
from pipeline.contract import Column

TABLES = contract.table_names()
WORDS = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=6)


def column(table: str, name: str) -> Column:
    return next(one for one in contract.columns(table) if one.name == name)


# --- derived schemas ------------------------------------------------------------------------------------------------


def test_columns_stand_as_declared_and_the_standing_behind_them() -> None:
    assert contract.column_names("relations") == (
        "relation_id", "subject_id", "predicate", "object_id", "commodity_id", "place_id", "period",
        "status", "realis", "n_sources", "n_origins", "n_for", "n_against", "first_said", "last_said",
        "review", "reviewed_by",
    )  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_every_derived_form_names_each_column_once_and_in_order(table: str, codes: Codes) -> None:
    names = list(contract.column_names(table))
    ddl = re.findall(r"^  ([a-z0-9_]+) (?:TEXT|INTEGER|REAL)\b", contract.sqlite_ddl(table), re.MULTILINE)
    page = re.findall(r"^\| `([^`]+)` \|", contract.codebook_page(table, codes), re.MULTILINE)
    fields = [field["name"] for field in contract.table_schema(table)["fields"]]
    described = [one["name"] for one in contract.schema_description(codes)["tables"][table]["columns"]]
    assert contract.arrow_schema(table).names == ddl == page == fields == described == names
    assert list(contract.pandera_schema(table, codes).columns) == names


@pytest.mark.parametrize("table", TABLES)
def test_arrow_fields_carry_description_unit_and_vocabulary(table: str) -> None:
    schema = contract.arrow_schema(table)
    for one in contract.columns(table):
        told = {key.decode(): value.decode() for key, value in schema.field(one.name).metadata.items()}
        assert told.pop("description") == one.description
        assert told == {k: v for k, v in (("unit", one.unit), ("vocabulary", one.vocabulary)) if v}


def test_a_parquet_file_describes_itself(tmp_path: Path, tables: dict[str, pa.Table]) -> None:
    store.write_parquet(tmp_path / "terms.parquet", "terms", tables["terms"])
    metadata = pa.parquet.read_schema(tmp_path / "terms.parquet").metadata
    assert json.loads(metadata[b"datapackage_resource"]) == contract.data_resource("terms")


def test_a_table_schema_tells_types_bounds_keys_and_codes(codes: Codes) -> None:
    schema = contract.table_schema("events", codes)
    fields = {field["name"]: field for field in schema["fields"]}
    assert [fields[name]["type"] for name in ("event_id", "violence_type", "date", "date_earliest")] == [
        "string", "integer", "string", "date",
    ]  # fmt: skip
    assert fields["event_id"]["constraints"] == {"required": True, "pattern": "^ev-[0-9a-f]{16}$"}
    assert fields["violence_type"]["constraints"] == {"enum": [1, 2, 3]}
    assert len(fields["event_type"]["constraints"]["enum"]) == 16
    assert fields["n_for"]["constraints"] == {"required": True, "minimum": 0}
    assert schema["primaryKey"] == ["event_id"]
    assert schema["foreignKeys"] == [
        {"fields": ["place_id"], "reference": {"resource": "places", "fields": ["place_id"]}},
        {"fields": ["deal_id"], "reference": {"resource": "deals", "fields": ["deal_id"]}},
    ]
    assert schema["missingValues"] == [""]
    assert all(field["description"] for field in schema["fields"])


def test_the_description_of_the_schema_is_plain_data_with_the_targets_of_each_column(codes: Codes) -> None:
    told = json.loads(json.dumps(contract.schema_description(codes)))
    columns = {one["name"]: one for one in told["tables"]["terms"]["columns"]}
    assert columns["giver_id"]["refers_to"] == ["actors"]
    assert columns["giver_id"]["arrow_type"] == "string"
    assert told["tables"]["terms"]["key"] == ["term_id"]


def test_of_a_long_list_of_codes_the_beginning_is_shown(codes: Codes) -> None:
    with pytest.raises(ValueError, match=re.escape(", …)")) as told:
        contract.parse_cell(column("figures", "unit"), "EURO", codes)
    assert str(told.value).count(",") == 24


def test_a_table_refers_to_itself_by_no_name_and_several_targets_are_no_foreign_key() -> None:
    places = contract.table_schema("places")
    assert places["foreignKeys"][0]["reference"] == {"resource": "", "fields": ["place_id"]}
    aliases = contract.table_schema("aliases")
    assert "foreignKeys" not in aliases
    assert "primaryKey" not in aliases  # a part of its key may be empty
    assert not any("refersTo" in field for field in places["fields"])
    assert aliases["fields"][1]["refersTo"] == ["actors", "places", "commodities", "deals"]


def test_latitude_is_bounded_in_every_form(codes: Codes) -> None:
    field = next(f for f in contract.table_schema("places")["fields"] if f["name"] == "latitude")
    assert field["constraints"] == {"minimum": -90, "maximum": 90}
    assert field["unit"] == "degrees north"
    with pytest.raises(ValueError, match="out of bounds"):
        contract.parse_cell(column("places", "latitude"), "90.5", codes)


def database(tables: dict[str, pa.Table]) -> sqlite3.Connection:
    """All tables of the tiny dataset in SQLite, with their keys enforced at the commit."""
    base = sqlite3.connect(":memory:")
    base.execute("PRAGMA foreign_keys = ON")
    for table in TABLES:
        base.execute(contract.sqlite_ddl(table))
    base.execute("BEGIN")
    base.execute("PRAGMA defer_foreign_keys = ON")
    for table in TABLES:
        for row in tables[table].to_pylist():
            values = [value.isoformat() if isinstance(value, date) else value for value in row.values()]
            base.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)
    base.commit()
    return base


def test_the_ddl_of_all_tables_makes_a_database_that_takes_valid_rows(tables: dict[str, pa.Table]) -> None:
    base = database(tables)
    for table in TABLES:
        assert base.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == tables[table].num_rows
        told = [(name, kind) for _, name, kind, *_ in base.execute(f"PRAGMA table_info({table})")]
        assert [name for name, _ in told] == list(contract.column_names(table))
        sql = base.execute("SELECT sql FROM sqlite_master WHERE name = ?", [table]).fetchone()[0]
        assert all(one.description in sql for one in contract.columns(table))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO participants SELECT record_id, role, 'nobody' FROM participants LIMIT 1",
        "INSERT INTO participants SELECT * FROM participants LIMIT 1",
        "UPDATE places SET parent_id = 'nowhere' WHERE place_id = 'cod-goma'",
        "UPDATE terms SET deal_id = 'dl-0000000000000000'",
        "UPDATE terms SET act = NULL",
    ],
)
def test_the_database_refuses_broken_keys_and_empty_required_cells(tables: dict[str, pa.Table], statement: str) -> None:
    base = database(tables)
    with pytest.raises(sqlite3.IntegrityError):
        base.execute(statement)


@pytest.mark.parametrize("table", TABLES)
def test_the_codebook_page_gives_the_meaning_of_every_code_used(table: str, codes: Codes) -> None:
    page = contract.codebook_page(table, codes)
    for one in contract.columns(table):
        assert one.description in page
        for code, row in codes.by_vocabulary.get(one.vocabulary or "", {}).items():
            assert page.count(f"- `{code}` {row['label']}: {row['definition']}") >= 1


def test_the_codebook_page_tells_key_units_targets_and_what_is_derived(codes: Codes) -> None:
    page = contract.codebook_page("evidence", codes).splitlines()
    assert page[:3] == ["## evidence", "", contract.describe("evidence")]
    assert "Key: `evidence_id`." in page
    assert (
        "The id is `ed-` and 16 hex digits of the SHA-256 of: "
        "`record_id`, `column_name`, `source_id`, `span_start`, `span_end`."
    ) in page
    assert "| `evidence_id` | string | no | Hash of the natural key. Derived. |" in page
    assert "| `source_id` | string | no | The document. Refers to: sources. |" in page
    assert any(line.startswith("| `span_end` | integer | no |") and "Unit: code points." in line for line in page)
    events = contract.codebook_page("events", codes)
    assert "| `date` | string | yes | When it happened. EDTF. |" in events
    assert "| `event_type` | string | no | PLOVER event type. Codes: event_type. |" in events
    assert "The id is" not in contract.codebook_page("participants", codes)


@pytest.mark.parametrize("table", TABLES)
def test_the_parts_of_a_codebook_page_stand_apart_as_markdown_asks(table: str, codes: Codes) -> None:
    page = contract.codebook_page(table, codes)
    heading, words, key, columns, *lists = page.removesuffix("\n").split("\n\n")
    assert page.endswith("\n")
    assert heading == f"## {table}"
    assert words.startswith(contract.describe(table))
    assert key.startswith("Key: `")
    assert columns.splitlines()[:2] == ["| column | type | null | meaning |", "|---|---|---|---|"]
    assert all(line.startswith("| `") for line in columns.splitlines()[2:])
    vocabularies = dict.fromkeys(one.vocabulary for one in contract.columns(table) if one.vocabulary)
    assert lists[0::2] == [f"**{vocabulary}**" for vocabulary in vocabularies]
    assert all(line.startswith("- `") for block in lists[1::2] for line in block.splitlines())


# --- pandera --------------------------------------------------------------------------------------------------------


def frame(data: pa.Table) -> pd.DataFrame:
    made: pd.DataFrame = data.to_pandas(types_mapper=pd.ArrowDtype)
    return made


@pytest.mark.parametrize("table", TABLES)
def test_the_tiny_dataset_passes_its_pandera_schemas(table: str, tables: dict[str, pa.Table], codes: Codes) -> None:
    contract.pandera_schema(table, codes).validate(frame(tables[table]), lazy=True)


@pytest.mark.parametrize(
    ("table", "name", "value", "check"),
    [
        ("terms", "act", "beg", "code:term_act"),
        ("events", "violence_type", 4, "code:violence_type"),
        ("events", "event_id", "ev-12", "pattern"),
        ("figures", "value", float("inf"), "finite"),
        ("evidence", "span_start", -1, "low"),
        ("places", "latitude", 91.0, "high"),
        ("terms", "act", None, "not_nullable"),
    ],
)
def test_pandera_names_the_check_that_fails(
    tables: dict[str, pa.Table], codes: Codes, table: str, name: str, value: Any, check: str
) -> None:
    data = frame(tables[table])
    data.loc[0, name] = value
    with pytest.raises(pandera.errors.SchemaErrors) as caught:
        contract.pandera_schema(table, codes).validate(data, lazy=True)
    failed = [(error.schema.name, getattr(error.check, "name", error.check)) for error in caught.value.schema_errors]
    assert failed == [(name, check)]


# --- cells ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "name", "text", "value"),
    [
        ("actors", "name", "NA", "NA"),
        ("actors", "name", "=1+1", "=1+1"),
        ("actors", "is_provisional", "true", True),
        ("places", "geonames_id", "2147483647", 2147483647),
        ("places", "latitude", "-1.68", -1.68),
        ("figures", "value", "24000000000000", 24e12),
        ("figures", "value", "2.4e13", 24e12),
        ("events", "violence_type", "3", 3),
        ("events", "date", "XXXX-01/..", "XXXX-01/.."),
        ("events", "date_earliest", "2025-01-27", date(2025, 1, 27)),
        ("terms", "act", "offer", "offer"),
    ],
)
def test_a_cell_is_read_in_its_declared_type(table: str, name: str, text: str, value: Any, codes: Codes) -> None:
    read = contract.parse_cell(column(table, name), text, codes)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("table", "name", "text", "told"),
    [
        ("actors", "name", " Congo", "blanks at its ends"),
        ("actors", "name", "DR\nCongo", "a line end"),
        ("actors", "name", "DR\tCongo", "a tab"),
        ("actors", "is_provisional", "yes", "is no boolean"),
        ("places", "geonames_id", "1_000", "is no integer"),
        ("places", "geonames_id", "٣", "is no integer"),
        ("places", "geonames_id", "2147483648", "is no integer"),
        ("places", "geonames_id", "0", "out of bounds"),
        ("figures", "value", "7,000", "is no number"),
        ("figures", "value", "nan", "is no number"),
        ("figures", "value", "1e999", "out of bounds"),
        ("events", "date", "27 January 2025", "no EDTF date"),
        ("events", "date_earliest", "20250127", "is no date"),
        ("events", "date_earliest", "2025-02-30", "is no date"),
        ("events", "event_id", "ev-XYZ", "does not have the form"),
        ("terms", "act", "beg", "no code of term_act (request, offer"),
        ("figures", "unit", "EURO", "no code of unit (persons"),
    ],
)
def test_a_cell_that_does_not_fit_is_refused_with_the_reason(
    table: str, name: str, text: str, told: str, codes: Codes
) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        contract.parse_cell(column(table, name), text, codes)


@pytest.mark.parametrize("table", TABLES)
def test_no_column_takes_the_empty_string(table: str, codes: Codes) -> None:
    for one in contract.columns(table):
        with pytest.raises(ValueError, match="nothing at all"):
            contract.parse_cell(one, "", codes)


@given(st.integers(1, 2**31 - 1), st.floats(-90, 90))
def test_numbers_are_read_back_from_their_canonical_text(whole: int, number: float) -> None:
    none = Codes(())
    assert contract.parse_cell(column("places", "geonames_id"), contract.canonical(whole), none) == whole
    assert contract.parse_cell(column("places", "latitude"), contract.canonical(number), none) == number


# --- ids ------------------------------------------------------------------------------------------------------------


def hashed(prefix: str, *parts: str) -> str:
    digest = hashlib.sha256("\x1f".join(parts).encode("utf-8")).hexdigest()
    return f"{prefix}-{digest[:16]}"


def test_the_id_of_a_deal_hashes_source_type_and_sorted_parties() -> None:
    made = contract.record_id("deals", {"deal_type": "base_access"}, roles={"party": ["RUS", "MLI", "RUS"]}, source="a")
    assert made == hashed("dl", "a", "base_access", "MLI RUS")


def test_the_id_of_a_term_holds_an_empty_part_for_what_is_unknown() -> None:
    row = {"deal_id": "d", "term_type": "loan", "act": "offer", "giver_id": "CHN", "receiver_id": None}
    assert contract.record_id("terms", row) == hashed("tm", "d", "loan", "offer", "CHN", "", "", "")


@pytest.mark.parametrize(
    ("day", "place", "source"),
    [("2025-01-27", "cod-goma", ""), ("2025-01", "cod-goma", "s"), ("2025-01-27", None, "s"), ("XXXX-01-27", "cod-goma", "s"), ("2025-01-27~", "cod-goma", "s")],
)  # fmt: skip
def test_two_sources_tell_one_event_only_where_day_and_place_are_known(
    day: str, place: str | None, source: str
) -> None:
    row = {"event_type": "ASSAULT", "date": day, "place_id": place}
    made = contract.record_id("events", row, roles={"actor": ["m23"], "victim": ["x"]}, source="s")
    assert made == hashed("ev", "ASSAULT", "m23", "", day, place or "", source)


def test_the_id_of_a_figure_writes_whole_numbers_without_a_point() -> None:
    row = {"measure": "deaths", "value": 7000.0, "low": 7000.0, "bound": "more_than", "unit": "persons"}
    made = contract.record_id("figures", row, source="s")
    assert made == hashed("fg", "deaths", "", "", "", "", "7000", "7000", "", "more_than", "persons", "s")
    both = contract.record_id("figures", {**row, "about_id": "m23", "period": "2025", "value": 0.5}, source="s")
    assert both == hashed("fg", "deaths", "m23", "", "", "2025", "0.5", "7000", "", "more_than", "persons", "")


def test_the_ids_of_claims_and_evidence_hash_their_columns() -> None:
    claim = {"record_id": "tm-1", "source_id": "s", "act": "deny", "polarity": "neg", "holder_id": "RWA"}
    assert contract.record_id("claims", claim) == hashed("cl", "tm-1", "s", "RWA", "deny", "neg", "")
    span = {"record_id": "tm-1", "column_name": "role:RWA", "source_id": "s", "span_start": 0, "span_end": 12}
    assert contract.record_id("evidence", span) == hashed("ed", "tm-1", "role:RWA", "s", "0", "12")


@pytest.mark.parametrize(("predicate", "same"), [("fights", True), ("allied_with", True), ("supports", False)])
def test_the_ends_of_a_relation_may_be_swapped_where_it_holds_both_ways(predicate: str, same: bool) -> None:
    row = {"subject_id": "m23", "predicate": predicate, "object_id": "COD", "period": "2025"}
    swapped = {**row, "subject_id": "COD", "object_id": "m23"}
    assert (contract.record_id("relations", row) == contract.record_id("relations", swapped)) is same
    assert (contract.ordered_relation(row) == contract.ordered_relation(swapped)) is same
    assert contract.ordered_relation(swapped) == swapped


def test_a_relation_without_an_object_keeps_its_subject() -> None:
    row = {"subject_id": "m23", "predicate": "fights", "object_id": None}
    assert contract.ordered_relation(row) == row
    assert contract.record_id("relations", row) == hashed("rl", "m23", "fights", "", "", "", "")


CLAIM_PARTS = ("record_id", "source_id", "holder_id", "act", "polarity", "said")
CLAIMS = st.fixed_dictionaries({part: st.none() | WORDS for part in CLAIM_PARTS})


@given(CLAIMS, CLAIMS)
def test_rows_share_an_id_exactly_where_they_share_the_natural_key(
    one: dict[str, str | None], two: dict[str, str | None]
) -> None:
    assert (contract.record_id("claims", one) == contract.record_id("claims", two)) is (one == two)
    assert re.fullmatch("cl-[0-9a-f]{16}", contract.record_id("claims", one))


@given(CLAIMS, st.data())
def test_a_value_counts_in_the_column_it_stands_in(row: dict[str, str | None], data: st.DataObject) -> None:
    here, there = data.draw(st.sampled_from([(a, b) for a in CLAIM_PARTS for b in CLAIM_PARTS if a != b]))
    moved = {**row, here: row[there], there: row[here]}
    assert (contract.record_id("claims", row) == contract.record_id("claims", moved)) is (row == moved)


@given(CLAIMS, WORDS)
def test_columns_outside_the_natural_key_leave_the_id(row: dict[str, str | None], other: str) -> None:
    assert contract.record_id("claims", {**row, "certainty": other}) == contract.record_id("claims", row)


@given(st.sets(WORDS, min_size=1, max_size=4).map(sorted), st.randoms())
def test_participants_count_as_a_set(actors: list[str], random: Any) -> None:
    shuffled = [*actors, actors[0]]
    random.shuffle(shuffled)
    row = {"deal_type": "ceasefire"}
    made = contract.record_id("deals", row, roles={"party": actors}, source="s")
    assert made == contract.record_id("deals", row, roles={"party": shuffled, "mediator": ["USA"]}, source="s")
    assert made != contract.record_id("deals", row, roles={"party": [*actors, "x-x"]}, source="s")


# --- content hash ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_the_content_hash_does_not_depend_on_who_wrote_the_file(
    tmp_path: Path, tables: dict[str, pa.Table], table: str
) -> None:
    data = store.normalise(table, tables[table])
    store.write_parquet(tmp_path / "x.parquet", table, data, level=1)
    store.write_csv(tmp_path / "x.csv", table, data)
    pa.parquet.write_table(data, tmp_path / "y.parquet", compression="snappy", row_group_size=1, version="1.0")
    told = {
        contract.content_hash(read)
        for read in (
            store.read_parquet(tmp_path / "x.parquet"),
            store.read_csv(tmp_path / "x.csv", table),
            pa.concat_tables([data.slice(0, 1), data.slice(1)]),
            store.normalise(table, pa.parquet.read_table(tmp_path / "y.parquet")),
            store.normalise(table, data.take(list(reversed(range(data.num_rows))))),
        )
    }
    assert told == {contract.content_hash(data)}


def changed_cell(value: Any) -> Any:
    changes: dict[type, Callable[[Any], Any]] = {
        str: lambda text: text + "x", bool: lambda truth: not truth, int: lambda number: number + 1,
        float: lambda number: number + 0.5, date: lambda day: date(day.year + 1, day.month, 1),
    }  # fmt: skip
    return changes[type(value)](value)


@pytest.mark.parametrize("table", TABLES)
def test_every_cell_counts_in_the_content_hash(tables: dict[str, pa.Table], table: str) -> None:
    rows, schema = tables[table].to_pylist(), contract.arrow_schema(table)
    seen = {contract.content_hash(tables[table])}
    for number, row in enumerate(rows):
        for name, value in row.items():
            if value is None:
                continue
            for other in (changed_cell(value), None):
                after = [*rows[:number], {**row, name: other}, *rows[number + 1 :]]
                seen.add(contract.content_hash(pa.Table.from_pylist(after, schema=schema)))
    told = sum(2 for row in rows for value in row.values() if value is not None)
    assert len(seen) == told + 1


@given(st.lists(st.none() | st.text(max_size=3), max_size=4), st.lists(st.none() | st.text(max_size=3), max_size=4))
def test_null_the_empty_text_and_the_joins_of_cells_are_told_apart(
    one: list[str | None], two: list[str | None]
) -> None:
    hashes = [contract.content_hash(pa.table({"x": pa.array(cells, pa.string())})) for cells in (one, two)]
    assert (hashes[0] == hashes[1]) is (one == two)


def test_the_content_hash_of_published_versions_stays_what_it_is() -> None:
    cells = {"a": ["x", "", None], "b": [1.0, 0.5, None], "c": [1, None, 3], "d": [True, None, False]}
    told = contract.content_hash(pa.table(cells | {"e": [date(2025, 3, 4), None, date(1970, 1, 1)]}))
    assert told == "0c30003294b243d8def77edc5d8214d38c81971e816fd0497b1854b861ecbe27"


def test_type_and_name_of_a_column_count_in_the_content_hash() -> None:
    tables = [pa.table({"x": pa.array([1], pa.int32())}), pa.table({"x": pa.array([1.0])}), pa.table({"x": ["1"]}), pa.table({"y": ["1"]})]  # fmt: skip
    assert len({contract.content_hash(table) for table in tables}) == len(tables)


# --- rows to Arrow --------------------------------------------------------------------------------------------------


def test_rows_become_a_table_sorted_by_key_with_nulls_for_what_is_left_out() -> None:
    data = contract.to_arrow(
        "participants",
        [
            {"record_id": "b", "role": "party", "actor_id": "USA"},
            {"record_id": "a", "role": "party", "actor_id": "COD"},
        ],
    )
    assert data.column("record_id").to_pylist() == ["a", "b"]
    left = contract.to_arrow("commodities", [{"commodity_id": "gold", "name": "gold", "commodity_type": "precious"}])
    assert left.to_pylist()[0]["hs2022"] is None
    with pytest.raises(pa.ArrowInvalid):
        contract.to_arrow("places", [{"place_id": "x", "latitude": "north"}])


def test_a_resource_tells_readers_how_to_read_the_csv(codes: Codes) -> None:
    told = contract.data_resource("terms", codes)
    schema = told.pop("schema")
    assert told == {
        "name": "terms",
        "type": "table",
        "description": contract.describe("terms"),
        "path": "csv/terms.csv",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
    }
    assert [field["name"] for field in schema["fields"]] == list(contract.column_names("terms"))


def test_pandera_asks_for_the_declared_columns_in_their_order_and_changes_nothing(codes: Codes) -> None:
    schema = contract.pandera_schema("terms", codes)
    assert (schema.strict, schema.ordered, schema.coerce, schema.name) == (True, True, False, "terms")
