import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from pipeline import compare, contract, release, store
from pipeline.cli import main
from pipeline.delta import load_delta, same
from pipeline.diff import load_version
from pipeline.release import ReleaseRefusedError, publish
from pipeline.release.manifest import index, read_index, sha256_of, write_manifest
from pipeline.release.publish import load_release
from pipeline.release.register import read_register
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


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    done = subprocess.run(["git", "-C", str(root), *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(built: Workspace) -> None:
    git(built.root, "init", "--quiet")
    store.write_text(built.root / ".gitignore", "/data/interim/\n/data/release/\n/data/published/\n")
    git(built.root, "add", ".")
    git(built.root, "commit", "--quiet", "--message", "x")


def test_a_release_becomes_a_version(built: Workspace) -> None:
    done = ask("0.1.0")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("published 0.1.0 in data/published/0.1.0: candidate, ")
    assert verify(built.published / "0.1.0")[1] == []
    told = read(built.releases / "0.1.0.json")
    assert told["schema_version"] == "1.0.0"
    assert set(told["files"]) == {
        path.relative_to(built.release).as_posix() for path in built.release.rglob("*") if path.is_file()
    }
    entry = {"version": "0.1.0", "schema_version": "1.0.0", "channel": "candidate", "manifest": "0.1.0.json"}
    assert read(built.releases / "index.json") == {
        "versions": [{**entry, "sha256": sha256_of(built.releases / "0.1.0.json")}],
        "latest": "0.1.0",
        "channels": {"candidate": "0.1.0", "reviewed": None},
    }
    assert (built.baseline / "terms.csv").read_bytes() == (built.release / "csv" / "terms.csv").read_bytes()


def test_the_next_comparison_is_with_the_published_version(built: Workspace) -> None:
    ask("0.1.0")
    store.write_text(built.root / "params.yaml", "version: 0.2.0\n")
    terms = store.read_parquet(built.tables / "terms.parquet")
    store.write_parquet(built.tables / "terms.parquet", "terms", terms.slice(0, 0))
    found = compare.run(Workspace(built.root))
    assert (found.report["since"], found.schema["schema_version"]) == ("0.1.0", "1.0.0")
    assert [(row["version"], row["change"]) for row in found.changes.to_pylist()] == [("0.2.0", "retracted")]


def test_the_baseline_holds_the_last_version_and_the_words_about_it(built: Workspace) -> None:
    store.write_text(built.baseline / "README.md", "What this folder is.\n")
    store.write_text(built.baseline / "deserts.csv", "a table of before\n")
    ask("0.1.0")
    assert (built.baseline / "README.md").read_text() == "What this folder is.\n"
    tables = {f"{table}.csv" for table in contract.table_names()}
    assert {path.name for path in built.baseline.iterdir()} == {"README.md", "schema.json", *tables}


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
    assert [entry["version"] for entry in versions] == ["0.1.0", "0.2.0"]


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


def next_version(built: Workspace, tables: dict[str, pa.Table] | None = None) -> Workspace:
    """The workspace after 0.1.0 was published, with other tables and a release of 0.2.0."""
    if not (built.releases / "index.json").exists():
        assert ask("0.1.0").exit_code == 0
    store.write_text(built.root / "params.yaml", "version: 0.2.0\n")
    for table, data in (tables or {}).items():
        store.write_parquet(built.tables / f"{table}.parquet", table, data)
    afresh = Workspace(built.root)
    compare.run(afresh)
    release.run(afresh)
    return afresh


def without_figure(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """The tables without their figure, and without what belongs to it."""
    (figure,) = tables["figures"]["figure_id"].to_pylist()
    claims = {row["claim_id"] for row in tables["claims"].to_pylist() if row["record_id"] == figure}
    gone = {figure, *claims}

    def kept(table: str, column: str) -> pa.Table:
        return tables[table].filter(pa.array([value not in gone for value in tables[table][column].to_pylist()]))

    return {
        "figures": kept("figures", "figure_id"),
        "claims": kept("claims", "claim_id"),
        "evidence": kept("evidence", "record_id"),
    }


def edit_baseline(built: Workspace, edit: Callable[[dict[str, Any]], object]) -> None:
    path = built.baseline / "schema.json"
    declared = read(path)
    edit(declared)
    store.write_text(path, json.dumps(declared))


def test_a_release_that_declares_too_low_a_schema_version_is_refused_with_the_reasons(built: Workspace) -> None:
    next_version(built)
    edit_baseline(built, lambda old: old["codes"]["stage"].append("gone"))
    edit_baseline(built, lambda old: old["codes"]["status"].append("gone too"))
    with pytest.raises(ReleaseRefusedError) as refused:
        publish.publish(Workspace(built.root), "0.2.0")
    assert refused.value.problems == [
        "schema.json: schema version 1.0.0, where a major change asks for 2.0.0",
        "  major: gone: stage code removed",
        "  major: gone too: status code removed",
    ]


def test_a_column_may_go_only_after_a_version_that_deprecates_it(built: Workspace) -> None:
    assert ask("0.1.0").exit_code == 0
    extra = {"name": "extra", "arrow_type": "string", "nullable": True, "description": "Old."}
    edit_baseline(built, lambda old: old["tables"]["deals"]["columns"].append(extra))
    next_version(built)
    refused = ask("0.2.0")
    assert refused.exit_code == 1
    assert "deals.extra: column removed, and version 0.1.0 did not announce it" in refused.stderr
    edit_baseline(built, lambda old: old["tables"]["deals"]["columns"][-1].update(deprecated="use title"))
    assert ask("0.2.0").exit_code == 0
    assert read(built.releases / "0.2.0.json")["schema_version"] == "2.0.0"


def test_every_version_but_the_oldest_has_the_delta_that_leads_to_it(built: Workspace) -> None:
    next_version(built, without_figure(store.read_tables(built.tables)))
    assert not (built.published / "0.1.0" / "delta.jsonl").exists()
    assert ask("0.2.0").exit_code == 0
    old, new = (load_version(built.published / version) for version in ("0.1.0", "0.2.0"))
    made = load_delta((built.published / "0.2.0" / "delta.jsonl").read_text()).apply(old.tables)
    for table, rows in made.items():
        if table != "changes":
            assert same(rows, new.tables[table])


def remade(built: Workspace, edit: Callable[[Path], object]) -> Result:
    """What `publish` says to a release that was edited and whose lists were made consistent with it."""
    with store.replacing_folder(built.release) as fresh:
        shutil.copytree(built.release, fresh, dirs_exist_ok=True)
        edit(fresh)
        (fresh / "SHA256SUMS").unlink()
        told = read_index(fresh)
        (fresh / "index.json").unlink()
        data = {table: store.read_parquet(fresh / facts["parquet"]) for table, facts in told["tables"].items()}
        write_manifest(fresh, index(fresh, data, version=told["version"], schema_version=told["schema_version"]))
    return ask(told["version"])


def without_entries(folder: Path) -> None:
    changes = store.read_parquet(folder / "parquet" / "changes.parquet").slice(0, 0)
    store.write_plain_parquet(folder / "parquet" / "changes.parquet", changes)
    store.write_plain_csv(folder / "csv" / "changes.csv", changes)


def drop_a_line_of_the_delta(folder: Path) -> None:
    lines = (folder / "delta.jsonl").read_text().splitlines(keepends=True)
    store.write_text(folder / "delta.jsonl", "".join(line for line in lines if '"table":"figures"' not in line))


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (without_entries, "is gone, and no entry of changes says so"),
        (drop_a_line_of_the_delta, "figures: the delta since 0.1.0 does not lead to this table"),
        (lambda folder: (folder / "delta.jsonl").unlink(), "delta.jsonl: missing"),
    ],
)
def test_ids_that_vanish_without_an_entry_block_the_release(
    built: Workspace, edit: Callable[[Path], object], told: str
) -> None:
    next_version(built, without_figure(store.read_tables(built.tables)))
    refused = remade(built, edit)
    assert refused.exit_code == 1, refused.output
    assert told in refused.stderr
    assert [entry["version"] for entry in read(built.releases / "index.json")["versions"]] == ["0.1.0"]


def test_a_changed_manifest_of_an_old_version_is_told(built: Workspace) -> None:
    next_version(built)
    path = built.releases / "0.1.0.json"
    store.write_text(path, path.read_text().replace("1.0.0", "9.0.0"))
    refused = ask("0.2.0")
    assert refused.exit_code == 2
    assert "0.1.0.json: the manifest of a published version is missing or was changed" in refused.stderr


def test_versions_follow_each_other(built: Workspace) -> None:
    next_version(built)
    assert ask("0.2.0").exit_code == 0
    store.write_text(built.root / "params.yaml", "version: 0.1.9\n")
    refused = ask("0.1.9")
    assert refused.exit_code == 2
    assert "0.1.9 comes before 0.2.0" in refused.stderr


# The channel `reviewed`


def reviewed(data: pa.Table) -> pa.Table:
    rows = [{**row, "review": "accepted", "reviewed_by": "a reader"} for row in data.to_pylist()]
    return pa.Table.from_pylist(rows, data.schema)


def test_the_channel_reviewed_holds_reviewed_records_and_what_they_need(built: Workspace) -> None:
    tables = store.read_tables(built.tables)
    next_version(built, {"relations": reviewed(tables["relations"]), "terms": reviewed(tables["terms"])})
    done = ask("0.2.0")
    assert done.exit_code == 0, done.output
    folder = built.published / "0.2.0-reviewed"
    assert verify(folder)[1] == []
    held = {table: data.to_pylist() for table, data in load_release(folder, {}).tables.items()}
    (relation,) = held["relations"]
    assert relation == reviewed(tables["relations"]).to_pylist()[0]
    # The term is reviewed, its deal is not: it would point to a row that is not there.
    assert held["deals"] == held["terms"] == held["events"] == held["figures"] == held["participants"] == []
    assert {row["record_id"] for row in held["claims"]} == {relation["relation_id"]}
    assert len(held["claims"]) == relation["n_for"] + relation["n_against"]
    assert {row["actor_id"] for row in held["actors"]} >= {relation["subject_id"], relation["object_id"]}
    assert len(held["actors"]) < tables["actors"].num_rows
    index = read(built.releases / "index.json")
    assert index["channels"] == {"candidate": "0.2.0", "reviewed": "0.2.0"}
    assert [entry["channel"] for entry in index["versions"]] == ["candidate", "candidate", "reviewed"]
    assert read(built.releases / "0.2.0-reviewed.json")["channel"] == read_index(folder)["channel"] == "reviewed"


def test_versions_are_found_by_number_tag_and_channel(built: Workspace) -> None:
    relations = store.read_parquet(built.tables / "relations.parquet")
    next_version(built, {"relations": reviewed(relations)})
    assert ask("0.2.0").exit_code == 0
    register = read_register(built.releases)
    names = ("0.1.0", "v0.1.0", "latest", "candidate", "reviewed", "0.2.0-reviewed", "0.1.0-reviewed", "0.3.0", "main")
    assert [register.folder(name) for name in names] == [
        "0.1.0", "0.1.0", "0.2.0", "0.2.0", "0.2.0-reviewed", "0.2.0-reviewed", None, None, None,
    ]  # fmt: skip
    told = CliRunner().invoke(main, ["diff", "v0.1.0", "latest"])
    assert told.exit_code == 0
    assert "relations     1 revised" in told.stdout


@pytest.mark.parametrize("step", range(3))
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
    commit(built)
    assert "tagged the present commit v0.1.0" in ask("0.1.0").stdout
    assert git(built.root, "rev-parse", "v0.1.0") == git(built.root, "rev-parse", "HEAD")


def test_what_no_commit_holds_is_not_tagged(built: Workspace) -> None:
    commit(built)
    store.write_text(built.registry / "actors.csv", "x\n")
    done = ask("0.1.0")
    assert done.exit_code == 2
    assert "not committed: data/registry/actors.csv" in done.stderr
    assert not built.releases.exists()


def test_a_tag_is_never_moved(built: Workspace) -> None:
    commit(built)
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
