"""What tools of others say of a release: `make outside`, or `python outside/check.py RELEASE`.

frictionless validates every CSV of the Data Package, keys included; mlcroissant validates the Croissant file and reads
every record of every record set; pyarrow, pandas, polars, DuckDB, SQLite and the csv module each read every file
they can, and must find the same cells. Each CSV must have one physical line for each row. Runs in an environment of
its own (`outside/validators.lock`) and imports nothing of this project: what it knows of the tables, it knows from
the release. CITATION.cff is for cffconvert, whose dependencies exclude the others'.

Exits 0 where all agree, 1 with what does not.
"""

import csv
import json
import logging
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import frictionless
import mlcroissant
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

Types = dict[str, str]
"""Column → type, as the Data Package declares it."""
Rows = list[tuple[Any, ...]]
ARROW = {
    "string": pa.string(),
    "integer": pa.int32(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
}
POLARS = {"string": pl.String, "integer": pl.Int32, "number": pl.Float64, "boolean": pl.Boolean, "date": pl.Date}
DUCKDB = {"string": "VARCHAR", "integer": "INTEGER", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}


# Readers: each gives the rows of a file by a tool's own means, with the types that the Data Package declares.


def read_csv_as_text(path: Path, types: Types) -> Rows:
    """The csv module knows no types; they are read off the text."""
    parsers: dict[str, Callable[[str], Any]] = {"integer": int, "number": float, "boolean": "true".__eq__}
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == list(types), f"{path.name}: the header is not as declared"
    kinds = [parsers.get(kind, str) for kind in types.values()]
    return [tuple(parse(cell) if cell else None for parse, cell in zip(kinds, row, strict=True)) for row in rows]


def read_csv_with_arrow(path: Path, types: Types) -> Rows:
    """An empty field is null also in a text column where Arrow is told so."""
    convert = pa.csv.ConvertOptions(
        column_types={name: ARROW[kind] for name, kind in types.items()}, null_values=[""], strings_can_be_null=True
    )
    return rows_of(pa.csv.read_csv(path, convert_options=convert))


def read_csv_with_pandas(path: Path, types: Types) -> Rows:
    """With the two arguments of the README; without them "NA" would be lost."""
    dtypes = {name: pd.ArrowDtype(ARROW[kind]) for name, kind in types.items()}
    frame = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=dtypes)
    return rows_of(pa.Table.from_pandas(frame, preserve_index=False))


def read_csv_with_polars(path: Path, types: Types) -> Rows:
    """Nothing but the types."""
    return pl.read_csv(path, schema={name: POLARS[kind] for name, kind in types.items()}).rows()


def read_csv_with_duckdb(path: Path, types: Types) -> Rows:
    """Nothing but the types."""
    columns = {name: DUCKDB[kind] for name, kind in types.items()}
    return duckdb.read_csv(str(path), columns=columns, header=True).fetchall()


def read_parquet_with_arrow(path: Path) -> Rows:
    """As it is."""
    return rows_of(pa.parquet.read_table(path))


def read_parquet_with_pandas(path: Path) -> Rows:
    """With the argument of the README."""
    return rows_of(pa.Table.from_pandas(pd.read_parquet(path, dtype_backend="pyarrow"), preserve_index=False))


def read_parquet_with_polars(path: Path) -> Rows:
    """As it is."""
    return pl.read_parquet(path).rows()


def read_parquet_with_duckdb(path: Path) -> Rows:
    """As it is."""
    return duckdb.read_parquet(str(path)).fetchall()


def read_sqlite(connection: sqlite3.Connection, table: str, types: Types) -> Rows:
    """SQLite has no booleans."""
    rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
    kinds = list(types.values())
    return [
        tuple(bool(c) if kind == "boolean" and c is not None else c for c, kind in zip(row, kinds, strict=True))
        for row in rows
    ]


def rows_of(data: pa.Table) -> Rows:
    """The rows of an Arrow table as tuples of Python's values."""
    return list(zip(*(column.to_pylist() for column in data.columns), strict=True)) if data.num_rows else []


