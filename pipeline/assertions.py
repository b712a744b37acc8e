"""Assertions on totals, kept in `params.yaml`: rows of a table, how full a column is, how far both moved.

`profile` counts what they are about, of these tables or of the last published version; the rules `count:*`, `fill:*`
and `drift:*` compare; `suggest` writes the assertions that the present tables would just keep. It looks at no row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import floor, log10
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import yaml

from pipeline import contract
from pipeline.errors import RsbError
from pipeline.workspace import Settings

ASSERTED = ("min_counts", "max_counts", "min_fill", "max_drift", "max_warnings")
"""The keys of `params.yaml` that rules assert."""
NEEDED = ("min_counts", "max_warnings")
"""Those without which the gate would be open."""
DRIFTS = ("rows", "fill", "codes")
"""What may drift: the rows of a table, the fill rate of a column, the share of a code in its column."""
FEWEST = 30
"""Fewest rows of a table whose rates and shares are compared with another version's: below it they move by chance."""
ROOM = 0.8
"""A suggested least count or fill rate is this part of the present one."""
MOST = 3
"""A suggested greatest count is so many times the present one."""
SPARSE = 0.05
"""A column filled less than this gets no suggestion."""


@dataclass(frozen=True)
class Profile:
    """Totals of a version: table → rows; `table.column` → share of filled cells; `table.column` → code → share."""

    rows: Mapping[str, int] = field(default_factory=dict)
    filled: Mapping[str, float] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def comparable(self, where: str) -> bool:
        """Whether the table of `table.column` has rows enough for its shares to mean something."""
        return self.rows.get(where.partition(".")[0], 0) >= FEWEST


def profile(data: Mapping[str, pa.Table]) -> Profile:
    """The totals of some tables, in whatever types; what is not declared is passed over."""
    rows: dict[str, int] = {}
    filled: dict[str, float] = {}
    codes: dict[str, dict[str, float]] = {}
    for table in (name for name in contract.table_names() if name in data):
        rows[table] = len(data[table])
        for column in contract.columns(table):
            if column.name not in data[table].column_names or not rows[table]:
                continue
            cells, where = data[table][column.name], f"{table}.{column.name}"
            if column.nullable:
                filled[where] = 1 - cells.null_count / rows[table]
            if column.vocabulary:
                counts = pc.value_counts(cells.cast(pa.string())).to_pylist()
                codes[where] = {c["values"]: c["counts"] / rows[table] for c in counts if c["values"] is not None}
    return Profile(rows, filled, codes)


def read_assertions(params: Settings) -> dict[str, Any]:
    """What `params.yaml` asserts; `min_counts` and `max_warnings` are never left out.

    Raises `RsbError` where one of them is missing, or a value is malformed.
    """
    asserted = {key: params[key] if key in NEEDED else params.get(key, {}) for key in ASSERTED}
    for key in ("min_counts", "max_counts"):
        _expect_numbers(params, key, asserted[key], contract.table_names(), whole=True)
    columns = [f"{table}.{column}" for table in contract.table_names() for column in contract.column_names(table)]
    _expect_numbers(params, "min_fill", asserted["min_fill"], columns)
    _expect_numbers(params, "max_drift", asserted["max_drift"], DRIFTS)
    if type(asserted["max_warnings"]) is not int:
        raise RsbError("max_warnings is no number", path=params.path, mend="write `max_warnings: 500`")
    return asserted


def _expect_numbers(params: Settings, key: str, told: Any, names: Any, *, whole: bool = False) -> None:
    kinds = (int,) if whole else (int, float)
    if not isinstance(told, dict) or not all(type(number) in kinds for number in told.values()):
        example = "  deals: 10" if whole else f"  {next(iter(names))}: 0.5"
        raise RsbError(f"{key} is no list of names with numbers", path=params.path, mend=f"write `{example}`")
    if unknown := sorted(set(map(str, told)) - set(names)):
        raise RsbError(f"{key} names nothing known: {', '.join(unknown)}", path=params.path, mend="correct the name")
    if not whole and not all(number >= 0 for number in told.values()):
        raise RsbError(f"{key} holds a number below 0", path=params.path, mend="write a share, such as 0.5")


def suggest(now: Profile) -> str:
    """The assertions that these totals keep with some room, as lines for `params.yaml`."""
    known = {name: count for name, count in now.rows.items() if count}
    optional = [
        f"{table}.{column.name}"
        for table in contract.table_names()
        for column in contract.columns(table)
        if column.nullable and not column.derived
    ]
    fill = {where: now.filled[where] for where in optional if now.comparable(where) and where in now.filled}
    told = {
        "min_counts": {table: _rounded(count * ROOM) for table, count in known.items()},
        "max_counts": {table: _rounded(count * MOST) for table, count in known.items()},
        "min_fill": {where: floor(share * ROOM * 100) / 100 for where, share in fill.items() if share >= SPARSE},
    }
    return yaml.safe_dump(told, sort_keys=False)


def _rounded(number: float) -> int:
    """A count cut to its two leading digits."""
    step = 10 ** max(0, floor(log10(max(number, 1))) - 1)
    return int(number // step * step)
