"""Validation of 1,000,000 rows × 12 columns: clean, with 1,000 and with 1,000,000 bad cells.

Asks of each contender the same checks (types, required cells, three code lists, a pattern, bounds, finite numbers)
and a bounded report: how many cells break each, and at most 1,000 of them. `structure` is what `rsb validate` does
before its rules; `all` adds the rules that look at every table. The yardstick is Arrow kernels written by hand for
this one table. frictionless sees 10,000 rows, and its time is multiplied by 100. Budget: 1.2 times the kernels, 1.5 GB.

Run: `make benchmarks`, or `.venv/bin/python benchmarks/validation.py` once that has made the environments.
"""

import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from _measure import VALIDATORS, WORK, Taken, report, run, show

LIMIT = 1000
BAD = (0, 1_000, 1_000_000)
SAMPLE = 10_000


def prepare() -> None:
    """Write the tables, and a sample with its Table Schema for frictionless."""
    import pyarrow.csv
    import pyarrow.parquet
    from _table import TABLE, codes, make

    from pipeline import contract

    WORK.mkdir(parents=True, exist_ok=True)
    lists = codes()
    allowed = {
        column.name: list(lists.allowed(column.vocabulary)) for column in contract.columns(TABLE) if column.vocabulary
    }
    (WORK / "codes.json").write_text(json.dumps(allowed))
    schema = contract.table_schema(TABLE, lists)
    del schema["primaryKey"]  # no contender checks keys here
    (WORK / "schema.json").write_text(json.dumps(schema))
    for bad in BAD:
        data = make(bad)
        pyarrow.parquet.write_table(data, WORK / f"{bad}.parquet")
        sample = make(bad * SAMPLE // len(data), SAMPLE)
        pyarrow.csv.write_csv(sample, WORK / f"{bad}.csv")


# Contenders: each gives the work to be timed, which returns the number of bad cells it counted


def load(bad: str) -> Any:
    """The table in memory: reading it is nobody's time."""
    import pyarrow.parquet

    return pyarrow.parquet.read_table(WORK / f"{bad}.parquet").combine_chunks()


def rsb(bad: str, *, with_rules: bool) -> Callable[[], int]:
    """The project's own check."""
    from _table import TABLE, codes

    from pipeline import validate
    from pipeline.rules import Context

    if not with_rules:
        validate.RULES.clear()
    data, context = {TABLE: load(bad)}, Context(codes=codes())

    def work() -> int:
        outcome = validate.check(data, context, due=())
        assert len(outcome.issues) <= LIMIT * len(outcome.known)
        return sum(outcome.counts.values())

    return work


def kernels(bad: str) -> Callable[[], int]:
    """Arrow kernels written for this table."""
    import pyarrow as pa
    import pyarrow.compute as pc

    data = load(bad)
    allowed = {name: pa.array(values) for name, values in json.loads((WORK / "codes.json").read_text()).items()}
    required = [name for name in data.column_names if name not in ("holder_id", "quote", "value")]

    def work() -> int:
        masks = [pc.is_null(data[name]) for name in required]
        masks += [pc.invert(pc.is_in(data[name], value_set=values)) for name, values in allowed.items()]
        masks.append(pc.invert(pc.match_substring_regex(data["row_id"], r"^rw-[0-9a-f]{16}$")))
        masks.append(pc.less(data["span_start"], 0))
        masks.append(pc.less(data["span_end"], 1))
        masks.append(pc.invert(pc.is_finite(data["value"])))
        masks.append(pc.less(data["value"], 0))
        masks.append(pc.greater(data["value"], 1e9))
        counted = 0
        for mask in masks:
            found = pc.sum(mask).as_py() or 0
            counted += found
            if found:
                rows = data.filter(mask).slice(0, LIMIT)
                assert len(rows.to_pylist()) == min(found, LIMIT)
        return counted

    return work


def duckdb(bad: str) -> Callable[[], int]:
    """One query that counts, and one for each check that failed."""
    import duckdb

    connection = duckdb.connect()
    connection.register("data", load(bad))
    allowed = json.loads((WORK / "codes.json").read_text())
    required = [
        "row_id", "record_id", "source_id", "act", "certainty", "polarity", "span_start", "span_end", "is_inferred",
    ]  # fmt: skip
    checks = [f"{name} IS NULL" for name in required]
    checks += [f"{name} NOT IN ({', '.join(map(repr, codes))})" for name, codes in allowed.items()]
    checks += [
        "NOT regexp_matches(row_id, '^rw-[0-9a-f]{16}$')", "span_start < 0", "span_end < 1", "NOT isfinite(value)",
        "value < 0", "value > 1e9",
    ]  # fmt: skip
    counting = ", ".join(f"count(*) FILTER ({check})" for check in checks)

    def work() -> int:
        [counts] = connection.execute(f"SELECT {counting} FROM data").fetchall()
        for check, count in zip(checks, counts, strict=True):
            if count:
                rows = connection.execute(f"SELECT * FROM data WHERE {check} LIMIT {LIMIT}").fetchall()
                assert len(rows) == min(count, LIMIT)
        return sum(counts)

    return work


def frictionless(bad: str) -> Callable[[], int]:
    """The sample's CSV against its Table Schema."""
    from frictionless import Resource, Schema, system

    schema = Schema.from_descriptor(json.loads((WORK / "schema.json").read_text()))

    def work() -> int:
        with system.use_context(trusted=True):
            found = Resource(path=str(WORK / f"{bad}.csv"), schema=schema).validate(limit_errors=LIMIT)
        return len(found.flatten(["type"]))

    return work


CONTENDERS: dict[str, tuple[Callable[[str], Callable[[], int]], str | None]] = {
    "Arrow kernels": (kernels, None),
    "rsb: structure": (partial(rsb, with_rules=False), None),
    "rsb: all": (partial(rsb, with_rules=True), None),
    "DuckDB": (duckdb, VALIDATORS),
    "frictionless": (frictionless, VALIDATORS),
}


def main() -> None:
    """Run every contender on every table, twice over, and print the ratios of the better times."""
    child = run("prepare")
    assert child.told is None
    rows: list[list[object]] = []
    for bad in BAD:
        taken: dict[str, Taken] = {}
        for name, (_, environment) in [*CONTENDERS.items()] * 2:
            now = run(name, bad, environment=environment)
            taken[name] = min(now, taken.get(name, now))
        base = taken["Arrow kernels"].seconds
        for name, (seconds, megabytes, told) in taken.items():
            whole = seconds * 100 if name == "frictionless" else seconds
            rows.append([f"{bad:,} bad: {name}", whole, whole / base, round(megabytes), f"{told:,}"])
    show("Validation of 1,000,000 × 12", ["contender", "s", "ratio", "peak MB", "cells counted"], rows)


if __name__ == "__main__":
    if sys.argv[1:] == ["prepare"]:
        report(prepare, rounds=1)
    elif len(sys.argv) > 1:
        contender, _ = CONTENDERS[sys.argv[1]]
        report(contender(sys.argv[2]), rounds=1 if sys.argv[1] == "frictionless" else 3)
    else:
        main()
