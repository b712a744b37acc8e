"""The recipes run as they stand in the document, on the tiny release; those that need more than we install are left out."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[2]


def load_runner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recipes", CHECKOUT / "outside" / "recipes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["recipes"] = module
    spec.loader.exec_module(module)
    return module


RUNNER: Any = load_runner()
BLOCKS = [
    block
    for block in RUNNER.read_blocks(RUNNER.RECIPES.read_text(encoding="utf-8"))
    if block.language in ("python", "sql")
]
TOLD: dict[str, Callable[[dict[str, Any]], bool]] = {
    "Load in pandas": lambda scope: len(scope["terms"]) == len(scope["as_text"]) == 1,
    "Load in SQLite": lambda scope: len(scope["rows"]) == 1,
    "Select what nobody contests, or what was reviewed": lambda scope: len(scope["uncontested"]) == 1,
    "Trace one cell to its characters": lambda scope: (
        list(scope["traced"]["quote"]) == ["Democratic Republic of the Congo"]
    ),
    "A dyad-year panel of bargains": lambda scope: (
        scope["panel"].to_dict("records")
        == [{"country_a": "COD", "country_b": "USA", "year": "2025", "bargains": 1, "for_security": 1}]
    ),
    "Join ISO 3166, COW and UCDP codes": lambda scope: list(scope["joined"]["country"]) == ["COD"],
    "Violence around a bargain": lambda scope: [row[2:5] for row in scope["rows"]] == [(7000.0, 7000.0, None)],
    "Bounds and nulls in a regression": lambda scope: (
        list(scope["deaths"]["lower"]) == [7000.0] and scope["deaths"]["upper"].isna().all()
    ),
}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.heading} ({block.language})")
def test_a_recipe_runs_and_gives_what_it_says(block: Any, release: Path) -> None:
    for package in ("polars", "duckdb"):
        if f"import {package}" in block.code:
            pytest.importorskip(package)
    scope = RUNNER.run_block(block, release)
    check = TOLD.get(block.heading)
    assert check is None or check(scope)


def test_what_is_expected_is_of_recipes_that_are_there() -> None:
    assert set(TOLD) <= {block.heading for block in BLOCKS}


def test_csv_files_are_as_r_and_stata_need_them(release: Path) -> None:
    for path in (release / "csv").glob("*.csv"):
        content = path.read_bytes()
        assert not content.startswith(b"\xef\xbb\xbf")
        assert b"\r" not in content
        header = content.decode("utf-8").partition("\n")[0]
        assert all(len(name.strip('"')) <= 32 for name in header.split(","))
