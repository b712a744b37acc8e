"""Nothing that comes from outside may write outside the workspace, run code, or eat all memory: not a document, its
name or front matter, not a registry row, a coded record, or a downloaded release."""

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner
from real import SOURCES, STAGES, contents_of, make_complete, make_workspace
from tiny import write_registry

from pipeline import ingest, store
from pipeline.cli import main
from pipeline.codebook import load_codebook
from pipeline.coded import read_folder
from pipeline.codes import Codes
from pipeline.errors import RsbError
from pipeline.extract.document import extract_document
from pipeline.extract.names import Names
from pipeline.ingest import NotReadError, read_document
from pipeline.marked import MarkedFile
from pipeline.registry import Registry, load_registry
from pipeline.release.manifest import read_index
from pipeline.workspace import Workspace, installed_checkout

TEXT = "Rwanda supports M23 in the east of the country, and the army has not yet left it. "
RUNS = "!!python/object/apply:os.mkdir [ran]"
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
)
DEEP = "[" * 20_000


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the tests work; a file beside it tells whether anything was written outside."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def everything_beside(here: Path) -> set[str]:
    return {path.name for path in here.parent.iterdir()} - {"here"}


# --- documents ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "...md",
        "..%2f..%2fout.md",
        "..\\..\\out.md",
        "-rf.md",
        "a;touch ran.md",
        "$(touch ran).md",
        "\u202eoutt.md",
        "con\n.md",
    ],
)
def test_a_file_name_writes_nothing_outside(here: Path, name: str) -> None:
    space = make_workspace(here / "space", [])
    (space.sources / "whole.md").write_text(TEXT)
    if name != "..":
        (space.sources / name).write_text(TEXT + "Another text, told by other words than the first one.")
    ingest.run(space)
    written = contents_of(space.documents)
    assert all("/" not in path.removeprefix("text/") and ".." not in path for path in written)
    assert everything_beside(here) == set()
    assert not (here / "ran").exists()


@pytest.mark.parametrize("head", ["id: ../../out", "source_id: ../../out", "path: /etc/out"])
def test_front_matter_chooses_no_path(here: Path, head: str) -> None:
    (here / "note.md").write_text(f"---\n{head}\n---\n\n{TEXT}")
    assert read_document(here / "note.md").source_id == "note"


@pytest.mark.parametrize("value", [RUNS, DEEP, "&a [*a, *a]", "{" * 5000, "!!binary 'AAAA'", "!!set {a, b}"])
def test_front_matter_runs_nothing_and_ends(here: Path, value: str) -> None:
    (here / "note.md").write_text(f"---\ntitle: {value}\n---\n\n{TEXT}")
    with suppress(NotReadError):
        assert read_document(here / "note.md").source["title"] in (None, "AAAA")
    assert not (here / "ran").exists()


def test_a_bomb_of_anchors_in_front_matter_is_refused(here: Path) -> None:
    (here / "note.md").write_text(f"---\n{BOMB}---\n\n{TEXT}")
    with pytest.raises(NotReadError, match="anchor"):
        read_document(here / "note.md")


@pytest.mark.parametrize(
    "charset",
    ["zlib", "base64", "rot13", "hex", "quopri", "undefined", "idna", "punycode", "unicode_escape", "utf-7", "no-such"],
)
def test_a_page_chooses_no_codec_that_does_more_than_decode(here: Path, charset: str) -> None:
    (here / "page.html").write_text(
        f'<html><head><meta charset="{charset}"></head><body><p>{TEXT * 5}</p></body></html>'
    )
    with suppress(NotReadError):
        assert "Rwanda" in read_document(here / "page.html").text


def test_a_page_reads_no_other_file(here: Path) -> None:
    (here / "secret").write_text("the secret of the house")
    entity = f'<!DOCTYPE html [<!ENTITY e SYSTEM "{(here / "secret").as_uri()}"><!ENTITY b "bomb">]>'
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{here}/secret" parse="text"/>'
    (here / "page.html").write_text(f"{entity}<html><body><p>&e; {include} {TEXT * 5}</p></body></html>")
    assert "secret of the house" not in read_document(here / "page.html").text


@pytest.mark.parametrize(
    "content",
    [
        "<div>" * 100_000,
        "<p " + "a=b " * 100_000 + ">",
        '<script type="application/ld+json">' + "[" * 100_000 + "</script>",
        '<script type="application/ld+json">{"@type": "Article", "headline": ' + "9" * 10_000 + "}</script>",
        "<title>" + " - " * 20_000 + "</title>",
        "<!--" * 50_000,
    ],
    ids=["depth", "attributes", "deep data", "long number", "title", "comments"],
)
def test_a_monstrous_page_is_read_or_refused(here: Path, content: str) -> None:
    (here / "page.html").write_text(f"<html><head>{content}</head><body><p>{TEXT * 5}</p></body></html>")
    with suppress(NotReadError):
        assert read_document(here / "page.html").text


@pytest.fixture(scope="module")
def codebook() -> object:
    project = installed_checkout()
    return load_codebook(project.codebook, project.registry)


