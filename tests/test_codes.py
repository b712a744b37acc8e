import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.codes import COLUMNS, Codes, load_codes
from pipeline.errors import RsbError
from pipeline.extract.numbers import find_quantities

ROW = ("side", "resource", "Resource", "What is given.", "RSB", "", "", "", "", "")


def write(folder: Path, *rows: Sequence[str], header: Sequence[str] = COLUMNS) -> Path:
    path = folder / "codes.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def test_codes_keep_the_order_of_the_file(tmp_path: Path) -> None:
    rows = [("side", "z", "Z", "Last.", "RSB", *[""] * 5), ROW, ("act", "deny", "Deny", "No.", "RSB", *[""] * 5)]
    codes = load_codes(write(tmp_path, *rows))
    assert list(codes.by_vocabulary) == ["side", "act"]
    assert codes.allowed("side") == ("z", "resource")


def test_a_code_knows_what_it_belongs_under(tmp_path: Path) -> None:
    row = ("term_type", "loan", "Loan", "Money lent.", "RSB", "finance", "", "", "", "")
    assert load_codes(write(tmp_path, row)).parent("term_type", "loan") == "finance"


def test_an_unknown_list_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError, match="nosuch"):
        Codes(()).allowed("nosuch")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([ROW, ROW], ":3: code resource stands twice in side"),
        ([(*ROW[:2], "", *ROW[3:])], ":2, column label: empty cell"),
        ([(*ROW[:3], "", *ROW[4:])], ":2, column definition: empty cell"),
        ([ROW[:4]], ":2: wrong number of cells"),
        ([(*ROW, "more")], ":2: wrong number of cells"),
    ],
)
def test_a_broken_row_is_refused_with_its_line(tmp_path: Path, rows: list[tuple[str, ...]], told: str) -> None:
    with pytest.raises(RsbError) as error:
        load_codes(write(tmp_path, *rows))
    assert told in str(error.value)


def test_one_code_may_stand_in_two_lists(tmp_path: Path) -> None:
    codes = load_codes(write(tmp_path, ROW, ("kind", *ROW[1:])))
    assert codes.allowed("side") == codes.allowed("kind") == ("resource",)


def test_other_columns_are_refused_with_those_to_use(tmp_path: Path) -> None:
    with pytest.raises(RsbError, match="use vocabulary, code, label"):
        load_codes(write(tmp_path, ROW[:9], header=COLUMNS[:9]))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b'vocabulary,"code\n'])
def test_what_is_no_csv_is_refused_with_the_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "codes.csv"
    path.write_bytes(content)
    with pytest.raises(RsbError, match=r"codes\.csv"):
        load_codes(path)
    with pytest.raises(RsbError, match=r"none\.csv"):
        load_codes(tmp_path / "none.csv")


# --- the project's lists --------------------------------------------------------------------------------------------


def test_every_term_type_stands_on_a_side(codes: Codes) -> None:
    sides = {codes.parent("term_type", code) for code in codes.allowed("term_type")}
    assert sides == set(codes.allowed("side"))


def test_the_events_are_the_sixteen_of_plover(codes: Codes) -> None:
    rows = codes.by_vocabulary["event_type"]
    assert len(rows) == 16
    assert {row["plover"] for row in rows.values()} <= {*rows, ""}


def test_codes_and_labels_are_written_alike(codes: Codes) -> None:
    for vocabulary, rows in codes.by_vocabulary.items():
        labels = [row["label"] for row in rows.values()]
        assert len(set(labels)) == len(labels), vocabulary
        assert all(row["definition"].endswith(".") for row in rows.values()), vocabulary
        assert all(cell == cell.strip() for row in rows.values() for cell in row.values()), vocabulary


@pytest.mark.parametrize(
    "quantity",
    ["$5", "€5", "£5", "¥5", "A$5", "C$5", "5 yuan", "5 rubles", "5 dirhams", "5 yen", "5%", "5 years", "5 months", "5 weeks", "5 days", "5 hours", "5 tonnes", "5 kg", "5 ounces", "5 carats", "5 barrels", "5 cubic metres", "5 cubic feet", "5 km2", "5 hectares", "5 acres", "5 square miles", "5 families"],
)  # fmt: skip
def test_every_unit_that_the_extractor_reads_is_a_code(codes: Codes, quantity: str) -> None:
    assert find_quantities(quantity)[0].unit in codes.allowed("unit")
