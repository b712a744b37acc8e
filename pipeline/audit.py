"""Audits: rows of a release read against their source, `data/audit/*.csv`, and what they say of its precision.

An audit is a record of reading; it changes no row. What it finds wrong is mended in data/coded/, data/corrections/ or
the rules. The auditors named so far are machines.
"""

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import RsbError, not_utf8, together

COLUMNS = ("version", "source_id", "table", "record_id", "verdict", "column_name", "note", "auditor")
"""version: of the release, or the day of the tables that were read. record_id: an id, or the `ref` of a coded record.
column_name: the cell that is wrong, where it is one."""
VERDICTS = ("right", "wrong", "unsure")
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Verdict:
    """A row of an audit."""

    version: str
    source_id: str
    table: str
    record_id: str
    verdict: str
    column_name: str
    note: str
    auditor: str


@dataclass(frozen=True, slots=True)
class Score:
    """How many of `n` rows are right; what was judged to be neither right nor wrong is not among them."""

    n: int
    n_right: int
    n_unsure: int = 0

    @property
    def n_wrong(self) -> int:
        """How many are not right."""
        return self.n - self.n_right

    @property
    def share(self) -> float | None:
        """The share of right rows; None of nothing."""
        return self.n_right / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's interval of 95 % for the share; None of nothing."""
        return _wilson(self.n_right / self.n, self.n) if self.n else None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share among rows of which some were drawn more densely than others, and its interval of 95 %."""

    share: float
    interval: tuple[float, float]


def _wilson(share: float, n: float) -> tuple[float, float]:
    centre = (share * n + _Z**2 / 2) / (n + _Z**2)
    half = _Z * math.sqrt(share * (1 - share) * n + _Z**2 / 4) / (n + _Z**2)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def load_audit(folder: Path) -> list[Verdict]:
    """All rows of a folder's audits, files in order of name; none where there are no files.

    Raises `RsbError` with all problems: other columns, an unknown verdict, a wrong row without a note.
    """
    verdicts, problems = [], []
    for path in sorted(folder.glob("*.csv")):
        try:
            with path.open(encoding="utf-8", newline="") as file:
                reader = csv.DictReader(file, strict=True)
                if tuple(reader.fieldnames or ()) != COLUMNS:
                    told = f"the columns are {', '.join(reader.fieldnames or ['none'])}"
                    raise RsbError(told, path=path, line=1, mend=f"make them {','.join(COLUMNS)}")
                for row in reader:
                    problem = _problem(row)
                    if problem:
                        problems.append(RsbError(problem[0], path=path, line=reader.line_num, mend=problem[1]))
                    else:
                        verdicts.append(Verdict(**row))
        except RsbError as error:
            problems.append(error)
        except csv.Error as error:
            problems.append(RsbError(f"is not CSV: {error}", path=path, mend="quote cells that hold commas or quotes"))
        except UnicodeDecodeError as error:
            problems.append(not_utf8(path, error))
    if problems:
        raise together(problems)
    return verdicts


def _problem(row: dict[str, str | None]) -> tuple[str, str] | None:
    """What is wrong with a row, and how to mend it."""
    if None in row or None in row.values():
        return "has another number of cells than the head", "quote cells that hold commas"
    if row["verdict"] not in VERDICTS:
        return f"the verdict is “{row['verdict']}”", f"use {', '.join(VERDICTS)}"
    lacking = [name for name in ("version", "source_id", "table", "record_id", "auditor") if not row[name]]
    if row["verdict"] == "wrong" and not row["note"]:
        lacking.append("note")
    return (f"lacks {', '.join(lacking)}", "fill it") if lacking else None


def score(verdicts: Iterable[Verdict]) -> dict[str, Score]:
    """The score of each table that was audited. A record read twice counts by its last verdict."""
    last = _last(verdicts)
    tables = sorted({one.table for one in last})
    return {table: _score([one.verdict for one in last if one.table == table]) for table in tables}


def overall(verdicts: Iterable[Verdict]) -> Score:
    """The score of all tables taken together."""
    return _score([one.verdict for one in _last(verdicts)])


def by_size(scores: Mapping[str, Score], sizes: Mapping[str, int]) -> Estimate | None:
    """The share of right rows where every table counts by its size; None where a table was not judged.

    sizes: the rows of each table that the audited ones were drawn from. The interval is Wilson's with the effective
    number of rows (Korn and Graubard 1998): as many as would have this variance if all were drawn alike.
    """
    total = sum(sizes.values())
    if not total or any(table not in scores or not scores[table].n for table in sizes):
        return None
    parts = [(sizes[table] / total, scores[table]) for table in sizes]
    share = sum(weight * one.n_right / one.n for weight, one in parts)
    variance = sum((weight / one.n) ** 2 * one.n_right * one.n_wrong / one.n for weight, one in parts)
    n = sum(one.n for _, one in parts)
    return Estimate(share, _wilson(share, min(share * (1 - share) / variance, n) if variance else n))


def _last(verdicts: Iterable[Verdict]) -> list[Verdict]:
    return list({(one.version, one.source_id, one.table, one.record_id): one for one in verdicts}.values())


def _score(verdicts: list[str]) -> Score:
    right, unsure = verdicts.count("right"), verdicts.count("unsure")
    return Score(len(verdicts) - unsure, right, unsure)
