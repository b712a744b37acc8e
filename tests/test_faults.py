"""What goes wrong around the stages: killed processes, folders that cannot be written, damaged files, odd clocks.

Never a wrong output, never a lost source; the next run puts things right. `benchmarks/faults.py` kills at random
moments, 200 times and through DVC.
"""

import errno
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from real import SOURCES, STAGES, contents_of, make_complete, output_of

from pipeline.cli import main
from pipeline.workspace import Workspace

MARKER = "of-the-run-before"
ALL = pytest.mark.parametrize("stage", STAGES)


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace in which every stage has run."""
    return make_complete(tmp_path_factory.mktemp("complete"), SOURCES[:2])


@pytest.fixture
def space(complete: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A copy of it, in the current folder."""
    shutil.copytree(complete.root, tmp_path / "space")
    monkeypatch.chdir(tmp_path / "space")
    return Workspace(tmp_path / "space")


def rsb(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.output


# --- killed ---------------------------------------------------------------------------------------------------------


def in_child(work: Callable[[], Any]) -> int:
    """Do it in a forked process; how that ended, as `os.waitpid` tells."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            for stream in (1, 2):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def killed_at(moment: Callable[[Path, str], bool]) -> Callable[[], None]:
    """Have this process killed with `kill -9` just before a file is renamed or replaced for which `moment` holds."""

    def arm() -> None:
        for name in ("rename", "replace"):
            move = getattr(Path, name)

            def deadly(self: Path, target: Path, move: Any = move, name: str = name) -> Path:
                if moment(self, name):
                    os.kill(os.getpid(), signal.SIGKILL)
                return move(self, target)  # type: ignore[no-any-return]

            setattr(Path, name, deadly)

    return arm


WRITES, BETWEEN = "while it writes", "between the old output and the new"


@pytest.mark.parametrize(
    ("stage", "when"),
    [("ingest", WRITES), ("extract", BETWEEN), ("compare", WRITES), ("validate", BETWEEN), ("release", WRITES)],
)
def test_a_stage_that_is_killed_leaves_no_wrong_output_and_the_next_run_repairs(
    space: Workspace, stage: str, when: str
) -> None:
    output = output_of(space, stage)
    expected, sources = contents_of(output), contents_of(space.sources)
    (output / MARKER).touch()
    if when == WRITES:
        arm = killed_at(lambda path, name: name == "replace" and path.parent != output)
    else:
        arm = killed_at(lambda path, name: name == "rename" and path.name.startswith(f".{output.name}-"))

    def work() -> None:
        arm()
        STAGES[stage](space)

    assert os.WTERMSIG(in_child(work)) == signal.SIGKILL
    held = contents_of(output) if output.exists() else None
    assert held is None or MARKER in held, "the old output, or none"
    assert contents_of(space.sources) == sources
    assert in_child(lambda: STAGES[stage](space)) == 0
    assert contents_of(output) == expected
    left = [path.name for path in (*output.parent.iterdir(), *space.reports.iterdir()) if path.name.startswith(".")]
    assert left == [], "the next run clears away what the killed one left"


def test_the_output_of_the_run_before_comes_back_where_the_next_run_fails(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the two renames, then a run that cannot finish: the release of before is not lost."""
    expected = contents_of(space.release)
    arm = killed_at(lambda path, name: name == "rename" and path.name.startswith(".release-"))

    def work() -> None:
        arm()
        STAGES["release"](space)

    in_child(work)
    assert not space.release.exists()
    monkeypatch.setattr("pipeline.release.write_formats", lambda *_: 1 / 0)
    assert rsb("release")[0] == 2
    assert contents_of(space.release) == expected


# --- folders and files ----------------------------------------------------------------------------------------------


@ALL
def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_touched(
    space: Workspace, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    before = contents_of(space.root)

    def refuse(**told: Any) -> str:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(told["dir"]))

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    code, told = rsb(stage)
    assert code == 2
    assert "read-only file system" in told
    assert str(output_of(space, stage).parent) in told
    assert contents_of(space.root) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="no folder is read-only for root")
def test_a_read_only_folder_is_told(space: Workspace) -> None:
    space.interim.chmod(0o555)
    try:
        code, told = rsb("ingest")
    finally:
        space.interim.chmod(0o755)
    assert code == 2
    assert "permission denied" in told


DAMAGED = {
    "extract": ("data/interim/documents/sources.parquet",),
    "assemble": ("data/interim/documents/sources.parquet", "data/interim/proposals/proposals.jsonl"),
    "compare": ("data/interim/tables/events.parquet", "data/codebook/codes.csv"),
    "validate": ("data/interim/tables/claims.parquet", "data/interim/documents/set_aside.json", "params.yaml"),
    "release": (
        "data/interim/changes/schema.json",
        "data/interim/changes/changes.parquet",
        "data/interim/issues/issues.parquet",
        "data/interim/tables/evidence.parquet",
    ),
}


@pytest.mark.parametrize(("stage", "path"), [(stage, path) for stage, paths in DAMAGED.items() for path in paths])
def test_a_truncated_input_is_named_and_the_output_stays(space: Workspace, stage: str, path: str) -> None:
    before = contents_of(output_of(space, stage))
    content = (space.root / path).read_bytes()
    (space.root / path).write_bytes(content[: len(content) // 2 - 1])
    code, told = rsb(stage)
    assert code == 2, told
    assert "defect" not in told
    assert Path(path).name in told
    assert contents_of(output_of(space, stage)) == before


def test_a_text_that_was_tampered_with_is_found_by_the_gate(space: Workspace) -> None:
    path = next((space.documents / "text").iterdir())
    path.write_text(path.read_text().replace("the", "teh", 1))
    code, told = rsb("validate")
    assert code == 1
    assert "source:text" in told


def test_a_table_that_was_tampered_with_is_found_by_the_gate(space: Workspace) -> None:
    from pipeline import store

    tables = store.read_tables(space.tables)
    store.write_parquet(space.tables / "events.parquet", "events", tables["events"].slice(1))
    assert rsb("validate")[0] == 1


# --- time -----------------------------------------------------------------------------------------------------------


def test_in_1970_the_same_bytes_are_made(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = contents_of(space.release)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    for path in space.root.rglob("*"):
        os.utime(path, (0, 0))
    for stage, run in STAGES.items():
        shutil.rmtree(output_of(space, stage))
        run(space)
    assert contents_of(space.release) == expected
