from datetime import date
from pathlib import Path

import pytest

from pipeline import contact
from pipeline.codebook import Codebook, load_codebook
from pipeline.errors import RsbError
from pipeline.workspace import Workspace, installed_checkout

SCORES = {
    "n_gold": 4,
    "n_system": 3,
    "n_matched": 2,
    "precision": 0.6667,
    "recall": 0.5,
    "f1": 0.5714,
    "extra_per_gold": 0.25,
}
REPORT = {"n_documents": 2, "tables": {"deals": {"lenient": SCORES}}}
ARTICLE = "---\nurl: ''\n---\n\nM23 attacked Congolese soldiers near Goma on Tuesday.\n"
GOLD = """source: wire
coder: a test
records:
  - ref: e1
    table: events
    event_type: ASSAULT
    roles: {actor: [m23]}
    quotes: {"*": M23 attacked Congolese soldiers, event_type: attacked, "role:m23": M23}
"""


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name, text in (("gold/wire.yaml", GOLD), ("texts/wire.md", ARTICLE)):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
    return tmp_path / "gold", tmp_path / "texts"


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    project = installed_checkout()
    return load_codebook(project.codebook, project.registry)


@pytest.fixture
def reading(codebook: Codebook, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The project, whose codebook is loaded already."""
    monkeypatch.setattr(contact, "load_codebook", lambda *_: codebook)
    return installed_checkout()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with rules and a place for reports, and nothing else."""
    space = Workspace(tmp_path / "space")
    space.codebook.mkdir(parents=True)
    (space.codebook / "frames.yaml").write_text("[]\n", encoding="utf-8")
    return space


def test_documents_outside_the_project_are_read_and_compared(reading: Workspace, folders: tuple[Path, Path]) -> None:
    report = contact.run(reading, *folders)
    assert report["n_documents"] == 1
    assert report["tables"]["events"]["lenient"]["n_matched"] == 1


def test_a_text_that_is_absent_is_told_with_where_it_was_looked_for(
    reading: Workspace, folders: tuple[Path, Path]
) -> None:
    gold, texts = folders
    (texts / "wire.md").unlink()
    with pytest.raises(RsbError, match="no text of wire"):
        contact.run(reading, gold, texts)


def test_sealed_annotations_hold_no_sentence_and_measure_the_same(
    reading: Workspace, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    gold, texts = folders
    assert contact.seal(reading, gold, texts, tmp_path / "sealed") == 1
    sealed = (tmp_path / "sealed/wire.yaml").read_text(encoding="utf-8")
    assert "Congolese" not in sealed
    assert "event_type: 4-12" in sealed
    assert contact.run(reading, tmp_path / "sealed", texts) == contact.run(reading, gold, texts)


def test_sealed_annotations_are_of_one_text_only(
    reading: Workspace, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    gold, texts = folders
    contact.seal(reading, gold, texts, tmp_path / "sealed")
    (texts / "wire.md").write_text(ARTICLE.replace("Tuesday", "Monday"), encoding="utf-8")
    with pytest.raises(RsbError, match="another text"):
        contact.run(reading, tmp_path / "sealed", texts)


def test_a_batch_is_met_once(workspace: Workspace) -> None:
    path = contact.record(workspace, "wire-1", REPORT, date(2026, 11, 24))
    head, row = path.read_text(encoding="utf-8").splitlines()
    assert head == ",".join(contact.COLUMNS)
    assert row.startswith("2026-11-24,wire-1,")
    assert row.endswith(",2,deals,4,3,2,0.667,0.500,0.571,0.250")
    with pytest.raises(RsbError, match="met before"):
        contact.record(workspace, "wire-1", REPORT, date(2026, 11, 25))


def test_other_rules_have_another_hash(workspace: Workspace) -> None:
    contact.record(workspace, "wire-1", REPORT, date(2026, 11, 24))
    (workspace.codebook / "frames.yaml").write_text("[ ]\n", encoding="utf-8")
    path = contact.record(workspace, "wire-2", REPORT, date(2026, 11, 24))
    one, two = (line.split(",")[2] for line in path.read_text(encoding="utf-8").splitlines()[1:])
    assert one != two
