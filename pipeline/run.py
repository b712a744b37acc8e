"""`rsb run`: all stages through DVC, one run at a time, then a closing summary of what was made and what changed.

Which stages run is for DVC to decide. What DVC and the stages say goes to `data/interim/run.log`, which also is the
lock: every process of the run holds it open, so it is free when the last one has ended, however the run ended.
"""

import fcntl
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import RsbError
from pipeline.outputs import find_unlike, forget, forget_half_written
from pipeline.progress import Steps
from pipeline.workspace import Workspace

SUMMARISED = ("sources", "deals", "terms", "events", "figures", "relations", "claims", "evidence")
"""The tables that the closing summary counts."""

Keys = dict[str, set[tuple[object, ...]]]
"""table → the keys of its rows."""

_ERROR = "ERROR: "
_STARTED = re.compile(r"Running stage '(\w+)'")
_SKIPPED = re.compile(r"Stage '(\w+)' (?:didn't change|is cached)")
_FAILED = re.compile(rf"{_ERROR}failed to reproduce '(\w+)'(?:.*exited with (\d+))?")
_COMMAND = "> "
"""What DVC puts before the command of the stage that it runs."""


_DAMAGED = "{} was not what dvc.lock says: a file there or in DVC's cache is damaged. It is made again"


def run(workspace: Workspace) -> tuple[bool, list[str]]:
    """Reproduce all stages. Gives (True, the closing summary) or, with errors in the data, (False, what was found).

    Raises `RsbError` where another run is at work, or a stage cannot run.
    """
    _ = workspace.params, workspace.facts  # what is wrong with them is told better here than by DVC
    log = workspace.interim / "run.log"
    with _only_run(log) as file, ExitStack() as stack:
        # Held open, the tables of the run before can be read while DVC starts, though it may delete them.
        old = {table: stack.enter_context(path.open("rb")) for table, path in _paths(workspace).items()}
        for name in forget_half_written(workspace.root):
            file.write(f"warning: {name} was half written, as a killed run leaves it. It is made again\n".encode())
        process = _start(workspace, file)
        before = _keys(old)
        code = _follow(process, log)
        if code == 0 and (unlike := find_unlike(workspace.root)):
            file.write(f"warning: {_DAMAGED.format(', '.join(unlike))}\n".encode())
            forget(workspace.root, unlike)
            code = _follow(_start(workspace, file), log)
            if code == 0 and (unlike := find_unlike(workspace.root)):
                told = f"{', '.join(unlike)}: not what dvc.lock says, even when made again"
                raise RsbError(told, mend="delete .dvc/cache and .dvc/tmp, and run again")
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    if code == 0:
        return True, [*_warnings(lines), *_summary(workspace, before)]
    stage, exit_code, said = _failure(lines)
    if exit_code == 1:
        return False, [*said, f"{stage} found errors: no release was made"]
    told = "\n".join(said) or f"DVC ended with exit code {code}"
    raise RsbError(
        f"{stage} cannot run\n{told}" if stage else told, mend=None if "mend: " in told else _mend(told, log)
    )


def _mend(told: str, log: Path) -> str:
    if "not a git repository" in told:
        return "run `git init` in this folder: DVC needs a git checkout"
    return f"see {log}"


# --- the lock -------------------------------------------------------------------------------------------------------


