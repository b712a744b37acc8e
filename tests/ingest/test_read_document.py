import hashlib
import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest import NotReadError, Reason, read_document
from pipeline.ingest.document import source_id

HEAD = "---\ntitle: Mine talks stop\nkind: news\npublished: 2025-03-12\n---\n\n"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(path: Path) -> NotReadError:
    with pytest.raises(NotReadError) as caught:
        read_document(path)
    return caught.value


def test_plain_text_is_the_whole_file(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.txt", "---\nnot: front matter\n---\n\nRebels left.\n"))
    assert document.text == "---\nnot: front matter\n---\n\nRebels left.\n"
    assert document.source["title"] is None


def test_markdown_text_follows_the_front_matter_and_its_blank_lines(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.md", HEAD + " \n\n  Rebels left.\n\nThey came back.\n"))
    assert document.text == "  Rebels left.\n\nThey came back.\n"
    assert document.source["title"] == "Mine talks stop"
    assert document.source["published"] == "2025-03-12"
    assert document.source["published_latest"].isoformat() == "2025-03-12"
    assert document.warnings == []


def test_markdown_without_front_matter_is_whole_text(tmp_path: Path) -> None:
    assert read_document(write(tmp_path, "a.md", "\nRebels left.\n---\nMore.\n")).text == "\nRebels left.\n---\nMore.\n"


def test_combining_accents_are_composed_and_other_characters_kept(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.txt", "Fe\u0301lix said “no” 🙂 to the offer’s terms."))
    assert document.text == "Félix said “no” 🙂 to the offer’s terms."
    assert document.source["n_chars"] == len(document.text)


@pytest.mark.parametrize("name", ["a.txt", "a.md"])
def test_line_ends_become_newlines_and_a_byte_order_mark_is_dropped(tmp_path: Path, name: str) -> None:
    content = b"\xef\xbb\xbf" + b"One.\r\nTwo.\rThree.\n"
    assert read_document(write(tmp_path, name, content)).text == "One.\nTwo.\nThree.\n"


def test_front_matter_is_found_behind_a_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + (HEAD + "Rebels left.\n").replace("\n", "\r\n").encode()
    document = read_document(write(tmp_path, "a.md", content))
    assert (document.source["title"], document.text) == ("Mine talks stop", "Rebels left.\n")


def test_latin_1_is_undecodable_and_the_line_is_told(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, "a.txt", "One.\nFélix left.\n".encode("latin-1")))
    assert (error.reason, error.line) == (Reason.UNDECODABLE, 2)


@pytest.mark.parametrize("content", ["", " \n\t\n", HEAD])
def test_a_file_without_text_is_refused(tmp_path: Path, content: str) -> None:
    assert refusal(write(tmp_path, "a.md", content)).reason == Reason.NO_TEXT


def test_what_is_no_readable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "link.md").symlink_to(tmp_path / "gone.md")
    for name in ("folder.md", "link.md", "missing.md"):
        assert refusal(tmp_path / name).reason == Reason.UNREADABLE

    def deny(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    locked = write(tmp_path, "locked.md", "Rebels left.")
    monkeypatch.setattr(Path, "read_bytes", deny)
    error = refusal(locked)
    assert (error.reason, error.problem) == (Reason.UNREADABLE, "cannot be read: permission denied")


@pytest.mark.parametrize("name", ["a.pdf", "README"])
def test_an_unknown_format_is_refused_and_the_known_ones_are_named(tmp_path: Path, name: str) -> None:
    error = refusal(write(tmp_path, name, "Rebels left."))
    assert error.reason == Reason.UNKNOWN_FORMAT
    assert ".htm, .html, .md, .txt" in str(error)


@pytest.mark.parametrize(
    ("head", "line", "column"),
    [
        ("title: one\npublisher: a: b\n", 3, 13),
        ('title: "open\n', 2, 13),
        ("title: one\ntitle: two\n", 3, 1),
        ("- a list\n", 2, 1),
        ("title: &anchor one\n", 2, 8),
        ("title: one\nurl: *anchor\n", 3, 6),
        ("title: a\x07b\n", 2, 9),
    ],
)
def test_malformed_front_matter_is_refused_with_its_place(tmp_path: Path, head: str, line: int, column: int) -> None:
    error = refusal(write(tmp_path, "a.md", f"---\n{head}---\n\nRebels left.\n"))
    assert (error.reason, error.line, error.column) == (Reason.FRONT_MATTER, line, column)
    assert error.mend


def test_front_matter_without_end_or_of_too_great_length_is_refused(tmp_path: Path) -> None:
    assert refusal(write(tmp_path, "a.md", "---\ntitle: x\n\nRebels left.\n")).reason == Reason.FRONT_MATTER
    long = "---\ntitle: " + "x" * 70_000 + "\n---\n\nRebels left.\n"
    assert refusal(write(tmp_path, "b.md", long)).reason == Reason.FRONT_MATTER


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("kind: fact sheet", "kind"),
        ("published: 12 March 2025", "published"),
        ("published: 2025-02-30", "published"),
        ("publisher: [One, Two]", "publisher"),
        ("url: example.org/a", "url"),
        ("language: English", "language"),
    ],
)
def test_a_value_that_does_not_fit_becomes_null_with_a_warning(tmp_path: Path, line: str, column: str) -> None:
    path = write(tmp_path, "a.md", f"---\n{line}\n---\n\nRebels left.\n")
    document = read_document(path)
    assert document.source[column] is None
    assert len(document.warnings) == 1
    assert document.warnings[0].startswith(f"{path}:2: {column}: ")


