"""What a workspace holds now: versions, counts, what was set aside and why, issues, and where things are.

It reads what the stages left and runs nothing; what no stage has made yet is None.
"""

import json
from collections import Counter
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pipeline import contract
from pipeline.errors import RsbError, not_utf8
from pipeline.workspace import Workspace

_RESTORE = "restore it from the project's history, or run `rsb run`"


def describe(workspace: Workspace) -> dict[str, Any]:
    """versions, sources, tables, assembly, issues and paths of a workspace, as plain data.

    Raises `RsbError` where a file that a stage wrote is broken.
    """
    return {
        "versions": {
            "package": _package_version(),
            "params": workspace.params.get("version"),
            "published": _latest_published(workspace),
        },
        "sources": _sources(workspace),
        "tables": _tables(workspace),
        "assembly": _read_json(workspace.reports / "assembly.json"),
        "issues": _issues(workspace),
        "paths": {name: str(path) for name, path in _paths(workspace).items()},
    }


def render(described: dict[str, Any]) -> str:
    """`describe(...)` for a person to read."""
    versions, sources = described["versions"], described["sources"]
    lines = [f"{'version':<12}{versions['params'] or 'none'} (package {versions['package'] or 'not installed'})"]
    lines.append(f"{'published':<12}{versions['published'] or 'nothing yet'}")
    if sources is None:
        lines.append(f"{'sources':<12}not read yet: rsb ingest")
    else:
        lines.append(
            f"{'sources':<12}{sources['read']} read, {sources['kept']} kept, {len(sources['set_aside'])} set aside"
        )
        lines += [f"  {reason:<16}{count:>8}" for reason, count in sources["reasons"].items()]
        lines += [f"    {entry['path']}: {entry['detail']}" for entry in sources["set_aside"]]
    lines.append(f"{'tables':<12}" + ("not made yet: rsb run" if described["tables"] is None else "rows"))
    lines += [f"  {table:<16}{rows:>8}" for table, rows in (described["tables"] or {}).items()]
    lines += _assembly_lines(described["assembly"])
    issues = described["issues"]
    told = "not validated yet: rsb validate" if issues is None else _told(issues)
    lines.append(f"{'issues':<12}{told}")
    lines.append("where")
    lines += [f"  {name:<16}{path}" for name, path in described["paths"].items()]
    return "\n".join(lines)


def _assembly_lines(assembly: dict[str, Any] | None) -> list[str]:
    """How far documents were coded and reviewed, and which proposals were set aside for it."""
    if assembly is None:
        return []
    documents = assembly["documents"]
    aside = [
        f"  {table:<16}{count:>8} of {entry['proposed']} set aside: {reason}"
        for table, entry in assembly["records"].items()
        for reason, count in entry["set_aside"].items()
    ]
    told = ", ".join(f"{documents[name]} {name.replace('_', ' ')}" for name in ("read", "completely_coded", "reviewed"))
    return [f"{'documents':<12}{told}", *aside]


def _told(issues: dict[str, int]) -> str:
    return ", ".join(f"{count} {severity}" for severity, count in issues.items()) or "none"


def _package_version() -> str | None:
    try:
        return version("rsb-dataset")
    except PackageNotFoundError:
        return None


def _latest_published(workspace: Workspace) -> str | None:
    """The version that stands last in the append-only register."""
    index = _read_json(workspace.releases / "index.json")
    entries = index.get("versions") if isinstance(index, dict) else index
    if not entries:
        return None
    last = entries[-1]
    return str(last["version"] if isinstance(last, dict) else last)


def _sources(workspace: Workspace) -> dict[str, Any] | None:
    aside = _read_json(workspace.documents / "set_aside.json")
    kept = _rows(workspace.documents / "sources.parquet")
    if aside is None or kept is None:
        return None
    reasons = dict(sorted(Counter(entry["reason"] for entry in aside).items()))
    return {"read": kept + len(aside), "kept": kept, "set_aside": aside, "reasons": reasons}


def _tables(workspace: Workspace) -> dict[str, int] | None:
    rows = {table: _rows(workspace.tables / f"{table}.parquet") for table in contract.table_names()}
    return {table: count for table, count in rows.items() if count is not None} or None


def _rows(path: Path) -> int | None:
    import pyarrow
    import pyarrow.parquet

    if not path.is_file():
        return None
    try:
        return int(pyarrow.parquet.read_metadata(path).num_rows)
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise RsbError(f"cannot read this Parquet file: {error}", path=path, mend="run rsb run again") from error


def _issues(workspace: Workspace) -> dict[str, int] | None:
    report = _read_json(workspace.reports / "validation.json")
    return None if report is None else {key: int(report[key]) for key in ("errors", "warnings") if key in report}


def _read_json(path: Path) -> Any:
    """The content of a JSON file; None where there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except json.JSONDecodeError as error:
        told = f"is not JSON: {error.msg}"
        raise RsbError(told, path=path, line=error.lineno, column=error.colno, mend=_RESTORE) from None
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from None


def _paths(workspace: Workspace) -> dict[str, Path]:
    names = ("root", "sources", "registry", "codebook", "coded", "gold", "documents", "tables", "release", "reports")
    return {name: getattr(workspace, name) for name in (*names, "releases", "published")}
