import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import yaml

from pipeline import codes as code_lists
from pipeline import contract
from pipeline.codes import load_codes
from pipeline.release.contents import Contents, may_share
from pipeline.release.documents import codebook, readme
from pipeline.release.views import TALK, VIEWS
from pipeline.validate import catalogue


def test_the_codebook_names_every_column_code_list_view_and_rule(contents: Contents) -> None:
    page = codebook(contents)
    for table in contract.table_names():
        assert f"\n## {table}\n" in page
        for column in contract.columns(table):
            assert f"| `{column.name}` |" in page
            assert column.description in page
    assert all(f"- `{view.name}`: " in page for view in VIEWS)
    assert all(f"| `{rule[0]}` |" in page for rule in catalogue())
    assert f"leaves talk out: {', '.join(TALK)}" in " ".join(page.split())
    assert "| `replaced_by` |" in page
    assert "| `rule_id` |" in page


def test_a_chapter_stands_in_the_page_of_its_table(contents: Contents) -> None:
    chapter = "# Terms\n\nOne thing given.\n\n## What counts\n\nSee [deals](deals.md).\n"
    page = codebook(replace(contents, chapters={"terms": chapter}))
    assert "# Terms\n" not in page
    assert page.index("## terms\n") < page.index("One thing given.\n\n### What counts\n\nSee [deals](#deals).")


def test_the_readme_states_the_origin_on_its_first_screen(contents: Contents) -> None:
    top = " ".join(readme(contents)[:1200].split())
    assert "Evidence spans point into our digests" in top
    assert "the publication itself is at the `url` of its source" in top
    assert "Digests, coding and review were made by machine" in top
    assert "no person has reviewed a row unless its `reviewed_by` names one" in top


def test_the_readme_tells_where_to_object_to_a_row(contents: Contents) -> None:
    assert "opens an issue in the tracker of the project's repository, with the row's id" in readme(contents)
    told = readme(replace(contents, facts={**contents.facts, "homepage": "https://example.org/rsb"}))
    assert "repository (https://example.org/rsb), with the row's id" in told


def test_the_readme_names_the_reviewers_there_are(contents: Contents) -> None:
    assert "None names one." in readme(contents)
    deals = contents.tables["deals"]
    at = deals.column_names.index("reviewed_by")
    reviewed = deals.set_column(at, deals.schema.field(at), pa.array(["machine reviewer 2"]))
    told = readme(replace(contents, tables={**contents.tables, "deals": reviewed}))
    assert "reviewed by: machine reviewer 2." in told
    assert "None names one." not in told


def test_the_snippets_for_pandas_run_and_keep_what_is_text(
    release: Path, contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(release)
    snippets = [line.strip() for line in readme(contents).splitlines() if line.startswith("    terms = pd.")]
    assert len(snippets) == 2
    (release / "csv" / "terms.csv").write_text('"term_id","commodity_id"\n"007",\n"1","NA"\n', encoding="utf-8")
    for snippet in snippets:
        scope: dict[str, Any] = {"pd": pd}
        exec(snippet, scope)
    terms = scope["terms"]
    assert terms["term_id"].tolist() == ["007", "1"]
    assert terms["commodity_id"].isna().tolist() == [True, False]


def test_the_data_package_describes_each_csv_as_it_lies_there(release: Path) -> None:
    package = json.loads((release / "datapackage.json").read_text())
    assert package["version"] == "0.1.0"
    named = {resource["name"]: resource for resource in package["resources"]}
    assert {*contract.table_names(), "changes", "issues", "codes"} == set(named)
    assert {path.relative_to(release).as_posix() for path in release.rglob("*.csv")} == {
        resource["path"] for resource in named.values()
    }
    for resource in named.values():
        path = release / resource["path"]
        header = path.read_text(encoding="utf-8").splitlines()[0].replace('"', "").split(",")
        assert [field["name"] for field in resource["schema"]["fields"]] == header
        assert resource["bytes"] == path.stat().st_size


def test_the_citation_says_what_version_to_cite(release: Path) -> None:
    told = yaml.safe_load((release / "CITATION.cff").read_text(encoding="utf-8"))
    assert (told["cff-version"], told["type"], told["version"]) == ("1.2.0", "dataset", "0.1.0")
    assert told["authors"] == [{"name": "Nobody in particular"}]


def test_the_code_lists_can_be_loaded_again(release: Path, contents: Contents) -> None:
    assert load_codes(release / "codes.csv") == contents.codes
    assert (release / "codes.csv").read_text().splitlines()[0] == ",".join(code_lists.COLUMNS)


@pytest.mark.parametrize(
    ("origin", "license_id", "shared"),
    [
        ("digest", None, True),
        ("publication", "CC-BY-4.0", True),
        ("publication", "CC0-1.0", True),
        ("publication", "public domain", True),
        ("publication", "LicenseRef-all-rights-reserved", False),
        ("publication", "CCTV terms", False),
        ("publication", None, False),
        (None, None, False),
    ],
)
def test_only_texts_that_may_be_passed_on_are_shared(origin: str | None, license_id: str | None, shared: bool) -> None:
    assert may_share(origin, license_id) is shared


def test_a_text_that_may_not_be_passed_on_stays_out(contents: Contents) -> None:
    sources = contents.tables["sources"]
    for name, value in (("text_origin", "publication"), ("license", "LicenseRef-none")):
        at = sources.column_names.index(name)
        sources = sources.set_column(at, sources.schema.field(at), pa.array([value] * len(sources)))
    assert contents.shared_texts == contents.texts
    assert replace(contents, tables={**contents.tables, "sources": sources}).shared_texts == {}
