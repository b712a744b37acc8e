"""The rows of two versions, compared by key: what leads from one to the other, and what stands for rows that are gone.

Every value is taken as the text that its CSV has, so that versions with other column types can be compared too.
A delta can be written to one file and applied to the older version, which gives the newer one. Knows the dataset's
declarations and how evidence points to records; knows neither folders nor schema versions.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import contract
from pipeline.errors import RsbError

Cell = str | None
Row = tuple[Cell, ...]
SEPARATOR = contract.SEPARATOR


@dataclass(frozen=True, slots=True)
class Rows:
    """A table with every value as text; `labels` names each row by its key's parts, joined by `SEPARATOR`."""

    data: pa.Table
    labels: pa.Array

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(self.data.column_names)

    def __len__(self) -> int:
        return int(self.data.num_rows)

    def in_columns(self, columns: Sequence[str]) -> "Rows":
        """The same rows in other columns: unknown ones null, missing ones dropped."""
        return self if tuple(columns) == self.columns else Rows(_pick(self.data, columns), self.labels)

    def take(self, labels: Sequence[str]) -> list[Row]:
        """The rows of these labels. Raises `KeyError` where there is none."""
        at = pc.index_in(pa.array(labels, pa.string()), value_set=self.labels)
        if at.null_count:
            raise KeyError(labels[at.is_null().index(True).as_py()])
        return _as_tuples(self.data.take(at))


class Revision(NamedTuple):
    """One cell of a row that both versions have."""

    key: str
    column: str
    old: Cell
    new: Cell


@dataclass(slots=True)
class Delta:
    """What leads from one version of a table to the next; `heirs` tells what stands for a row that is gone, and how."""

    columns: tuple[str, ...]
    added: dict[str, Row]
    gone: list[str]
    revised: list[Revision]
    heirs: dict[str, tuple[str, str]] = field(default_factory=dict)


def show(label: str) -> str:
    """A row's label as people and files have it."""
    return label.replace(SEPARATOR, "|")


def as_rows(data: pa.Table, key: Iterable[str]) -> Rows:
    """A table's values as text. A key column it lacks counts as null; a repeated key has `#2`, `#3` … added."""
    with ThreadPoolExecutor() as pool:
        columns = list(pool.map(lambda column: column.cast(pa.string()).combine_chunks(), data.columns))
    text = pa.table(columns, names=data.column_names)
    labels = _join(_pick(text, tuple(key)))
    if len(pa.table({"label": labels}).group_by("label").aggregate([])) < len(labels):
        labels = _tell_apart(labels)
    return Rows(text, labels)


def _tell_apart(labels: pa.Array) -> pa.Array:
    seen: Counter[str] = Counter()
    told = []
    for label in labels.to_pylist():
        seen[label] += 1
        told.append(label if seen[label] == 1 else f"{label}{SEPARATOR}#{seen[label]}")
    return pa.array(told, pa.string())


def _pick(data: pa.Table, columns: Sequence[str]) -> pa.Table:
    held = set(data.column_names)
    nothing = pa.nulls(data.num_rows, pa.string())
    return pa.table({name: data.column(name) if name in held else nothing for name in columns})


def _join(data: pa.Table) -> pa.Array:
    """Each row's cells as one text; null as nothing."""
    if data.num_columns == 0:
        return pa.array([""] * data.num_rows, pa.string())
    columns = [pc.fill_null(column, "") for column in data.columns]
    joined = columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, SEPARATOR)
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _as_tuples(data: pa.Table) -> list[Row]:
    return list(zip(*(column.to_pylist() for column in data.columns), strict=True))


# The delta


def diff(previous: Rows, current: Rows) -> Delta:
    """What leads from `previous` to `current`."""
    before = previous.in_columns(current.columns)
    if previous.labels.equals(current.labels):
        return Delta(current.columns, {}, [], _revisions(current.labels, before.data, current.data))
    at = pc.index_in(current.labels, value_set=previous.labels)
    fresh, kept = at.is_null(), at.is_valid()
    lost = np.ones(len(previous), dtype=bool)
    lost[at.drop_null().to_numpy()] = False
    added = zip(current.labels.filter(fresh).to_pylist(), _as_tuples(current.data.filter(fresh)), strict=True)
    return Delta(
        current.columns,
        dict(added),
        previous.labels.filter(pa.array(lost)).to_pylist(),
        _revisions(current.labels.filter(kept), before.data.take(at.drop_null()), current.data.filter(kept)),
    )


def _revisions(labels: pa.Array, before: pa.Table, now: pa.Table) -> list[Revision]:
    """The cells in which two tables of the same rows in the same order differ."""
    found = []
    for name in now.column_names:
        old, new = before.column(name), now.column(name)
        if old.equals(new):
            continue
        unlike = pc.fill_null(pc.not_equal(old, new), False)
        at = pc.indices_nonzero(pc.or_(unlike, pc.xor(old.is_null(), new.is_null())))
        cells = (some.take(at).to_pylist() for some in (labels, old, new))
        found += [Revision(label, name, was, now_is) for label, was, now_is in zip(*cells, strict=True)]
    return found


