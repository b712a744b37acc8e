"""The tables of a release as files: Parquet, CSV and SQLite. The same tables give the same bytes."""

import sqlite3
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pyarrow as pa

from pipeline import contract, store
from pipeline.release.contents import Contents
from pipeline.release.views import views_sql

SQLITE_STAMP = slice(96, 100)
"""Where SQLite writes the number of the library that wrote the file."""


def write_formats(folder: Path, contents: Contents) -> None:
    """Write `parquet/`, `csv/`, `issues.csv`, `rsb.sqlite` and `views.sql` into `folder`."""
    for table, data in contents.tables.items():
        write_table(folder, table, store.normalise(table, data))
    write_table(folder, "changes", contents.changes)
    store.write_plain_csv(folder / "issues.csv", contents.issues)
    store.write_bytes(folder / "rsb.sqlite", sqlite_bytes(contents.tables))
    store.write_text(folder / "views.sql", views_sql())


def write_table(folder: Path, table: str, data: pa.Table) -> None:
    """Write a table that is in its final order and schema into `parquet/` and `csv/`."""
    store.write_plain_parquet(folder / "parquet" / f"{table}.parquet", data, level=store.RELEASE_LEVEL)
    store.write_plain_csv(folder / "csv" / f"{table}.csv", data)


def sqlite_bytes(tables: store.Tables) -> bytes:
    """A SQLite database of the tables, with keys, references, column comments and the views."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "rsb.sqlite"
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("PRAGMA page_size = 4096")
            connection.execute("PRAGMA encoding = 'UTF-8'")
            connection.execute("BEGIN")
            for table in contract.table_names():
                connection.execute(contract.sqlite_ddl(table))
                names = contract.column_names(table)
                marks = ", ".join("?" * len(names))
                data = store.normalise(table, tables[table])
                connection.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", _rows(data))
            connection.execute("COMMIT")
            connection.executescript(views_sql())
            connection.execute("VACUUM")
        finally:
            connection.close()
        content = bytearray(path.read_bytes())
    content[SQLITE_STAMP] = bytes(4)
    return bytes(content)


def _rows(data: pa.Table) -> Iterator[tuple[object, ...]]:
    """The rows as SQLite takes them: dates as ISO 8601 text."""
    columns = [column.cast(pa.string()) if pa.types.is_date(column.type) else column for column in data.itercolumns()]
    batches = pa.table(columns, names=data.column_names).to_batches(max_chunksize=10_000)
    return chain.from_iterable(zip(*(c.to_pylist() for c in batch.columns), strict=True) for batch in batches)
