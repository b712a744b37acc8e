"""What changed since the last published release: in the declarations, and in the rows.

The schema version is computed from the declarations, never declared by hand. Rows are compared by key with every
value as the text its CSV has, so that versions with other column types can be compared too. Before anything is
written the delta is applied to the previous version and must give the current one: a row never just vanishes.
Judges nothing: whether a change is right is for `validate` and for reviewers.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline import contract, progress, store
from pipeline.codes import load_codes
from pipeline.errors import RsbError
from pipeline.workspace import Workspace

Cell = str | None
Key = tuple[Cell, ...]
Description = Mapping[str, Any]


def _column(name: str, description: str, *, nullable: bool = True) -> pa.Field:
    return pa.field(name, pa.string(), nullable=nullable, metadata={"description": description})


CHANGES = pa.schema(
    [
        _column("version", "The release that made the change.", nullable=False),
        _column("table_name", "The table.", nullable=False),
        _column("record_id", "The row: its id, or the parts of its key joined by `|`.", nullable=False),
        _column("change", "added, revised (one cell), merged, retracted or replaced.", nullable=False),
        _column("column_name", "The cell's column, where one cell was revised."),
        _column("old_value", "What a revised cell held; null where it was empty."),
        _column("new_value", "What a revised cell holds; null where it is empty."),
        _column("replaced_by", "The row that now stands for a merged or replaced one."),
        _column("reason", "Why, where the pipeline can tell."),
    ]
)
"""The columns of `changes`."""

LEVELS = ("none", "patch", "minor", "major")
"""How much a change of the declarations asks of users, in SemVer's words, least first."""

FIRST_SCHEMA_VERSION = "1.0.0"
SEMVER = re.compile(r"\d+\.\d+\.\d+")


# Declarations


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One change of the declarations; `level` is one of `LEVELS`, `where` a table, column or code list."""

    level: str
    where: str
    what: str


def compare_schemas(old: Description, new: Description) -> list[SchemaChange]:
    """What changed from one `contract.schema_description` to another, gravest first."""
    found = [
        *_compare_names("table", old["tables"], new["tables"]),
        *_compare_names("code list", old["codes"], new["codes"]),
    ]
    for table in _common(old["tables"], new["tables"]):
        found += _compare_table(table, old["tables"][table], new["tables"][table])
    for name in _common(old["codes"], new["codes"]):
        found += _compare_names(f"{name} code", old["codes"][name], new["codes"][name])
    return sorted(found, key=lambda change: (-LEVELS.index(change.level), change.where, change.what))


def _common(old: Iterable[str], new: Iterable[str]) -> list[str]:
    kept = set(new)
    return [name for name in old if name in kept]


def _compare_names(kind: str, old: Iterable[str], new: Iterable[str]) -> Iterator[SchemaChange]:
    before, now = set(old), set(new)
    yield from (SchemaChange("major", name, f"{kind} removed") for name in before - now)
    yield from (SchemaChange("minor", name, f"{kind} added") for name in now - before)


def _compare_table(table: str, old: Description, new: Description) -> Iterator[SchemaChange]:
    for fact in ("key", "natural_key"):
        if old[fact] != new[fact]:
            what = f"{fact.replace('_', ' ')} changed from {', '.join(old[fact])} to {', '.join(new[fact])}"
            yield SchemaChange("major", table, what)
    before = {column["name"]: column for column in old["columns"]}
    now = {column["name"]: column for column in new["columns"]}
    gone = [name for name in before if name not in now]
    fresh = [name for name in now if name not in before]
    for name in gone:
        heir = next((other for other in fresh if {**now[other], "name": name} == before[name]), None)
        what = "column removed" if heir is None else f"column renamed to {heir}"
        yield SchemaChange("major", f"{table}.{name}", what)
        fresh = [other for other in fresh if other != heir]
    yield from (SchemaChange("minor", f"{table}.{name}", "column added") for name in fresh)
    shared = _common(before, now)
    if shared != _common(now, before):
        yield SchemaChange("minor", table, "columns reordered")
    for name in shared:
        yield from _compare_column(f"{table}.{name}", before[name], now[name])


def _compare_column(where: str, old: Description, new: Description) -> Iterator[SchemaChange]:
    """A promise to readers that no longer holds is major; another rule for the values minor; wording a patch."""
    for aspect in sorted({*old, *new}):
        before, now = old.get(aspect), new.get(aspect)
        if before == now:
            continue
        breaks = (aspect in ("arrow_type", "unit", "vocabulary") and before) or (aspect == "nullable" and now)
        level = "patch" if aspect == "description" else "major" if breaks else "minor"
        what = "description changed" if level == "patch" else f"{aspect} changed from {before} to {now}"
        yield SchemaChange(level, where, what)


def same_declarations(one: Description, other: Description) -> bool:
    """Whether two descriptions declare the same tables, columns, keys and codes."""
    parts = [json.dumps([told["tables"], told["codes"]], sort_keys=True) for told in (one, other)]
    return parts[0] == parts[1]


def gravest(changes: Iterable[SchemaChange]) -> str:
    """The highest of the changes' levels; `none` without any."""
    return max((change.level for change in changes), key=LEVELS.index, default="none")


