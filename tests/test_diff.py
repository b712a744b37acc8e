import json
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from pipeline import store
from pipeline.cli import main
from pipeline.diff import diff_folders, render, render_markdown
from pipeline.errors import RsbError

Tables = dict[str, pa.Table]


def write(folder: Path, tables: Tables) -> Path:
    store.write_tables(folder, tables)
    return folder


def test_equal_folders_have_no_difference_whatever_their_format(tables: Tables, tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", tables), tmp_path / "new"
    for table, data in tables.items():
        store.write_csv(new / f"{table}.csv", table, data)
    found = diff_folders(old, new)
    assert found["changes"] == found["lost"] == []
    assert render(found) == "no difference"


def test_losses_stand_first(tables: Tables, tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", tables), write(tmp_path / "new", tables)
    (new / "aliases.parquet").unlink()
    store.write_parquet(new / "relations.parquet", "relations", tables["relations"].slice(0, 0))
    store.write_plain_parquet(new / "figures.parquet", tables["figures"].drop_columns(["value"]))
    stages = tables["deals"].column_names.index("stage")
    empty = pa.nulls(tables["deals"].num_rows, pa.string())
    store.write_parquet(new / "deals.parquet", "deals", tables["deals"].set_column(stages, "stage", empty))
    lost = [(entry["what"], entry["where"], entry["count"]) for entry in diff_folders(old, new)["lost"]]
    assert lost == [
        ("table", "aliases", 2),
        ("column", "figures.value", 1),
        ("rows", "relations", 1),
        ("values", "deals.stage", 1),
    ]
    told = render(diff_folders(old, new)).splitlines()
    assert told[0] == "Lost:"
    assert told[1] == "  aliases: the table is gone, with 2 rows"
    assert told[3] == f"  relations: 1 rows retracted: {tables['relations']['relation_id'][0]}"
    assert "  relations     1 retracted" in told
    back = render(diff_folders(new, old))
    assert "Lost:" not in back
    assert "  relations     1 added" in back


def test_a_file_that_nobody_declares_is_compared_by_whole_rows(tables: Tables, tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", tables), write(tmp_path / "new", tables)
    store.write_plain_csv(old / "notes.csv", pa.table({"a": ["x", "y"]}))
    store.write_plain_parquet(old / "notes.parquet", pa.table({"a": ["x", "y"]}))
    store.write_plain_parquet(new / "notes.parquet", pa.table({"a": ["y", "z"]}))
    counts = diff_folders(old, new)["tables"]["notes"]
    assert (counts["added"], counts["retracted"], counts["revised"]) == (1, 1, 0)


def test_a_folder_without_tables_cannot_be_compared(tables: Tables, tmp_path: Path) -> None:
    old = write(tmp_path / "old", tables)
    for wrong in (tmp_path / "missing", tmp_path):
        with pytest.raises(RsbError):
            diff_folders(old, wrong)


def test_the_command_tells_it_as_text_and_as_json(tables: Tables, tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", tables), write(tmp_path / "new", tables)
    store.write_parquet(new / "terms.parquet", "terms", tables["terms"].slice(0, 0))
    asked = CliRunner().invoke(main, ["diff", str(old), str(new), "--json"])
    assert asked.exit_code == 0
    assert [row["change"] for row in json.loads(asked.stdout)["changes"]] == ["retracted"]
    assert "terms: 1 rows retracted" in CliRunner().invoke(main, ["diff", str(old), str(new)]).stdout
    refused = CliRunner().invoke(main, ["diff", str(old), str(tmp_path / "missing")])
    assert refused.exit_code == 2
    assert "no such folder" in refused.stderr


def test_a_damaged_file_is_named_without_a_traceback(tables: Tables, tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", tables), write(tmp_path / "new", tables)
    (new / "terms.parquet").write_bytes(b"PAR1 and no more")
    refused = CliRunner().invoke(main, ["diff", str(old), str(new)])
    assert refused.exit_code == 2
    assert "terms.parquet" in refused.stderr


def test_the_comment_for_a_pull_request_shows_values_as_text(tables: Tables, tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", tables), write(tmp_path / "new", tables)
    nasty = "@team <img src=x> | `x` [a](http://b) *c*\n# d"
    titles = pa.array([nasty] * tables["deals"].num_rows, pa.string())
    place = tables["deals"].column_names.index("title")
    store.write_parquet(new / "deals.parquet", "deals", tables["deals"].set_column(place, "title", titles))
    store.write_parquet(new / "terms.parquet", "terms", tables["terms"].slice(0, 0))
    told = CliRunner().invoke(main, ["diff", str(old), str(new), "--format", "markdown"])
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert lines[2] == "**Lost**"
    assert lines[4].startswith("- terms&#58; 1 rows retracted")
    assert "| terms | 0 | 1 |  |  |  |  |" in lines
    (row,) = [line for line in lines if line.startswith("| revised | deals |")]
    assert row.count("|") == 9, "a value makes no column of its own"
    for mark in ("@", "<", "`", "[", "*", "#\x20"):
        assert mark not in row.replace("&#", "")


def test_the_comment_is_bounded(tables: Tables, tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", tables), tmp_path / "new"
    long = pa.table({"a": [f"{n:04d}{'*' * 400}" for n in range(2000)]})
    store.write_tables(new, tables)
    store.write_plain_csv(new / "notes.csv", long)
    store.write_plain_parquet(new / "notes.parquet", long)
    found = diff_folders(old, new)
    assert len(found["changes"]) == 2000
    assert len(render_markdown(found)) < 65_536, "the greatest length of a comment"
    assert "Changes (40 of 2,000)" in render_markdown(found)
    assert render_markdown(diff_folders(old, old)).endswith("No difference.\n")
