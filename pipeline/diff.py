"""`rsb diff`: what changed between two versions of the tables, data loss first.

A version is a release folder, a folder of tables (Parquet, or CSV as in `data/baseline`). Finds what `compare` finds,
for any two versions; writes nothing.
"""

from collections import Counter
from pathlib import Path
from typing import Any

from pipeline import store
from pipeline.compare import (
    CHANGES,
    Delta,
    Version,
    as_rows,
    changes_table,
    compare_schemas,
    count_changes,
    find_deltas,
    keys_of,
    read_description,
    why,
)
from pipeline.errors import RsbError

MOST_SHOWN = 10
"""Most rows that the report for people names in one line."""
NO_TABLES = ("changes", "issues", "codes")
"""Files beside the tables that are about them."""


def diff_folders(old: Path, new: Path) -> dict[str, Any]:
    """What leads from one folder's version to the other's: as data, ready for JSON.

    Raises `RsbError` where a folder holds no tables or one cannot be read.
    """
    before, now = load_version(old), load_version(new)
    deltas = find_deltas(before, now)
    described = bool(before.description and now.description)
    rows = {table: len(found.rows) for table, found in now.tables.items()}
    return {
        "old": str(old),
        "new": str(new),
        "lost": _losses(before, now, deltas),
        "schema_changes": [
            {"level": change.level, "where": change.where, "what": change.what}
            for change in (compare_schemas(before.description, now.description) if described else ())
        ],
        "tables": count_changes(deltas, rows),
        "changes": [
            {name: value for name, value in row.items() if name != "version"}
            for row in changes_table(deltas, "", why(before, now)).select(CHANGES.names).to_pylist()
        ],
    }


def load_version(folder: Path) -> Version:
    """The tables of a folder as rows of text. Raises `RsbError` where there are none."""
    if not folder.is_dir():
        raise RsbError("no such folder", path=folder, mend="give a release folder, or a folder of tables")
    paths: list[Path] = []
    for pattern in ("parquet/*.parquet", "csv/*.csv", "*.parquet", "*.csv"):
        paths = [path for path in sorted(folder.glob(pattern)) if path.stem not in NO_TABLES]
        if paths:
            break
    else:
        raise RsbError("there are no tables here", path=folder, mend="give a release folder, or a folder of tables")
    declarations = folder / "schema.json"
    description = read_description(declarations) if declarations.exists() else {}
    keys, tables = keys_of(description), {}
    for path in paths:
        data = store.read_parquet(path) if path.suffix == ".parquet" else store.read_csv_text(path)
        # A table that nobody declares has no key but the whole row.
        tables[path.stem] = as_rows(data, keys.get(path.stem, data.column_names))
    return Version({table: tables[table] for table in dict.fromkeys((*keys, *tables)) if table in tables}, description)


def _losses(before: Version, now: Version, deltas: dict[str, Delta]) -> list[dict[str, Any]]:
    """What is no longer there: tables, columns with values, rows without an heir, values that became null."""
    lost: list[dict[str, Any]] = []
    for table, rows in before.tables.items():
        if table not in now.tables:
            lost.append({"what": "table", "where": table, "count": len(rows.rows), "rows": []})
            continue
        for place, column in enumerate(rows.columns):
            if column not in now.tables[table].columns:
                values = sum(row[place] is not None for row in rows.rows.values())
                lost.append({"what": "column", "where": f"{table}.{column}", "count": values, "rows": []})
        delta = deltas[table]
        gone = sorted("|".join(part or "" for part in key) for key in delta.gone if key not in delta.heirs)
        if gone:
            lost.append({"what": "rows", "where": table, "count": len(gone), "rows": gone})
        emptied = Counter(cell.column for cell in delta.revised if cell.new is None)
        for column, count in sorted(emptied.items()):
            keys = [cell.key for cell in delta.revised if cell.new is None and cell.column == column]
            labels = sorted("|".join(part or "" for part in key) for key in keys)
            lost.append({"what": "values", "where": f"{table}.{column}", "count": count, "rows": labels})
    order = ("table", "column", "rows", "values")
    return sorted(lost, key=lambda entry: order.index(entry["what"]))


def render(found: dict[str, Any]) -> str:
    """The report for people: losses, then declarations, then rows table by table."""
    lines = [_loss(entry) for entry in found["lost"]]
    lines = ["Lost:", *lines] if lines else []
    if found["schema_changes"]:
        lines.append("Declarations:")
        lines += [f"  {change['level']}: {change['where']}: {change['what']}" for change in found["schema_changes"]]
    fates = ("retracted", "replaced", "merged", "revised", "added")
    told = [
        f"  {table:<14}" + ", ".join(f"{counts[fate]:,} {fate}" for fate in fates if counts[fate])
        for table, counts in found["tables"].items()
        if any(counts[fate] for fate in fates)
    ]
    lines += ["Rows:", *told] if told else []
    return "\n".join(lines) or "no difference"


def _loss(entry: dict[str, Any]) -> str:
    kind = {
        "table": "the table is gone, with {} rows",
        "column": "the column is gone, with {} values",
        "rows": "{} rows retracted",
        "values": "{} values emptied",
    }[entry["what"]]
    shown = entry["rows"][:MOST_SHOWN]
    more = f" and {entry['count'] - len(shown)} more" if shown and entry["count"] > len(shown) else ""
    names = f": {', '.join(shown)}{more}" if shown else ""
    return f"  {entry['where']}: {kind.format(format(entry['count'], ','))}{names}"