@contextmanager
def _only_run(log: Path) -> Iterator[BinaryIO]:
    """The log, empty but for a line that tells of this run. Raises `RsbError` where a process of another run holds it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _refusal(log) from None
        file.truncate(0)
        file.write(f"run of process {os.getpid()}, since {datetime.now():%Y-%m-%d %H:%M:%S}\n".encode())
        yield file


def _refusal(log: Path) -> RsbError:
    from pipeline.store import is_alive  # here, since DVC need not wait for what it imports

    told = log.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    found = re.search(r"process (\d+)", told)
    if found and not is_alive(int(found[1])):
        problem = f"the {told}, was killed, but a stage that it started is still at work"
        return RsbError(problem, mend="wait until the stage has ended; what it writes is whole")
    return RsbError(f"the {told}, is still at work", mend="wait until it has ended")


# --- the stages -----------------------------------------------------------------------------------------------------


def _start(workspace: Workspace, file: BinaryIO) -> "subprocess.Popen[bytes]":
    binaries = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}",
        "DVC_NO_ANALYTICS": "1",
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro"],
        cwd=workspace.root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=file,
        stderr=subprocess.STDOUT,
    )


def _follow(process: "subprocess.Popen[bytes]", log: Path) -> int:
    """Tell of each stage on a terminal until DVC ends; its exit code."""
    steps = Steps()
    try:
        for line in _lines_until_end(process, log):
            if found := _STARTED.match(line):
                steps.begin(found[1])
            elif found := _SKIPPED.match(line):
                steps.skip(found[1])
            elif _FAILED.match(line):
                steps.end("failed")
    except KeyboardInterrupt:
        process.wait()  # the interrupt reached DVC and its stage, too
        raise
    finally:
        steps.end()
    return process.returncode


def _lines_until_end(process: "subprocess.Popen[bytes]", log: Path) -> Iterator[str]:
    """The lines of the log as they come, until the process has ended and all are read."""
    with log.open(encoding="utf-8", errors="replace") as reader:
        part = ""
        while True:
            ended = process.poll() is not None
            part += reader.read()
            *lines, part = part.split("\n")
            yield from lines
            if ended:
                return
            time.sleep(0.02)


def _failure(lines: list[str]) -> tuple[str | None, int, list[str]]:
    """(stage, its exit code, what it said); where no stage had run, what DVC said."""
    lines = [line.rstrip() for line in lines if line.strip()]
    errors = [line for line in lines if line.startswith(_ERROR)]
    found = next((match for line in errors if (match := _FAILED.match(line))), None)
    if found is None or found[2] is None:
        return None, 2, [line.removeprefix(_ERROR) for line in errors or lines]
    starts = [number for number, line in enumerate(lines) if _STARTED.match(line)]
    said = [line for line in lines[starts[-1] + 1 :] if not line.startswith(_COMMAND) and not _FAILED.match(line)]
    return found[1], int(found[2]), said


# --- the closing summary --------------------------------------------------------------------------------------------


def _warnings(lines: list[str]) -> Iterator[str]:
    return (line for line in lines if line.startswith("warning: "))


def _paths(workspace: Workspace) -> dict[str, Path]:
    """The files of the tables that are summarised, as far as they are there."""
    paths = {table: workspace.tables / f"{table}.parquet" for table in SUMMARISED}
    return {table: path for table, path in paths.items() if path.is_file()}


def _keys(files: Mapping[str, Path | BinaryIO]) -> Keys:
    """table → the keys of its rows; a table that cannot be read is left out."""
    import pyarrow
    import pyarrow.parquet

    from pipeline import contract

    keys: Keys = {}
    for table, file in files.items():
        with suppress(OSError, pyarrow.ArrowInvalid):
            rows = pyarrow.parquet.read_table(file, columns=list(contract.facts(table).key))
            keys[table] = set(zip(*(column.to_pylist() for column in rows.columns), strict=True))
    return keys


def _summary(workspace: Workspace, before: Keys) -> Iterator[str]:
    from pipeline.info import describe

    now = _keys(_paths(workspace))
    for table in SUMMARISED:
        yield f"{table:<11}{len(now[table]):>7}{_change(before.get(table), now[table])}"
    held = describe(workspace)
    issues, aside = held["issues"] or {}, held["sources"]["set_aside"]
    yield f"{'issues':<11}{issues.get('errors', 0):>7} errors, {issues.get('warnings', 0)} warnings"
    yield f"{'set aside':<11}{len(aside):>7}"
    yield from (f"  {entry['path']}: {entry['reason']}: {entry['detail']}" for entry in aside)
    told = (held["assembly"] or {"records": {}})["records"].values()
    n_aside = sum(count for entry in told for count in entry["set_aside"].values())
    if n_aside:
        yield f"{'proposals':<11}{n_aside:>7} set aside: rsb info says why"
    release = workspace.release.relative_to(workspace.root)
    yield f"{'files':<11}{release}"
    yield f'{"load":<11}pd.read_parquet("{release}/parquet/terms.parquet", dtype_backend="pyarrow")'


def _change(before: set[tuple[object, ...]] | None, now: set[tuple[object, ...]]) -> str:
    """What came and went, as `  +2 −1`; '' where nothing did, or no run was before."""
    if before is None:
        return ""
    told = [f"{sign}{len(some)}" for sign, some in (("+", now - before), ("−", before - now)) if some]
    return "  " + " ".join(told) if told else ""