@pytest.mark.parametrize(
    "text",
    [
        "M23 killed " + "9" * 400 + " people in Goma.",
        "M23 killed " + "9" * 300 + " million people in Goma.",
        "M23 killed " + "1," * 5000 + " people.",
        "M23 killed " + "more than " * 3000 + "20 people.",
        "(" * 20_000 + TEXT,
        "“" * 20_000 + TEXT,
        TEXT.replace(". ", ", ") * 100,
        "\u0301" * 10_000 + TEXT,
        "\x00\x1b[2J" + TEXT,
        "(a+)+$ [[:alpha:]]* .*.*.*.*=.*" * 300,
    ],
    ids=[
        "number",
        "infinity",
        "commas",
        "bounds",
        "brackets",
        "quotes",
        "one sentence",
        "accents",
        "control",
        "patterns",
    ],
)
def test_a_monstrous_text_is_read(codebook: object, text: str) -> None:
    read = extract_document("s", text, "2025-03-01", codebook, None)  # type: ignore[arg-type]
    json.dumps([record.values for record in read.records], allow_nan=False)


# --- what maintainers take over from others -------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["../../out", "/etc/passwd", "a b", "x\x00y", "..", "cod;rm", "{{x}}"])
def test_a_registry_row_has_no_id_that_is_a_path(here: Path, codes: Codes, cell: str) -> None:
    write_registry(here)
    path = here / "commodities.csv"
    path.write_text(path.read_text() + f"{cell},zinc,metal_ore,,\n")
    with pytest.raises(RsbError):
        load_registry(here, codes)


def test_a_field_longer_than_a_csv_may_have_is_refused(here: Path, codes: Codes) -> None:
    write_registry(here)
    path = here / "commodities.csv"
    path.write_text(path.read_text() + f"zinc,{'z' * 200_000},metal_ore,,\n")
    with pytest.raises(RsbError, match=r"commodities\.csv"):
        load_registry(here, codes)


def test_an_alias_is_a_name_and_no_pattern(here: Path, codes: Codes) -> None:
    write_registry(here)
    with (here / "aliases.csv").open("a") as file:
        file.write("(a+)+$,COD,name,,\n.*,COD,name,,\n")
    names = Names(load_registry(here, codes))
    assert names.find_all("a" * 5000 + "!") == []


@pytest.mark.parametrize(
    "content", [f"records: {RUNS}", BOMB, f"records: {DEEP}", "records: &a [*a]", "\x00", "? [a]\n: b"]
)
def test_a_coded_record_runs_nothing_and_ends(here: Path, codes: Codes, content: str) -> None:
    (here / "note.yaml").write_text(content)
    with pytest.raises(RsbError):
        read_folder(here, {"note": TEXT}, Registry(), codes)
    assert not (here / "ran").exists()


def test_yaml_nested_too_deeply_is_refused_and_ends_no_process(here: Path) -> None:
    for content in ("[" * 200_000, "{a: " * 50_000, "- " * 100_000):
        (here / "note.yaml").write_text(content)
        with pytest.raises(RsbError, match="YAML"):
            MarkedFile(here / "note.yaml")


def test_coded_records_are_for_documents_that_are_there(here: Path, codes: Codes) -> None:
    (here / "..out.yaml").write_text("records: []")
    assert read_folder(here, {}, Registry(), codes) == [], "a hidden file is nobody's record"
    (here / "out.yaml").write_text("records: []")
    with pytest.raises(RsbError, match="there is no document out"):
        read_folder(here, {}, Registry(), codes)


# --- tables and releases --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_complete(tmp_path_factory.mktemp("complete"), SOURCES[:1])


def test_an_id_that_is_a_path_becomes_no_file(complete: Workspace, here: Path) -> None:
    shutil.copytree(complete.root, here / "space")
    space = Workspace(here / "space")
    sources = store.read_tables(space.tables)["sources"]
    evil = sources.set_column(0, sources.schema.field(0), pa.array(["../../../../out"] * len(sources)))
    store.write_parquet(space.tables / "sources.parquet", "sources", evil)
    (here.parent / "out.txt").write_text("outside")
    with pytest.raises(RsbError, match="is no id of a source"):
        STAGES["release"](space)
    assert (here.parent / "out.txt").read_text() == "outside"


@pytest.mark.parametrize("name", ["../../out.csv", "/dev/zero", "/etc/passwd"])
def test_a_release_whose_index_leads_outside_is_refused(complete: Workspace, here: Path, name: str) -> None:
    shutil.copytree(complete.release, here / "release")
    told = json.loads((here / "release" / "index.json").read_text())
    told["tables"]["deals"]["csv"] = name
    (here / "release" / "index.json").write_text(json.dumps(told))
    with pytest.raises(RsbError, match="outside the release"):
        read_index(here / "release")
    assert CliRunner().invoke(main, ["verify", "release"]).exit_code == 2


@pytest.mark.parametrize("target", ["/dev/zero", "/etc/passwd", "../../out", "README.md"])
def test_a_release_with_a_link_is_refused(complete: Workspace, here: Path, target: str) -> None:
    shutil.copytree(complete.release, here / "release")
    (here / "release" / "text" / "more.txt").symlink_to(target)
    with pytest.raises(RsbError, match="no links"):
        read_index(here / "release")


def test_a_pipe_in_a_release_does_not_hang(complete: Workspace, here: Path) -> None:
    shutil.copytree(complete.release, here / "release")
    os.mkfifo(here / "release" / "text" / "more.txt")
    with pytest.raises(RsbError, match="no links or devices"):
        read_index(here / "release")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "”“ - –",
        "M23, the group that Rwanda supports",
        "China will lend the",
        'said of " 2022 our pay',
        "« our received not exchange “ or says",
        "Mali: who will pay the",
        "didn't won't 's ’s n't",
        "No",
    ],
)
def test_broken_sentences_are_read_to_their_end(text: str) -> None:
    checkout = installed_checkout()
    proposals = extract_document("odd", text, None, load_codebook(checkout.codebook, checkout.registry))
    assert all(0 <= m.start < m.end <= len(text) for record in proposals.records for m in record.mentions)
