"""Reading and writing tables: the same bytes from the same rows, whole files or none, every cell kept."""

import csv
import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import contract, store
from pipeline.errors import RsbError

CELLS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=12)
ODD = ["NA", "null", "NaN", "#N/A", "N/A", "-", "=1+1", "+1", "-1", "@sum", "0", "1e5", "true", "2025-01-01", 'say "no"', ",", ";", "'", " ", "\\N", "\\", "🇨🇩 cobalt", "السودان", "e\u0301", "\ufeffx"]  # fmt: skip
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "place_id": CELLS | st.sampled_from(ODD),
            "name": CELLS | st.sampled_from(ODD),
            "place_type": st.just("site"),
            "country": st.none() | CELLS | st.sampled_from(ODD),
            "geonames_id": st.none() | st.integers(-(2**31), 2**31 - 1),
            "latitude": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        }
    ),
    max_size=6,
    unique_by=lambda row: row["place_id"],
)


def places(rows: list[dict[str, Any]]) -> pa.Table:
    return contract.to_arrow("places", rows)


def place(name: str = "Goma", **more: Any) -> dict[str, Any]:
    return {"place_id": "cod-goma", "name": name, "place_type": "settlement", **more}


# --- every cell is kept ---------------------------------------------------------------------------------------------


@given(ROWS)
def test_any_rows_come_back_alike_from_parquet_and_csv(tmp_path_factory: Any, rows: list[dict[str, Any]]) -> None:
    folder: Path = tmp_path_factory.mktemp("store")
    data = store.normalise("places", places(rows))
    store.write_parquet(folder / "places.parquet", "places", data)
    store.write_csv(folder / "places.csv", "places", data)
    assert store.read_parquet(folder / "places.parquet").equals(data)
    assert store.read_csv(folder / "places.csv", "places").equals(data)
    assert (folder / "places.csv").read_bytes().count(b"\n") == len(rows) + 1
    with (folder / "places.csv").open(encoding="utf-8", newline="") as file:
        plain = list(csv.DictReader(file))
    assert [row["name"] for row in plain] == data.column("name").to_pylist()
    assert [row["country"] or None for row in plain] == data.column("country").to_pylist()


@pytest.mark.parametrize("text", ODD)
def test_a_text_that_looks_like_something_else_is_kept_as_it_is(tmp_path: Path, text: str) -> None:
    store.write_csv(tmp_path / "x.csv", "places", places([place(text)]))
    assert store.read_csv(tmp_path / "x.csv", "places").column("name").to_pylist() == [text]
    assert store.read_csv_text(tmp_path / "x.csv").column("name").to_pylist() == [text]


def test_unknown_is_an_empty_field_and_na_is_text(tmp_path: Path) -> None:
    store.write_csv(tmp_path / "x.csv", "places", places([place(country="NA", latitude=-1.68)]))
    assert (tmp_path / "x.csv").read_text(encoding="utf-8").splitlines()[1] == (
        '"cod-goma","Goma","settlement","NA",,,-1.68,,'
    )
    assert store.read_csv(tmp_path / "x.csv", "places").to_pylist()[0]["iso_3166_2"] is None


def test_the_forbidden_empty_text_survives_parquet_and_shows_as_null_in_csv(tmp_path: Path) -> None:
    data = store.normalise("places", places([place(country="")]))
    store.write_parquet(tmp_path / "x.parquet", "places", data)
    store.write_csv(tmp_path / "x.csv", "places", data)
    assert store.read_parquet(tmp_path / "x.parquet").column("country").to_pylist() == [""]
    assert store.read_csv(tmp_path / "x.csv", "places").column("country").to_pylist() == [None]


@pytest.mark.parametrize("text", ["two\nlines", "two\r\nlines", "a\ttab"])
def test_a_text_with_a_line_end_is_left_for_validation_to_find(tmp_path: Path, text: str) -> None:
    store.write_csv(tmp_path / "x.csv", "places", places([place(text)]))
    assert store.read_csv(tmp_path / "x.csv", "places").column("name").to_pylist() == [text]


