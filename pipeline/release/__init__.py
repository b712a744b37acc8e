"""The stage `release`: the tables in the forms that researchers load, with all that explains them.

Built in a fresh folder, checked there by `verify`, and only then put in the place of the previous release. Makes
no judgement of its own: tables that hold an error are refused, all others are released as they are.
"""

import json
import re
from pathlib import Path

from pipeline import compare, progress, store
from pipeline.audit import load_audit
from pipeline.codes import load_codes
from pipeline.errors import RsbError
from pipeline.release.contents import Contents
from pipeline.release.documents import write_documents
from pipeline.release.formats import write_formats
from pipeline.release.manifest import index, write_manifest
from pipeline.release.verify import SELF_CHECKS, Problem, verify
from pipeline.workspace import Workspace
from schemas.base import SLUG


class ReleaseRefusedError(Exception):
    """The tables are not fit for release; nothing was touched. `problems` says why, one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(workspace: Workspace) -> Contents:
    """Gather what the release is made of. Raises `RsbError` where a stage before this one has not run."""
    tables = store.read_tables(workspace.tables)
    codes_path = workspace.codebook / "codes.csv"
    texts = workspace.documents / "text"
    delta = workspace.changes / "delta.jsonl"
    for source in tables["sources"].column("source_id").to_pylist():
        if not re.fullmatch(SLUG, source):  # it becomes a file's name
            raise RsbError(f"{source!r} is no id of a source", path=workspace.tables, mend="run `rsb run` again")
    evaluation = workspace.reports / "evaluation.json"
    return Contents(
        version=str(workspace.params["version"]),
        tables={table: store.normalise(table, data) for table, data in tables.items()},
        changes=store.read_parquet(workspace.changes / "changes.parquet"),
        issues=store.read_parquet(workspace.interim / "issues" / "issues.parquet"),
        schema=dict(compare.read_description(workspace.changes / "schema.json")),
        texts={
            source: (texts / f"{source}.txt").read_bytes().decode("utf-8")
            for source in tables["sources"].column("source_id").to_pylist()
            if (texts / f"{source}.txt").exists()
        },
        codes=load_codes(codes_path),
        codes_csv=codes_path.read_bytes(),
        facts=workspace.facts,
        delta=delta.read_text(encoding="utf-8") if delta.exists() else "",
        evaluation=json.loads(evaluation.read_text(encoding="utf-8")) if evaluation.exists() else None,
        audit=load_audit(workspace.audit),
        chapters={path.stem: path.read_text(encoding="utf-8") for path in sorted(workspace.chapters.glob("*.md"))},
    )


def build(folder: Path, contents: Contents) -> list[Problem]:
    """Write a whole release into the empty `folder`; what `verify` finds wrong with it."""
    write_formats(folder, contents)
    write_documents(folder, contents)
    if contents.delta:
        store.write_text(folder / "delta.jsonl", contents.delta)
    told = index(
        folder,
        contents.data,
        version=contents.version,
        schema_version=contents.schema["schema_version"],
        channel=contents.channel,
    )
    write_manifest(folder, told)
    return verify(folder, SELF_CHECKS)[1]


def save(target: Path, contents: Contents) -> None:
    """Build the release and put it in the place of `target`.

    Raises `ReleaseRefusedError`, `target` untouched, where the issues hold an error or what was built is not sound.
    """
    errors = [row for row in contents.issues.to_pylist() if row["severity"] == "error"]
    if errors:
        raise ReleaseRefusedError([_told(errors[0], len(errors))])
    with store.replacing_folder(target) as fresh:
        problems = build(fresh, contents)
        if problems:
            raise ReleaseRefusedError([f"the release that was built is not sound: {problem}" for problem in problems])


def _told(row: dict[str, str], count: int) -> str:
    more = f" (and {count - 1} more)" if count > 1 else ""
    return f"the tables hold errors: {row['rule_id']} in {row['table_name']} {row['key']}: {row['message']}{more}"


def run(workspace: Workspace) -> None:
    """The stage. Raises `ReleaseRefusedError` as `save` does, `RsbError` where inputs are missing."""
    contents = load(workspace)
    if contents.schema["version"] != contents.version:
        raise RsbError(
            f"the changes were found for version {contents.schema['version']}, not {contents.version}",
            path=workspace.changes / "schema.json",
            mend="run `rsb compare` again",
        )
    save(workspace.release, contents)
    rows = sum(data.num_rows for data in contents.tables.values())
    progress.say(f"release: {rows:,} rows, version {contents.version}, in {workspace.release}")
