import json
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from pipeline import ingest, store
from pipeline.cli import main
from pipeline.info import describe
from pipeline.workspace import Workspace


def test_a_fresh_workspace_tells_what_is_still_to_do(
    sources_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sources_workspace.root)
    result = CliRunner().invoke(main, ["info"])
    assert result.exit_code == 0
    for told in (
        "version     0.1.0",
        "nothing yet",
        "rsb ingest",
        "rsb run",
        "rsb validate",
        str(sources_workspace.sources),
    ):
        assert told in result.stdout


def test_counts_reasons_rows_and_issues_are_told(
    sources_workspace: Workspace, tables: dict[str, pa.Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    (sources_workspace.sources / "a.txt").write_text("Rebels left Goma.")
    (sources_workspace.sources / "b.txt").write_text("Rebels left  Goma.")
    (sources_workspace.sources / "c.pdf").write_text("")
    ingest.run(sources_workspace)
    store.write_tables(sources_workspace.tables, tables)
    store.write_text(
        sources_workspace.reports / "validation.json", json.dumps({"errors": 1, "warnings": 4, "rules": {}})
    )
    store.write_text(sources_workspace.releases / "index.json", json.dumps({"versions": [{"version": "0.0.9"}]}))
    monkeypatch.chdir(sources_workspace.root)
    told = json.loads(CliRunner().invoke(main, ["info", "--json"]).stdout)
    assert (told["sources"]["read"], told["sources"]["kept"]) == (3, 1)
    assert told["sources"]["reasons"] == {"duplicate": 1, "unknown_format": 1}
    assert told["tables"] == {table: rows.num_rows for table, rows in tables.items()}
    assert told["issues"] == {"errors": 1, "warnings": 4}
    assert told["versions"]["published"] == "0.0.9"
    text = CliRunner().invoke(main, ["info"]).stdout
    assert "3 read, 1 kept, 2 set aside" in text
    assert "b.txt: the same text as a, which was kept" in text
    assert "1 errors, 4 warnings" in text


def test_a_broken_report_is_named(sources_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write_text(sources_workspace.reports / "validation.json", '{"errors": 1,\n')
    monkeypatch.chdir(sources_workspace.root)
    result = CliRunner().invoke(main, ["info"])
    assert result.exit_code == 2
    assert "validation.json:2" in result.stderr


def test_outside_a_workspace_it_cannot_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["info"])
    assert result.exit_code == 2
    assert "no workspace here" in result.stderr


def test_what_no_stage_has_made_is_none(sources_workspace: Workspace) -> None:
    described = describe(sources_workspace)
    assert [described[part] for part in ("sources", "tables", "issues")] == [None, None, None]
