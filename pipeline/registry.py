"""The hand-curated registry: actors, places, commodities, their aliases, and the deals that documents meet in.

Reads `data/registry/*.csv` strictly and checks every cell against its declaration, and every reference. What a
name means in a text is decided elsewhere. No data frames: the extractor reads the registry too.
"""

import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline import contract
from pipeline.codes import Codes, load_codes
from pipeline.errors import RsbError, not_utf8, together

Row = dict[str, Any]
TABLES = ("actors", "places", "commodities", "aliases", "deals")
"""The files of the registry, each the table of its name."""
NAMED = ("actors", "places", "commodities")
"""The tables whose rows the registry gives whole."""
LEARNED = "is_provisional"
"""The column that tells registry rows from learned ones; no file of the registry has it."""
_DEAL_COLUMNS = ("deal_id", "title", "deal_type", "pax_id")


@dataclass(frozen=True)
class Registry:
    """The rows of each file, in its order, with typed values; null for an empty cell.

    table_of: the table of every id.
    """

    actors: tuple[Row, ...] = ()
    places: tuple[Row, ...] = ()
    commodities: tuple[Row, ...] = ()
    aliases: tuple[Row, ...] = ()
    deals: tuple[Row, ...] = ()
    table_of: dict[str, str] = field(default_factory=dict)

    def rows(self, table: str) -> tuple[Row, ...]:
        """The rows of one table of `TABLES`."""
        found: tuple[Row, ...] = getattr(self, table)
        return found

    def by_id(self, table: str) -> dict[str, Row]:
        """The rows of one table, aliases excepted, by id."""
        return self._by_id[table]

    @cached_property
    def _by_id(self) -> dict[str, dict[str, Row]]:
        keys = {table: contract.facts(table).key[0] for table in (*NAMED, "deals")}
        return {table: {row[key]: row for row in self.rows(table)} for table, key in keys.items()}


def registry_columns(table: str) -> tuple[contract.Column, ...]:
    """The columns of a table's file: those of the table that a person fills in."""
    if table == "deals":
        declared = {column.name: column for column in contract.columns(table)}
        return tuple(declared[name] for name in _DEAL_COLUMNS)
    return tuple(c for c in contract.columns(table) if not c.derived and c.name != LEARNED)


def load_registry(folder: Path, codes: Codes | None = None) -> Registry:
    """Read and check the registry in `folder`.

    codes: the code lists; by default those of the codebook beside the folder. Raises `RsbError`, with file, line and
    column, for a missing file or column, a cell that does not fit its declaration, a repeated key, an id that
    stands in two files, or a reference to nothing.
    """
    if codes is None:
        codes = load_codes(folder.parent / "codebook" / "codes.csv")
    problems: list[RsbError] = []
    read = {table: list(_read_file(folder / f"{table}.csv", table, codes, problems)) for table in TABLES}
    table_of = _register_ids(folder, read, problems)
    _check_references(folder, read, table_of, problems)
    if problems:
        raise together(problems)
    rows = {table: tuple(row for _, row in lines) for table, lines in read.items()}
    return Registry(**rows, table_of=table_of)


def _read_file(path: Path, table: str, codes: Codes, problems: list[RsbError]) -> Iterator[tuple[int, Row]]:
    """Yield (line, row); what is wrong goes to `problems`, and a row with a wrong cell is left out."""
    columns = registry_columns(table)
    for line, cells in _read_lines(path, [column.name for column in columns]):
        if len(cells) != len(columns):
            told = f"{len(cells)} cells instead of {len(columns)}"
            problems.append(RsbError(told, path=path, line=line, mend="quote cells that hold a comma"))
            continue
        row: Row = {}
        for column, cell in zip(columns, cells, strict=True):
            try:
                row[column.name] = _read_cell(column, cell, codes, needed=column.name in _needed(table))
            except ValueError as error:
                problems.append(
                    RsbError(str(error), path=path, line=line, column=column.name, mend=how_to_mend(column))
                )
        if len(row) == len(columns):
            yield line, row


def _read_lines(path: Path, names: list[str]) -> Iterator[tuple[int, list[str]]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise RsbError("no such file", path=path, mend=f"make it, with the columns {','.join(names)}") from None
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    before = 0
    try:
        header = next(reader, [])
        if header != names:
            told = f"columns are {', '.join(header) or 'missing'}"
            raise RsbError(told, path=path, line=1, mend=f"use {','.join(names)}")
        before = reader.line_num
        for cells in reader:
            yield before + 1, cells
            before = reader.line_num
    except csv.Error as error:
        raise RsbError(f"is not CSV: {error}", path=path, line=before + 1, mend="check the quotes") from None


def how_to_mend(column: contract.Column) -> str:
    """The mend for a cell that does not fit its column."""
    if column.vocabulary:
        return "use one of its codes, or add the code to codes.csv"
    return "write it as 2025-03-12, 2025-03 or 2025" if column.edtf else f"the column holds: {column.description}"


def _needed(table: str) -> tuple[str, ...]:
    # A registered deal needs its title, which is null only where no registry gives one.
    extra = ("title",) if table == "deals" else ()
    return tuple(c.name for c in registry_columns(table) if not c.nullable) + extra


def _read_cell(column: contract.Column, cell: str, codes: Codes, *, needed: bool) -> Any:
    if not cell:
        if needed:
            raise ValueError("empty cell")
        return None
    if not unicodedata.is_normalized("NFC", cell):
        raise ValueError(f"“{cell}” is not in Unicode NFC")
    return contract.parse_cell(column, cell, codes)


def _register_ids(folder: Path, read: dict[str, list[tuple[int, Row]]], problems: list[RsbError]) -> dict[str, str]:
    table_of: dict[str, str] = {}
    for table, lines in read.items():
        key = contract.facts(table).key
        seen: set[tuple[object, ...]] = set()
        for line, row in lines:
            identity = tuple(row[part] for part in key)
            path, shown = folder / f"{table}.csv", ", ".join(contract.canonical(part) for part in identity)
            if identity in seen:
                problems.append(RsbError(f"{shown} stands twice", path=path, line=line, mend="delete one"))
            elif len(key) == 1 and identity[0] in table_of:
                told = f"{shown} is also an id in {table_of[row[key[0]]]}.csv"
                problems.append(RsbError(told, path=path, line=line, column=key[0], mend="give one another id"))
            elif len(key) == 1:
                table_of[row[key[0]]] = table
            seen.add(identity)
    return table_of


def _check_references(
    folder: Path, read: dict[str, list[tuple[int, Row]]], table_of: dict[str, str], problems: list[RsbError]
) -> None:
    for table, lines in read.items():
        for column in registry_columns(table):
            if not column.refers_to:
                continue
            for line, row in lines:
                target = row[column.name]
                if target is not None and table_of.get(target) not in column.refers_to:
                    told = f"{target} is no id of {' or '.join(column.refers_to)}"
                    mend = f"add {target}, or correct the cell"
                    path = folder / f"{table}.csv"
                    problems.append(RsbError(told, path=path, line=line, column=column.name, mend=mend))
