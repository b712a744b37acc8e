"""Progress on a terminal, silence in a pipe."""

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

import click

Item = TypeVar("Item")


def track(items: Sequence[Item], label: str) -> Iterator[Item]:
    """Yield `items`, with a bar on standard error while it is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(items, label=f"{label:<10}", file=sys.stderr) as bar:
        yield from bar


def say(message: str) -> None:
    """Say one line on standard error while it is a terminal."""
    if sys.stderr.isatty():
        click.echo(message, err=True)
