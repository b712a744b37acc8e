"""Run the recipes of `docs/recipes.md` on a release: `make outside`, or `python outside/recipes.py RELEASE`.

Every block of Python runs on its own, in the folder of the release; every block of SQL on its `rsb.sqlite`. R and
Stata are not run. Works on a copy, for a recipe may write. Needs polars and DuckDB (`outside/validators.lock`).
"""

import contextlib
import io
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECIPES = Path(__file__).resolve().parent.parent / "docs" / "recipes.md"


@dataclass(frozen=True)
class Block:
    """A block of code, and the heading that it stands under."""

    heading: str
    language: str
    code: str


def read_blocks(text: str) -> Iterator[Block]:
    """The blocks of code of a Markdown text."""
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        heading = part.partition("\n")[0]
        for language, code in re.findall(r"^```(\w+)\n(.*?)^```$", part, flags=re.MULTILINE | re.DOTALL):
            yield Block(heading, language, code)


def run_block(block: Block, release: Path) -> dict[str, Any]:
    """Run a block in a release; the names that it leaves, or `rows` of a query."""
    if block.language == "sql":
        with contextlib.closing(sqlite3.connect(release / "rsb.sqlite")) as connection:
            return {"rows": connection.execute(block.code).fetchall()}
    scope: dict[str, Any] = {}
    here = Path.cwd()
    os.chdir(release)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(block.code, block.heading, "exec"), scope)
    finally:
        os.chdir(here)
    return scope


def main(release: Path) -> None:
    """Run all blocks that can be run."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "release"
        shutil.copytree(release, copy)
        for block in read_blocks(RECIPES.read_text(encoding="utf-8")):
            if block.language in ("python", "sql"):
                run_block(block, copy)
                print(f"{block.heading}: {block.language} ran")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
