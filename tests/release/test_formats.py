import csv
import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import contract, store
from pipeline.release.contents import Contents
from pipeline.release.formats import sqlite_bytes, write_formats
from pipeline.release.views import VIEWS

# What a table may hold: no control characters, no empty string.
texts = st.one_of(
    st.sampled_from(["NA", "null", "=1+1", "+", '"', '""', "a,b", "'", "-0", "true", "2025-01", "é", "\U0001f600"]),
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=8),
)  # fmt: skip
numbers = st.floats(allow_nan=False, allow_infinity=False)
days = st.dates(min_value=date(1000, 1, 1))


@st.composite
def figures(draw: st.DrawFn) -> pa.Table:
    rows = [
        {
            "figure_id": f"fg-{n:016x}",
            "measure": draw(texts),
            "value": draw(st.none() | numbers),
            "low": draw(st.none() | numbers),
            "bound": draw(texts),
            "unit": draw(st.none() | texts),
            "period_earliest": draw(st.none() | days),
            "status": draw(texts),
            "n_sources": draw(st.integers(-(2**31), 2**31 - 1)),
            "n_origins": 1,
            "n_for": 1,
            "n_against": 0,
            "review": draw(texts),
        }
        for n in range(draw(st.integers(0, 4)))
    ]
    return contract.to_arrow("figures", rows)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(figures())
def test_parquet_and_csv_give_back_what_was_written_cell_by_cell(tmp_path: Path, data: pa.Table) -> None:
    store.write_parquet(tmp_path / "x.parquet", "figures", data)
    store.write_csv(tmp_path / "x.csv", "figures", data)
    assert store.read_parquet(tmp_path / "x.parquet").equals(data)
    back = store.read_csv(tmp_path / "x.csv", "figures")
    assert back.equals(data)
    assert contract.content_hash(back) == contract.content_hash(data)
    assert (tmp_path / "x.csv").read_bytes().count(b"\n") == data.num_rows + 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(figures(), st.randoms(use_true_random=False))
def test_the_same_rows_in_any_order_and_chunks_give_the_same_bytes(
    tmp_path: Path, data: pa.Table, random: Random
) -> None:
    order = list(range(data.num_rows))
    random.shuffle(order)
    shuffled = pa.concat_tables([data.take([n]) for n in order]) if order else data
    for name, rows in (("a", data), ("b", shuffled)):
        store.write_parquet(tmp_path / f"{name}.parquet", "figures", rows, level=store.RELEASE_LEVEL)
        store.write_csv(tmp_path / f"{name}.csv", "figures", rows)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.fixture
