"""The one exception that reaches people: what is wrong, where, and the mend; and what is said of any other."""

import traceback
from collections.abc import Sequence
from pathlib import Path

SHOWN = 50
"""How many problems one message tells; the rest is counted."""


class RsbError(Exception):
    """Something a person can mend.

    problem: what is wrong, one sentence. where: file, with line and column where they are known.
    mend: what to do about it.
    """

    def __init__(
        self,
        problem: str,
        *,
        path: Path | str | None = None,
        line: int | None = None,
        column: str | int | None = None,
        mend: str | None = None,
    ) -> None:
        place = "" if path is None else str(path)
        if line is not None:
            place += f":{line}"
        if column is not None:
            place += f", column {column}"
        super().__init__(": ".join(part for part in (place, problem) if part) + (f"\n  mend: {mend}" if mend else ""))
        self.problem, self.path, self.line, self.column, self.mend = problem, path, line, column, mend


def together(problems: Sequence[RsbError]) -> RsbError:
    """One error that tells all of `problems` (at least one) in their order, so that they can be mended at once."""
    if len(problems) == 1:
        return problems[0]
    told = [str(problem) for problem in problems[:SHOWN]]
    if len(problems) > SHOWN:
        told.append(f"and {len(problems) - SHOWN} more")
    return RsbError(f"{len(problems)} problems\n" + "\n".join(told))


def not_utf8(path: Path | str, error: UnicodeDecodeError) -> RsbError:
    """The error for a file whose whole content could not be decoded."""
    line = error.object.count(b"\n", 0, error.start) + 1
    told = f"is not UTF-8: byte 0x{error.object[error.start]:02x} cannot be decoded"
    return RsbError(told, path=path, line=line, mend="save it as UTF-8")


def defect(error: Exception) -> RsbError:
    """The error for an exception that should not have come so far: what it is and where it was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    told = f"a defect of rsb: {type(error).__name__}: {error} (at {Path(last.filename).name}:{last.lineno})"
    return RsbError(told, mend="please report it with the output of `python -X dev -m pipeline.cli …`")
