import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline import compare, release, store
from pipeline.cli import main
from pipeline.release import ReleaseRefusedError, publish
from pipeline.release.verify import verify
from pipeline.workspace import Workspace


@pytest.fixture
def built(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The workspace with a release, as current folder."""
    compare.run(workspace)
    release.run(workspace)
    monkeypatch.chdir(workspace.root)
    return workspace


def ask(version: str) -> Result:
    return CliRunner().invoke(main, ["publish", version])


def read(path: Path) -> dict[str, object]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    done = subprocess.run(["git", "-C", str(root), *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_release_becomes_a_version(built: Workspace) -> None:
    done = ask("0.1.0")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("published 0.1.0 in data/published/0.1.0\n")
    assert verify(built.published / "0.1.0")[1] == []
    told = read(built.releases / "0.1.0.json")
    assert told["schema_version"] == "1.0.0"
    assert set(told["files"]) == {  # type: ignore[call-overload]
        path.relative_to(built.release).as_posix() for path in built.release.rglob("*") if path.is_file()
    }
    entry = {"version": "0.1.0", "schema_version": "1.0.0", "channel": "candidate", "manifest": "0.1.0.json"}
    assert read(built.releases / "index.json") == {"versions": [entry]}
    assert (built.baseline / "terms.csv").read_bytes() == (built.release / "csv" / "terms.csv").read_bytes()


def test_the_next_comparison_is_with_the_published_version(built: Workspace) -> None:
    ask("0.1.0")
    store.write_text(built.root / "params.yaml", "version: 0.2.0\n")
    terms = store.read_parquet(built.tables / "terms.parquet")
    store.write_parquet(built.tables / "terms.parquet", "terms", terms.slice(0, 0))
    found = compare.run(Workspace(built.root))
    assert (found.report["since"], found.schema["schema_version"]) == ("0.1.0", "1.0.0")
    assert [(row["version"], row["change"]) for row in found.changes.to_pylist()] == [("0.2.0", "retracted")]


def test_a_published_version_is_never_overwritten(built: Workspace) -> None:
    ask("0.1.0")
    before = {path: path.read_bytes() for path in built.root.rglob("*") if path.is_file()}
    again = ask("0.1.0")
    assert again.exit_code == 2
    assert "0.1.0 is already published" in again.stderr
    assert {path: path.read_bytes() for path in built.root.rglob("*") if path.is_file()} == before


def test_the_register_only_grows(built: Workspace) -> None:
    ask("0.1.0")
    store.write_text(built.root / "params.yaml", "version: 0.2.0\n")
    afresh = Workspace(built.root)
    compare.run(afresh)
    release.run(afresh)
    assert ask("0.2.0").exit_code == 0
    versions = read(built.releases / "index.json")["versions"]
    assert [entry["version"] for entry in versions] == ["0.1.0", "0.2.0"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("version", ["0.2.0", "v0.1.0", "latest", "../0.1.0", "0.1", "0.1.0.0", "00.1.0"])
def test_only_the_version_in_the_works_can_be_published(built: Workspace, version: str) -> None:
    done = ask(version)
    assert done.exit_code == 2
    assert version in done.stderr
    assert not built.releases.exists()


def test_there_must_be_a_release_of_that_version(built: Workspace) -> None:
    store.write_text(built.root / "params.yaml", "version: 0.2.0\n")
    stale = ask("0.2.0")
    assert stale.exit_code == 2
    assert "0.1.0, not 0.2.0" in stale.stderr
    shutil.rmtree(built.release)
    missing = ask("0.2.0")
    assert missing.exit_code == 2
    assert "rsb run" in missing.stderr


def test_a_release_that_does_not_verify_is_not_published(built: Workspace) -> None:
    with (built.release / "csv" / "terms.csv").open("a") as file:
        file.write("x\n")
    done = ask("0.1.0")
    assert done.exit_code == 1
    assert "csv/terms.csv: the checksum differs" in done.stderr
    assert not built.releases.exists()
    assert not built.published.exists()


def test_a_release_that_declares_too_low_a_schema_version_is_refused(built: Workspace) -> None:
    old = read(built.release / "schema.json")
    old["codes"] = {**old["codes"], "stage": [*old["codes"]["stage"], "gone"]}  # type: ignore[dict-item, index]
    store.write_text(built.baseline / "schema.json", json.dumps(old))
    with pytest.raises(ReleaseRefusedError, match=r"1\.0\.0, where a major change asks for 2\.0\.0"):
        publish.publish(built, "0.1.0")


@pytest.mark.parametrize("step", range(4))
def test_an_interruption_leaves_nothing_that_a_second_try_does_not_finish(
    built: Workspace, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0

    def interrupted(name: str) -> object:
        whole = getattr(store, name)

        def write(*arguments: object) -> object:
            nonlocal steps
            steps += 1
            if steps > step:
                raise KeyboardInterrupt
            return whole(*arguments)

        return write

    with monkeypatch.context() as patch:
        for name in ("replacing_folder", "write_text"):
            patch.setattr(store, name, interrupted(name))
        with pytest.raises(KeyboardInterrupt):
            publish.publish(built, "0.1.0")
    assert not (built.releases / "index.json").exists()
    assert ask("0.1.0").exit_code == 0
    assert verify(built.published / "0.1.0")[1] == []
    assert ask("0.1.0").exit_code == 2


def test_a_begun_version_cannot_be_finished_with_other_files(built: Workspace) -> None:
    store.write_text(built.releases / "0.1.0.json", "{}\n")
    done = ask("0.1.0")
    assert done.exit_code == 2
    assert "already published" in done.stderr


def test_a_broken_register_is_named(built: Workspace) -> None:
    for content in ("{", "[]", '{"versions": [1]}'):
        store.write_text(built.releases / "index.json", content)
        done = ask("0.1.0")
        assert done.exit_code == 2
        assert "index.json" in done.stderr


def test_the_present_commit_is_tagged(built: Workspace) -> None:
    git(built.root, "init", "--quiet")
    git(built.root, "add", "dvc.yaml")
    git(built.root, "commit", "--quiet", "--message", "x")
    assert "tagged the present commit v0.1.0" in ask("0.1.0").stdout
    assert git(built.root, "rev-parse", "v0.1.0") == git(built.root, "rev-parse", "HEAD")


def test_a_tag_is_never_moved(built: Workspace) -> None:
    git(built.root, "init", "--quiet")
    git(built.root, "add", "dvc.yaml")
    git(built.root, "commit", "--quiet", "--message", "x")
    git(built.root, "tag", "v0.1.0")
    done = ask("0.1.0")
    assert done.exit_code == 2
    assert "v0.1.0 exists already" in done.stderr
    assert not built.releases.exists()


def test_outside_a_checkout_it_says_that_there_is_no_tag(built: Workspace) -> None:
    git(built.root.parent, "init", "--quiet")
    git(built.root.parent, "add", "space/dvc.yaml")
    git(built.root.parent, "commit", "--quiet", "--message", "x")
    done = ask("0.1.0")
    assert done.exit_code == 0
    assert "no tag v0.1.0: " in done.stdout
    assert git(built.root.parent, "tag") == ""