def bump(version: str, level: str) -> str:
    """The version after `version` when something of `level` changed."""
    major, minor, patch = (int(part) for part in version.split("."))
    following = {
        "none": (major, minor, patch),
        "patch": (major, minor, patch + 1),
        "minor": (major, minor + 1, 0),
        "major": (major + 1, 0, 0),
    }[level]
    return ".".join(map(str, following))


# Rows


@dataclass(frozen=True, slots=True)
class Rows:
    """A table with every value as its CSV text, by key; a repeated key has `#2`, `#3` … added."""

    columns: tuple[str, ...]
    rows: dict[Key, tuple[Cell, ...]]

    def in_columns(self, columns: tuple[str, ...]) -> "Rows":
        """The same rows in other columns: unknown ones null, missing ones dropped."""
        if columns == self.columns:
            return self
        place = {name: number for number, name in enumerate(self.columns)}
        picked = [place.get(name) for name in columns]
        return Rows(
            columns,
            {key: tuple(None if at is None else row[at] for at in picked) for key, row in self.rows.items()},
        )


@dataclass(frozen=True, slots=True)
class Cellwise:
    """One cell of a row that both versions have."""

    key: Key
    column: str
    old: Cell
    new: Cell


@dataclass(slots=True)
class Delta:
    """What leads from one version of a table to the next; `heirs` names what stands for a row that is gone."""

    columns: tuple[str, ...]
    added: dict[Key, tuple[Cell, ...]]
    gone: list[Key]
    revised: list[Cellwise]
    heirs: dict[Key, tuple[str, Key]] = field(default_factory=dict)


def as_rows(data: pa.Table, key: Iterable[str]) -> Rows:
    """A table's values as the text that CSV has; a key column it lacks counts as null."""
    columns = tuple(data.column_names)
    values = [data.column(name).cast(pa.string()).to_pylist() for name in columns]
    places = [columns.index(name) if name in columns else None for name in key]
    rows: dict[Key, tuple[Cell, ...]] = {}
    seen: Counter[Key] = Counter()
    for row in zip(*values, strict=True):
        own: Key = tuple(None if at is None else row[at] for at in places)
        seen[own] += 1
        rows[own if seen[own] == 1 else (*own, f"#{seen[own]}")] = row
    return Rows(columns, rows)


def diff(previous: Rows, current: Rows) -> Delta:
    """What leads from `previous` to `current`."""
    before = previous.in_columns(current.columns).rows
    revised = [
        Cellwise(key, column, old, new)
        for key, row in current.rows.items()
        if key in before and before[key] != row
        for column, old, new in zip(current.columns, before[key], row, strict=True)
        if old != new
    ]
    added = {key: row for key, row in current.rows.items() if key not in before}
    return Delta(current.columns, added, [key for key in before if key not in current.rows], revised)


