import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline import compare, store
from pipeline.codes import Codes
from pipeline.compare import Version, keys_of
from pipeline.contract import schema_description
from pipeline.delta import as_rows
from pipeline.issues import ISSUES
from pipeline.release import save
from pipeline.release.contents import Contents
from pipeline.workspace import Workspace

CODES_CSV = Path(__file__).parents[2] / "data" / "codebook" / "codes.csv"
DATASET = """
name = "test-set"
title = "A test set"
description = "What tests need."
license = "CC-BY-4.0"
license_url = "https://creativecommons.org/licenses/by/4.0/"
creators = ["Nobody in particular"]
keywords = ["test"]
"""


@pytest.fixture
def contents(tables: dict[str, pa.Table], texts: dict[str, str], codes: Codes) -> Contents:
    description = schema_description(codes)
    keys = keys_of(description)
    tables = {table: store.normalise(table, data) for table, data in tables.items()}
    current = Version({table: as_rows(data, keys[table]) for table, data in tables.items()}, description)
    compared = compare.compare(None, current, "0.1.0")
    return Contents(
        version="0.1.0",
        tables=tables,
        changes=compared.changes,
        issues=ISSUES.empty_table(),
        schema=compared.schema,
        texts=texts,
        codes=codes,
        codes_csv=CODES_CSV.read_bytes(),
        facts=tomllib.loads(DATASET),
    )


@pytest.fixture
def release(contents: Contents, tmp_path: Path) -> Path:
    """A built release of the tiny tables."""
    save(tmp_path / "release", contents)
    return tmp_path / "release"


@pytest.fixture
def workspace(contents: Contents, tmp_path: Path) -> Workspace:
    """A workspace in which every stage before `compare` has run on the tiny tables."""
    space = Workspace(tmp_path / "space")
    store.write_text(space.root / "dvc.yaml", "stages: {}\n")
    store.write_text(space.root / "params.yaml", "version: 0.1.0\n")
    store.write_text(space.data / "dataset.toml", DATASET)
    store.write_bytes(space.codebook / "codes.csv", contents.codes_csv)
    space.baseline.mkdir()
    for source, text in contents.texts.items():
        store.write_text(space.documents / "text" / f"{source}.txt", text)
    store.write_tables(space.tables, contents.tables)
    store.write_plain_parquet(space.interim / "issues" / "issues.parquet", contents.issues)
    return space


@pytest.fixture
def with_issue(contents: Contents) -> Callable[[str], Contents]:
    """The contents with one issue of a severity."""

    def make(severity: str) -> Contents:
        issue = dict.fromkeys(ISSUES.names, "x") | {"severity": severity}
        return replace(contents, issues=pa.Table.from_pylist([issue], schema=ISSUES))

    return make