def apply(delta: Delta, previous: Rows) -> Rows:
    """`previous` with `delta` carried out. Raises `ValueError` where it is not made for this version."""
    rows = previous.in_columns(delta.columns)
    data = rows.data
    for name in {cell.column for cell in delta.revised}:
        place = data.column_names.index(name)
        column = data.column(name).combine_chunks()
        cells = [cell for cell in delta.revised if cell.column == name]
        at = _places(rows.labels, [cell.key for cell in cells])
        if column.take(at).to_pylist() != [cell.old for cell in cells]:
            raise ValueError(f"{name} does not hold what the delta revises")
        data = data.set_column(place, name, _replace(column, at, [cell.new for cell in cells]))
    keep = np.ones(len(rows), dtype=bool)
    keep[_places(rows.labels, delta.gone).to_numpy()] = False
    kept = rows.labels.filter(pa.array(keep))
    if pc.any(pc.is_in(kept, value_set=pa.array(delta.added, pa.string()))).as_py():
        raise ValueError("a row that the delta adds is there already")
    cells_added = list(zip(*delta.added.values(), strict=True)) or [()] * len(delta.columns)
    fresh = pa.table({n: pa.array(c, pa.string()) for n, c in zip(delta.columns, cells_added, strict=True)})
    labels = pa.concat_arrays([kept, pa.array(delta.added, pa.string())])
    return Rows(pa.concat_tables([data.filter(pa.array(keep)), fresh]), labels)


def _places(labels: pa.Array, wanted: Sequence[str]) -> pa.Array:
    if not wanted:
        return pa.array([], pa.int32())  # without an index of all labels
    at = pc.index_in(pa.array(wanted, pa.string()), value_set=labels)
    if at.null_count:
        raise ValueError(f"no row {show(wanted[at.is_null().index(True).as_py()])}")
    return at


def _replace(column: pa.Array, at: pa.Array, values: list[Cell]) -> pa.Array:
    mask = np.zeros(len(column), dtype=bool)
    mask[at.to_numpy()] = True
    ordered = pa.array(values, pa.string()).take(pc.array_sort_indices(at))
    return pc.replace_with_mask(column, pa.array(mask), ordered)


def same(one: Rows, other: Rows) -> bool:
    """Whether two tables hold the same rows in the same columns, in whatever order."""
    if one.columns != other.columns or len(one) != len(other):
        return False
    if one.labels.equals(other.labels):
        return bool(one.data.equals(other.data))
    at = pc.index_in(one.labels, value_set=other.labels)
    return at.null_count == 0 and bool(one.data.equals(other.data.take(at)))


# Heirs


def find_heirs(previous: Mapping[str, Rows], current: Mapping[str, Rows], deltas: Mapping[str, Delta]) -> None:
    """Enter into `deltas` which rows stand for those that are gone.

    A row read from the same passages under a new id replaces the old one; a row that took over all of another's
    passages was merged with it. Rows without passages of their own follow the ids that they hold.
    """
    known = [table for table in contract.table_names() if table in deltas and table in current]
    known = [table for table in known if deltas[table].gone]
    gone = [label for table in known if contract.id_column(table) for label in deltas[table].gone]
    read = passages_of(previous.get("evidence"), records=gone)
    shared = {passage for passages in read.values() for passage in passages}
    before = passages_of(previous.get("evidence"), among=shared)
    now = passages_of(current.get("evidence"), among=shared)
    renamed: dict[str, str] = {}
    for table in known:
        if contract.id_column(table):
            _follow_passages(deltas[table], current[table], before, now)
            renamed |= {old: heir for old, (_, heir) in deltas[table].heirs.items()}
    for table in known:
        if renamed:
            _follow_ids(table, deltas[table], previous[table], current[table], renamed)


Passages = Mapping[str, frozenset[str]]
_PASSAGE = ("source_id", "column_name", "quote")


def passages_of(
    evidence: Rows | None, *, records: Iterable[str] | None = None, among: Iterable[str] = ()
) -> dict[str, frozenset[str]]:
    """Record → what it was read from (source, column, quote), for some records or some passages."""
    if evidence is None:
        return {}
    owners, passages = (
        _pick(evidence.data, ["record_id"]).column(0).combine_chunks(),
        _join(_pick(evidence.data, _PASSAGE)),
    )
    wanted, held = (among, passages) if records is None else (records, owners)
    mask = pc.is_in(held, value_set=pa.array(list(wanted), pa.string()))
    found: dict[str, set[str]] = {}
    for owner, passage in zip(owners.filter(mask).to_pylist(), passages.filter(mask).to_pylist(), strict=True):
        found.setdefault(owner, set()).add(passage)
    return {owner: frozenset(some) for owner, some in found.items()}


