import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from pipeline import contract
from pipeline.release import save
from pipeline.release.contents import Contents
from pipeline.release.croissant import DATA_TYPES, croissant


@pytest.fixture
def described(release: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((release / "croissant.json").read_text(encoding="utf-8"))
    return found


def fields(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for record_set in described["recordSet"]:
        yield from ((record_set["@id"], field) for field in record_set["field"])


def test_every_data_file_is_listed_with_its_checksum(release: Path, described: dict[str, Any]) -> None:
    listed = {file["contentUrl"]: file["sha256"] for file in described["distribution"]}
    found = [path for path in release.rglob("*") if path.suffix in (".csv", ".parquet", ".sqlite")]
    assert len(found) > 2 * len(contract.table_names())
    assert listed == {
        path.relative_to(release).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found
    }


def test_the_record_sets_are_those_of_the_data_package(release: Path, described: dict[str, Any]) -> None:
    package = json.loads((release / "datapackage.json").read_text(encoding="utf-8"))
    assert {record_set["@id"]: [field["name"] for field in record_set["field"]] for record_set in described["recordSet"]} == {
        resource["name"]: [field["name"] for field in resource["schema"]["fields"]] for resource in package["resources"]
    }  # fmt: skip


def test_a_field_has_its_declared_type_and_a_column_that_is_there(release: Path, described: dict[str, Any]) -> None:
    types = {f"{table}/{column.name}": column for table in contract.table_names() for column in contract.columns(table)}
    for table, field in fields(described):
        source = field["source"]["fileObject"]["@id"]
        if source.endswith(".parquet"):
            assert field["source"]["extract"]["column"] in pyarrow.parquet.read_schema(release / source).names
        else:
            assert table in ("codes", "issues")
        if field["@id"] in types:
            kind = {"string": "sc:Text", "int32": "sc:Integer", "double": "sc:Float", "bool": "sc:Boolean"}
            column = types.pop(field["@id"])
            assert field["dataType"] == kind.get(str(column.arrow_type), "sc:Date")
            assert field["description"] == column.description
    assert types == {}
    assert {field["dataType"] for _, field in fields(described)} == set(DATA_TYPES.values())


def test_ids_are_unique_and_every_reference_and_key_leads_to_one(described: dict[str, Any]) -> None:
    ids = [file["@id"] for file in described["distribution"]]
    ids += [record_set["@id"] for record_set in described["recordSet"]]
    ids += [field["@id"] for _, field in fields(described)]
    assert len(ids) == len(set(ids))
    used = [key["@id"] for record_set in described["recordSet"] for key in record_set.get("key", ())]
    used += [field["references"]["field"]["@id"] for _, field in fields(described) if "references" in field]
    used += [field["source"]["fileObject"]["@id"] for _, field in fields(described)]
    assert set(used) <= set(ids)


def test_keys_and_references_to_other_tables_are_those_declared(described: dict[str, Any]) -> None:
    keys = {
        record_set["@id"]: [key["@id"] for key in record_set.get("key", ())] for record_set in described["recordSet"]
    }
    assert keys["participants"] == ["participants/record_id", "participants/role", "participants/actor_id"]
    assert keys["terms"] == ["terms/term_id"]
    assert keys["aliases"] == []  # a part of its key may be empty
    declared = {
        f"{table}/{column.name}": column.refers_to[0]
        for table in contract.table_names()
        for column in contract.columns(table)
        if len(column.refers_to) == 1 and column.refers_to[0] != table
    }
    assert "terms/giver_id" in declared
    assert {
        field["@id"]: field["references"]["field"]["@id"].partition("/")[0]
        for _, field in fields(described)
        if "references" in field
    } == declared


def test_an_address_and_a_day_are_told_only_where_the_dataset_states_them(contents: Contents, tmp_path: Path) -> None:
    stated = {"homepage": "https://example.org/rsb", "created": "2026-12-01"}
    for name, facts in (("without", contents.facts), ("with", contents.facts | stated)):
        save(tmp_path / name, replace(contents, facts=facts))
    without, told = (json.loads((tmp_path / name / "croissant.json").read_text()) for name in ("without", "with"))
    assert not {"url", "datePublished"} & set(without)
    assert (told["url"], told["datePublished"]) == (stated["homepage"], stated["created"])


def test_another_package_gives_another_description(release: Path) -> None:
    """Nothing is taken from anywhere but the package and the files."""
    package = json.loads((release / "datapackage.json").read_text(encoding="utf-8"))
    package["resources"] = package["resources"][:1]
    package["resources"][0]["schema"]["fields"][0]["name"] = "renamed"
    described = croissant(release, package)
    assert [field["name"] for _, field in fields(described)][:1] == ["renamed"]
    assert len(described["recordSet"]) == 1
