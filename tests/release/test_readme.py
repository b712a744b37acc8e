"""The README says what holds: its rows are read from the documents it names, its commands and snippets run."""

import re
import shlex
import shutil
import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from pipeline.assemble import Basis, assemble_rows
from pipeline.cli import main
from pipeline.coded import read_coded
from pipeline.read import Reader
from pipeline.workspace import installed_checkout

CHECKOUT = installed_checkout()
README = (CHECKOUT.root / "README.md").read_text(encoding="utf-8")
SHOWN = "cnn-sudan-wagner-meroe-eu-sanctions-2023-02"
UNNAMED = "unnamed holder (analysts, reports, officials without a country)"


def rows_under(*columns: str) -> list[dict[str, str]]:
    """The rows of the README's table that has these columns."""
    head = "| " + " | ".join(columns) + " |\n"
    assert README.count(head) == 1, columns
    lines = README.split(head)[1].split("\n")[1:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[: lines.index("")]]
    return [dict(zip(columns, row, strict=True)) for row in cells]


@cache
def reader() -> Reader:
    return Reader.of(CHECKOUT)


@cache
def told(source: str) -> dict[str, Any]:
    """The tables of a completely coded document, on its own."""
    assert f"`{source}`" in README
    answer, _ = reader().read(str(CHECKOUT.sources / f"{source}.md"))
    row, text, codes = {**answer["source"], "source_id": source}, answer["text"], reader().codebook.codes
    coded = read_coded(CHECKOUT.coded / f"{source}.yaml", text, reader().registry, codes)
    assert coded.complete
    rows = assemble_rows([coded], Basis({source: row}, {source: text}, reader().registry, codes), closed=False)
    return {**rows, "publisher": row["publisher"]}


def name(ident: str | None, publisher: str = "") -> str:
    if ident is None:
        return publisher
    if ident == "unnamed":
        return UNNAMED
    return next(
        str(row["name"])
        for kind, key in (("actors", "actor_id"), ("commodities", "commodity_id"))
        for row in getattr(reader().registry, kind)
        if row[key] == ident
    )


def holders(tables: dict[str, Any], record: str) -> str:
    claims = [claim for claim in tables["claims"] if claim["record_id"] == record and claim["polarity"] == "pos"]
    return "; ".join(sorted({name(claim["holder_id"], tables["publisher"]) for claim in claims}))


def test_the_terms_shown_are_those_of_the_document() -> None:
    tables = told(SHOWN)
    shown = rows_under("term_type", "act", "giver_name", "receiver_name", "commodity_name", "status", "holders")
    found = [
        {
            "term_type": row["term_type"],
            "act": row["act"],
            "giver_name": name(row["giver_id"]),
            "receiver_name": name(row["receiver_id"]),
            "commodity_name": name(row["commodity_id"]),
            "status": row["status"],
            "holders": holders(tables, row["term_id"]),
        }
        for row in tables["terms"]
    ]
    assert sorted(shown, key=str) == sorted(found, key=str)


def test_the_contested_relation_shown_is_one_of_the_document() -> None:
    tables = told(SHOWN)
    shown = rows_under("subject_name", "predicate", "object_name", "commodity_name", "status", "n_for", "n_against")
    found = {
        row["relation_id"]: {
            "subject_name": name(row["subject_id"]),
            "predicate": row["predicate"],
            "object_name": name(row["object_id"]),
            "commodity_name": name(row["commodity_id"]),
            "status": row["status"],
            "n_for": str(row["n_for"]),
            "n_against": str(row["n_against"]),
        }
        for row in tables["relations"]
        if row["status"] == "contested"
    }
    [relation_id] = [ident for ident, row in found.items() if [row] == shown]
    claims = rows_under("holder_name", "act", "certainty", "polarity", "realis")
    held = [
        {"holder_name": name(claim["holder_id"], tables["publisher"])}
        | {key: claim[key] for key in list(claims[0])[1:]}
        for claim in tables["claims"]
        if claim["record_id"] == relation_id
    ]
    assert sorted(claims, key=str) == sorted(held, key=str)
    evidence = [row for row in tables["evidence"] if row["record_id"] == relation_id]
    for row in rows_under("column_name", "span_start", "span_end", "quote", "method", "is_inferred"):
        assert any(all(str(cell[key]).lower() == value.lower() for key, value in row.items()) for cell in evidence), row


def fenced(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    lines = [line.partition("#")[0].strip() for block in fenced("sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith("rsb ")]


@pytest.mark.parametrize("command", commands())
def test_every_command_shown_is_one_of_rsb(command: str) -> None:
    verb, *given = shlex.split(command)[1:]
    shown = CliRunner().invoke(main, [verb, "--help"])
    assert shown.exit_code == 0
    for argument in given:
        assert argument.strip(".") in shown.output, (command, shown.output)


def test_the_make_targets_shown_are_in_the_makefile() -> None:
    makefile = (CHECKOUT.root / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^make (\w+)", "\n".join(fenced("sh")), re.MULTILINE)
    assert targets == ["release", "test"]
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_every_file_that_the_readme_names_is_there_or_made() -> None:
    for path in re.findall(r"`((?:data|schemas|reports)/[\w./-]+)`", README):
        made = path.startswith("data/release/")
        assert made or (CHECKOUT.root / path).exists(), path


def test_the_snippets_run_on_a_release(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(release, tmp_path / "data" / "release")
    monkeypatch.chdir(tmp_path)
    [snippet] = fenced("python")
    scope: dict[str, Any] = {}
    exec(snippet, scope)
    assert isinstance(scope["terms"], pd.DataFrame)
    view = next(sql for sql in fenced("sql") if "terms_named" in sql)
    with sqlite3.connect(tmp_path / "data" / "release" / "rsb.sqlite") as database:
        assert len(database.execute(view).fetchall()) == len(scope["terms"])
