"""`rsb diff`: what changed between two versions of the tables, data loss first.

A version is a release folder, a folder of tables (Parquet, or CSV as in `data/baseline`), a published version or
channel of the workspace, or a git revision of it, whose tables DVC has in its cache or a remote. Finds what `compare`
finds, for any two versions; writes nothing.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline import store
from pipeline.compare import (
    CHANGES,
    Version,
    changes_table,
    compare_schemas,
    count_changes,
    find_deltas,
    gravest,
    keys_of,
    read_description,
    unannounced,
    why,
)
from pipeline.delta import Delta, as_rows, show
from pipeline.errors import RsbError
from pipeline.release.register import read_register
from pipeline.workspace import Workspace

MOST_SHOWN = 10
"""Most rows that the report for people names in one line."""
MOST_LISTED = 40
"""Most changes that the report for a pull request lists: a comment there has a greatest length."""
NO_TABLES = ("changes", "issues", "codes")
"""Files beside the tables that are about them."""
FATES = ("retracted", "replaced", "merged", "revised", "added")
"""What becomes of rows, gravest first."""
WHAT = "give a folder of tables, a published version or a git revision"


def diff_versions(workspace: Workspace | None, old: str, new: str | None) -> dict[str, Any]:
    """What leads from one version to the other (None: the workspace's tables): as data, ready for JSON.

    Raises `RsbError` where a name means no version or its tables cannot be read.
    """
    with _opened(workspace, old) as before, _opened(workspace, new) as now:
        found = compare_loaded(load_version(before), load_version(now))
    return {"old": old, "new": new or "the workspace", **found}


def diff_folders(old: Path, new: Path) -> dict[str, Any]:
    """As `diff_versions`, for two folders."""
    return diff_versions(None, str(old), str(new))


def compare_loaded(before: Version, now: Version) -> dict[str, Any]:
    """What leads from one version to the other."""
    deltas = find_deltas(before, now)
    described = bool(before.description and now.description)
    schema_changes = compare_schemas(before.description, now.description) if described else []
    return {
        "lost": _losses(before, now, deltas),
        "schema_level": gravest(schema_changes) if described else None,
        "schema_changes": [
            {"level": change.level, "where": change.where, "what": change.what} for change in schema_changes
        ],
        "unannounced": unannounced(before.description, now.description) if described else [],
        "tables": count_changes(deltas, {table: len(rows) for table, rows in now.tables.items()}),
        "changes": [
            {name: value for name, value in row.items() if name != "version"}
            for row in changes_table(deltas, "", why(before, now, deltas)).select(CHANGES.names).to_pylist()
        ],
    }


# The versions


@contextmanager
def _opened(workspace: Workspace | None, name: str | None) -> Iterator[Path]:
    """The folder that a name stands for, as long as the block runs."""
    if name is None:
        if workspace is None:
            raise RsbError("outside a workspace there is no other version to compare with", mend=WHAT)
        yield workspace.tables
    elif Path(name).exists():
        yield Path(name)
    elif workspace and (published := read_register(workspace.releases).folder(name)):
        yield workspace.published / published
    elif workspace and (commit := _commit(workspace.root, name)):
        with tempfile.TemporaryDirectory(prefix="rsb-diff-") as folder:
            yield _tables_at(workspace, name, commit, Path(folder))
    else:
        raise RsbError("no such folder, published version or git revision", path=name, mend=WHAT)


def _commit(root: Path, name: str) -> str | None:
    """The commit that a revision names."""
    asked = ["git", "-C", str(root), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
    except (OSError, ValueError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _tables_at(workspace: Workspace, name: str, commit: str, folder: Path) -> Path:
    """Fetch the tables and declarations of a commit into `folder`, from DVC's cache or a remote."""
    for what in (workspace.tables, workspace.changes):
        place = what.relative_to(workspace.root).as_posix()
        asked = ["get", "--quiet", "--rev", commit, str(workspace.root), place, "--out", str(folder / what.name)]
        done = subprocess.run([sys.executable, "-m", "dvc", *asked], capture_output=True, text=True, check=False)
        if done.returncode:
            said = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
            raise RsbError(
                f"the tables of {name} are neither in DVC's cache nor in a remote: {(said or ['dvc get failed'])[0]}",
                mend="run `dvc fetch --all-commits`, or check that commit out elsewhere and run `rsb run`",
            )
    return folder / workspace.tables.name


def load_version(folder: Path) -> Version:
    """The tables of a folder as rows of text. Raises `RsbError` where there are none."""
    if not folder.is_dir():
        raise RsbError("no such folder", path=folder, mend=WHAT)
    paths: list[Path] = []
    for pattern in ("parquet/*.parquet", "csv/*.csv", "*.parquet", "*.csv"):
        paths = [path for path in sorted(folder.glob(pattern)) if path.stem not in NO_TABLES]
        if paths:
            break
    else:
        raise RsbError("there are no tables here", path=folder, mend=WHAT)
    description = _description(folder)
    keys, tables = keys_of(description), {}
    for path in paths:
        data = store.read_parquet(path) if path.suffix == ".parquet" else store.read_csv_text(path)
        # A table that nobody declares has no key but the whole row.
        tables[path.stem] = as_rows(data, keys.get(path.stem, data.column_names))
    return Version({table: tables[table] for table in dict.fromkeys((*keys, *tables)) if table in tables}, description)


def _description(folder: Path) -> dict[str, Any]:
    """The declarations beside the tables: in a release, or in what `compare` made of a workspace's tables."""
    for path in (folder / "schema.json", folder.parent / "changes" / "schema.json"):
        if path.exists():
            return dict(read_description(path))
    return {}


def _losses(before: Version, now: Version, deltas: dict[str, Delta]) -> list[dict[str, Any]]:
    """What is no longer there: tables, columns with values, rows without an heir, values that became null."""
    lost: list[dict[str, Any]] = []
    for table, rows in before.tables.items():
        if table not in now.tables:
            lost.append({"what": "table", "where": table, "count": len(rows), "rows": []})
            continue
        for column in rows.columns:
            if column not in now.tables[table].columns:
                values = len(rows) - rows.data.column(column).null_count
                lost.append({"what": "column", "where": f"{table}.{column}", "count": values, "rows": []})
        delta = deltas[table]
        gone = sorted(show(key) for key in delta.gone if key not in delta.heirs)
        if gone:
            lost.append({"what": "rows", "where": table, "count": len(gone), "rows": gone})
        emptied = [cell for cell in delta.revised if cell.new is None]
        for column, count in sorted(Counter(cell.column for cell in emptied).items()):
            labels = sorted(show(cell.key) for cell in emptied if cell.column == column)
            lost.append({"what": "values", "where": f"{table}.{column}", "count": count, "rows": labels})
    order = ("table", "column", "rows", "values")
    return sorted(lost, key=lambda entry: order.index(entry["what"]))


# The reports


def render(found: dict[str, Any]) -> str:
    """The report for people: losses, then declarations, then rows table by table."""
    lines = [f"  {_loss(entry)}" for entry in found["lost"]]
    lines = ["Lost:", *lines] if lines else []
    if found["schema_changes"]:
        lines.append(f"Declarations ({found['schema_level']}):")
        lines += [f"  {change['level']}: {change['where']}: {change['what']}" for change in found["schema_changes"]]
        lines += [f"  cannot be published: {reason}" for reason in found["unannounced"]]
    told = [
        f"  {table:<14}" + ", ".join(f"{counts[fate]:,} {fate}" for fate in FATES if counts[fate])
        for table, counts in found["tables"].items()
        if any(counts[fate] for fate in FATES)
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
    return f"{entry['where']}: {kind.format(format(entry['count'], ','))}{names}"


def render_markdown(found: dict[str, Any]) -> str:
    """The report as a comment on a pull request: the same order, every value as text that no Markdown is read in."""
    lines = [f"### Data: {_text(found['old'])} → {_text(found['new'])}", ""]
    if found["lost"]:
        lines += ["**Lost**", "", *(f"- {_text(_loss(entry))}" for entry in found["lost"]), ""]
    if found["schema_changes"]:
        lines += [f"**Declarations: {found['schema_level']}**", ""]
        told = [": ".join(change.values()) for change in found["schema_changes"]]
        told += [f"cannot be published: {reason}" for reason in found["unannounced"]]
        lines += [*(f"- {_text(line)}" for line in told), ""]
    counted = {table: counts for table, counts in found["tables"].items() if any(counts[fate] for fate in FATES)}
    if counted:
        lines += ["| table | rows | " + " | ".join(FATES) + " |", "|---|--:" + "|--:" * len(FATES) + "|"]
        for table, counts in counted.items():
            cells = [
                format(counts["rows"], ","),
                *(format(counts[fate], ",") if counts[fate] else "" for fate in FATES),
            ]
            lines.append(f"| {_text(table)} | {' | '.join(cells)} |")
        lines += ["", *_listed(found["changes"])]
    elif not found["lost"] and not found["schema_changes"]:
        lines.append("No difference.")
    return "\n".join(lines).rstrip() + "\n"


def _listed(changes: list[dict[str, Any]]) -> Iterator[str]:
    """The changes themselves, gravest first, folded away."""
    ordered = sorted(changes, key=lambda row: FATES.index(row["change"]))
    shown = ordered[:MOST_LISTED]
    of = f"{len(shown)} of {len(ordered):,}" if len(shown) < len(ordered) else f"{len(ordered)}"
    yield f"<details><summary>Changes ({of})</summary>\n"
    yield "| change | table | row | column | old | new | replaced by | reason |\n|---|---|---|---|---|---|---|---|"
    names = ("change", "table_name", "record_id", "column_name", "old_value", "new_value", "replaced_by", "reason")
    for row in shown:
        yield f"| {' | '.join(_text(row[name] or '') for name in names)} |"
    yield "\n</details>"


def _text(value: str) -> str:
    """A value that Markdown, HTML and mentions cannot be read in; a long one is cut."""
    whole = " ".join(value.split())
    cut = whole if len(whole) <= 300 else f"{whole[:299]}…"
    return re.sub(r"[!-+/:-@\[-`{-~]", lambda mark: f"&#{ord(mark[0])};", cut)


def to_json(found: dict[str, Any]) -> str:
    """All of it as one JSON object."""
    return json.dumps(found, ensure_ascii=False, indent=1)


FORMATS: dict[str, Callable[[dict[str, Any]], str]] = {"text": render, "json": to_json, "markdown": render_markdown}
"""How `rsb diff` can tell it."""