def test_line_ends_in_cells_are_kept_in_a_file_of_several_blocks(tmp_path: Path) -> None:
    text = "two\nlines " * 20
    store.write_csv(tmp_path / "x.csv", "places", places([place(text, place_id=f"p{n}") for n in range(6000)]))
    assert (tmp_path / "x.csv").stat().st_size > 2**20
    assert set(store.read_csv(tmp_path / "x.csv", "places").column("name").to_pylist()) == {text}


def test_a_parquet_file_tells_the_range_of_its_columns_so_that_readers_can_skip(tmp_path: Path) -> None:
    store.write_parquet(tmp_path / "x.parquet", "places", places([place(latitude=-1.5), place(latitude=2.5)]))
    told = pa.parquet.read_metadata(tmp_path / "x.parquet").row_group(0)
    ranges = {told.column(n).path_in_schema: told.column(n).statistics for n in range(told.num_columns)}
    assert (ranges["latitude"].min, ranges["latitude"].max) == (-1.5, 2.5)


def test_booleans_and_dates_come_back_from_csv(tmp_path: Path, tables: dict[str, pa.Table]) -> None:
    for table in ("actors", "events", "evidence"):
        store.write_csv(tmp_path / f"{table}.csv", table, tables[table])
        assert store.read_csv(tmp_path / f"{table}.csv", table).equals(store.normalise(table, tables[table]))


@pytest.mark.parametrize(
    ("text", "value"),
    [(t, True) for t in ("true", "True", "TRUE", "1")] + [(f, False) for f in ("false", "False", "FALSE", "0")],
)
def test_booleans_are_read_as_others_write_them(tmp_path: Path, text: str, value: bool) -> None:
    (tmp_path / "x.csv").write_text(f"flag\n{text}\n")
    schema = pa.schema([("flag", pa.bool_())])
    assert store.read_plain_csv(tmp_path / "x.csv", schema)["flag"].to_pylist() == [value]


def test_what_dead_processes_left_is_swept_and_what_others_write_is_not(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    others = [f".out-{os.getpid()}-abc", ".out-x-abc", ".out-old-x", ".other-1-abc", f".out-{dead.pid}"]
    for name in (*others, f".out-{dead.pid}-abc", f".out-{dead.pid}-a_c"):
        (tmp_path / name).mkdir()
    (tmp_path / f".out-{dead.pid}-file").touch()
    with store.replacing_folder(tmp_path / "out") as fresh:
        (fresh / "x").touch()
    assert {path.name for path in tmp_path.iterdir()} == {"out", *others}


def test_a_folder_and_a_file_are_made_below_folders_that_are_not_there_yet(tmp_path: Path) -> None:
    with store.replacing_folder(tmp_path / "a" / "b" / "out"):
        pass
    store.write_text(tmp_path / "c" / "d" / "x.txt", "x")
    assert (tmp_path / "a" / "b" / "out").is_dir()
    assert (tmp_path / "c" / "d" / "x.txt").read_text() == "x"


def test_the_folder_of_before_comes_back_where_a_kill_left_only_its_old_name(tmp_path: Path) -> None:
    (tmp_path / ".out-old").mkdir()
    (tmp_path / ".out-old" / "x").touch()
    with pytest.raises(ZeroDivisionError), store.replacing_folder(tmp_path / "out"):
        _ = 1 / 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["x"]


def test_the_folder_of_before_that_a_kill_left_beside_the_new_one_is_in_no_way(tmp_path: Path) -> None:
    for name in (".out-old", "out"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text(name)
    with store.replacing_folder(tmp_path / "out") as fresh:
        (fresh / "x").write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "x").read_text() == "new"


def killed_while(work: Callable[[], None]) -> None:
    """Do the work in a process of its own, which is dead before the work has ended."""
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            work()
        os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_what_a_killed_process_wrote_is_swept_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def folder() -> None:
        with store.replacing_folder(tmp_path / "out") as fresh:
            (fresh / "half").touch()
            os.kill(os.getpid(), signal.SIGKILL)

    def file() -> None:
        monkeypatch.setattr(Path, "replace", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        store.write_text(tmp_path / "x.csv", "half")

    for work in (folder, file):
        killed_while(work)
    assert len(list(tmp_path.iterdir())) == 2
    with store.replacing_folder(tmp_path / "out"):
        pass
    store.write_text(tmp_path / "x.csv", "whole")
    assert {path.name for path in tmp_path.iterdir()} == {"out", "x.csv"}


def test_to_ask_whether_a_process_is_alive_does_it_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    hears_hangups = partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)
    asleep = subprocess.Popen(["sleep", "60"], preexec_fn=hears_hangups)
    assert store.is_alive(asleep.pid)
    time.sleep(0.05)
    assert asleep.poll() is None
    asleep.kill()
    asleep.wait()
    assert not store.is_alive(asleep.pid)
    assert not store.is_alive(2**40)

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert store.is_alive(1), "a process of somebody else"


def test_whoever_may_read_the_project_may_read_what_is_written(tmp_path: Path) -> None:
    store.write_text(tmp_path / "x.txt", "x")
    with store.replacing_folder(tmp_path / "out"):
        pass
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("x.txt", "out")] == [0o644, 0o755]


