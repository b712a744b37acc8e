import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from pipeline import contract, store
from pipeline.cli import main
from pipeline.release.manifest import INDEX, index, read_index, write_manifest
from pipeline.release.verify import verify


def resign(release: Path) -> None:
    """Make index and checksums agree with the files as they are: what remains wrong is wrong with the contents."""
    told = read_index(release)
    data = {table: store.read_parquet(release / entry["parquet"]) for table, entry in told["tables"].items()}
    write_manifest(release, index(release, data, version=told["version"], schema_version=told["schema_version"]))


def set_cells(release: Path, table: str, column: str, values: list[object]) -> None:
    """Change a column in Parquet, CSV and SQLite alike."""
    data = store.read_parquet(release / "parquet" / f"{table}.parquet")
    at = data.column_names.index(column)
    data = data.set_column(at, column, pa.array(values, data.schema.field(at).type))
    store.write_plain_parquet(release / "parquet" / f"{table}.parquet", data)
    store.write_plain_csv(release / "csv" / f"{table}.csv", data)


def append(path: Path, content: bytes = b"\n") -> None:
    path.write_bytes(path.read_bytes() + content)


def found(release: Path) -> list[str]:
    return [str(problem) for problem in verify(release)[1]]


def test_a_sound_release_is_verified_outside_any_workspace(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["verify", str(release)])
    assert done.exit_code == 0
    assert done.stdout.startswith("release 0.1.0: verified (")
    assert "34 spans, 0 spans without text" in done.stdout


@pytest.mark.parametrize("name", ["README.md", "csv/terms.csv", "text/kivu-post-2025-03.txt", "rsb.sqlite", INDEX])
def test_a_changed_file_is_noticed(release: Path, name: str) -> None:
    append(release / name)
    assert f"{name}: the checksum differs: the file was changed or damaged" in found(release)


def test_missing_and_extra_files_are_noticed(release: Path) -> None:
    (release / "views.sql").unlink()
    (release / "extra.txt").write_text("x")
    problems = found(release)
    assert "views.sql: listed, but not there" in problems
    assert "extra.txt: there, but not listed in SHA256SUMS" in problems


def test_a_file_that_only_one_list_names_is_noticed(release: Path) -> None:
    told = json.loads((release / INDEX).read_text())
    told["files"] = [entry for entry in told["files"] if entry["path"] != "README.md"]
    write_manifest(release, told)
    assert found(release) == ["README.md: not in both SHA256SUMS and index.json"]


Damage = Callable[[Path], None]


def _csv_cell(release: Path) -> None:
    path = release / "csv" / "terms.csv"
    path.write_text(path.read_text().replace("offer", "agree"))


def _csv_line(release: Path) -> None:
    quotes = [f"{n}\nx" for n in range(34)]
    set_cells(release, "evidence", "quote", list(quotes))


def _empty_cell(release: Path) -> None:
    set_cells(release, "deals", "deal_type", [None])


def _code(release: Path) -> None:
    set_cells(release, "deals", "stage", ["SOUGHT"])


def _key(release: Path) -> None:
    set_cells(release, "commodities", "commodity_id", ["cobalt"])
    ids = store.read_parquet(release / "parquet" / "claims.parquet")["claim_id"].to_pylist()
    set_cells(release, "claims", "claim_id", [ids[0]] * len(ids))


def _type(release: Path) -> None:
    data = store.read_parquet(release / "parquet" / "figures.parquet")
    at = data.column_names.index("value")
    store.write_plain_parquet(
        release / "parquet" / "figures.parquet", data.set_column(at, "value", data["value"].cast(pa.float32()))
    )


def _span(release: Path) -> None:
    starts = store.read_parquet(release / "parquet" / "evidence.parquet")["span_start"].to_pylist()
    set_cells(release, "evidence", "span_start", [starts[0] + 1, *starts[1:]])


def _text(release: Path) -> None:
    path = release / "text" / "kivu-post-2025-03.txt"
    path.write_bytes(path.read_bytes().replace(b"7,000", b"9,000"))


def _sqlite_rows(release: Path) -> None:
    connection = sqlite3.connect(release / "rsb.sqlite")
    connection.execute("DELETE FROM aliases")
    connection.commit()
    connection.close()


def _sqlite_reference(release: Path) -> None:
    connection = sqlite3.connect(release / "rsb.sqlite")
    connection.execute("UPDATE terms SET giver_id = 'nobody'")
    connection.commit()
    connection.close()


def _natural_key(release: Path) -> None:
    set_cells(release, "terms", "act", ["agree"])


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (_csv_cell, "csv/terms.csv: not equal to the Parquet file"),
        (_csv_line, "csv/evidence.csv: not one line for each row: a cell holds a line end"),
        (_empty_cell, "parquet/deals.parquet: deal_type has 1 empty cells and must have none"),
        (_code, "parquet/deals.parquet: stage has unknown codes: SOUGHT"),
        (_key, "parquet/claims.parquet: 5 rows repeat the key of another (claim_id)"),
        (_type, "parquet/figures.parquet: columns or types are not those declared"),
        (_span, "parquet/evidence.parquet: 1 quotes are not the span they name: "),
        (_text, "text/kivu-post-2025-03.txt: not the text that `sources` tells"),
        (_sqlite_rows, "rsb.sqlite: aliases has 0 rows, unlike the Parquet file"),
        (_sqlite_reference, "rsb.sqlite: 1 references have no target: terms to actors"),
        (_natural_key, "parquet/terms.parquet: id:hash: "),
    ],
)
def test_wrong_contents_are_noticed_though_the_checksums_agree(release: Path, damage: Damage, problem: str) -> None:
    damage(release)
    resign(release)
    assert [told for told in found(release) if told.startswith(problem)], found(release)


def test_problems_are_listed_and_exit_with_1(release: Path) -> None:
    append(release / "README.md")
    done = CliRunner().invoke(main, ["verify", str(release)])
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0].startswith("README.md: the checksum differs")
    assert "release 0.1.0: 1 problem (" in done.stdout


@pytest.mark.parametrize("name", ["parquet/terms.parquet", "rsb.sqlite", "schema.json", "csv/terms.csv", "SHA256SUMS"])
@pytest.mark.parametrize("content", [b"", b"no such format", b"\xff\x00\n{"])
def test_whatever_a_damaged_file_holds_there_is_no_traceback(release: Path, name: str, content: bytes) -> None:
    (release / name).write_bytes(content)
    done = CliRunner().invoke(main, ["verify", str(release)])
    assert done.exit_code == 1
    assert name in done.stdout
    assert done.exception is None or isinstance(done.exception, SystemExit)


def test_a_damaged_index_or_a_folder_that_is_no_release_cannot_be_checked(release: Path, tmp_path: Path) -> None:
    (release / INDEX).write_text("{")
    for folder in (release, tmp_path / "missing", tmp_path):
        done = CliRunner().invoke(main, ["verify", str(folder)])
        assert done.exit_code == 2, done.output


def test_a_release_of_other_declarations_is_checked_for_all_but_the_rules(release: Path) -> None:
    told = json.loads((release / "schema.json").read_text())
    told["tables"]["deals"]["columns"][1]["description"] = "Other words."
    (release / "schema.json").write_text(json.dumps(told))
    resign(release)
    checked, problems = verify(release)
    assert problems == []
    assert not any(what == "rules" for what in checked.checked)


def test_all_declared_tables_are_in_the_index(release: Path) -> None:
    assert set(read_index(release)["tables"]) == {*contract.table_names(), "changes"}
