"""The lists of what a release holds: `index.json` for programs, `SHA256SUMS` for `sha256sum --check`.

Knows nothing of how the files were made.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import contract, store
from pipeline.errors import RsbError

INDEX = "index.json"
SUMS = "SHA256SUMS"
FORMULA_MARKS = ("=", "+", "-", "@")
"""What makes a spreadsheet take a text for a formula."""


def files_in(folder: Path) -> list[str]:
    """Every file below `folder`, as a sorted list of paths relative to it."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def index(
    folder: Path, data: store.Tables, *, version: str, schema_version: str, channel: str = "candidate"
) -> dict[str, Any]:
    """The content of `index.json` for the files that now lie in `folder`."""
    return {
        "version": version,
        "schema_version": schema_version,
        "channel": channel,
        "tables": {
            table: {
                "rows": rows.num_rows,
                "content_hash": contract.content_hash(rows),
                "parquet": f"parquet/{table}.parquet",
                "csv": f"csv/{table}.csv",
            }
            for table, rows in data.items()
        },
        "formula_like_cells": count_formulas(data),
        "files": [
            {"path": path, "bytes": (folder / path).stat().st_size, "sha256": sha256_of(folder / path)}
            for path in files_in(folder)
            if path not in (INDEX, SUMS)
        ],
    }


def count_formulas(data: Mapping[str, pa.Table]) -> dict[str, int]:
    """`table.column` → cells that a spreadsheet may take for a formula, where there are any."""
    counts = {}
    for table, rows in data.items():
        for name in rows.column_names:
            column = rows.column(name)
            if pa.types.is_string(column.type):
                marked = [pc.starts_with(column, mark) for mark in FORMULA_MARKS]
                found = sum(pc.sum(one).as_py() or 0 for one in marked)
                counts.update({f"{table}.{name}": found} if found else {})
    return counts


def write_manifest(folder: Path, told: Mapping[str, Any]) -> None:
    """Write `index.json` and `SHA256SUMS` into `folder`, where all other files lie already."""
    store.write_text(folder / INDEX, json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    lines = [f"{sha256_of(folder / path)}  {path}\n" for path in files_in(folder) if path != SUMS]
    store.write_text(folder / SUMS, "".join(lines))


def read_index(folder: Path) -> dict[str, Any]:
    """The content of a release's `index.json`.

    Raises `RsbError` where there is none, it is broken, or the folder leads out of itself: by a link, a device, or a
    path in the index.
    """
    path = folder / INDEX
    if not folder.is_dir():
        raise RsbError("no such folder", path=folder, mend="give the folder of a release, such as data/release")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not {"version", "schema_version", "channel", "tables", "files"} <= set(found):
            raise ValueError("it lacks version, schema_version, channel, tables or files")
        named = [entry[form] for entry in found["tables"].values() for form in ("parquet", "csv")]
        if outside := [name for name in named if not _is_below(folder, name)]:
            raise ValueError(f"it names a file outside the release: {outside[0]}")
    except FileNotFoundError as error:
        told = "this folder is no release: it has no index.json"
        raise RsbError(told, path=folder, mend="name a release folder, as data/release is") from error
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise RsbError(f"cannot read the index of the release: {error}", path=path, mend="download it again") from error
    for name in files_in(folder):
        if (folder / name).is_symlink() or not (folder / name).is_file():
            raise RsbError("a release holds no links or devices", path=folder / name, mend="download it again")
    return dict(found)


def _is_below(folder: Path, name: str) -> bool:
    return (folder / name).resolve().is_relative_to(folder.resolve())


def read_sums(folder: Path) -> Iterator[tuple[str, str]]:
    """(path, sha256) of each line of `SHA256SUMS`. Raises `RsbError` where the file is missing or malformed."""
    path = folder / SUMS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise RsbError(f"cannot read the checksums: {error}", path=path, mend="download it again") from error
    for number, line in enumerate(lines, start=1):
        digest, gap, name = line.partition("  ")
        if not gap or len(digest) != 64:
            raise RsbError("not a checksum and a path", path=path, line=number, mend="download it again")
        yield name, digest
