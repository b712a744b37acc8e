import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from pipeline import compare, contract, store
from pipeline.cli import main
from pipeline.release import ReleaseRefusedError, run, save
from pipeline.release.contents import Contents
from pipeline.release.verify import verify
from pipeline.workspace import Workspace


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def quoting(contents: Contents, quote: str) -> Contents:
    """The contents with another quote in every row of evidence."""
    evidence = contents.tables["evidence"]
    at = evidence.column_names.index("quote")
    other = evidence.set_column(at, evidence.schema.field(at), pa.array([quote] * len(evidence)))
    return replace(contents, tables={**contents.tables, "evidence": other})


def test_a_release_holds_what_it_should_and_verifies(release: Path, contents: Contents) -> None:
    made = set(files(release))
    assert made >= {f"{kind}/{table}.{kind}" for table in contents.data for kind in ("csv", "parquet")}
    assert {name for name in made if "/" not in name} == {
        "CITATION.cff", "README.md", "SHA256SUMS", "codebook.md", "codes.csv", "croissant.json", "datapackage.json",
        "index.json", "issues.csv", "rsb.sqlite", "schema.json", "views.sql",
    }  # fmt: skip
    assert {name for name in made if name.startswith("text/")} == {f"text/{source}.txt" for source in contents.texts}
    assert verify(release)[1] == []


def test_two_releases_of_the_same_tables_have_the_same_bytes(contents: Contents, release: Path, tmp_path: Path) -> None:
    turned = {table: data.take(list(range(len(data)))[::-1]) for table, data in contents.tables.items()}
    again = replace(contents, tables={table: store.normalise(table, data) for table, data in turned.items()})
    save(tmp_path / "again", again)
    assert files(tmp_path / "again") == files(release)


def test_the_index_tells_rows_content_and_every_other_file(release: Path, contents: Contents) -> None:
    told = json.loads((release / "index.json").read_text())
    assert (told["version"], told["schema_version"], told["channel"]) == ("0.1.0", "1.0.0", "candidate")
    assert {entry["path"] for entry in told["files"]} == set(files(release)) - {"index.json", "SHA256SUMS"}
    for table, data in contents.tables.items():
        assert told["tables"][table]["rows"] == data.num_rows
        assert told["tables"][table]["content_hash"] == contract.content_hash(data)


def test_formula_like_cells_are_counted_and_left_as_they_are(contents: Contents, tmp_path: Path) -> None:
    aliases = contract.to_arrow(
        "aliases",
        [{"alias": alias, "target_id": "COD", "alias_type": "name"} for alias in ("=1+1", "@home", "-x", "x=1")],
    )
    save(tmp_path / "release", replace(contents, tables={**contents.tables, "aliases": aliases}))
    assert json.loads((tmp_path / "release" / "index.json").read_text())["formula_like_cells"] == {"aliases.alias": 3}
    assert '"=1+1","COD"' in (tmp_path / "release" / "csv" / "aliases.csv").read_text()


def test_an_error_among_the_issues_refuses_and_touches_nothing(
    release: Path, with_issue: Callable[[str], Contents]
) -> None:
    before = files(release)
    with pytest.raises(ReleaseRefusedError, match="the tables hold errors"):
        save(release, with_issue("error"))
    assert files(release) == before
    save(release, with_issue("warning"))
    assert "warning" in (release / "issues.csv").read_text()


def test_a_release_that_does_not_pass_its_own_checks_leaves_the_previous_one(release: Path, contents: Contents) -> None:
    before = files(release)
    with pytest.raises(ReleaseRefusedError, match="quotes are not the span they name"):
        save(release, quoting(contents, "never said"))
    with pytest.raises(ReleaseRefusedError, match="a cell holds a line end"):
        save(release, quoting(contents, "two\nlines"))
    assert files(release) == before
    assert [path.name for path in release.parent.iterdir()] == [release.name]


def test_the_stages_run_one_after_the_other(workspace: Workspace) -> None:
    compare.run(workspace)
    run(workspace)
    assert verify(workspace.release)[1] == []
    assert "# A test set, release 0.1.0" in (workspace.release / "README.md").read_text()


def test_the_commands_are_silent_in_a_pipe(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace.root)
    for command in ("compare", "release"):
        done = CliRunner().invoke(main, [command])
        assert (done.exit_code, done.output) == (0, "")


def test_the_command_says_why_nothing_was_made(
    workspace: Workspace, with_issue: Callable[[str], Contents], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace.root)
    missing = CliRunner().invoke(main, ["release"])
    assert missing.exit_code == 2
    assert "changes.parquet" in missing.stderr
    compare.run(workspace)
    issues = with_issue("error").issues
    store.write_plain_parquet(workspace.interim / "issues" / "issues.parquet", issues)
    refused = CliRunner().invoke(main, ["release"])
    assert refused.exit_code == 1
    assert "no release was made" in refused.stderr
    assert not workspace.release.exists()


def test_changes_found_for_another_version_are_not_released(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace.root)
    compare.run(workspace)
    store.write_text(workspace.root / "params.yaml", "version: 0.2.0\n")
    refused = CliRunner().invoke(main, ["release"])
    assert refused.exit_code == 2
    assert "0.1.0, not 0.2.0" in refused.stderr
