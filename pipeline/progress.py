"""Progress on a terminal, silence in a pipe."""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

import click

Item = TypeVar("Item")
_LABEL = 10
"""Characters that the name of a stage takes."""


def track(items: Sequence[Item], label: str) -> Iterator[Item]:
    """Yield `items`, with a bar on standard error while it is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(items, label=f"{label:<{_LABEL}}", file=sys.stderr) as bar:
        yield from bar


def say(message: str, *, nl: bool = True) -> None:
    """Say something on standard error while it is a terminal."""
    if sys.stderr.isatty():
        click.echo(message, err=True, nl=nl)


class Steps:
    """A line for each step of long work: its name when it begins, and what became of it, with the time it took."""

    def __init__(self) -> None:
        self.began: float | None = None

    def begin(self, name: str) -> None:
        """A step begins; the one before it, if it has not ended, is done."""
        self.end()
        self.began = time.monotonic()
        say(f"{name:<{_LABEL}} …", nl=False)

    def end(self, outcome: str = "done") -> None:
        """The step at work ends; nothing where none is."""
        if self.began is not None:
            say(f" {outcome}, {time.monotonic() - self.began:.1f} s")
            self.began = None

    def skip(self, name: str) -> None:
        """A step has nothing to do."""
        self.end()
        say(f"{name:<{_LABEL}} … unchanged")
