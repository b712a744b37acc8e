"""What reading a file gives, and why a file may be set aside.

A reader (see the sibling modules) hands over a `Page`: the text and what the file says about its publication.
`make_document` turns it into a `Document`, checking each value against the declaration of `sources`: a value that
does not fit becomes null with a warning. It does not read files and does not compare documents.
"""

import hashlib
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipeline import contract, edtf
from pipeline.codes import Codes
from pipeline.errors import RsbError
from schemas.base import SLUG

TABLE = "sources"


class Reason(StrEnum):
    """Why a file is set aside."""

    FRONT_MATTER = "front_matter"
    NO_TEXT = "no_text"
    UNKNOWN_FORMAT = "unknown_format"
    UNREADABLE = "unreadable"
    UNDECODABLE = "undecodable"
    DUPLICATE = "duplicate"
    DUPLICATE_ID = "duplicate_id"


class NotReadError(RsbError):
    """A file that gives no document; `reason` is the code under which it is set aside."""

    def __init__(
        self,
        reason: Reason,
        problem: str,
        *,
        path: Path,
        line: int | None = None,
        column: int | None = None,
        mend: str | None = None,
    ) -> None:
        super().__init__(problem, path=shown(path), line=line, column=column, mend=mend)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Given:
    """A value that a file states about its publication, and the line it stands on, where it has one."""

    value: object
    line: int | None = None


@dataclass(slots=True)
class Page:
    """What a reader found: the text, the columns of `sources` that the file states, and its warnings."""

    text: str
    given: dict[str, Given] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Document:
    """One document: `source` is its row of `sources`, `text` is NFC with `\\n`, and spans index it by code point.

    path: where it was read. warnings: one line each, with the file, about values that were left empty.
    """

    path: Path
    source: dict[str, Any]
    text: str
    warnings: list[str]

    @property
    def source_id(self) -> str:
        """The document's id."""
        return str(self.source["source_id"])


def stated_columns() -> tuple[contract.Column, ...]:
    """The columns of `sources` that a file may state; the others are computed."""
    key = contract.facts(TABLE).key
    return tuple(column for column in contract.columns(TABLE) if not column.derived and column.name not in key)


def make_document(path: Path, page: Page, codes: Codes) -> Document:
    """The document that a reader's `page` gives.

    Raises `NotReadError` where there is no text.
    """
    text = normalise(page.text)
    if not text.strip():
        raise NotReadError(Reason.NO_TEXT, "no text in it", path=path, mend="add its text, or remove the file")
    source: dict[str, Any] = dict.fromkeys(contract.column_names(TABLE))
    warnings = list(page.warnings)
    for column in stated_columns():
        given = page.given.get(column.name)
        if given is None:
            continue
        value, problem = check_value(column, given.value, codes)
        source[column.name] = value
        if problem:
            warnings.append(warning(path, f"{column.name}: {problem}; left empty", given.line))
    source["source_id"] = source_id(path.stem)
    source["published_earliest"] = edtf.earliest(source["published"])
    source["published_latest"] = edtf.latest(source["published"])
    source["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    source["n_chars"] = len(text)
    return Document(path, source, text, warnings)


def check_value(column: contract.Column, value: object, codes: Codes) -> tuple[str | None, str | None]:
    """A stated value in the column's form, and what is wrong with it (then the value is null)."""
    if value is None:
        return None, None
    if not isinstance(value, str):
        return None, "a list or mapping stands where a text is expected"
    text = " ".join(normalise(value).split())
    if not text:
        return None, None
    if column.vocabulary and text not in codes.allowed(column.vocabulary):
        return None, f"{text!r} is none of {', '.join(codes.allowed(column.vocabulary))}"
    if column.edtf and not edtf.is_edtf(text):
        return None, f"{text!r} is not a date as EDTF writes it (2025-03-12, 2025-03, 2025)"
    if column.pattern and not re.search(column.pattern, text):
        return None, f"{text!r} does not have the form {column.pattern}"
    return text, None


def normalise(text: str) -> str:
    """`text` in NFC with `\\n` line ends."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def decode(content: bytes, path: Path, encoding: str = "utf-8") -> str:
    """The text of `content`, without a byte-order mark.

    Raises `NotReadError` where the bytes are not of that encoding, or no encoding has that name.
    """
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"not {encoding.upper()}: byte 0x{content[error.start]:02x} cannot be decoded"
        mend = "save it as UTF-8"
        raise NotReadError(Reason.UNDECODABLE, problem, path=path, line=line, mend=mend) from None
    except (LookupError, ValueError):
        problem = f"it declares the encoding {encoding!r}, which is not known"
        raise NotReadError(Reason.UNDECODABLE, problem, path=path, mend="save it as UTF-8") from None


def source_id(stem: str) -> str:
    """The id of a document by its file's stem: the stem itself, or its ASCII letters and digits joined by hyphens."""
    if re.fullmatch(SLUG, stem):
        return stem
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    joined = "-".join(re.findall(r"[a-z0-9]+", plain))
    return joined or f"source-{hashlib.sha256(os.fsencode(stem)).hexdigest()[:8]}"


def shown(path: Path) -> str:
    """`path` as text that can be printed and stored, whatever bytes its name has."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def warning(path: Path, message: str, line: int | None = None) -> str:
    """One line about something in a file that the document goes without."""
    place = shown(path) if line is None else f"{shown(path)}:{line}"
    return f"{place}: {message}"


def stated(source: Mapping[str, Any]) -> dict[str, str]:
    """What `source` states, without its nulls and computed columns."""
    return {column.name: source[column.name] for column in stated_columns() if source[column.name] is not None}
