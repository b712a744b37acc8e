"""Writing of 1,000,000 rows × 12 columns as a release has them, beside plain pyarrow.

The yardstick writes the same Parquet (zstd 9) and CSV with pyarrow's own functions. `files` is what the project does
for both: cast, sort by key, write whole or not at all; it has to stay below twice the yardstick. What a release adds
to them is told too: the content hash of the table, and the SQLite file with its keys.

Run: `make benchmarks`, or `.venv/bin/python benchmarks/release.py`.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from _measure import WORK, Taken, report, run, show
from _table import TABLE, make

from pipeline import contract, store
from pipeline.release.formats import sqlite_bytes, write_table

SOURCE = WORK / "assembled.parquet"
FOLDER = WORK / "release"


def prepare() -> None:
    """Write the table as a stage hands it on: in key order, as every stage leaves it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    pa.parquet.write_table(store.normalise(TABLE, make()), SOURCE)


def plain(data: pa.Table) -> list[int]:
    """pyarrow alone."""
    paths = FOLDER / "plain.parquet", FOLDER / "plain.csv"
    pa.parquet.write_table(data, paths[0], compression="zstd", compression_level=store.RELEASE_LEVEL)
    pa.csv.write_csv(data, paths[1])
    return _sizes(*paths)


def files(data: pa.Table) -> list[int]:
    """The two files as a release has them."""
    write_table(FOLDER, TABLE, store.normalise(TABLE, data))
    return _sizes(FOLDER / "parquet" / f"{TABLE}.parquet", FOLDER / "csv" / f"{TABLE}.csv")


def content_hash(data: pa.Table) -> list[int]:
    """The hash that stands in the manifest."""
    contract.content_hash(data)
    return []


def sqlite(data: pa.Table) -> list[int]:
    """The SQLite file, of this table alone."""
    empty = {table: contract.arrow_schema(table).empty_table() for table in contract.table_names()}
    return [len(sqlite_bytes({**empty, TABLE: data})) // 1_000_000]


def _sizes(*paths: Path) -> list[int]:
    return [path.stat().st_size // 1_000_000 for path in paths]


CONTENDERS: dict[str, Callable[[pa.Table], Any]] = {
    "plain pyarrow": plain,
    "rsb: files": files,
    "rsb: content hash": content_hash,
    "rsb: SQLite": sqlite,
}


def main() -> None:
    """Run each twice and print the ratios of the better times."""
    run("prepare")
    taken: dict[str, Taken] = {}
    for name in [*CONTENDERS] * 2:
        now = run(name)
        taken[name] = min(now, taken.get(name, now))
    base = taken["plain pyarrow"].seconds
    rows: list[list[object]] = [
        [name, seconds, seconds / base, round(megabytes), ", ".join(map(str, told))]
        for name, (seconds, megabytes, told) in taken.items()
    ]
    show("Writing 1,000,000 × 12", ["contender", "s", "ratio", "peak MB", "MB written"], rows)


if __name__ == "__main__":
    if sys.argv[1:] == ["prepare"]:
        report(prepare, rounds=1)
    elif len(sys.argv) > 1:
        table = pa.parquet.read_table(SOURCE)
        report(lambda: CONTENDERS[sys.argv[1]](table), rounds=2)
    else:
        main()