def database(contents: Contents, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "x.sqlite"
    path.write_bytes(sqlite_bytes(contents.tables))
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def test_plain_pandas_gives_the_declared_types(release: Path) -> None:
    for table in contract.table_names():
        frame = pd.read_parquet(release / "parquet" / f"{table}.parquet", dtype_backend="pyarrow")
        declared = {column.name: column.arrow_type for column in contract.columns(table)}
        assert {name: kind.pyarrow_dtype for name, kind in frame.dtypes.items()} == declared


def test_without_the_argument_a_whole_number_with_a_gap_becomes_a_float(release: Path) -> None:
    """Why the README asks for the argument; should this fail, the README can say less."""
    frame = pd.read_parquet(release / "parquet" / "events.parquet")
    assert frame["violence_type"].dtype.kind in "fO"


def test_the_schema_says_what_columns_mean_to_any_reader(release: Path) -> None:
    schema = pa.parquet.read_schema(release / "parquet" / "sources.parquet")
    assert b'"name":"sources"' in schema.metadata[b"datapackage_resource"]
    assert schema.field("n_chars").metadata[b"unit"] == b"code points"


def test_sqlite_is_sound_whole_and_consistent(contents: Contents, tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    path.write_bytes(sqlite_bytes(contents.tables))
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    for table, data in contents.tables.items():
        expected = [
            tuple(value.isoformat() if isinstance(value, date) else value for value in row.values())
            for row in data.to_pylist()
        ]
        assert connection.execute(f"SELECT * FROM {table}").fetchall() == expected
    connection.close()


def test_sqlite_bytes_repeat_and_hold_no_library_version(contents: Contents) -> None:
    made = sqlite_bytes(contents.tables)
    assert made == sqlite_bytes(
        {table: data.take(list(range(len(data)))[::-1]) for table, data in contents.tables.items()}
    )
    assert made[96:100] == bytes(4)


@pytest.mark.parametrize("table", contract.table_names())
def test_sqlite_has_comments_keys_and_references_as_declared(database: sqlite3.Connection, table: str) -> None:
    (ddl,) = database.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    assert ddl.startswith(f"CREATE TABLE {table} ( -- {contract.describe(table)}\n")
    info = {row[1]: row for row in database.execute(f"PRAGMA table_info({table})")}
    for column in contract.columns(table):
        assert f"-- {column.description}" in ddl
        assert info[column.name][3] == (not column.nullable)
    key = sorted((row[5], name) for name, row in info.items() if row[5])
    if table == "aliases":  # a part of its key may be empty, which a primary key forbids
        assert key == []
        assert "UNIQUE (" in ddl
    else:
        assert [name for _, name in key] == list(contract.facts(table).key)
    targets = {(row[3], row[2]) for row in database.execute(f"PRAGMA foreign_key_list({table})")}
    assert targets == {(c.name, c.refers_to[0]) for c in contract.columns(table) if len(c.refers_to) == 1}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE terms SET giver_id = 'nobody'",
        "INSERT INTO actors SELECT * FROM actors LIMIT 1",
        "INSERT INTO aliases VALUES ('x', NULL, 'name', NULL, NULL)",
    ],
)
def test_sqlite_refuses_orphans_duplicates_and_gaps(database: sqlite3.Connection, statement: str) -> None:
    database.execute("PRAGMA foreign_keys = ON")
    with pytest.raises(sqlite3.IntegrityError):
        database.execute(statement)


def test_sqlite_has_every_view_with_its_description(database: sqlite3.Connection) -> None:
    found = dict(database.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'view'"))
    assert set(found) == {view.name for view in VIEWS}
    assert all(view.description.replace("`", "") in found[view.name] for view in VIEWS)


def test_every_csv_of_a_release_has_one_line_for_each_row(contents: Contents, tmp_path: Path) -> None:
    """Also where a cell holds what ends a line for some reader: quotes, a comma, separators beyond ASCII."""
    sources = contents.tables["sources"]
    at = sources.column_names.index("title")
    title = '"A", said B;\u2028then C\u2029, D\u0085 and E\x0b'
    wild = sources.set_column(at, sources.schema.field(at), pa.array([title] * len(sources)))
    write_formats(tmp_path, replace(contents, tables={**contents.tables, "sources": wild}))
    paths = sorted(tmp_path.rglob("*.csv"))
    assert {path.stem for path in paths} == {*contents.data, "issues"}
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        content = path.read_bytes()
        assert content.count(b"\n") == len(rows)
        assert content.endswith(b"\n")
        assert b"\r" not in content
    assert title in (tmp_path / "csv" / "sources.csv").read_text(encoding="utf-8").replace('""', '"')


def test_two_builds_give_the_same_bytes(contents: Contents, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_formats(tmp_path / name, contents)
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(files) > 2 * len(contents.tables)
    for path in files:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes(), path


@pytest.mark.parametrize("value", [0.1, 1e-7, 2.4e13, 1e300, 5e-324, math.pi])
def test_numbers_keep_every_digit_in_csv(tmp_path: Path, value: float, tables: dict[str, pa.Table]) -> None:
    data = tables["figures"]
    at = data.column_names.index("value")
    data = data.set_column(at, "value", pa.array([value]))
    store.write_csv(tmp_path / "x.csv", "figures", data)
    assert store.read_csv(tmp_path / "x.csv", "figures")["value"].to_pylist() == [value]
