import json
import random
from pathlib import Path

import pyarrow.parquet
import pytest
from click.testing import CliRunner

from pipeline import contract
from pipeline.cli import main
from pipeline.errors import RsbError
from pipeline.ingest import Reason, ingest_folder, run
from pipeline.workspace import Workspace

WORDS = (
    "gold",
    "cobalt",
    "tin",
    "coltan",
    "mine",
    "base",
    "port",
    "troops",
    "rebels",
    "talks",
    "deal",
    "offer",
    "army",
    "town",
)


def text(seed: int) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=120)) + ".\n"


@pytest.fixture
def folder(sources_workspace: Workspace) -> Path:
    folder = sources_workspace.sources
    (folder / "good.md").write_text(f"---\ntitle: Good\nkind: news\n---\n\n{text(1)}")
    (folder / "again.txt").write_text(text(2))
    (folder / "near.txt").write_text(text(2) + "One more remark.\n")
    (folder / "same.txt").write_text(text(1).replace(" ", "\n"))
    (folder / "good.txt").write_text(text(3))
    (folder / "bad.md").write_text("---\ntitle: a: b\n---\n\nText.\n")
    (folder / "empty.md").write_text("")
    (folder / "latin.txt").write_bytes("Félix".encode("latin-1"))
    (folder / "scan.pdf").write_bytes(b"%PDF-1.4")
    (folder / "nested.md").mkdir()
    (folder / ".hidden").write_text("nobody reads this")
    return folder


def test_every_file_is_kept_or_set_aside_with_its_reason(folder: Path) -> None:
    documents, aside = ingest_folder(folder)
    assert [document.source_id for document in documents] == ["again", "good"]
    assert {entry.path: entry.reason for entry in aside} == {
        "bad.md": Reason.FRONT_MATTER,
        "empty.md": Reason.NO_TEXT,
        "good.txt": Reason.DUPLICATE_ID,
        "latin.txt": Reason.UNDECODABLE,
        "near.txt": Reason.DUPLICATE,
        "nested.md": Reason.UNREADABLE,
        "same.txt": Reason.DUPLICATE,
        "scan.pdf": Reason.UNKNOWN_FORMAT,
    }
    details = {entry.path: entry.detail for entry in aside}
    assert details["bad.md"].startswith("line 2, column 9: malformed front matter")
    assert "again" in details["near.txt"]
    assert "good" in details["same.txt"]
    assert "good.md" in details["good.txt"]


def test_ids_that_differ_by_case_alone_are_one(tmp_path: Path) -> None:
    (tmp_path / "AB.txt").write_text(text(1))
    (tmp_path / "ab.md").write_text(text(2))
    documents, aside = ingest_folder(tmp_path)
    assert [document.source_id for document in documents] == ["AB"]
    assert aside[0].reason == Reason.DUPLICATE_ID


def test_a_name_that_is_no_utf_8_is_told_in_print(tmp_path: Path) -> None:
    try:
        (tmp_path / "\udce9.txt").write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (tmp_path / "a.txt").write_text(text(1))
    assert [entry.path for entry in ingest_folder(tmp_path)[1]] == ["\\xe9.txt"]


def test_the_stage_writes_sources_texts_and_what_was_set_aside(sources_workspace: Workspace, folder: Path) -> None:
    documents, aside = run(sources_workspace)
    made = sources_workspace.documents
    table = pyarrow.parquet.read_table(made / "sources.parquet")
    assert table.schema.equals(contract.arrow_schema("sources"))
    assert table.column("source_id").to_pylist() == ["again", "good"]
    for document in documents:
        assert (made / "text" / f"{document.source_id}.txt").read_bytes().decode() == document.text
    assert [entry["path"] for entry in json.loads((made / "set_aside.json").read_text())] == [e.path for e in aside]
    assert [entry.path for entry in aside] == sorted(entry.path for entry in aside)
    assert folder.is_dir()


def test_two_runs_give_the_same_bytes_whatever_the_order_of_files(
    sources_workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def content() -> dict[str, bytes]:
        run(sources_workspace)
        files = [path for path in sources_workspace.documents.rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in files}

    before, listed = content(), list(folder.iterdir())
    monkeypatch.setattr(Path, "iterdir", lambda _: sorted(listed, reverse=True))
    assert content() == before


def test_an_empty_or_missing_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".gitkeep").touch()
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(RsbError, match=r"no document|cannot list"):
            ingest_folder(folder)


def test_a_run_without_any_document_leaves_the_last_output(sources_workspace: Workspace) -> None:
    source = sources_workspace.sources / "a.txt"
    source.write_text(text(1))
    run(sources_workspace)
    source.write_text("")
    with pytest.raises(RsbError, match="none of the 1 files gives a document"):
        run(sources_workspace)
    assert (sources_workspace.documents / "text" / "a.txt").is_file()


def test_the_command_tells_counts_reasons_and_warnings(
    sources_workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "odd.md").write_text(f"---\nkind: fact sheet\n---\n{text(5)}")
    monkeypatch.chdir(sources_workspace.root)
    result = CliRunner().invoke(main, ["ingest"])
    assert result.exit_code == 0
    assert result.stdout == "11 files read: 3 kept, 8 set aside\n"
    assert "set aside: scan.pdf: unknown_format" in result.stderr
    assert "odd.md:2: kind: 'fact sheet' is none of" in result.stderr


def test_the_command_exits_2_without_documents(sources_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sources_workspace.root)
    result = CliRunner().invoke(main, ["ingest"])
    assert result.exit_code == 2
    assert "no document in this folder" in result.stderr