# --- the same bytes -------------------------------------------------------------------------------------------------


def written(folder: Path, data: pa.Table) -> list[bytes]:
    store.write_parquet(folder / "x.parquet", "places", data)
    store.write_csv(folder / "x.csv", "places", data)
    return [(folder / name).read_bytes() for name in ("x.parquet", "x.csv")]


def test_order_chunks_and_column_order_leave_no_trace_in_the_bytes(tmp_path: Path) -> None:
    rows = [place(place_id=f"p{number}", latitude=number / 7, country=None) for number in range(50)]
    data = places(rows)
    shuffled = rows.copy()
    random.Random(1).shuffle(shuffled)
    assert shuffled != rows
    as_made = pa.Table.from_pylist(shuffled, schema=data.schema)
    chunked = pa.concat_tables([as_made.slice(0, 7), as_made.slice(7)])
    turned = as_made.select(list(reversed(as_made.column_names))).replace_schema_metadata({"who": "me"})
    first = written(tmp_path, data)
    assert [written(tmp_path, other) for other in (data, as_made, chunked, turned)] == [first] * 4


def test_a_csv_has_no_byte_order_mark_and_unix_line_ends(tmp_path: Path) -> None:
    store.write_csv(tmp_path / "x.csv", "places", places([place("Côte d’Or")]))
    content = (tmp_path / "x.csv").read_bytes()
    assert content.startswith(b'"place_id","name"')
    assert b"\r" not in content
    assert "Côte d’Or".encode() in content


# --- whole or not at all --------------------------------------------------------------------------------------------


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write_text(tmp_path / "x.csv", "old")

    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        store.write_text(tmp_path / "x.csv", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]
    assert (tmp_path / "x.csv").read_text() == "old"


def test_a_table_with_an_empty_required_cell_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    for write, name in ((store.write_parquet, "x.parquet"), (store.write_csv, "x.csv")):
        write(tmp_path / name, "places", places([place()]))
        before = (tmp_path / name).read_bytes()
        broken = pa.Table.from_pylist([{"place_id": "a", "name": None}], schema=contract.arrow_schema("places"))
        with pytest.raises(RsbError, match="places does not fit"):
            write(tmp_path / name, "places", broken)
        assert (tmp_path / name).read_bytes() == before


