"""Section 9 of the design: what tools outside rely on, sentence by sentence; and what people are shown."""

import json
import os
import subprocess
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny import basis, read_registry, seed_proposals

from pipeline import contract
from pipeline.assemble import assemble_rows
from pipeline.cli import main
from pipeline.codes import Codes
from pipeline.read import LEFT_OUT, Reader, keep_grounded, to_line
from pipeline.tell import STYLES, Span, marks, paint, printable, tell
from pipeline.workspace import installed_checkout

STORY = "The United States asked the Democratic Republic of the Congo for cobalt. M23 captured Goma on 27 January 2025."
DENIAL = "Rwanda, accused of supporting M23, denies it. More than 7,000 people were killed in Goma in 2025."
FRONT = "---\ntitle: Mines\nkind: news\npublished: 2025-03-12\n---\n"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.of(installed_checkout())


@pytest.fixture
def loaded(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command takes the codebook that is loaded already."""
    monkeypatch.setattr(Reader, "of", lambda _: reader)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, outside any workspace."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rsb_read(*arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(main, ["read", *arguments], **options)


def answers(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


# --- the contract ---------------------------------------------------------------------------------------------------


def test_one_object_for_each_document_a_line_each_in_the_order_given_outside_a_workspace(here: Path) -> None:
    save(here / "b.txt", STORY)
    (here / "sub").mkdir()
    save(here / "sub" / "a.md", FRONT + DENIAL)
    given_paths = ["./b.txt", "sub/../sub/a.md", "b.txt", str(here / "b.txt")]
    result = rsb_read("--json", *given_paths)
    assert result.exit_code == 0, result.output
    told = answers(result)
    assert [answer["path"] for answer in told] == given_paths
    assert all(list(answer) == ["path", "source", "text", "tables"] for answer in told)
    assert told[0]["tables"] == told[2]["tables"] != told[1]["tables"], "a file given twice is answered twice"


def test_tables_and_rows_have_exactly_the_declared_names(reader: Reader, here: Path) -> None:
    save(here / "a.md", FRONT + STORY + "\n" + DENIAL)
    answer, _ = reader.read("a.md")
    assert list(answer["tables"]) == [name for name in contract.table_names() if name not in LEFT_OUT]
    assert set(LEFT_OUT) == {"sources", "aliases"}
    assert tuple(answer["source"]) == contract.column_names("sources")
    filled = {"actors", "places", "events", "relations", "participants", "claims", "evidence"}
    for table, rows in answer["tables"].items():
        assert rows or table not in filled, table
        assert all(tuple(row) == contract.column_names(table) for row in rows)
    json.loads(to_line(answer))


def test_every_span_is_its_quote_and_every_mention_is_in_evidence(reader: Reader, here: Path) -> None:
    save(here / "a.md", FRONT + "\n\n" + STORY + " Zoë said no.\n" + DENIAL)
    answer, _ = reader.read("a.md")
    evidence = answer["tables"]["evidence"]
    assert evidence
    assert all(answer["text"][row["span_start"] : row["span_end"]] == row["quote"] for row in evidence)
    named = {row["record_id"] for row in evidence if row["column_name"] == "name"}
    mentioned = {
        row[contract.facts(table).key[0]]
        for table in ("actors", "places", "commodities")
        for row in answer["tables"][table]
    }
    assert {"m23", "COD", "cod-goma"} <= mentioned & named


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.txt", "  \n" + FRONT + "\nM23.\n\n", "  \n" + FRONT + "\nM23.\n\n"),
        ("a.md", FRONT + "\n \t\n\n  M23.\n\n", "  M23.\n\n"),
        ("a.md", "\n" + FRONT + "M23.", "\n" + FRONT + "M23."),
        ("a.txt", "\ufeffCafe\u0301\r\nM23\rGoma", "Café\nM23\nGoma"),
        ("a.md", "\ufeff" + FRONT.replace("\n", "\r\n") + "\r\nCafe\u0301\r\n", "Café\n"),
    ],
    ids=["txt is the whole file", "md after front matter and blanks", "md without", "txt normalised", "md normalised"],
)
def test_the_text_is_what_the_format_says(reader: Reader, here: Path, name: str, content: str, text: str) -> None:
    save(here / name, content)
    answer, _ = reader.read(name)
    assert answer["text"] == text
    assert answer["source"]["n_chars"] == len(text)
    assert (answer["source"]["title"] == "Mines") == (name == "a.md" and not content.startswith("\n"))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_text_around_a_story_is_answered_with_sound_spans(
    reader: Reader, here: Path, around: str, newline: str
) -> None:
    save(here / "a.txt", around + newline + STORY + newline + around)
    answer, _ = reader.read("a.txt")
    text = answer["text"]
    assert "\r" not in text
    assert unicodedata.is_normalized("NFC", text)
    assert all(text[row["span_start"] : row["span_end"]] == row["quote"] for row in answer["tables"]["evidence"])
    assert json.loads(to_line(answer)) == answer
    assert all("\x1b" not in click.unstyle(line) for line in tell(answer, reader.codebook.codes))


@pytest.mark.usefixtures("loaded")
def test_a_value_outside_its_vocabulary_becomes_null_with_a_warning_that_names_the_line(here: Path) -> None:
    save(here / "a.md", "---\ntitle: Mines\nkind: news digest\npublished: last week\n---\n" + STORY)
    result = rsb_read("--json", "a.md")
    assert result.exit_code == 0
    (answer,) = answers(result)
    assert answer["source"]["title"] == "Mines"
    assert answer["source"]["kind"] is answer["source"]["published"] is None
    assert "a.md:3: kind" in result.stderr
    assert "a.md:4: published" in result.stderr


@pytest.mark.usefixtures("loaded")
def test_nothing_found_is_no_failure(here: Path) -> None:
    save(here / "a.txt", "Roses are red.")
    result = rsb_read("--json", "a.txt")
    assert result.exit_code == 0
    assert not any(answers(result)[0]["tables"].values())
    assert "nothing was found" in rsb_read("a.txt").stdout


UNREADABLE: dict[str, tuple[str, bytes | None, str]] = {
    "missing": ("no.md", None, "no such file"),
    "empty": ("empty.txt", b"", "no text"),
    "front matter alone": ("front.md", FRONT.encode(), "no text"),
    "malformed front matter": ("bad.md", b"---\ntitle: a: b\n---\nM23.\n", "bad.md:2, column"),
    "endless front matter": ("open.md", b"---\ntitle: a\nM23.\n", "has no end"),
    "no UTF-8": ("latin.txt", "M23\ncafé".encode("latin-1"), "latin.txt:2: not UTF-8"),
    "UTF-16": ("wide.txt", "M23".encode("utf-16"), "not UTF-8"),
    "binary": ("photo.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF", "unknown format"),
    "no ending": ("README", b"M23.", "no ending"),
    "empty page": ("page.html", b"<html><body></body></html>", "no text"),
}


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("case", UNREADABLE)
def test_a_file_that_gives_no_document_is_an_error_and_the_rest_is_answered(here: Path, case: str) -> None:
    name, content, told = UNREADABLE[case]
    save(here / "good.txt", STORY)
    if content is not None:
        save(here / name, content)
    result = rsb_read("--json", name, "good.txt")
    assert result.exit_code == 1
    bad, good = answers(result)
    assert list(bad) == ["path", "error"]
    assert bad["path"] == name
    assert told in bad["error"]
    assert good["tables"]["events"]
    shown = rsb_read(name, "good.txt")
    assert shown.exit_code == 1
    assert told in shown.stderr
    assert "Assault" in shown.stdout


@pytest.mark.usefixtures("loaded")
def test_a_folder_is_no_document(here: Path) -> None:
    (here / "dir.md").mkdir()
    result = rsb_read("--json", "dir.md", "")
    assert result.exit_code == 1
    assert ["a folder" in answer["error"] for answer in answers(result)] == [True, True]


def test_odd_bytes_in_a_text_are_kept(reader: Reader, here: Path) -> None:
    save(here / "a.txt", "a\x00b \x1b[31m\u202e " + STORY)
    answer, _ = reader.read("a.txt")
    assert answer["text"].startswith("a\x00b \x1b[31m\u202e The")
    assert answer["tables"]["events"]


@pytest.mark.usefixtures("loaded")
def test_html_is_read_with_what_the_page_states(here: Path) -> None:
    page = f'<html lang="en"><head><meta property="og:title" content="Mines"></head><body><p>{STORY}</p></body></html>'
    save(here / "a.html", page)
    (answer,) = answers(rsb_read("--json", "a.html"))
    assert (answer["source"]["title"], answer["source"]["language"], answer["text"]) == ("Mines", "en", STORY)


@pytest.mark.skipif(sys.platform == "darwin", reason="the file system refuses such names")
def test_json_is_utf_8_whatever_the_terminal_speaks_and_a_path_of_odd_bytes_comes_back(here: Path) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    save(here / name, "Zoë of M23 captured Goma.")
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "read", "--json", name],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(installed_checkout().root)},
        capture_output=True,
        check=True,
    )
    answer = json.loads(done.stdout.decode())
    assert answer["path"] == name
    assert "Zoë" in answer["text"]


def test_without_a_file_it_cannot_run() -> None:
    result = rsb_read("--json")
    assert result.exit_code == 2
    assert "FILE..." in result.stderr


# --- what does not follow from the text -------------------------------------------------------------------------------


def kept_after(tmp_path: Path, spoilt: str) -> tuple[set[str], list[str]]:
    """The refs of the seed's records that are kept when a mention of one leads out of the text."""
    proposals = seed_proposals()
    (record,) = (one for one in proposals.records if one.ref == spoilt)
    record.mentions[0] = replace(record.mentions[0], end=10**6)
    basis_here = basis(read_registry(tmp_path))
    kept, told = keep_grounded(proposals, basis_here)
    assemble_rows([kept], basis_here)
    return {one.ref for one in kept.records}, told


EVENT, DEAL = {"#e", "#ce"}, {"#d", "#t", "#c1", "#c2", "#c3"}


@pytest.mark.parametrize(
    ("spoilt", "kept"),
    [
        ("#e", {"kivu-front", *DEAL}),
        ("#ce", {"kivu-front", *DEAL}),
        ("kivu-front", DEAL),
        ("#d", {"kivu-front", *EVENT}),
        ("#t", {"kivu-front", *EVENT, "#d", "#c1"}),
        ("#c2", {"kivu-front", *EVENT, *DEAL} - {"#c2"}),
    ],
)
def test_what_does_not_follow_from_the_text_is_left_out_with_what_hangs_on_it_and_told(
    tmp_path: Path, spoilt: str, kept: set[str]
) -> None:
    left, told = kept_after(tmp_path, spoilt)
    assert left == kept
    assert len(told) == 1
    assert "left out" in told[0]


def test_a_defect_in_one_document_does_not_keep_the_others_from_being_answered(
    reader: Reader, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("verb")

    save(here / "a.txt", STORY)
    monkeypatch.setattr("pipeline.read.extract_document", fail)
    answer, _ = reader.read("a.txt")
    assert answer["error"].startswith("a defect of rsb: KeyError: 'verb' (at test_read.py:")


# --- for people -----------------------------------------------------------------------------------------------------


@pytest.fixture
def told(tables: dict[str, pa.Table], texts: dict[str, str], codes: Codes) -> list[str]:
    """The lines for the tiny dataset."""
    rows = {table: some.to_pylist() for table, some in tables.items()}
    (text,) = texts.values()
    mentions = [
        ("COD", "Democratic Republic of the Congo"),
        ("m23", "M23"),
        ("cod-goma", "Goma"),
        ("cobalt", "cobalt"),
    ]
    for record, quote in mentions:
        start = text.index(quote)
        span = {"span_start": start, "span_end": start + len(quote), "quote": quote}
        rows["evidence"].append({"record_id": record, "column_name": "name", **span})
    answer = {"path": "a.md", "source": rows["sources"][0], "text": text, "tables": rows}
    return list(tell(answer, codes))


def test_finds_are_marked_in_the_text_and_the_marks_are_explained(told: list[str]) -> None:
    whole = "\n".join(told)
    finds = {
        "actors": "M23",
        "places": "Goma",
        "commodities": "cobalt",
        "figures": "More than 7,000",
        "claims": "denied",
    }
    for kind, words in finds.items():
        assert click.style(words, **STYLES[kind]) in whole
    legend = next(line for line in told if line.startswith("marked: "))
    assert click.unstyle(legend) == "marked: actors, places, commodities, figures, cues"


def test_records_are_told_with_names_status_and_stances(told: list[str]) -> None:
    plain = [click.unstyle(line) for line in told]
    records = plain[plain.index("\nDeals") :]
    congo, states = "Democratic Republic of the Congo", "United States"
    publication = "      the publication: state (certain, positive, actual)"
    assert records == [
        "\nDeals",
        f"  COD and USA, resource for security, offered, opened 2025-03-04, parties {congo} and {states} [asserted]",
        publication,
        "\nTerms",
        f"  Offer: access to mines, cobalt, from {congo} to {states}, date 2025-03-04, in COD and USA [asserted]",
        f"      {congo}: offer (certain, positive, planned) “offered”",
        "\nEvents",
        "  Assault by M23, at Goma, date 2025-01-27 [asserted]",
        publication,
        "\nRelations",
        "  Rwanda supports M23 [contested]",
        f"      {congo}: accuse (certain, positive, actual) “accused”",
        "      Rwanda: deny (certain, negative, actual) “denied”",
        "\nFigures",
        "  Deaths: more than 7,000 persons [asserted]",
        publication,
    ]


@pytest.mark.usefixtures("loaded")
def test_in_a_pipe_and_under_no_color_it_is_the_same_without_colour(here: Path) -> None:
    save(here / "a.md", FRONT + STORY + "\n" + DENIAL)
    coloured = rsb_read("a.md", color=True).stdout
    plain = click.unstyle(coloured)
    assert coloured != plain
    assert rsb_read("a.md").stdout == plain
    assert rsb_read("a.md", color=True, env={"NO_COLOR": "1"}).stdout == plain


def test_characters_that_steer_a_terminal_are_not_passed_on(reader: Reader, here: Path) -> None:
    save(here / "a.txt", "\x1b]0;owned\x07 \x9b31m \u202e\x00 " + STORY)
    shown = click.unstyle("\n".join(tell(reader.read("a.txt")[0], reader.codebook.codes)))
    assert not [char for char in shown if char in "\x1b\x07\x9b\u202e\x00"]
    assert len(printable("a\x1bb")) == 3


SPAN = st.tuples(st.integers(0, 30), st.integers(0, 30), st.sampled_from(sorted(STYLES))).map(
    lambda told: (min(told[:2]), max(told[:2]), told[2])
)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=30, max_size=30), st.lists(SPAN), st.data())
def test_marking_changes_no_character_and_knows_no_order(text: str, spans: list[Span], data: st.DataObject) -> None:
    painted = paint(text, spans)
    assert click.unstyle(painted) == text
    assert paint(text, data.draw(st.permutations(spans))) == painted


def test_a_name_in_a_name_shows_and_a_cue_goes_with_any_colour() -> None:
    painted = paint("US companies said", [(0, 12, "actors"), (0, 2, "places"), (3, 12, "claims")])
    assert painted == (
        click.style("US", **STYLES["places"])
        + click.style(" ", **STYLES["actors"])
        + click.style("companies", **STYLES["actors"], **STYLES["claims"])
        + " said"
    )


def test_of_a_figure_the_amount_is_marked() -> None:
    row = {"record_id": "fg-1", "is_inferred": False}
    tables: dict[str, list[dict[str, Any]]] = {
        "actors": [], "places": [], "commodities": [], "figures": [{"figure_id": "fg-1"}],
        "evidence": [
            {**row, "column_name": "*", "span_start": 0, "span_end": 30},
            {**row, "column_name": "low", "span_start": 5, "span_end": 9},
            {**row, "column_name": "value", "span_start": 2, "span_end": 9},
        ],
    }  # fmt: skip
    assert list(marks(tables)) == [(2, 9, "figures")]