def _follow_passages(delta: Delta, current: Rows, before: Passages, now: Passages) -> None:
    here = pa.array(now, pa.string())
    readers: dict[str, list[str]] = {}
    for key in here.filter(pc.is_in(here, value_set=current.labels)).to_pylist():
        for passage in now[key]:
            readers.setdefault(passage, []).append(key)
    nothing: frozenset[str] = frozenset()
    pairs = [
        (-shared, old, new)
        for old in delta.gone
        for new, shared in Counter(k for p in before.get(old, nothing) for k in readers.get(p, ())).items()
        if new in delta.added
    ]
    taken: set[str] = set()
    for _, old, new in sorted(pairs):
        if old not in delta.heirs and new not in taken:
            delta.heirs[old] = ("replaced", new)
            taken.add(new)
    for old in delta.gone:
        own = before.get(old, nothing)
        if own and old not in delta.heirs:
            near = sorted({key for passage in own for key in readers.get(passage, ())})
            heir = next((k for k in near if own <= now[k] and not own <= before.get(k, nothing)), None)
            if heir is not None:
                delta.heirs[old] = ("merged", heir)


def _follow_ids(table: str, delta: Delta, previous: Rows, current: Rows, renamed: Mapping[str, str]) -> None:
    own = contract.id_column(table)
    refers = {column.name for column in contract.columns(table) if column.refers_to}
    told = [name for name in current.columns if name != own]
    orphans = [label for label in delta.gone if label not in delta.heirs]
    rows = previous.in_columns(told).take(orphans)
    wanted = [
        SEPARATOR.join(
            (renamed.get(cell or "", cell or "") if name in refers else cell or "")
            for name, cell in zip(told, row, strict=True)
        )
        for row in rows
    ]
    at = pc.index_in(pa.array(wanted, pa.string()), value_set=_join(_pick(current.data, told))).to_pylist()
    for old, place in zip(orphans, at, strict=True):
        if place is not None:
            heir = current.labels[place].as_py()
            delta.heirs[old] = ("replaced" if heir in delta.added else "merged", heir)


# The delta as a file


def dump_delta(deltas: Mapping[str, Delta], *, since: str, version: str, dropped: Iterable[str] = ()) -> str:
    """The deltas as JSON Lines: what they lead from and to, then a line for each row added or gone and each cell."""
    columns = {table: list(delta.columns) for table, delta in deltas.items() if table not in set(dropped)}
    lines: list[dict[str, Any]] = [{"since": since, "version": version, "columns": columns}]
    for table in columns:
        delta = deltas[table]
        lines += [{"table": table, "gone": key.split(SEPARATOR)} for key in sorted(delta.gone)]
        for cell in sorted(delta.revised):
            told = {"column": cell.column, "old": cell.old, "new": cell.new}
            lines.append({"table": table, "revised": cell.key.split(SEPARATOR), **told})
        for key, row in sorted(delta.added.items()):
            lines.append({"table": table, "added": key.split(SEPARATOR), "row": list(row)})
    return "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)


@dataclass(frozen=True, slots=True)
class DeltaFile:
    """What `dump_delta` wrote: the versions it leads from and to, and each table's delta."""

    since: str
    version: str
    deltas: dict[str, Delta]

    def apply(self, previous: Mapping[str, Rows]) -> dict[str, Rows]:
        """The version that it leads to. Raises `ValueError` where it is not made for `previous`."""
        nothing = pa.array([], pa.string())
        empty = {table: Rows(_pick(pa.table({}), delta.columns), nothing) for table, delta in self.deltas.items()}
        return {table: apply(delta, previous.get(table, empty[table])) for table, delta in self.deltas.items()}


def load_delta(text: str) -> DeltaFile:
    """The content of a delta file. Raises `RsbError`, with its line, where it is none."""
    number = 1
    try:
        first, *others = text.removesuffix("\n").split("\n")  # a cell may hold what `splitlines` takes for an end
        head = json.loads(first)
        deltas = {table: Delta(tuple(columns), {}, [], []) for table, columns in head["columns"].items()}
        for line in others:
            number += 1
            told = json.loads(line)
            delta = deltas[told["table"]]
            if "gone" in told:
                delta.gone.append(SEPARATOR.join(told["gone"]))
            elif "revised" in told:
                key = SEPARATOR.join(told["revised"])
                delta.revised.append(Revision(key, told["column"], told["old"], told["new"]))
            else:
                delta.added[SEPARATOR.join(told["added"])] = tuple(told["row"])
        return DeltaFile(head["since"], head["version"], deltas)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise RsbError(f"is no delta: {error!r}", line=number, mend="run `rsb compare` again") from error
