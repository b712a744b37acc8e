"""`kill -9` at random moments: 170 times a single stage, 30 times `rsb run` with DVC under it.

A scratch project of ten real sources has run. For each trial a source is taken out or put back, so that all stages have
something to do; a stage, or the whole run, is started and killed at a moment drawn from the time that it takes. Then
is asked: are all sources there, byte by byte? Is the output, if one is there, that of before or that of now, whole? And
after the next run: is it what a run without a fault makes, and is nothing left over? Each `no` is a failure.

Run: `.venv/bin/python benchmarks/faults.py [TRIALS [WHAT …]]` (by default 200, of all stages and of `rsb run`).
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from _measure import ROOT, show

sys.path.insert(0, str(ROOT / "tests"))

from real import SOURCES, STAGES, contents_of, make_workspace, output_of

from pipeline.workspace import Workspace

WHOLE = "rsb run"
FAILURES = ("source lost", "wrong output", "not repaired", "left over")


class Project:
    """The scratch project in its two states, and what a run without a fault makes of each."""

    def __init__(self, root: Path) -> None:
        self.space = make_workspace(root, SOURCES)
        self.moved = self.space.sources / f"{SOURCES[0]}.md"
        self.aside = root / "aside.md"
        self.states = [self._made(), self._made()]
        self.turn()
        self.now = 1

    def _made(self) -> dict[str, dict[str, bytes]]:
        """Every stage's output in the present state; then the state is changed."""
        for run in STAGES.values():
            run(self.space)
        made = {stage: contents_of(output_of(self.space, stage)) for stage in STAGES}
        self.turn()
        return made

    def turn(self) -> None:
        """Take the source out, or put it back."""
        there, other = (self.moved, self.aside) if self.moved.exists() else (self.aside, self.moved)
        there.rename(other)

    def put_before(self, stage: str) -> None:
        """The outputs of the stages before `stage` as they are due now, its own as it was made in the other state."""
        for name in STAGES:
            state = self.now if name == stage else 1 - self.now
            folder = output_of(self.space, name)
            shutil.rmtree(folder, ignore_errors=True)
            for path, content in self.states[state][name].items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
            if name == stage:
                break


def kill_stage(project: Project, stage: str, wait: float) -> bool:
    """Start a stage in a process of its own and kill it after a while; whether it was still at work."""
    child = os.fork()
    if child == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        STAGES[stage](project.space)
        os._exit(0)
    time.sleep(wait)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def failures_of_stage(project: Project, stage: str, chance: random.Random, seconds: float) -> tuple[bool, list[str]]:
    """One trial with a stage: whether it was killed at work, and what went wrong."""
    before, after = project.states[project.now][stage], project.states[1 - project.now][stage]
    project.turn()
    project.put_before(stage)
    sources = contents_of(project.space.sources)
    killed = kill_stage(project, stage, chance.uniform(0, seconds))
    output = output_of(project.space, stage)
    found = []
    if contents_of(project.space.sources) != sources:
        found.append("source lost")
    if output.exists() and contents_of(output) not in (before, after):
        found.append("wrong output")
    STAGES[stage](project.space)
    project.now = 1 - project.now
    if contents_of(output) != after:
        found.append("not repaired")
    if left_over(project.space):
        found.append("left over")
    return killed, found


def left_over(space: Workspace) -> list[str]:
    """Unfinished files and folders."""
    folders = (space.data, space.interim, space.reports)
    return [
        path.name
        for folder in folders
        for path in folder.iterdir()
        if path.name.startswith(".") and path.name != ".gitignore"
    ]


def rsb_run(root: Path) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1"}
    command = [sys.executable, "-m", "pipeline.cli", "run"]
    return subprocess.Popen(
        command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def failures_of_run(project: Project, chance: random.Random, seconds: float) -> tuple[bool, list[str]]:
    """One trial with `rsb run`: killed is the command alone, or it with all that it started."""
    space = project.space
    before, after = (project.states[state]["release"] for state in (project.now, 1 - project.now))
    project.turn()
    sources = contents_of(space.sources)
    running = rsb_run(space.root)
    time.sleep(chance.uniform(0, seconds))
    killed = running.poll() is None
    if chance.random() < 0.5:
        running.kill()
    else:
        with suppress(ProcessLookupError):  # it had ended
            os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    found = []
    if contents_of(space.sources) != sources:
        found.append("source lost")
    # What outlived the command goes on, and keeps the next run out until it has ended.
    until = time.monotonic() + 300
    while rsb_run(space.root).wait() and time.monotonic() < until:
        if space.release.exists() and contents_of(space.release) not in (before, after):
            found.append("wrong output")
        time.sleep(1)
    project.now = 1 - project.now
    if not space.release.exists() or contents_of(space.release) != after:
        found.append("not repaired")
    if left_over(space):
        found.append("left over")
    return killed, found


def prepare_run(project: Project) -> float:
    """Make the scratch project one that DVC runs; the seconds that a run takes."""
    root = project.space.root
    for path in ("dvc.yaml", "pipeline", "schemas", "data/gold", "data/waivers.yaml", "docs/codebook", ".gitignore"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, root / path, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / path, root / path)
    for path in (root / "data" / "gold").iterdir():
        if path.suffix == ".yaml" and path.stem not in SOURCES[1:]:
            path.unlink()
    for folder in ("coded", "corrections", "baseline", "gold_first", "gold_second", "audit"):
        (root / "data" / folder).mkdir(exist_ok=True)
        (root / "data" / folder / "README.md").write_text("Nothing here.\n")
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], cwd=root, check=True)
    # The evaluation and the audit, which the stages above go without, are part of this release.
    seconds = float("inf")
    for state in (project.now, 1 - project.now):
        project.now = state
        start = time.perf_counter()
        if rsb_run(root).wait():
            sys.exit("rsb run fails in the scratch project")
        seconds = min(seconds, time.perf_counter() - start)
        project.states[state]["release"] = contents_of(project.space.release)
        project.turn()
    project.turn()
    return seconds


def main(trials: int, chosen: list[str]) -> int:
    """Kill, ask, count."""
    chance = random.Random(1970)
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory(prefix="rsb-faults-") as name:
        project = Project(Path(name))
        runs = round(trials * 0.15)
        for stage in (name for name in (*STAGES, WHOLE) if not chosen or name in chosen):
            if stage == WHOLE:
                seconds, count = prepare_run(project), runs
            else:
                start = time.perf_counter()
                STAGES[stage](project.space)
                seconds = time.perf_counter() - start
                count = (trials - runs) // len(STAGES) + (list(STAGES).index(stage) < (trials - runs) % len(STAGES))
            told: Counter[str] = Counter()
            for trial in range(1, count + 1):
                if stage == WHOLE:
                    killed, found = failures_of_run(project, chance, seconds)
                else:
                    killed, found = failures_of_stage(project, stage, chance, seconds * 1.1)
                told.update(["killed at work"] * killed, **Counter(found))
                print(stage, trial, killed, *found, file=sys.stderr, flush=True)
            rows.append([stage, count, told["killed at work"], *(told[failure] for failure in FAILURES)])
            print(rows[-1], file=sys.stderr, flush=True)
    show("kill -9 at random moments", ["what", "trials", "killed at work", *FAILURES], rows)
    return 1 if any(any(row[3:]) for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, sys.argv[2:]))
