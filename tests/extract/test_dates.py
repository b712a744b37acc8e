from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import edtf
from pipeline.extract.dates import find_periods


def periods(text: str) -> list[str]:
    return [period.edtf for period in find_periods(text)]


def spans(text: str) -> list[str]:
    return [text[period.start : period.end] for period in find_periods(text)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("27 January 2025", "2025-01-27"), ("January 27, 2025", "2025-01-27"), ("27th of January 2025", "2025-01-27"),
        ("January 27th, 2025", "2025-01-27"), ("27 Jan. 2025", "2025-01-27"), ("Sept. 5, 2024", "2024-09-05"),
        ("2025-01-27", "2025-01-27"), ("2025-01", "2025-01"), ("January 2025", "2025-01"), ("January of 2025", "2025-01"),
        ("1 May 1999", "1999-05-01"), ("29 February 2024", "2024-02-29"),
        # no year is told, none is added
        ("27 January", "XXXX-01-27"), ("March 4th", "XXXX-03-04"), ("on 2 April", "XXXX-04-02"), ("in May", "XXXX-05"),
        ("last March", "XXXX-03"), ("29 February", "XXXX-02-29"), ("in mid-March", "XXXX-03"), ("late June", "XXXX-06"),
        # years and decades
        ("in 2025", "2025"), ("In 2025, M23", "2025"), ("(2025)", "2025"), ("early 2025", "2025"), ("mid-2025", "2025"),
        ("the end of 2025", "2025"), ("during 2024", "2024"), ("the 1990s", "199X"), ("in the 2010s", "201X"),
        # one open end
        ("since January", "XXXX-01/.."), ("since 4 March 2025", "2025-03-04/.."), ("Since 2017", "2017/.."),
        ("since the 1990s", "199X/.."), ("after 2020", "2020/.."),
        ("until March 2025", "../2025-03"), ("before 2020", "../2020"), ("by the end of 2025", "../2025"), ("by June", "../XXXX-06"),
        # intervals
        ("2019-2023", "2019/2023"), ("from 2019 to 2023", "2019/2023"), ("between 2019 and 2023", "2019/2023"),
        ("1-3 March 2025", "2025-03-01/2025-03-03"), ("1 to 3 March", "XXXX-03-01/XXXX-03-03"),
        ("March 1–3, 2025", "2025-03-01/2025-03-03"), ("between 1 and 3 March 2025", "2025-03-01/2025-03-03"),
        ("from January to March 2025", "2025-01/2025-03"), ("between March and June 2025", "2025-03/2025-06"),
        ("15 May–20 June 2025", "2025-05-15/2025-06-20"), ("March 2014 to June 2015", "2014-03/2015-06"),
        ("December to March 2025", "2025-03"), ("from December to March 2025", "XXXX-12/2025-03"),
    ],
)  # fmt: skip
def test_a_date_or_period_is_read_as_edtf(text: str, value: str) -> None:
    assert periods(f"It was {text} that they met.") == [value]


def test_the_span_holds_the_word_that_opens_it() -> None:
    assert spans("M23 rose since January 2025, and by the end of 2025 fell.") == ["since January 2025", "by the end of 2025"]  # fmt: skip
    assert spans("signed (4 March 2025)") == ["4 March 2025"]
    assert spans("in 2019 and 2023") == ["in 2019"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("in 2019 and 2023", ["2019"]), ("on 1 and 3 March 2025", ["2025-03-03"]), ("in March 2025, or in 2024", ["2025-03", "2024"]), ("in March and on 4 June", ["XXXX-03", "XXXX-06-04"]), ("between 4 March 2025 or so and 6 April", ["2025-03-04", "XXXX-04-06"]), ("since 4 March 2025 – 6 April 2025", ["2025-03-04/..", "2025-04-06"])],
)  # fmt: skip
def test_and_joins_no_interval_without_between(text: str, value: list[str]) -> None:
    assert periods(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "2025", "2025 people", "some 2025 fighters", "$2025", "2,025", "2025.5", "-2025", "Resolution 2025",
        "May", "may", "They may go", "March on Goma", "march 4 miles", "5 Marines", "12 Mayors", "3 Decembers",
        "31 February 2025", "29 February 2023", "2025-13-01", "2025-02-30", "32 March", "0 March", "1899", "in 1899",
        "M23", "10:30", "yesterday", "two years ago", "Marchand 4",
    ],
)  # fmt: skip
def test_what_is_no_date_of_the_calendar_is_left_out(text: str) -> None:
    assert periods(f"It was {text} there.") == []


@pytest.mark.parametrize(
    "text", ["In March 15,000 people fled", "In March 20 per cent fled", "In March 5 million fled", "In March 20 people fled"]
)  # fmt: skip
def test_a_number_behind_a_month_is_no_day(text: str) -> None:
    assert periods(text) == ["XXXX-03"]


DAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31))
FORMATS = ["{d} {B} {Y}", "{B} {d}, {Y}", "{B} {d} {Y}", "{d} {b} {Y}", "{b}. {d}, {Y}", "{d} of {B}, {Y}", "{iso}"]


def write(day: date, form: str) -> str:
    name = day.strftime("%B")
    short = "Sept" if day.month == 9 else name if len(name) == 3 else name[:3]
    if day.month == 5:
        form = form.replace("{b}.", "{b}")
    return form.format(d=day.day, B=name, b=short, Y=day.year, iso=day.isoformat())


@given(DAYS, st.sampled_from(FORMATS))
def test_a_day_is_read_back_from_every_way_to_write_it(day: date, form: str) -> None:
    text = f"They met on {write(day, form)}."
    assert periods(text) == [day.isoformat()]
    assert spans(text) == [text[len("They met ") : -1]]


@given(DAYS, DAYS, st.sampled_from(["from {} to {}", "between {} and {}", "{} – {}"]))
def test_two_days_make_an_interval_where_they_run_forwards(one: date, two: date, form: str) -> None:
    text = form.format(write(one, "{d} {B} {Y}"), write(two, "{d} {B} {Y}"))
    both = [one.isoformat(), two.isoformat()]
    assert periods(text) == (["/".join(both)] if one <= two else both)


TEXTS = st.text(max_size=60) | st.lists(
    st.sampled_from(["since ", "by ", "between ", "from ", " to ", " and ", "-", "–", " ", ", ", "1", "31", "4th", "March", "May", "Feb.", "2025", "1999", "1990s", "mid-", "early ", "the ", "of ", "(", ")", "M23"]),
    max_size=12,
).map("".join)  # fmt: skip


@given(TEXTS)
def test_whatever_is_read_is_valid_in_order_and_its_year_is_in_its_words(text: str) -> None:
    end = 0
    for period in find_periods(text):
        assert edtf.is_edtf(period.edtf)
        assert end <= period.start < period.end <= len(text)
        end = period.end
        words = text[period.start : period.end]
        years = [part[:4] for part in period.edtf.split("/") if part != ".."]
        assert all(year == "XXXX" or year.rstrip("X") in words for year in years)
