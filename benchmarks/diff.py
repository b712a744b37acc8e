"""Keyed row diff of two versions of 1,000,000 rows × 12 columns that differ in 1,000 cells, 500 rows gone and 500 new.

Measured from two Arrow tables in memory: all values as text, the delta, and the proof that it leads from one version
to the other. Budget: 2 s. `reordered` has the rows of the second version in another order, which no stage does.

Run: `make benchmarks`, or `.venv/bin/python benchmarks/diff.py`.
"""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from _measure import WORK, report, run, show
from _table import TABLE, make

from pipeline import contract, store
from pipeline.delta import apply, as_rows, diff, same

CHANGED, MOVED = 1000, 500
CASES = ("same", "changed", "reordered")


def prepare() -> None:
    """Write the older version, and the newer ones."""
    WORK.mkdir(parents=True, exist_ok=True)
    data = store.normalise(TABLE, make())
    rows = np.arange(len(data))
    revised = pc.if_else(pa.array(rows % (len(data) // CHANGED) == 0), pa.scalar("revised"), data["quote"])
    newer = data.set_column(data.column_names.index("quote"), "quote", revised.cast(pa.string()))
    fresh = make(rows=MOVED)
    ids = pa.array([f"rw-new{number:013d}" for number in range(MOVED)])
    fresh = fresh.set_column(0, "row_id", ids).cast(newer.schema)
    newer = pa.concat_tables([newer.filter(pa.array(rows % (len(data) // MOVED) != 7)), fresh])
    shuffled = newer.take(pa.array(np.random.default_rng(1).permutation(len(newer))))
    for name, table in (("old", data), ("same", data), ("changed", newer), ("reordered", shuffled)):
        pa.parquet.write_table(table.combine_chunks(), WORK / f"{name}.parquet")


def compare(case: str) -> list[int]:
    """Find the delta and prove it; its size."""
    old, new = (pa.parquet.read_table(WORK / f"{name}.parquet") for name in ("old", case))
    key = contract.facts(TABLE).key

    def work() -> list[int]:
        before, now = as_rows(old, key), as_rows(new, key)
        delta = diff(before, now)
        assert same(apply(delta, before), now)
        return [len(delta.added), len(delta.gone), len(delta.revised)]

    report(work)
    return []


def main() -> None:
    """Run each case and print what it took."""
    run("prepare")
    rows: list[list[object]] = []
    for case in CASES:
        seconds, megabytes, told = run(case)
        rows.append([case, seconds, round(megabytes), ", ".join(map(str, told))])
    show("Diff of 1,000,000 × 12", ["case", "s", "peak MB", "rows added, gone, cells revised"], rows)


if __name__ == "__main__":
    if sys.argv[1:] == ["prepare"]:
        report(prepare, rounds=1)
    elif len(sys.argv) > 1:
        compare(sys.argv[1])
    else:
        main()
