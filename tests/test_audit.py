from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audit import COLUMNS, Score, Verdict, by_size, load_audit, score
from pipeline.errors import RsbError

HEAD = ",".join(COLUMNS) + "\n"
RIGHT = "0.1.0,seed,terms,tm-1,right,,,reader 1\n"


def load(tmp_path: Path, text: str) -> list[Verdict]:
    (tmp_path / "first.csv").write_text(text, encoding="utf-8")
    return load_audit(tmp_path)


def test_verdicts_are_counted_by_table_and_unsure_ones_apart(tmp_path: Path) -> None:
    rows = [
        RIGHT,
        "0.1.0,seed,terms,tm-2,wrong,act,it was a request,reader 1\n",
        "0.1.0,seed,deals,d,unsure,,,reader 1\n",
    ]
    assert score(load(tmp_path, HEAD + "".join(rows))) == {"deals": Score(0, 0, 1), "terms": Score(2, 1, 0)}


def test_of_a_record_read_again_the_last_verdict_counts(tmp_path: Path) -> None:
    again = RIGHT.replace("right,,", "wrong,act,seen later")
    assert score(load(tmp_path, HEAD + RIGHT + again)) == {"terms": Score(1, 0, 0)}


def test_a_folder_without_audits_holds_no_verdicts(tmp_path: Path) -> None:
    assert load_audit(tmp_path) == load_audit(tmp_path / "none") == []
    assert score([]) == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("source_id,verdict\n", "the columns are source_id, verdict"),
        ("", "the columns are none"),
        (HEAD + RIGHT.replace("right", "fine"), "the verdict is “fine”"),
        (HEAD + RIGHT.replace("right", "wrong"), "lacks note"),
        (HEAD + RIGHT.replace("reader 1", ""), "lacks auditor"),
        (HEAD + "0.1.0,seed\n", "another number of cells"),
        (HEAD + RIGHT.replace("tm-1", '"tm"1'), "is not CSV"),
    ],
)
def test_an_audit_that_cannot_be_counted_is_told_with_its_file(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(RsbError) as error:
        load(tmp_path, text)
    assert "first.csv" in str(error.value)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("n", "n_right", "low", "high"),
    # Published examples of Wilson's interval (Newcombe 1998, Statistics in Medicine 17, table I, method 3).
    [(263, 81, 0.2553, 0.3662), (148, 15, 0.0624, 0.1605), (20, 0, 0.0, 0.1611), (29, 1, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons(n: int, n_right: int, low: float, high: float) -> None:
    found = Score(n, n_right).interval
    assert found is not None
    assert tuple(round(end, 4) for end in found) == (low, high)


def test_nothing_has_no_share() -> None:
    assert (Score(0, 0).share, Score(0, 0).interval) == (None, None)


@given(n=st.integers(1, 500), wrong=st.integers(0, 20), size=st.integers(1, 9000))
def test_of_one_table_the_share_by_size_is_that_of_its_rows(n: int, wrong: int, size: int) -> None:
    one = Score(n + wrong, n)
    told = by_size({"terms": one}, {"terms": size})
    assert told is not None
    assert told.share == pytest.approx(one.share)
    assert told.interval == pytest.approx(one.interval)


def test_a_table_counts_by_its_size_however_densely_it_was_drawn() -> None:
    told = by_size({"terms": Score(100, 80), "claims": Score(100, 100)}, {"terms": 100, "claims": 900})
    assert told is not None
    assert told.share == pytest.approx(0.98)
    assert told.interval[0] < 0.98 < told.interval[1] < 1


def test_there_is_no_share_by_size_without_verdicts_on_every_table() -> None:
    assert by_size({"terms": Score(2, 2)}, {"terms": 5, "claims": 5}) is None
    assert by_size({"terms": Score(0, 0, 3)}, {"terms": 5}) is None
    assert by_size({}, {}) is None
