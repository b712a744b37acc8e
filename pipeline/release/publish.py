"""`rsb publish`: the release becomes a version that nothing overwrites.

Everything that takes time (checking, copying, hashing) is done before the register changes, and each later step is
one rename. What an interruption leaves is either unregistered, and the next `rsb publish` begins anew, or complete
but for the entries in `index.json` and the tag, which the next `rsb publish` of the same files adds. Of each version,
the records that were read against their source go to the channel `reviewed`, as a release of their own.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline import release, store
from pipeline.codes import load_codes
from pipeline.compare import (
    Description,
    Version,
    bump,
    compare_schemas,
    dump_json,
    gravest,
    keys_of,
    load_baseline,
    prove,
    read_description,
    unannounced,
)
from pipeline.delta import as_rows
from pipeline.errors import RsbError
from pipeline.issues import ISSUES
from pipeline.release import ReleaseRefusedError
from pipeline.release.contents import Contents
from pipeline.release.manifest import files_in, read_index, sha256_of
from pipeline.release.register import add_entries, folder_name, read_register
from pipeline.release.reviewed import reviewed_part
from pipeline.release.verify import verify
from pipeline.workspace import Workspace

NEXT = "next: set the next version in params.yaml, `rsb run`, and commit releases/ and data/baseline/ too"
VERSION = re.compile(r"(0|[1-9]\d{0,8})(\.(0|[1-9]\d{0,8})){2}", re.ASCII)


def publish(workspace: Workspace, version: str) -> list[str]:
    """Make a version of `data/release`; what was done, and what could not be, one line each.

    Raises `RsbError` where the version is not the one in the works, is published already, there is no such release, or
    git knows a tag of that name or changes that no commit holds; `ReleaseRefusedError` where the release does not
    verify, declares too low a schema version, or is not the last version with its delta applied.
    """
    _check_version(workspace, version)
    _check_git(workspace.root, version)
    told = _gate(workspace, version)
    register = read_register(workspace.releases)
    published = {}
    for folder in _channels(workspace, version):
        manifest = _manifest(folder, read_index(folder))
        path = workspace.releases / f"{folder.name}.json"
        if path.exists() and path.read_text(encoding="utf-8") != dump_json(manifest):
            raise _already(version)
        published[path.name] = manifest
    with store.replacing_folder(workspace.baseline) as fresh:
        _copy_baseline(workspace.release, fresh, told)
        if (readme := workspace.baseline / "README.md").is_file():
            shutil.copy(readme, fresh)
    for name, manifest in published.items():
        store.write_text(workspace.releases / name, dump_json(manifest))
    add_entries(register, published)
    return [*_summary(workspace, published), _tag(workspace.root, version), NEXT]


def _summary(workspace: Workspace, published: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, manifest in published.items():
        rows = sum(table["rows"] for table in manifest["tables"].values())
        folder = (workspace.published / name.removesuffix(".json")).relative_to(workspace.root)
        yield f"published {manifest['version']} in {folder}: {manifest['channel']}, {rows:,} rows"


def _channels(workspace: Workspace, version: str) -> Iterator[Path]:
    """Put the release, and what of it was reviewed if anything, into folders that never change again."""
    target = workspace.published / folder_name(version, "candidate")
    with store.replacing_folder(target) as fresh:
        shutil.copytree(workspace.release, fresh, dirs_exist_ok=True)
    yield target
    part = reviewed_part(load_release(target, workspace.facts))
    if part is not None:
        target = workspace.published / folder_name(version, part.channel)
        release.save(target, part)
        yield target


def load_release(folder: Path, facts: Mapping[str, Any]) -> Contents:
    """What a release folder was made of. Raises `RsbError` where a file of it is missing or broken."""
    told = read_index(folder)
    description = dict(read_description(folder / "schema.json"))
    delta = folder / "delta.jsonl"
    return Contents(
        version=told["version"],
        tables={
            table: store.read_parquet(folder / told["tables"][table]["parquet"]) for table in description["tables"]
        },
        changes=store.read_parquet(folder / "parquet" / "changes.parquet"),
        issues=store.read_plain_csv(folder / "issues.csv", ISSUES),
        schema=description,
        texts={path.stem: path.read_bytes().decode("utf-8") for path in sorted((folder / "text").glob("*.txt"))},
        codes=load_codes(folder / "codes.csv"),
        codes_csv=(folder / "codes.csv").read_bytes(),
        facts=dict(facts),
        delta=delta.read_text(encoding="utf-8") if delta.exists() else "",
        channel=told["channel"],
    )


def _check_version(workspace: Workspace, version: str) -> None:
    """Let only the version in the works pass, as long as it is in no register."""
    if not VERSION.fullmatch(version):
        raise RsbError(f"{version!r} is no version", mend="give three numbers, such as 2026.12.0")
    register = read_register(workspace.releases)
    if any(entry["version"] == version for entry in register.entries):
        raise _already(version)
    newest = register.newest("candidate")
    if newest and _numbers(newest) > _numbers(version):
        raise RsbError(f"{version} comes before {newest}, which is published", mend="choose a later version")
    due = str(workspace.params.get("version"))
    if version != due:
        path = workspace.root / "params.yaml"
        raise RsbError(
            f"the version in the works is {due}, not {version}", path=path, mend=f"publish {due}, or edit it"
        )


def _gate(workspace: Workspace, version: str) -> dict[str, Any]:
    """The index of the release, once it may be published as `version`."""
    if not workspace.release.is_dir():
        raise RsbError("there is no release yet", path=workspace.release, mend="run `rsb run`")
    told = read_index(workspace.release)
    if told["version"] != version:
        problem = f"the release that was built is {told['version']}, not {version}"
        raise RsbError(problem, path=workspace.release, mend="run `rsb run` again")
    problems = [str(problem) for problem in verify(workspace.release)[1]]
    if not problems:
        problems = _history_problems(workspace, version)
    if problems:
        raise ReleaseRefusedError(problems)
    return told


def _history_problems(workspace: Workspace, version: str) -> list[str]:
    """Why the release does not follow on the last version, one line each."""
    before = load_baseline(workspace.baseline)
    if before is None or before.description["version"] == version:
        return []  # nothing was published yet; or this very release has become the baseline, then was interrupted
    now = load_release(workspace.release, {})
    problems = [*_schema_problems(before.description, now.schema), *unannounced(before.description, now.schema)]
    if not now.delta:
        return [*problems, "delta.jsonl: missing, though a version was published before: run `rsb compare` again"]
    keys = keys_of(now.schema)
    current = Version({table: as_rows(data, keys[table]) for table, data in now.tables.items()}, now.schema)
    return problems + prove(before.tables, current.tables, now.delta, now.changes)


def _schema_problems(before: Description, now: Description) -> list[str]:
    """Whether the release declares a lower schema version than its declarations ask for, and why they ask for it."""
    changes = compare_schemas(before, now)
    level = gravest(changes)
    due = bump(before["schema_version"], level)
    if _numbers(now["schema_version"]) >= _numbers(due):
        return []
    reasons = [f"{change.where}: {change.what}" for change in changes if change.level == level]
    told = f"schema.json: schema version {now['schema_version']}, where a {level} change asks for {due}"
    return [told, *(f"  {level}: {reason}" for reason in reasons)]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _manifest(release: Path, told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": told["version"],
        "schema_version": told["schema_version"],
        "channel": told["channel"],
        "tables": {
            table: {"rows": facts["rows"], "content_hash": facts["content_hash"]}
            for table, facts in told["tables"].items()
        },
        "files": {path: sha256_of(release / path) for path in files_in(release)},
    }


def _already(version: str) -> RsbError:
    return RsbError(
        f"{version} is already published, and a published version never changes",
        mend="choose the next version in params.yaml, then `rsb run`",
    )


def _copy_baseline(release: Path, folder: Path, told: Mapping[str, Any]) -> None:
    """What `compare` reads next time: the CSV of each declared table, and the declarations."""
    shutil.copy(release / "schema.json", folder)
    for table in read_description(release / "schema.json")["tables"]:
        shutil.copy(release / told["tables"][table]["csv"], folder)


# The tag


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)


def _is_checkout(root: Path) -> bool:
    """Whether `root` itself is a git checkout with a commit (and not merely a folder inside one)."""
    if shutil.which("git") is None:
        return False
    top = _git(root, "rev-parse", "--show-toplevel")
    is_top = top.returncode == 0 and Path(top.stdout.strip()).resolve() == root.resolve()
    return is_top and _git(root, "rev-parse", "--verify", "--quiet", "HEAD").returncode == 0


def _check_git(root: Path, version: str) -> None:
    """Let only a version pass that a checkout of its tag can rebuild, as far as there is a checkout."""
    if not _is_checkout(root):
        return
    if not _git(root, "rev-parse", "--verify", "--quiet", f"refs/tags/v{version}").returncode:
        raise RsbError(f"the tag v{version} exists already", mend="choose another version: a tag is never moved")
    # What an interrupted `rsb publish` wrote belongs to the commit after the tag.
    others = ("--", ".", ":(exclude)releases", ":(exclude)data/baseline")
    changed = _git(root, "status", "--porcelain", "--untracked-files=all", *others).stdout.splitlines()
    if changed:
        shown = ", ".join(line[3:] for line in changed[:5]) + (" …" if len(changed) > 5 else "")
        raise RsbError(f"the tag could not rebuild the release: not committed: {shown}", mend="commit it, then publish")


def _tag(root: Path, version: str) -> str:
    """Tag the present commit; what came of it."""
    if not _is_checkout(root):
        return f"no tag v{version}: git is missing, or the workspace is no git checkout with a commit"
    made = _git(root, "tag", f"v{version}")
    if made.returncode:
        return f"no tag v{version}: {made.stderr.strip() or 'git tag failed'}"
    return f"tagged the present commit v{version}"
