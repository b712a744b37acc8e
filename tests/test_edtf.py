from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import edtf

DAYS = st.dates(date(1000, 1, 1), date(9998, 12, 31))


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        # level 0
        ("2025", "2025-01-01", "2025-12-31"),
        ("2025-03", "2025-03-01", "2025-03-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2025-03-04", "2025-03-04", "2025-03-04"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("0001-01-01", "0001-01-01", "0001-01-01"),
        ("9999-12-31", "9999-12-31", "9999-12-31"),
        ("2019/2023", "2019-01-01", "2023-12-31"),
        ("2025-03/2025-03-09", "2025-03-01", "2025-03-09"),
        ("2025-03-04/2025-03-04", "2025-03-04", "2025-03-04"),
        # level 1: qualifiers, unspecified digits, seasons, open and unknown ends
        ("2025-03~", "2025-03-01", "2025-03-31"),
        ("2025?", "2025-01-01", "2025-12-31"),
        ("2025-03-04%", "2025-03-04", "2025-03-04"),
        ("2019~/2023?", "2019-01-01", "2023-12-31"),
        ("199X", "1990-01-01", "1999-12-31"),
        ("20XX", "2000-01-01", "2099-12-31"),
        ("00XX", "0001-01-01", "0099-12-31"),
        ("2025-XX", "2025-01-01", "2025-12-31"),
        ("2025-XX-XX", "2025-01-01", "2025-12-31"),
        ("2024-02-XX", "2024-02-01", "2024-02-29"),
        ("2025-21", "2025-03-01", "2025-05-31"),
        ("2025-22", "2025-06-01", "2025-08-31"),
        ("2025-23", "2025-09-01", "2025-11-30"),
        ("2025-24", "2025-12-01", "2026-02-28"),
        ("9999-24", "9999-12-01", "9999-12-31"),
        ("2025-03/..", "2025-03-01", None),
        ("2025-03/", "2025-03-01", None),
        ("../2025-03", None, "2025-03-31"),
        ("/2025-03", None, "2025-03-31"),
        # from level 2: an unknown year
        ("XXXX-03", None, None),
        ("XXXX-03-04", None, None),
        ("XXXX-02-29", None, None),
        ("XXXX-01/..", None, None),
        ("../XXXX-06", None, None),
        ("XXXX-12/2025-03", None, "2025-03-31"),
    ],
)
def test_every_form_of_the_profile_is_read_with_its_days(text: str, earliest: str | None, latest: str | None) -> None:
    assert edtf.is_edtf(text)
    assert (edtf.earliest(text), edtf.latest(text)) == (day(earliest), day(latest))


@pytest.mark.parametrize(
    "text",
    [
        "", " 2025", "2025 ", "2025\n", "25", "02025", "2025-3", "2025-3-4", "20250304", "2025-03-04T10:00:00",
        "2025-00", "2025-13", "2025-20", "2025-25", "2025-03-00", "2025-03-32", "2025-02-29", "2025-04-31", "1900-02-29",
        "XXXX-02-30", "0000", "0000-01-01", "-0044", "Y17000", "٢٠٢٥", "2025-xx",
        # unspecified digits elsewhere than at the end, and years that no words could give
        "XXXX", "XXXX-XX", "XXXX-XX-04", "XXXX-03-XX", "XXXX-21", "2025-XX-04", "2025-0X", "199X-03", "199X-02-29",
        "2XXX", "1XX5", "2025-21-04",
        # qualifiers elsewhere than at the end
        "~2025", "2025~-03", "2025~~", "2025!",
        # intervals
        "/", "../..", "..", "../", "/..", "2025/2024", "2025-03-05/2025-03-04", "2025/2026/2027", "2025/march", "2025//2026",
        "March 2025", "spring 2025", "2025 or 2026",
    ],
)  # fmt: skip
def test_what_is_outside_the_profile_is_refused_and_has_no_days(text: str) -> None:
    assert not edtf.is_edtf(text)
    if "/" not in text:
        assert (edtf.earliest(text), edtf.latest(text)) == (None, None)


def test_no_date_has_no_days() -> None:
    assert (edtf.earliest(None), edtf.latest(None)) == (None, None)
    assert not edtf.is_full_day(None)


@pytest.mark.parametrize(
    "text", ["2025", "2025-03", "2025-03-04?", "XXXX-03-04", "2025-03-04/2025-03-05", "٢٠٢٥-٠٣-٠٤"]
)
def test_only_one_certain_day_is_a_full_day(text: str) -> None:
    assert edtf.is_full_day("2025-03-04")
    assert not edtf.is_full_day(text)


@given(DAYS)
def test_a_day_means_itself(one: date) -> None:
    assert edtf.is_full_day(one.isoformat())
    assert edtf.earliest(one.isoformat()) == edtf.latest(one.isoformat()) == one


@given(DAYS)
def test_a_month_and_a_year_begin_and_end_where_the_calendar_says(one: date) -> None:
    for text, follows in ((one.isoformat()[:7], "month"), (one.isoformat()[:4], "year")):
        first, last = edtf.earliest(text), edtf.latest(text)
        assert first is not None
        assert last is not None
        assert first <= one <= last
        assert getattr(first - timedelta(1), follows) != getattr(one, follows)
        assert getattr(last + timedelta(1), follows) != getattr(one, follows)


@given(DAYS, DAYS)
def test_an_interval_is_valid_exactly_where_it_does_not_run_backwards(one: date, two: date) -> None:
    text = f"{one.isoformat()}/{two.isoformat()}"
    assert edtf.is_edtf(text) is (one <= two)
    assert (edtf.earliest(text), edtf.latest(text)) == (one, two)


PARTS = st.tuples(
    st.sampled_from(["2025", "2024", "199X", "20XX", "XXXX", "0000"]),
    st.sampled_from(["", "-01", "-02", "-12", "-21", "-24", "-XX", "-13"]),
    st.sampled_from(["", "-01", "-29", "-31", "-XX", "-32"]),
    st.sampled_from(["", "?", "~", "%"]),
).map("".join)
TEXTS = PARTS | st.tuples(PARTS | st.just(".."), PARTS | st.just("..") | st.just("")).map("/".join)


@given(TEXTS)
def test_whatever_is_valid_has_its_days_in_order_and_unknown_years_have_none(text: str) -> None:
    first, last = edtf.earliest(text), edtf.latest(text)
    if edtf.is_edtf(text) and first and last:
        assert first <= last
    if edtf.is_edtf(text) and "/" not in text:
        assert (first is None) is (last is None) is text.startswith("XXXX")


@given(st.text(alphabet="0123456789X-/.~?% ", max_size=24))
def test_no_text_breaks_the_reader(text: str) -> None:
    valid = edtf.is_edtf(text)
    first, last = edtf.earliest(text), edtf.latest(text)
    assert valid in (True, False)
    assert all(bound is None or isinstance(bound, date) for bound in (first, last))