def apply(delta: Delta, previous: Rows) -> Rows:
    """`previous` with `delta` carried out."""
    rows = dict(previous.in_columns(delta.columns).rows)
    for key in delta.gone:
        del rows[key]
    place = {name: number for number, name in enumerate(delta.columns)}
    for cell in delta.revised:
        row = list(rows[cell.key])
        row[place[cell.column]] = cell.new
        rows[cell.key] = tuple(row)
    return Rows(delta.columns, rows | delta.added)


def find_heirs(previous: Mapping[str, Rows], current: Mapping[str, Rows], deltas: Mapping[str, Delta]) -> None:
    """Enter into `deltas` which rows stand for those that are gone.

    A row read from the same passages under a new id replaces the old one; a row that took over all of another's
    passages was merged with it. Rows without passages of their own follow the ids that they hold.
    """
    before, now = _passages(previous.get("evidence")), _passages(current.get("evidence"))
    renamed: dict[Cell, Cell] = {}
    known = [table for table in contract.table_names() if table in deltas and table in current]
    for table in known:
        if contract.id_column(table):
            _follow_passages(deltas[table], current[table], before, now)
            renamed |= {key[0]: heir[0] for key, (_, heir) in deltas[table].heirs.items()}
    for table in known:
        _follow_ids(table, deltas[table], previous[table], current[table], renamed)


Passages = Mapping[Cell, frozenset[Key]]


def _passages(evidence: Rows | None) -> Passages:
    """Record → what it was read from: (source, column, quote)."""
    found: dict[Cell, set[Key]] = {}
    if evidence is not None:
        wanted = evidence.in_columns(("record_id", "source_id", "column_name", "quote"))
        for record, *passage in wanted.rows.values():
            found.setdefault(record, set()).add(tuple(passage))
    return {record: frozenset(passages) for record, passages in found.items()}


def _follow_passages(delta: Delta, current: Rows, before: Passages, now: Passages) -> None:
    nothing: frozenset[Key] = frozenset()
    readers: dict[Key, list[Key]] = {}
    for key in current.rows:
        for passage in now.get(key[0], nothing):
            readers.setdefault(passage, []).append(key)
    pairs = [
        (-shared, old, new)
        for old in delta.gone
        for new, shared in Counter(k for p in before.get(old[0], nothing) for k in readers.get(p, ())).items()
        if new in delta.added
    ]
    taken: set[Key] = set()
    for _, old, new in sorted(pairs, key=lambda pair: (pair[0], label(pair[1]), label(pair[2]))):
        if old not in delta.heirs and new not in taken:
            delta.heirs[old] = ("replaced", new)
            taken.add(new)
    for old in delta.gone:
        own = before.get(old[0], nothing)
        if own and old not in delta.heirs:
            near = sorted({key for passage in own for key in readers.get(passage, ())}, key=label)
            heir = next((k for k in near if own <= now[k[0]] and not own <= before.get(k[0], nothing)), None)
            if heir is not None:
                delta.heirs[old] = ("merged", heir)


def _follow_ids(table: str, delta: Delta, previous: Rows, current: Rows, renamed: Mapping[Cell, Cell]) -> None:
    own = contract.id_column(table)
    told = [(n, bool(c.refers_to)) for n, c in enumerate(contract.columns(table)) if c.name != own]
    if not renamed or not delta.gone:
        return

    def signature(row: tuple[Cell, ...], follow: Mapping[Cell, Cell]) -> Key:
        return tuple(follow.get(row[n], row[n]) if refers else row[n] for n, refers in told)

    before = previous.in_columns(current.columns).rows
    known = {signature(row, {}): key for key, row in reversed(current.rows.items())}
    for old in delta.gone:
        heir = known.get(signature(before[old], renamed))
        if heir is not None and old not in delta.heirs:
            delta.heirs[old] = ("replaced" if heir in delta.added else "merged", heir)


