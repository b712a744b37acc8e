"""What the benchmarks share: a table to work on, and a child process that is timed and weighed.

Each contender runs in a process of its own, in the environment that has it, so that its peak memory is its own.
A script that measures calls itself: without arguments it runs all contenders and prints a table; with the name of
one it does that contender's work and prints what it took.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "benchmarks"
"""Where the benchmarks put what they work on; it may be deleted."""
VALIDATORS, SPACY = "validators", "spacy"
"""Environments beside the project's own, made by `make benchmarks`."""


class Taken(NamedTuple):
    """What a contender took: seconds of its work (the best of its rounds), its process's peak, what it says."""

    seconds: float
    megabytes: float
    told: Any


def run(contender: str, *arguments: object, environment: str | None = None) -> Taken:
    """Have the running script do one contender's work in a child process."""
    python = str(ROOT / "build" / environment / "bin" / "python") if environment else sys.executable
    command = [python, sys.argv[0], contender, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None
        output = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{contender}: failed")
    seconds, told = json.loads(output.splitlines()[-1])
    return Taken(seconds, usage.ru_maxrss / 1024, told)


def report(work: Callable[[], Any], rounds: int = 3) -> None:
    """In the child: do the work some rounds, print the time of the best and what the last one gave."""
    best, told = float("inf"), None
    for _ in range(rounds):
        start = time.perf_counter()
        told = work()
        best = min(best, time.perf_counter() - start)
    print(json.dumps([best, told]))


def show(title: str, columns: list[str], rows: list[list[object]]) -> None:
    """Print a Markdown table, with the machine it was measured on."""
    print(f"\n{title} ({os.cpu_count()} cores)\n")
    print(f"| {' | '.join(columns)} |\n|---|{'---:|' * (len(columns) - 1)}")
    for row in rows:
        print(f"| {' | '.join(f'{cell:.2f}' if isinstance(cell, float) else str(cell) for cell in row)} |")