def test_values_are_taken_as_they_are_written(tmp_path: Path) -> None:
    head = "title: 1984\nlanguage: no\npublished: 2025\npublisher:\norigin: ''\norigin_note: x\nid: other\n"
    document = read_document(write(tmp_path, "a.md", f"---\n{head}---\n\nRebels left.\n"))
    stated = {name: document.source[name] for name in ("title", "language", "published", "publisher", "origin")}
    assert stated == {"title": "1984", "language": "no", "published": "2025", "publisher": None, "origin": None}
    assert document.source_id == "a"
    assert [line.partition(": ")[2] for line in document.warnings] == ["origin_note: no such key; ignored"]


def test_a_value_is_one_line_in_nfc(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.md", "---\ntitle: |\n  Fe\u0301lix\n  leaves\n---\nText.\n"))
    assert document.source["title"] == "Félix leaves"


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("COD", "COD"),
        ("a-b-2025", "a-b-2025"),
        ("Año 2 (x)", "ano-2-x"),
        ("a.b_c", "a-b-c"),
        ("--", None),
        ("民", None),
    ],
)
def test_an_id_is_the_stem_or_its_plain_letters(stem: str, expected: str | None) -> None:
    found = source_id(stem)
    assert found == expected if expected else found.startswith("source-")


def test_a_line_of_five_million_characters_is_read(tmp_path: Path) -> None:
    text = "gold and coltan " * 320_000
    assert read_document(write(tmp_path, "a.txt", text)).source["n_chars"] == len(text)


anything = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: bool(text.strip()))
without_fence = anything.filter(lambda text: not text.startswith(("---", "\ufeff")))


@given(without_fence, st.sampled_from(["a.txt", "a.md"]))
def test_any_text_comes_back_in_nfc_with_newlines(text: str, name: str) -> None:
    with TemporaryDirectory() as folder:
        path = write(Path(folder), name, text)
        document = read_document(path)
    assert unicodedata.is_normalized("NFC", document.text)
    assert "\r" not in document.text
    assert document.source["n_chars"] == len(document.text)
    assert document.source["sha256"] == hashlib.sha256(document.text.encode()).hexdigest()
    one_line_end = text.replace("\r\n", "\n").replace("\r", "\n")
    assert document.text == unicodedata.normalize("NFC", one_line_end)


@given(anything)
def test_any_text_comes_back_from_behind_front_matter(text: str) -> None:
    with TemporaryDirectory() as folder:
        document = read_document(write(Path(folder), "a.md", f"{HEAD}§{text}"))
    one_line_end = text.replace("\r\n", "\n").replace("\r", "\n")
    assert document.text == unicodedata.normalize("NFC", f"§{one_line_end}")
