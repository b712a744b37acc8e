"""The code lists of `data/codebook/codes.csv`: every vocabulary that a coded column may use."""

import csv
import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipeline.errors import RsbError, not_utf8

COLUMNS = (
    "vocabulary", "code", "label", "definition", "standard", "parent", "plover", "pax", "atop", "resourcecontracts",
)  # fmt: skip
"""The columns of `codes.csv`: a code, its meaning, the standard it is from, and crosswalks."""

MUTUAL_EVENTS = frozenset({"AGREE", "CONSULT"})
"""Codes of `event_type` that all participants do together, so that nobody is a recipient (PLOVER)."""
OPEN_ACTS = frozenset({"request", "offer", "promise", "expect"})
"""The acts of terms whose good is not given yet, so that no claim on one is actual."""


@dataclass(frozen=True)
class Codes:
    """All code lists; `rows` as in the file, each a mapping of `COLUMNS` to text ('' where empty)."""

    rows: tuple[dict[str, str], ...]

    @cached_property
    def by_vocabulary(self) -> dict[str, dict[str, dict[str, str]]]:
        """vocabulary → code → row, in the file's order."""
        lists: dict[str, dict[str, dict[str, str]]] = {}
        for row in self.rows:
            lists.setdefault(row["vocabulary"], {})[row["code"]] = row
        return lists

    def allowed(self, vocabulary: str) -> tuple[str, ...]:
        """The codes of one list. Raises `KeyError` for an unknown list."""
        return tuple(self.by_vocabulary[vocabulary])

    def parent(self, vocabulary: str, code: str) -> str:
        """The code that `code` belongs under: for `term_type` its side."""
        return self.by_vocabulary[vocabulary][code]["parent"]


def load_codes(path: Path) -> Codes:
    """Read `codes.csv`.

    Raises `RsbError`, with the line, for a missing column, an empty cell where one is needed, or a repeated code.
    """
    try:
        reader = csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), strict=True)
        rows = list(reader)
        header = tuple(reader.fieldnames or ())
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from None
    except csv.Error as error:
        line = reader.reader.line_num
        raise RsbError(f"is not CSV: {error}", path=path, line=line, mend="check the quotes") from None
    except OSError as error:
        told = f"cannot read the code lists: {(error.strerror or str(error)).lower()}"
        raise RsbError(told, path=path, mend="restore the file from the project's history") from None
    if header != COLUMNS:
        raise RsbError(f"columns are {', '.join(header)}", path=path, line=1, mend=f"use {', '.join(COLUMNS)}")
    seen: set[tuple[str, str]] = set()
    for line, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise RsbError("wrong number of cells", path=path, line=line, mend="quote cells that hold a comma")
        for column in ("vocabulary", "code", "label", "definition", "standard"):
            if not row[column]:
                raise RsbError("empty cell", path=path, line=line, column=column, mend="fill it")
        key = (row["vocabulary"], row["code"])
        if key in seen:
            raise RsbError(f"code {key[1]} stands twice in {key[0]}", path=path, line=line, mend="delete one")
        seen.add(key)
    return Codes(tuple(rows))
