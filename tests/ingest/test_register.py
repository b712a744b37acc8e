from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main
from pipeline.ingest import ingest_folder, read_document
from pipeline.ingest.register import ASKED, add_documents
from pipeline.workspace import Workspace

TEXT = "Rebels took the town and its gold mine on Monday, the ministry of defence said in a statement.\n"


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture
def rsb(sources_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> "Rsb":
    monkeypatch.chdir(sources_workspace.root)
    return Rsb()


class Rsb:
    """Runs the command in a pipe; what `arguments` do not state is stated to be unknown."""

    def __call__(self, *arguments: str | Path) -> Result:
        unknown = [part for name in ASKED if f"--{name}" not in arguments for part in (f"--{name}", "")]
        return CliRunner().invoke(main, ["add", *map(str, arguments), *unknown])


def test_a_document_becomes_a_source_that_reads_back(rsb: Rsb, note: Path, sources_workspace: Workspace) -> None:
    result = rsb(
        note, "--title", 'Town: "taken"', "--published", "2025-03-12", "--kind", "news", "--text-origin", "digest"
    )
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "data/sources/note.md\nnext: rsb run\n"
    document = read_document(sources_workspace.sources / "note.md")
    assert document.text == TEXT
    assert document.warnings == []
    stated = {name: document.source[name] for name in ("title", "published", "kind", "text_origin", "publisher")}
    assert stated == {
        "title": 'Town: "taken"', "published": "2025-03-12", "kind": "news", "text_origin": "digest", "publisher": None,
    }  # fmt: skip


@pytest.mark.usefixtures("rsb")
def test_what_the_file_states_is_kept_and_a_flag_goes_before_it(tmp_path: Path, sources_workspace: Workspace) -> None:
    (tmp_path / "x.md").write_text(f"---\ntitle: Old\npublisher: Example News\nlanguage: no\n---\n\n\n{TEXT}")
    arguments = [str(tmp_path / "x.md"), "--title", "New", "--url", "", "--published", ""]
    assert CliRunner().invoke(main, ["add", *arguments]).exit_code == 0
    source = read_document(sources_workspace.sources / "x.md").source
    assert (source["title"], source["publisher"], source["language"]) == ("New", "Example News", "no")


@pytest.mark.parametrize("taken", ["note.md", "note.html", "NOTE.txt"])
def test_an_id_that_is_taken_is_refused(rsb: Rsb, note: Path, sources_workspace: Workspace, taken: str) -> None:
    (sources_workspace.sources / taken).write_text("Something else entirely stands in this file.\n")
    result = rsb(note)
    assert result.exit_code == 2
    assert "is taken by" in result.stderr
    assert [path.name for path in sources_workspace.sources.iterdir()] == [taken]


@pytest.mark.parametrize("present", ["a", "z"])
def test_a_text_that_is_there_already_is_refused(
    rsb: Rsb, note: Path, sources_workspace: Workspace, present: str
) -> None:
    (sources_workspace.sources / f"{present}.txt").write_text(TEXT)
    result = rsb(note)
    assert result.exit_code == 2
    assert f"its text repeats {present}" in result.stderr


def test_of_several_files_all_are_written_or_none(
    rsb: Rsb, note: Path, tmp_path: Path, sources_workspace: Workspace
) -> None:
    (tmp_path / "empty.txt").write_text("")
    assert rsb(note, tmp_path / "empty.txt").exit_code == 2
    (tmp_path / "copy.txt").write_text(TEXT)
    assert rsb(note, tmp_path / "copy.txt").exit_code == 2
    assert list(sources_workspace.sources.iterdir()) == []
    (tmp_path / "other.txt").write_text("The army denied on Tuesday that the town had fallen to anyone at all.")
    assert rsb(note, tmp_path / "other.txt", "--kind", "news").exit_code == 0
    assert len(ingest_folder(sources_workspace.sources)[0]) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--kind", "fact sheet"], "kind: 'fact sheet' is none of news"),
        (["--published", "12/03/2025"], "published: '12/03/2025' is not a date"),
        (["--url", "example.org"], "url: 'example.org' does not have the form"),
    ],
)
def test_a_flag_that_does_not_fit_is_refused(
    rsb: Rsb, note: Path, sources_workspace: Workspace, arguments: list[str], told: str
) -> None:
    result = rsb(note, *arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert list(sources_workspace.sources.iterdir()) == []


def test_two_files_cannot_have_one_title(rsb: Rsb, note: Path) -> None:
    assert rsb(note, note, "--title", "Both").exit_code == 2


def test_a_person_is_asked_for_what_is_missing_only(sources_workspace: Workspace, note: Path) -> None:
    asked = []

    def ask(path: Path, column: str) -> str:
        asked.append((path.name, column))
        return {"title": "Town taken", "published": "2025-03"}.get(column, "")

    written, warnings = add_documents(sources_workspace, [note], {"publisher": "Example News"}, ask)
    assert asked == [("note.txt", "title"), ("note.txt", "url"), ("note.txt", "published")]
    source = read_document(written[0]).source
    assert (source["title"], source["url"], source["published"]) == ("Town taken", None, "2025-03")
    assert warnings == []


def test_in_a_pipe_the_flags_that_are_missing_are_named(note: Path, sources_workspace: Workspace) -> None:
    result = CliRunner().invoke(main, ["add", str(note), "--title", "Town", "--published", ""])
    assert result.exit_code == 2
    assert "note.txt: nothing states its publisher, url" in result.stderr
    assert "mend: give --publisher, --url; an empty value, as in --publisher '', " in result.stderr
    assert list(sources_workspace.sources.iterdir()) == []


def test_outside_a_workspace_it_cannot_run(
    note: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    result = CliRunner().invoke(main, ["add", str(note)])
    assert result.exit_code == 2
    assert "no workspace here" in result.stderr
