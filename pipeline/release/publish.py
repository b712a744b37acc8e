"""`rsb publish`: the release becomes a version that nothing overwrites.

Everything that takes time (checking, copying, hashing) is done before the register changes, and each later step is
one rename. What an interruption leaves is either unregistered, and the next `rsb publish` begins anew, or complete
but for the entry in `index.json` and the tag, which the next `rsb publish` of the same files adds.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline import store
from pipeline.compare import bump, compare_schemas, dump_json, gravest, read_description
from pipeline.errors import RsbError
from pipeline.release import ReleaseRefusedError
from pipeline.release.manifest import files_in, read_index, sha256_of
from pipeline.release.verify import verify
from pipeline.workspace import Workspace

NEXT = "next: set the next version in params.yaml, `rsb run`, and commit releases/ and data/baseline/ too"
VERSION = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}")


def publish(workspace: Workspace, version: str) -> list[str]:
    """Make a version of `data/release`; what was done, and what could not be, one line each.

    Raises `RsbError` where the version is not the one in the works, is published already, or there is no such
    release; `ReleaseRefusedError` where the release does not verify or declares too low a schema version.
    """
    _check_version(workspace, version)
    told = _gate(workspace, version)
    manifest = dump_json(_manifest(workspace.release, told))
    path = workspace.releases / f"{version}.json"
    if path.exists() and path.read_text(encoding="utf-8") != manifest:
        raise _already(version)
    if _has_tag(workspace.root, version):
        raise RsbError(f"the tag v{version} exists already", mend="choose another version: a tag is never moved")

    target = workspace.published / version
    with store.replacing_folder(target) as fresh:
        shutil.copytree(workspace.release, fresh, dirs_exist_ok=True)
    with store.replacing_folder(workspace.baseline) as fresh:
        _copy_baseline(workspace.release, fresh, told)
    store.write_text(path, manifest)
    entry = {name: told[name] for name in ("version", "schema_version", "channel")}
    entries = [*_published(workspace), {**entry, "manifest": path.name}]
    store.write_text(workspace.releases / "index.json", dump_json({"versions": entries}))
    done = f"published {version} in {target.relative_to(workspace.root)}"
    return [done, _tag(workspace.root, version), NEXT]


def _check_version(workspace: Workspace, version: str) -> None:
    """Let only the version in the works pass, as long as it is in no register."""
    if not VERSION.fullmatch(version):
        raise RsbError(f"{version!r} is no version", mend="give three numbers, such as 2026.12.0")
    if any(entry.get("version") == version for entry in _published(workspace)):
        raise _already(version)
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
        problems = _schema_problems(workspace)
    if problems:
        raise ReleaseRefusedError(problems)
    return told


def _schema_problems(workspace: Workspace) -> list[str]:
    """Whether the release declares a lower schema version than its declarations ask for."""
    if not (workspace.baseline / "schema.json").exists():
        return []
    before = read_description(workspace.baseline / "schema.json")
    now = read_description(workspace.release / "schema.json")
    level = gravest(compare_schemas(before, now))
    due = bump(before["schema_version"], level)
    if _numbers(now["schema_version"]) < _numbers(due):
        return [f"schema.json: schema version {now['schema_version']}, where a {level} change asks for {due}"]
    return []


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


def _published(workspace: Workspace) -> list[dict[str, Any]]:
    """The entries of the register. Raises `RsbError` where it is broken."""
    path = workspace.releases / "index.json"
    if not path.exists():
        return []
    try:
        return [dict(entry) for entry in json.loads(path.read_text(encoding="utf-8"))["versions"]]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise RsbError(f"cannot read the register: {error!r}", path=path, mend="restore it from git") from error


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


def _has_tag(root: Path, version: str) -> bool:
    return _is_checkout(root) and not _git(root, "rev-parse", "--verify", "--quiet", f"refs/tags/v{version}").returncode


def _tag(root: Path, version: str) -> str:
    """Tag the present commit; what came of it."""
    if not _is_checkout(root):
        return f"no tag v{version}: git is missing, or the workspace is no git checkout with a commit"
    made = _git(root, "tag", f"v{version}")
    if made.returncode:
        return f"no tag v{version}: {made.stderr.strip() or 'git tag failed'}"
    return f"tagged the present commit v{version}"
