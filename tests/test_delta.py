"""Rows by key, the delta between two versions, and its file."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import contract, store
from pipeline.delta import SEPARATOR, Rows, apply, as_rows, diff, dump_delta, load_delta, same
from pipeline.errors import RsbError

Tables = dict[str, pa.Table]

# What a JSON Lines file must survive: line ends of every kind, quotes, the separator's neighbours.
cells = st.one_of(
    st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters=SEPARATOR), min_size=1, max_size=3)
)


@st.composite
def some_rows(draw: st.DrawFn) -> Rows:
    names = draw(st.lists(st.sampled_from("abcde"), unique=True, min_size=1))
    rows = draw(st.lists(st.tuples(*(cells for _ in names)), max_size=6))
    data = pa.table({name: pa.array([row[n] for row in rows], pa.string()) for n, name in enumerate(names)})
    return as_rows(data, ["a"])


@given(some_rows(), some_rows())
def test_the_delta_leads_from_one_version_to_the_other(before: Rows, now: Rows) -> None:
    delta = diff(before, now)
    assert same(apply(delta, before), now)
    assert len(now) == len(before) - len(delta.gone) + len(delta.added)


@given(some_rows(), some_rows())
def test_so_does_its_file(before: Rows, now: Rows) -> None:
    text = dump_delta({"t": diff(before, now)}, since="0.1.0", version="0.2.0")
    told = load_delta(text)
    assert (told.since, told.version) == ("0.1.0", "0.2.0")
    assert same(told.apply({"t": before})["t"], now)
    assert text == dump_delta({"t": diff(before, now)}, since="0.1.0", version="0.2.0")


@given(some_rows())
def test_a_version_differs_in_nothing_from_itself(rows: Rows) -> None:
    delta = diff(rows, rows)
    assert (delta.added, delta.gone, delta.revised) == ({}, [], [])


@given(some_rows(), some_rows())
def test_only_equal_tables_are_the_same(one: Rows, other: Rows) -> None:
    def plain(rows: Rows) -> dict[str, tuple[str | None, ...]]:
        return dict(zip(rows.labels.to_pylist(), rows.take(rows.labels.to_pylist()), strict=True))

    assert same(one, other) is (one.columns == other.columns and plain(one) == plain(other))


@given(st.lists(st.sampled_from("xyz"), max_size=6))
def test_no_row_is_lost_where_a_key_repeats(keys: list[str]) -> None:
    data = pa.table({"a": pa.array(keys, pa.string()), "n": pa.array(range(len(keys)), pa.int32())})
    rows = as_rows(data, ["a"])
    assert len(set(rows.labels.to_pylist())) == len(keys)
    assert [row[1] for row in rows.take(rows.labels.to_pylist())] == [str(n) for n in range(len(keys))]


def test_values_are_compared_as_the_text_of_the_csv(tables: Tables, tmp_path: Path) -> None:
    for table, data in tables.items():
        store.write_csv(tmp_path / "x.csv", table, data)
        key = contract.facts(table).key
        assert same(as_rows(store.read_csv_text(tmp_path / "x.csv"), key), as_rows(store.normalise(table, data), key))


def rows(**columns: list[str | None]) -> Rows:
    return as_rows(pa.table({name: pa.array(some, pa.string()) for name, some in columns.items()}), ["k"])


@pytest.mark.parametrize("other", [rows(k=["b"], v=["1"]), rows(k=["a"], v=["9"]), rows(k=["a", "c"], v=["1", "1"])])
def test_a_delta_is_refused_by_a_version_that_it_was_not_made_for(other: Rows) -> None:
    delta = diff(rows(k=["a", "b"], v=["1", "1"]), rows(k=["a", "c"], v=["2", "1"]))
    with pytest.raises(ValueError, match=r"no row|does not hold|there already"):
        apply(delta, other)


@pytest.mark.parametrize("broken", ["", "{}", "[1]", "x", '{"since":"1","version":"2","columns":{}}\n{"table":"t"}'])
def test_a_broken_delta_is_named(broken: str) -> None:
    with pytest.raises(RsbError, match="is no delta"):
        load_delta(broken)
