"""Two published versions of a scratch project: a checkout of either tag rebuilds its release, and DVC has its tables.

The stages are the project's own, on four of its sources.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from tiny import NOTHING_ASSERTED

from pipeline.cli import main
from pipeline.release.manifest import files_in, sha256_of
from pipeline.workspace import installed_checkout

CHECKOUT = installed_checkout().root
KEPT = ("aljazeera-drc-us-minerals-2025-03", "reuters-turkey-niger-cooperation-2024-07", "tribune-pakistan-pasni-port")
ADDED = "afp-sudan-gold-uae-2025-03"


def call(root: Path, *command: str) -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": str(root),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GIT_CONFIG_COUNT": "0",
    }
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    return call(root, "git", *identity, *arguments).strip()


def rsb(root: Path, *arguments: str) -> str:
    return call(root, sys.executable, "-m", "pipeline.cli", *arguments)


def set_version(root: Path, version: str) -> None:
    params = {"version": version, **NOTHING_ASSERTED}
    (root / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")


def add_source(root: Path, source: str) -> None:
    for folder, ending in (("sources", "md"), ("gold", "yaml")):
        path = f"data/{folder}/{source}.{ending}"
        if (CHECKOUT / path).exists():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / path, root / path)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scratch project with the versions 0.1.0 and 0.2.0; the second has a source more."""
    root = tmp_path_factory.mktemp("project")
    for part in ("pipeline", "schemas", "data/registry", "data/codebook", "data/baseline", "docs/codebook"):
        shutil.copytree(CHECKOUT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("dvc.yaml", ".gitignore", "data/dataset.toml", "data/waivers.yaml", ".dvc/config"):
        (root / part).parent.mkdir(exist_ok=True)
        shutil.copy(CHECKOUT / part, root / part)
    for path in (root / "data" / "baseline").glob("*.[cj]s*"):
        path.unlink()
    (root / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n")
    for part in ("coded", "corrections", "gold_first", "gold_second", "audit"):
        (root / "data" / part).mkdir()
        (root / "data" / part / "README.md").write_text("Nothing here.\n")
    for source in KEPT:
        add_source(root, source)
    git(root, "init", "--quiet", "--initial-branch", "main")
    for version in ("0.1.0", "0.2.0"):
        set_version(root, version)
        rsb(root, "run")
        git(root, "add", ".")
        git(root, "commit", "--quiet", "--message", f"Make {version}")
        rsb(root, "publish", version)
        git(root, "add", ".")
        git(root, "commit", "--quiet", "--message", f"Publish {version}")
        add_source(root, ADDED)
    return root


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
def test_a_checkout_of_a_tag_rebuilds_its_release_to_the_bytes_of_its_manifest(
    project: Path, tmp_path: Path, version: str
) -> None:
    manifest = json.loads((project / "releases" / f"{version}.json").read_text(encoding="utf-8"))
    old = tmp_path / "old"
    git(project, "clone", "--quiet", "--branch", f"v{version}", str(project), str(old))
    assert not (old / "data" / "release").exists()
    rsb(old, "run")
    release = old / "data" / "release"
    assert {path: sha256_of(release / path) for path in files_in(release)} == manifest["files"]
    assert git(old, "status", "--porcelain") == "", "the lock and the reports are those of the tag"


def test_the_second_version_accounts_for_every_row(project: Path) -> None:
    register = json.loads((project / "releases" / "index.json").read_text(encoding="utf-8"))
    assert [entry["version"] for entry in register["versions"]] == ["0.1.0", "0.2.0"]
    report = json.loads((project / "reports" / "changes.json").read_text(encoding="utf-8"))
    assert (report["since"], report["tables"]["sources"]["added"]) == ("0.1.0", 1)
    assert (project / "data" / "published" / "0.2.0" / "delta.jsonl").stat().st_size > 100


def diffed(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["diff", *arguments])


def changes_told(*arguments: str) -> dict[str, Any]:
    done = diffed(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def test_versions_and_git_revisions_can_be_compared(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    by_version = changes_told("0.1.0", "latest")
    by_revision = changes_told("v0.1.0^{commit}", "HEAD")
    assert by_version["tables"]["sources"]["added"] == 1
    assert by_revision["changes"] == by_version["changes"]
    assert changes_told("HEAD")["changes"] == [], "the workspace is as the present commit has it"
    told = diffed("HEAD~3", "--format", "markdown").stdout
    assert "| sources | 4 |  |  |  |  | 1 |" in told


@pytest.mark.parametrize("name", ["no-such-thing", "--output=x", "v0.1.0:params.yaml", "x\x07"])
def test_a_revision_that_is_none_is_told(project: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(project)
    done = diffed("--", name)
    assert done.exit_code == 2
    assert "no such folder, published version or git revision" in done.stderr


def test_a_revision_whose_tables_are_nowhere_is_told(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone"
    git(project, "clone", "--quiet", str(project), str(clone))
    monkeypatch.chdir(clone)
    done = diffed("v0.1.0^{commit}", "HEAD")
    assert done.exit_code == 2
    assert "neither in DVC's cache nor in a remote" in done.stderr
    assert "mend: " in done.stderr