def plain(rows: Rows) -> Rows:
    """Rows in a form in which the tools' answers can be compared: days as text."""
    return [tuple(cell.isoformat() if isinstance(cell, date) else cell for cell in row) for row in rows]


CSV_READERS = (read_csv_as_text, read_csv_with_arrow, read_csv_with_pandas, read_csv_with_polars, read_csv_with_duckdb)
PARQUET_READERS = (
    read_parquet_with_arrow, read_parquet_with_pandas, read_parquet_with_polars, read_parquet_with_duckdb,
)  # fmt: skip


# Checks: each yields what is wrong


def check_readers(folder: Path, resources: list[dict[str, Any]]) -> Iterator[str]:
    """Every reader finds in every file what the csv module finds in the CSV."""
    with closing(sqlite3.connect(f"file:{folder / 'rsb.sqlite'}?mode=ro&immutable=1", uri=True)) as connection:
        names = dict(connection.execute("SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view')"))
        for resource in resources:
            table, path = resource["name"], folder / resource["path"]
            types = {field["name"]: field["type"] for field in resource["schema"]["fields"]}
            expected = read_csv_as_text(path, types)
            if path.read_bytes().count(b"\n") != len(expected) + 1 or b"\r" in path.read_bytes():
                yield f"{path.name}: not one physical line for each row"
            found = {reader.__name__: reader(path, types) for reader in CSV_READERS}
            parquet = folder / "parquet" / f"{table}.parquet"
            if parquet.exists():
                found |= {reader.__name__: reader(parquet) for reader in PARQUET_READERS}
            if names.get(table) == "table":
                found["read_sqlite"] = read_sqlite(connection, table, types)
            for reader, rows in found.items():
                if plain(rows) != expected:
                    yield f"{table}: {reader} does not find the rows that stand there"
            print(f"  {table}: {len(expected)} rows, {len(found)} readers")
        for view in sorted(name for name, kind in names.items() if kind == "view"):
            count = len(connection.execute(f'SELECT * FROM "{view}"').fetchall())
            print(f"  {view}: {count} rows, view")


def check_data_package(folder: Path) -> Iterator[str]:
    """frictionless: types, constraints, primary and foreign keys, sizes and checksums of every CSV."""
    report = frictionless.validate(folder / "datapackage.json")
    yield from (f"datapackage.json: {error.message}" for error in report.errors)
    yield from (f"{task.name}: frictionless: {error.message}" for task in report.tasks for error in task.errors)
    print(f"  frictionless: {len(report.tasks)} resources")


def check_croissant(folder: Path, resources: list[dict[str, Any]]) -> Iterator[str]:
    """mlcroissant: the file is valid, and each record set gives the rows of its table."""
    logging.getLogger("absl").setLevel(logging.ERROR)
    dataset = mlcroissant.Dataset(folder / "croissant.json")
    yield from sorted(dataset.metadata.issues.errors)
    for warning in sorted(dataset.metadata.issues.warnings):
        print(f"  warning: {warning}")
    paths = {resource["name"]: resource for resource in resources}
    if set(paths) != {record_set.id for record_set in dataset.metadata.record_sets}:
        yield "croissant.json: not the tables of datapackage.json"
    for record_set in dataset.metadata.record_sets:
        resource = paths[record_set.id]
        types = {field["name"]: field["type"] for field in resource["schema"]["fields"]}
        read = [tuple(map(_from_croissant, record.values())) for record in dataset.records(record_set.id)]
        if read != read_csv_as_text(folder / resource["path"], types):
            yield f"{record_set.id}: mlcroissant does not find the rows that stand there"
    print(f"  mlcroissant: {len(paths)} record sets")


def _from_croissant(cell: Any) -> Any:
    if isinstance(cell, pd.Timestamp):
        return cell.date().isoformat()
    return cell.decode() if isinstance(cell, bytes) else cell


def main(folder: Path) -> int:
    """Run all checks on a release folder; the exit code."""
    resources = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    problems = [*check_data_package(folder), *check_croissant(folder, resources), *check_readers(folder, resources)]
    print("\n".join(problems) or "outside tools agree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