def test_a_folder_takes_the_place_of_the_old_one_only_when_all_is_written(tmp_path: Path) -> None:
    target = tmp_path / "tables"
    with store.replacing_folder(target) as fresh:
        (fresh / "a").write_text("1")

    def break_off() -> None:
        with store.replacing_folder(target) as unfinished:
            (unfinished / "b").write_text("2")
            raise RsbError("stopped")

    with pytest.raises(RsbError, match="stopped"):
        break_off()
    assert [path.name for path in tmp_path.iterdir()] == ["tables"]
    assert [path.name for path in target.iterdir()] == ["a"]
    with store.replacing_folder(target) as fresh:
        (fresh / "c").write_text("3")
    assert [path.name for path in target.iterdir()] == ["c"]
    assert [path.name for path in tmp_path.iterdir()] == ["tables"]


def test_all_tables_of_a_folder_come_back(tmp_path: Path, tables: dict[str, pa.Table]) -> None:
    store.write_tables(tmp_path / "tables", tables)
    read = store.read_tables(tmp_path / "tables")
    assert {table: data.to_pylist() for table, data in read.items()} == {
        table: data.to_pylist() for table, data in tables.items()
    }
    (tmp_path / "tables" / "deals.parquet").unlink()
    with pytest.raises(RsbError, match=r"deals\.parquet"):
        store.read_tables(tmp_path / "tables")


# --- what cannot be read --------------------------------------------------------------------------------------------

HEAD = "record_id,role,actor_id\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "Empty CSV"),
        (HEAD.encode() + b"1,party\n", "Expected 3 columns, got 2"),
        (HEAD.encode() + b'"1,party,COD\n', "cannot read this CSV"),
        (HEAD.encode() + b"1,par\xf4ty,COD\n", "UTF8"),
        (b"record_id,r\xf4le,actor_id\n1,a,b\n", "utf-8"),
        (b"record_id,role,role,actor_id\n1,a,b,c\n", ":1: role stands twice"),
        (HEAD.encode() + b"1,party,\n", "actor_id"),
        (b"record_id,part,actor_id\n1,a,b\n", "missing role; unknown part"),
        (b"record_id,role\n1,a\n", ":1: wrong columns: missing actor_id"),
        (b"record_id,role,actor_id,note\n1,a,b,c\n", ":1: wrong columns: unknown note"),
    ],
)
def test_a_csv_that_cannot_be_read_as_declared_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, told: str
) -> None:
    path = tmp_path / "participants.csv"
    path.write_bytes(content)
    with pytest.raises(RsbError) as error:
        store.read_csv(path, "participants")
    assert str(error.value).startswith(str(path))
    assert told in str(error.value)


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    names = ",".join(contract.column_names("places"))
    path.write_text(f"{names}\nx,X,site,,,seven,,,\n")
    with pytest.raises(RsbError, match="seven"):
        store.read_csv(path, "places")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not parquet at all"])
def test_a_broken_parquet_file_is_refused_with_a_mend(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(content)
    with pytest.raises(RsbError, match=r"x\.parquet.*\n.*download it again"):
        store.read_parquet(path)


def test_a_missing_file_is_told_by_its_name(tmp_path: Path) -> None:
    for read in (store.read_parquet, store.read_csv_text):
        with pytest.raises(RsbError, match="nosuch"):
            read(tmp_path / "nosuch")


def test_a_csv_of_others_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text("\ufeffplace_id,geonames_id,latitude,note\r\nx,7,far,\r\ny,,1.5,NA\r\n", encoding="utf-8")
    data = store.read_csv_as_found(path, "places")
    assert data.to_pylist() == [
        {"place_id": "x", "geonames_id": 7, "latitude": "far", "note": None},
        {"place_id": "y", "geonames_id": None, "latitude": "1.5", "note": "NA"},
    ]
    assert str(data.schema.field("geonames_id").type) == "int32"


def test_columns_stand_in_declared_order_whatever_their_order_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "participants.csv"
    path.write_text("actor_id,record_id,role\nCOD,ev-1,actor\n")
    assert store.read_csv(path, "participants").to_pylist() == [
        {"record_id": "ev-1", "role": "actor", "actor_id": "COD"}
    ]
    assert store.read_csv(path, "participants").column_names == ["record_id", "role", "actor_id"]
