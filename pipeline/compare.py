"""What changed since the last published release: in the declarations, and in the rows.

The schema version is computed from the declarations, never declared by hand. Before anything is written the delta is
applied to the previous version and must give the current one, and every row that is gone has an entry that says why:
a row never just vanishes. Judges nothing: whether a change is right is for `validate` and for reviewers; what may not
be published is for `publish` to refuse.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import contract, progress, store
from pipeline.codes import load_codes
from pipeline.delta import (
    SEPARATOR,
    Cell,
    Delta,
    Rows,
    apply,
    as_rows,
    diff,
    dump_delta,
    find_heirs,
    load_delta,
    passages_of,
    same,
    show,
)
from pipeline.errors import RsbError
from pipeline.workspace import Workspace

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
        told = f"{aspect} changed from {_told(before)} to {_told(now)}"
        if aspect == "description":
            yield SchemaChange("patch", where, "description changed")
        elif aspect == "arrow_type":
            yield SchemaChange("major", where, f"retyped from {before} to {now}")
        elif aspect == "deprecated":
            yield SchemaChange("minor", where, f"deprecated: {now}" if now else "deprecated no longer")
        elif _tightens(aspect, before, now):
            yield SchemaChange("minor", where, f"tightened: {told}")
        else:
            yield SchemaChange("major" if aspect in _PROMISES and before not in _NOTHING else "minor", where, told)


_NOTHING: tuple[object, ...] = (None, [], ())
_PROMISES = ("unit", "vocabulary", "nullable", "edtf", "refers_to")
"""What readers build on: a change that does not merely tighten it breaks their code."""


def _tightens(aspect: str, before: Any, now: Any) -> bool:
    """Whether every value that the new declaration allows was allowed before."""
    if aspect == "nullable":
        return bool(before) and not now
    if aspect == "edtf":
        return bool(now)
    if aspect == "refers_to":
        return not before or (bool(now) and set(now) < set(before))
    if aspect in ("low", "high") and None not in (before, now):
        return bool(now > before) if aspect == "low" else bool(now < before)
    return aspect in ("low", "high", "pattern", "vocabulary") and before is None


def _told(value: object) -> str:
    return "nothing" if value in _NOTHING else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def unannounced(old: Description, new: Description) -> list[str]:
    """Why the change may not be published: columns that are gone though the last version did not deprecate them."""
    reasons = []
    for table in _common(old["tables"], new["tables"]):
        kept = {column["name"] for column in new["tables"][table]["columns"]}
        for column in old["tables"][table]["columns"]:
            if column["name"] not in kept and not column.get("deprecated"):
                reasons.append(
                    f"{table}.{column['name']}: column removed, and version {old['version']} did not announce it: "
                    'keep it for one version with field(…, deprecated="what to use instead")'
                )
    return reasons


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


Reason = Callable[[str, str, str | None], str | None]
"""(table, label of the row, column or None) → why it changed, where the pipeline can tell."""


def changes_table(deltas: Mapping[str, Delta], version: str, reason: Reason) -> pa.Table:
    """The rows of `changes`."""
    rows: list[dict[str, Cell]] = []
    for table, delta in deltas.items():
        base = {"version": version, "table_name": table}
        rows += [{**base, "record_id": show(key), "change": "added"} for key in delta.added]
        for cell in delta.revised:
            rows.append(
                {
                    **base,
                    "record_id": show(cell.key),
                    "change": "revised",
                    "column_name": cell.column,
                    "old_value": cell.old,
                    "new_value": cell.new,
                    "reason": reason(table, cell.key, cell.column),
                }
            )
        for key in delta.gone:
            change, heir = delta.heirs.get(key, ("retracted", None))
            row = {**base, "record_id": show(key), "change": change, "replaced_by": show(heir) if heir else None}
            rows.append({**row, "reason": _FATES.get(change) or reason(table, key, None)})
    rows.sort(key=lambda row: tuple(row.get(name) or "" for name in ("table_name", "record_id", "column_name")))
    return pa.Table.from_pylist([{name: row.get(name) for name in CHANGES.names} for row in rows], schema=CHANGES)


_FATES = {
    "replaced": "what it says stands under another id",
    "merged": "another row holds what it was read from",
}


def unexplained(previous: Mapping[str, Rows], current: Mapping[str, Rows], changes: pa.Table) -> list[str]:
    """Ids that vanish without an entry in `changes`, one line each, and entries that give no reason or no heir."""
    problems = []
    ends = changes.filter(pc.is_in(changes["change"], value_set=pa.array(["retracted", "merged", "replaced"])))
    entries = {(row["table_name"], row["record_id"]): row for row in ends.to_pylist()}
    for table, before in previous.items():
        gone = before.labels
        if table in current:
            gone = gone.filter(pc.invert(pc.is_in(gone, value_set=current[table].labels)))
        for label in gone.to_pylist():
            entry = entries.get((table, show(label)))
            if entry is None:
                problems.append(f"{table} {show(label)} is gone, and no entry of changes says so")
            elif not entry["reason"]:
                problems.append(f"{table} {show(label)} is gone, and its entry gives no reason")
    known = {show(label) for rows in current.values() for label in rows.labels.to_pylist()} if entries else set()
    for (table, record), row in sorted(entries.items()):
        if row["change"] != "retracted" and row["replaced_by"] not in known:
            problems.append(f"{table} {record} is {row['change']} by {row['replaced_by']}, which is not there")
    return problems


def count_changes(deltas: Mapping[str, Delta], rows: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Per table: rows now, and rows (not cells) added, revised, merged, replaced and retracted.

    A table without a delta is new as a whole.
    """
    counts = {}
    for table in dict.fromkeys((*deltas, *rows)):
        delta = deltas.get(table) or Delta((), {}, [], [])
        fates = Counter(delta.heirs.get(key, ("retracted", None))[0] for key in delta.gone)
        counts[table] = {
            "rows": rows.get(table, 0),
            "added": len(delta.added) if table in deltas else rows[table],
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
    for table in dict.fromkeys((*current.tables, *previous.tables)):
        now = current.tables.get(table) or _no_rows(previous.tables[table])
        before = previous.tables.get(table) or _no_rows(now)
        deltas[table] = diff(before, now)
        try:
            leads = same(apply(deltas[table], before), now)
        except ValueError:
            leads = False
        if not leads:
            raise RsbError(
                f"the changes found in {table} do not lead from the last release to this one",
                mend="report this: it is a fault of `rsb compare`",
            )
    find_heirs(previous.tables, current.tables, deltas)
    return deltas


def _no_rows(like: Rows) -> Rows:
    return Rows(like.data.slice(0, 0), like.labels.slice(0, 0))


def why(previous: Version, current: Version, deltas: Mapping[str, Delta]) -> Reason:
    """What the pipeline can tell about the reason of a change; for a row that is gone it always tells one."""
    gone = {label for delta in deltas.values() for label in delta.gone}
    read = passages_of(previous.tables.get("evidence"), records=gone)
    texts = [_texts(version) for version in (previous, current)]
    rows = {table: _as_dicts(previous.tables[table], delta.gone) for table, delta in deltas.items() if delta.gone}

    def reason(table: str, key: str, column: str | None) -> str | None:
        if column is not None:
            return None if column in previous.tables[table].columns else "new column"
        if table not in current.tables:
            return "table removed"
        row = rows[table][key]
        if table == "sources":
            return "no longer part of the dataset"
        owner = row.get("record_id") if table != "evidence" or row.get("record_id") in gone else None
        passages = read.get(key) or read.get(owner or "", frozenset())
        sources = (
            {row["source_id"]} if row.get("source_id") else {passage.partition(SEPARATOR)[0] for passage in passages}
        )
        if sources and not sources & texts[1].keys():
            return "its source is no longer part of the dataset"
        if owner in gone:
            return f"{owner}, to which it belongs, is gone"
        if any(texts[0].get(source) != texts[1].get(source) for source in sources):
            return "the text of its source changed"
        if sources:
            return "it is no longer read from its source"
        return "it is no longer listed, or nothing refers to it"

    return reason


def _texts(version: Version) -> dict[Cell, Cell]:
    """source → the checksum of its text."""
    if "sources" not in version.tables:
        return {}
    source, text = version.tables["sources"].in_columns(("source_id", "sha256")).data.columns
    return dict(zip(source.to_pylist(), text.to_pylist(), strict=True))


def _as_dicts(rows: Rows, labels: list[str]) -> dict[str, dict[str, Cell]]:
    return {
        label: dict(zip(rows.columns, row, strict=True)) for label, row in zip(labels, rows.take(labels), strict=True)
    }


# The stage


@dataclass(frozen=True)
class Comparison:
    """What `compare` finds: the `changes` table, `schema.json`, `reports/changes.json`, `delta.jsonl` ("": no baseline)."""

    changes: pa.Table
    schema: dict[str, Any]
    report: dict[str, Any]
    delta: str


def compare(previous: Version | None, current: Version, version: str) -> Comparison:
    """The changes from the last published version (None: there is none) to `current`, which becomes `version`."""
    description = json.loads(json.dumps(current.description))
    old = previous.description if previous else {}
    schema_changes = compare_schemas(old, description) if old else []
    level = gravest(schema_changes)
    schema_version = bump(old["schema_version"], level) if old else FIRST_SCHEMA_VERSION
    deltas = find_deltas(previous, current) if previous else {}
    since = old["version"] if old else None
    report = {
        "version": version,
        "since": since,
        "schema_version": schema_version,
        "schema_level": level,
        "schema_changes": [
            {"level": change.level, "where": change.where, "what": change.what} for change in schema_changes
        ],
        "unannounced": unannounced(old, description) if old else [],
        "tables": count_changes(deltas, {table: len(rows) for table, rows in current.tables.items()}),
    }
    schema = {**description, "version": version, "schema_version": schema_version}
    if previous is None:
        return Comparison(changes_table({}, version, lambda *_: None), schema, report, "")
    changes = changes_table(deltas, version, why(previous, current, deltas))
    dropped = [table for table in deltas if table not in current.tables]
    delta = dump_delta(deltas, since=str(since), version=version, dropped=dropped)
    return Comparison(changes, schema, report, delta)


def prove(previous: Mapping[str, Rows], current: Mapping[str, Rows], delta: str, changes: pa.Table) -> list[str]:
    """Why a delta file and `changes` do not account for `current`, one line each; [] where they do."""
    told = load_delta(delta)
    try:
        made = told.apply(previous)
    except ValueError as error:
        return [f"the delta since {told.since} does not fit that version: {error}"]
    unlike = [table for table in sorted({*made, *current}) if not _agree(made.get(table), current.get(table))]
    problems = [f"{table}: the delta since {told.since} does not lead to this table" for table in unlike]
    return problems + unexplained(previous, current, changes)


def _agree(one: Rows | None, other: Rows | None) -> bool:
    return one is not None and other is not None and same(one, other)


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
        if found.delta:
            store.write_text(fresh / "delta.jsonl", found.delta)
    store.write_text(workspace.reports / "changes.json", dump_json(found.report))


def dump_json(value: object) -> str:
    """JSON as the project's files have it."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def run(workspace: Workspace) -> Comparison:
    """The stage `compare`. Raises `RsbError` for missing tables or a broken baseline."""
    previous, current = load(workspace)
    found = compare(previous, current, str(workspace.params["version"]))
    if previous and (problems := prove(previous.tables, current.tables, found.delta, found.changes)):
        raise RsbError("\n".join(problems), mend="report this: it is a fault of `rsb compare`")
    save(workspace, found)
    since = f"since {found.report['since']}" if previous else "nothing published yet"
    progress.say(f"compare: {found.changes.num_rows} changes, {since}; schema {found.schema['schema_version']}")
    for reason in found.report["unannounced"]:
        progress.say(f"compare: cannot be published: {reason}")
    return found