def label(key: Key) -> str:
    """A key as one text."""
    return "|".join(part or "" for part in key)


def changes_table(
    deltas: Mapping[str, Delta], version: str, reason: Callable[[str, Key, str | None], str | None]
) -> pa.Table:
    """The rows of `changes`; `reason(table, key, column)` tells why, where it can."""
    rows: list[dict[str, Cell]] = []
    for table, delta in deltas.items():
        base = {"version": version, "table_name": table}
        rows += [{**base, "record_id": label(key), "change": "added"} for key in delta.added]
        for cell in delta.revised:
            rows.append(
                {
                    **base,
                    "record_id": label(cell.key),
                    "change": "revised",
                    "column_name": cell.column,
                    "old_value": cell.old,
                    "new_value": cell.new,
                    "reason": reason(table, cell.key, cell.column),
                }
            )
        for key in delta.gone:
            change, heir = delta.heirs.get(key, ("retracted", None))
            row = {**base, "record_id": label(key), "change": change, "replaced_by": label(heir) if heir else None}
            rows.append({**row, "reason": reason(table, key, None)})
    rows.sort(key=lambda row: tuple(row.get(name) or "" for name in ("table_name", "record_id", "column_name")))
    return pa.Table.from_pylist([{name: row.get(name) for name in CHANGES.names} for row in rows], schema=CHANGES)


