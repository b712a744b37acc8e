from pathlib import Path

import pytest
from tiny import CODES, FILES, read_registry, write_registry

from pipeline.errors import RsbError
from pipeline.registry import load_registry


def test_values_have_the_types_of_their_columns_and_empty_cells_are_null(tmp_path: Path) -> None:
    registry = read_registry(tmp_path)
    goma = registry.by_id("places")["cod-goma"]
    assert (goma["latitude"], goma["geonames_id"], goma["parent_id"]) == (-1.68, None, "cod-country")
    assert registry.table_of["kivu-pact"] == "deals"
    assert [row["alias"] for row in registry.aliases] == ["Congo", "Congolese army", "Kivu pact"]


def test_the_code_lists_beside_the_folder_are_used_by_default(tmp_path: Path) -> None:
    write_registry(tmp_path / "registry")
    with pytest.raises(RsbError, match=r"codes\.csv"):
        load_registry(tmp_path / "registry")


@pytest.mark.parametrize(
    ("table", "line", "where", "told"),
    [
        ("actors", "m23,M23,militia,,,,,", "actors.csv:7, column actor_type", "no code of actor_type"),
        ("actors", "m 23,M23,armed_group,,,,,", "actors.csv:7, column actor_id", "form"),
        ("actors", "m23,,armed_group,,,,,", "actors.csv:7, column name", "empty cell"),
        ("actors", "m23,M23,armed_group,,,,,afc", "actors.csv:7, column parent_id", "afc is no id of actors"),
        ("actors", "COD,Congo,state,,,,,", "actors.csv:7", "stands twice"),
        ("actors", "cod-goma,Goma FC,other,,,,,", "places.csv:3, column place_id", "also an id in actors.csv"),
        ("actors", "m23,M23,armed_group", "actors.csv:7", "3 cells instead of 8"),
        ("actors", 'm23,"M23\nx",armed_group,,,,,', "actors.csv:7, column name", "line end"),
        ("places", "x,X,site,COD,,,95.0,1.0,", "places.csv:4, column latitude", "out of bounds"),
        ("places", "x,X,site,COD,,many,,,", "places.csv:4, column geonames_id", "no integer"),
        ("aliases", "Big Apple,nyc,name,,", "aliases.csv:5, column target_id", "nyc is no id"),
        ("aliases", "Congo,COD,name,2025-02-30,", "aliases.csv:5, column valid_from", "no EDTF date"),
        ("deals", "x-pact,,security_pact,", "deals.csv:3, column title", "empty cell"),
    ],
)
def test_a_wrong_row_is_told_with_its_line_and_column(
    tmp_path: Path, table: str, line: str, where: str, told: str
) -> None:
    write_registry(tmp_path, **{table: FILES[table] + line + "\n"})
    with pytest.raises(RsbError) as error:
        load_registry(tmp_path, CODES)
    assert where in str(error.value)
    assert told in str(error.value)


def test_line_numbers_count_lines_inside_quoted_cells(tmp_path: Path) -> None:
    wrong = 'a,"A\nA",armed_group,,,,,\nb,B,militia,,,,,\n'
    write_registry(tmp_path, actors=FILES["actors"] + wrong)
    with pytest.raises(RsbError, match=r"actors\.csv:9, column actor_type"):
        load_registry(tmp_path, CODES)


def test_another_header_is_refused_with_the_right_one(tmp_path: Path) -> None:
    write_registry(tmp_path, deals="deal_id,name\n")
    with pytest.raises(RsbError, match=r"deals\.csv:1.*\n.*use deal_id,title,deal_type,pax_id"):
        load_registry(tmp_path, CODES)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    (write_registry(tmp_path) / "deals.csv").unlink()
    with pytest.raises(RsbError, match=r"deals\.csv: no such file"):
        load_registry(tmp_path, CODES)


def test_problems_of_all_files_are_told_together(tmp_path: Path) -> None:
    write_registry(
        tmp_path, actors=FILES["actors"] + "a,A,militia,,,,,\n", commodities=FILES["commodities"] + "b,,group,,\n"
    )
    with pytest.raises(RsbError) as error:
        load_registry(tmp_path, CODES)
    assert "2 problems" in str(error.value)