def count_changes(deltas: Mapping[str, Delta], rows: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Per table: rows now, and rows (not cells) added, revised, merged, replaced and retracted."""
    counts = {}
    for table, delta in deltas.items():
        fates = Counter(delta.heirs.get(key, ("retracted", None))[0] for key in delta.gone)
        counts[table] = {
            "rows": rows.get(table, 0),
            "added": len(delta.added),
            "revised": len({cell.key for cell in delta.revised}),
            **{fate: fates[fate] for fate in ("merged", "replaced", "retracted")},
        }
    return counts


# Versions


@dataclass(frozen=True)
class Version:
    """One state of the dataset: its tables as rows of text, and its declarations ({} where they are unknown)."""

    tables: dict[str, Rows]
    description: Description


def keys_of(description: Description) -> dict[str, list[str]]:
    """Each table's key columns: as described, else as declared now."""
    told = {table: list(contract.facts(table).key) for table in contract.table_names()}
    return told | {table: facts["key"] for table, facts in description.get("tables", {}).items()}


def find_deltas(previous: Version, current: Version) -> dict[str, Delta]:
    """What leads from one version to the next, table by table, with heirs.

    Raises `RsbError` where the result, applied to `previous`, would not give `current`.
    """
    deltas = {}
    nothing: dict[Key, tuple[Cell, ...]] = {}
    for table in dict.fromkeys((*current.tables, *previous.tables)):
        now = current.tables.get(table) or Rows(previous.tables[table].columns, nothing)
        before = previous.tables.get(table) or Rows(now.columns, nothing)
        deltas[table] = diff(before, now)
        if apply(deltas[table], before).rows != now.rows:
            raise RsbError(
                f"the changes found in {table} do not lead from the last release to this one",
                mend="report this: it is a fault of `rsb compare`",
            )
    complete = {table: previous.tables.get(table) or Rows(deltas[table].columns, nothing) for table in deltas}
    find_heirs(complete, current.tables, deltas)
    return deltas


def why(previous: Version, current: Version) -> Callable[[str, Key, str | None], str | None]:
    """What the pipeline can tell about the reason of a change."""
    before, sources = _passages(previous.tables.get("evidence")), current.tables.get("sources")
    kept = set() if sources is None else {key[0] for key in sources.rows}

    def reason(table: str, key: Key, column: str | None) -> str | None:
        if column is not None:
            return None if column in previous.tables[table].columns else "new column"
        if table not in current.tables:
            return "table removed"
        rows = previous.tables[table]
        if "source_id" in rows.columns and table != "sources":
            read_from = {rows.rows[key][rows.columns.index("source_id")]}
        else:
            read_from = {passage[0] for passage in before.get(key[0], ())}
        return "its source is no longer part of the dataset" if read_from and not read_from & kept else None

    return reason


# The stage


@dataclass(frozen=True)
class Comparison:
    """What `compare` finds: the `changes` table, `schema.json` and `reports/changes.json`."""

    changes: pa.Table
    schema: dict[str, Any]
    report: dict[str, Any]


def compare(previous: Version | None, current: Version, version: str) -> Comparison:
    """The changes from the last published version (None: there is none) to `current`, which becomes `version`."""
    description = json.loads(json.dumps(current.description))
    old = previous.description if previous else {}
    schema_changes = compare_schemas(old, description) if old else []
    level = gravest(schema_changes)
    schema_version = bump(old["schema_version"], level) if old else FIRST_SCHEMA_VERSION
    deltas = find_deltas(previous or Version({}, {}), current)
    listed = deltas if previous else {}
    report = {
        "version": version,
        "since": old["version"] if old else None,
        "schema_version": schema_version,
        "schema_level": level,
        "schema_changes": [
            {"level": change.level, "where": change.where, "what": change.what} for change in schema_changes
        ],
        "tables": count_changes(deltas, {table: len(rows.rows) for table, rows in current.tables.items()}),
    }
    changes = changes_table(listed, version, why(previous or current, current))
    return Comparison(changes, {**description, "version": version, "schema_version": schema_version}, report)


def load_baseline(folder: Path) -> Version | None:
    """The last published version as `publish` left it; None where nothing was published yet.

    Raises `RsbError` where its `schema.json` is broken or a table that this names is missing.
    """
    path = folder / "schema.json"
    if not path.exists():
        return None
    description = read_description(path)
    tables = {
        table: as_rows(store.read_csv_text(folder / f"{table}.csv"), key)
        for table, key in keys_of(description).items()
        if table in description["tables"]
    }
    return Version(tables, description)


def read_description(path: Path) -> Description:
    """The content of a `schema.json`. Raises `RsbError` where it is missing or is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not {"version", "schema_version", "tables", "codes"} <= set(found):
            raise ValueError("it lacks version, schema_version, tables or codes")
        if not SEMVER.fullmatch(str(found["schema_version"])):
            raise ValueError(f"schema_version is {found['schema_version']!r}")
    except (OSError, ValueError, TypeError) as error:
        raise RsbError(f"cannot read the declarations: {error}", path=path, mend="restore the file") from error
    return dict(found)


def load(workspace: Workspace) -> tuple[Version | None, Version]:
    """The last published version and the one in the works."""
    description = contract.schema_description(load_codes(workspace.codebook / "codes.csv"))
    tables = store.read_tables(workspace.tables)
    keys = keys_of(description)
    current = {table: as_rows(store.normalise(table, data), keys[table]) for table, data in tables.items()}
    return load_baseline(workspace.baseline), Version(current, description)


def save(workspace: Workspace, found: Comparison) -> None:
    """Write the stage's outputs."""
    with store.replacing_folder(workspace.changes) as fresh:
        store.write_plain_parquet(fresh / "changes.parquet", found.changes)
        store.write_text(fresh / "schema.json", dump_json(found.schema))
    store.write_text(workspace.reports / "changes.json", dump_json(found.report))


def dump_json(value: object) -> str:
    """JSON as the project's files have it."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def run(workspace: Workspace) -> Comparison:
    """The stage `compare`. Raises `RsbError` for missing tables or a broken baseline."""
    previous, current = load(workspace)
    found = compare(previous, current, str(workspace.params["version"]))
    save(workspace, found)
    since = f"since {found.report['since']}" if previous else "nothing published yet"
    progress.say(f"compare: {found.changes.num_rows} changes, {since}; schema {found.schema['schema_version']}")
    return found
