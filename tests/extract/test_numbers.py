from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.numbers import Quantity, find_quantities


class Told(NamedTuple):
    """What is expected of a quantity."""

    value: float | None
    bound: str = "exact"
    unit: str | None = None
    low: float | None = None
    high: float | None = None


def told(quantity: Quantity) -> Told:
    return Told(quantity.value, quantity.bound, quantity.unit, quantity.low, quantity.high)


def only(text: str) -> Quantity:
    found = find_quantities(text)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7), ("7,000", 7000), ("1,234,567", 1234567), ("1,234.56", 1234.56), ("0.5", 0.5), ("12 000", 12000),
        ("12\u00a0000", 12000), ("12\u202f345\u202f678", 12345678),
        ("8.5 million", 8.5e6), ("24 trillion", 24e12), ("500bn", 5e11), ("24tn", 24e12), ("100mn", 1e8), ("40m", 4e7),
        ("2k", 2000), ("5-million", 5e6), ("5 hundred", 500),
        ("zero", 0), ("five", 5), ("Five", 5), ("FIVE", 5), ("twelve", 12), ("thirty-five", 35), ("thirty five", 35),
        ("one hundred", 100), ("a hundred", 100), ("two hundred and fifty", 250), ("two hundred fifty", 250),
        ("a hundred and fifty", 150), ("nineteen hundred", 1900), ("two hundred and fifty thousand", 250000),
        ("five thousand two hundred", 5200), ("two million five hundred thousand", 2.5e6), ("a thousand", 1000),
        ("a million", 1e6), ("half a million", 5e5), ("a dozen", 12), ("three dozen", 36), ("half a dozen", 6),
        ("two and a half", 2.5), ("two and a half million", 2.5e6),
    ],
)  # fmt: skip
def test_a_number_in_digits_or_words_has_its_value(text: str, value: float) -> None:
    quantity = only(f"There were {text} of them.")
    assert told(quantity) == Told(value)
    assert (quantity.start, quantity.end) == (11, 11 + len(text))


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("$500bn", 5e11, "USD"), ("US$5 billion", 5e9, "USD"), ("€40m", 4e7, "EUR"), ("€40 m", 4e7, "EUR"),
        ("£3bn", 3e9, "GBP"), ("A$5m", 5e6, "AUD"), ("C$5m", 5e6, "CAD"), ("$ 5", 5, "USD"),
        ("USD 500 million", 5e8, "USD"), ("USD500m", 5e8, "USD"), ("EUR 40", 40, "EUR"), ("$24 trillion", 24e12, "USD"),
        ("15bn dollars", 15e9, "USD"), ("40 million US dollars", 4e7, "USD"), ("40 million U.S. dollars", 4e7, "USD"),
        ("40 million euros", 4e7, "EUR"), ("500 billion yen", 5e11, "JPY"), ("3 billion yuan", 3e9, "CNY"),
        ("10%", 10, "percent"), ("10 per cent", 10, "percent"), ("7.5 percent", 7.5, "percent"),
        ("30 years", 30, "a"), ("99-year", 99, "a"), ("two decades", 20, "a"), ("a decade", 10, "a"), ("six months", 6, "mo"), ("12-hour", 12, "h"),
        ("100,000 tonnes", 1e5, "t"), ("30 metric tons", 30, "t"), ("5kg", 5, "kg"), ("5 sq km", 5, "km2"),
        ("200 families", 200, "households"),
    ],
)  # fmt: skip
def test_a_unit_belongs_to_its_number(text: str, value: float, unit: str) -> None:
    quantity = only(f"It was {text} long.")
    assert told(quantity) == Told(value, unit=unit)
    assert (quantity.start, quantity.end) == (7, 7 + len(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("half of", Told(50, unit="percent")), ("a third of", Told(33.33, unit="percent")),
        ("two-thirds of", Told(66.67, unit="percent")), ("more than half of", Told(50, "more_than", "percent", low=50)),
        ("Nearly three quarters of", Told(75, "approx", "percent")), ("up to a fifth of", Told(20, "at_most", "percent", high=20)),
    ],
)  # fmt: skip
def test_a_fraction_of_something_is_a_percentage(text: str, expected: Told) -> None:
    quantity = only(f"{text} its revenue")
    assert told(quantity) == expected
    assert (quantity.start, quantity.end) == (0, len(text))


def test_per_month_stands_outside_the_amount() -> None:
    text = "He earns $15,000 per month."
    assert told(only(text)) == Told(15000, unit="USD")
    assert text[only(text).end :] == " per month."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("more than 30 years", Told(30, "more_than", "a", low=30)),
        ("More than 7,000", Told(7000, "more_than", low=7000)),
        ("over $24 trillion", Told(24e12, "more_than", "USD", low=24e12)),
        ("at least 8.5 million", Told(8.5e6, "at_least", low=8.5e6)),
        ("no fewer than 12", Told(12, "at_least", low=12)),
        ("20 or more", Told(20, "at_least", low=20)),
        ("30 years or more", Told(30, "at_least", "a", low=30)),
        ("5,000+", Told(5000, "at_least", low=5000)),
        ("5,000-plus", Told(5000, "at_least", low=5000)),
        ("up to 4,000", Told(4000, "at_most", high=4000)),
        ("within six months", Told(6, "at_most", "mo", high=6)),
        ("as many as 4000", Told(4000, "at_most", high=4000)),
        ("no more than five", Told(5, "at_most", high=5)),
        ("500 or fewer", Told(500, "at_most", high=500)),
        ("less than 1%", Told(1, "less_than", "percent", high=1)),
        ("fewer than ten", Told(10, "less_than", high=10)),
        ("about 500", Told(500, "approx")),
        ("nearly 500", Told(500, "approx")),
        ("an estimated 500", Told(500, "approx")),
        ("500 or so", Told(500, "approx")),
    ],
)
def test_a_bound_belongs_to_its_number_and_gives_one_end(text: str, expected: Told) -> None:
    quantity = only(text)
    assert told(quantity) == expected
    assert (quantity.start, quantity.end) == (0, len(text))


@pytest.mark.parametrize(
    ("text", "low", "high", "unit"),
    [
        ("2-3 million", 2e6, 3e6, None), ("500–600", 500, 600, None), ("2,000 to 3,000", 2000, 3000, None),
        ("$2-3bn", 2e9, 3e9, "USD"), ("$2bn-$3bn", 2e9, 3e9, "USD"), ("$2 billion to $3 billion", 2e9, 3e9, "USD"),
        ("800 million to 1 billion", 8e8, 1e9, None), ("50–60 percent", 50, 60, "percent"), ("5 or 6", 5, 6, None),
        ("five to ten", 5, 10, None), ("two or three", 2, 3, None), ("one to two decades", 10, 20, "a"),
    ],
)  # fmt: skip
def test_a_range_has_two_ends_and_no_value(text: str, low: float, high: float, unit: str | None) -> None:
    quantity = only(text)
    assert told(quantity) == Told(None, "range", unit, low, high)
    assert (quantity.start, quantity.end) == (0, len(text))


def test_within_bounds_what_has_a_unit_alone() -> None:
    quantity = only("It happened within two provinces.")
    assert told(quantity) == Told(2)
    assert (quantity.start, quantity.end) == (19, 22)


@pytest.mark.parametrize("text", ["between 5 and 10", "between $5 and $10", "Between five and ten"])
def test_and_joins_a_range_behind_between(text: str) -> None:
    assert told(only(text))[3:] == (5, 10)


def test_between_hundreds_and_joins_two_numbers() -> None:
    assert told(only("between two hundred and three hundred"))[3:] == (200, 300)


@pytest.mark.parametrize("text", ["killing 5 and 10 others", "5 to 3", "5 to 5", "from ten to five"])
def test_two_numbers_that_make_no_range_are_read_one_by_one(text: str) -> None:
    assert [quantity.bound for quantity in find_quantities(text)] == ["exact", "exact"]


@pytest.mark.parametrize(
    ("text", "low", "unit"),
    [
        ("dozens", 12, None), ("scores", 20, None), ("hundreds", 100, None), ("thousands", 1000, None),
        ("tens of thousands", 1e4, None), ("hundreds of thousands", 1e5, None), ("millions of dollars", 1e6, "USD"),
        ("hundreds of millions of dollars", 1e8, "USD"), ("thousands of tonnes", 1000, "t"), ("several dozen", 12, None),
        ("several hundred", 100, None), ("several hundred thousand", 1e5, None), ("a few thousand", 1000, None),
        ("many thousands", 1000, None), ("several million", 1e6, None), ("hundreds of families", 100, "households"),
    ],
)  # fmt: skip
def test_a_vague_quantity_has_a_low_end_only(text: str, low: float, unit: str | None) -> None:
    quantity = only(f"Of these {text} left.")
    assert told(quantity) == Told(None, "vague", unit, low)
    assert (quantity.start, quantity.end) == (9, 9 + len(text))


@pytest.mark.parametrize(
    "text",
    [
        "M23", "the M23 rebels", "C5+1", "Su-25", "F-16s", "T-72", "G7", "COVID-19", "Resolution 3/2773", "2-1", "won 3-1",
        "at 10:30", "3/4", "1.2.3", "12,34", "1,2 million", "-5", "7mm", "5th", "the 21st century", "the 1990s",
        "No. 5", "no one", "№ 5", "#5", "two thirds", "three-quarters", "one-third", "two fifths", "a third", "half",
        "someone", "tension", "often", "tenth",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_quantity_is_left_out(text: str) -> None:
    assert find_quantities(f"It was {text} there.") == []


def test_a_dollar_of_another_country_is_not_the_united_states_dollar() -> None:
    assert [quantity.unit for quantity in find_quantities("HK$5m and R$5m and NT$5m")] == [None] * 3


def test_a_letter_is_a_scale_only_where_it_touches_the_number_or_a_currency_stands_before() -> None:
    assert [only(text).value for text in ("100m", "100 m", "$100 m")] == [1e8, 100, 1e8]


def test_neighbours_do_not_disturb_one_another() -> None:
    text = "In 2024 M23 killed 2,000 in two weeks; $4.5bn over 25 years, or 3% a year, went to 12 firms."
    assert [(text[q.start : q.end], q.value) for q in find_quantities(text)] == [
        ("2024", 2024), ("2,000", 2000), ("two weeks", 2), ("$4.5bn", 4.5e9), ("over 25 years", 25), ("3%", 3), ("12", 12),
    ]  # fmt: skip


# --- properties -----------------------------------------------------------------------------------------------------


@given(st.integers(0, 10**12))
def test_a_grouped_number_is_read_back(number: int) -> None:
    for written in (f"{number:,}", str(number), f"{number:,}".replace(",", "\u202f")):
        assert only(f"some {written} people").value == number


ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]  # fmt: skip
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def spell(number: int, joint: str = " ") -> str:
    """A number from 1 to 999,999 in words."""
    if number >= 1000:
        rest = f" {spell(number % 1000, joint)}" if number % 1000 else ""
        return f"{spell(number // 1000, joint)} thousand{rest}"
    if number >= 100:
        rest = f"{joint}{spell(number % 100)}" if number % 100 else ""
        return f"{ONES[number // 100]} hundred{rest}"
    if number < 20:
        return ONES[number]
    return TENS[number // 10] + (f"-{ONES[number % 10]}" if number % 10 else "")


@given(st.integers(1, 999_999), st.sampled_from([" ", " and "]))
def test_a_number_in_words_is_read_back(number: int, joint: str) -> None:
    assert only(spell(number, joint)).value == number
    assert only(f"{spell(number, joint).capitalize()} people died").value == number


@given(st.integers(1, 999), st.sampled_from([("thousand", 3), ("million", 6), ("bn", 9), ("trillion", 12)]))
def test_a_scale_multiplies(number: int, scale: tuple[str, int]) -> None:
    word, zeros = scale
    assert only(f"{number} {word}").value == int(f"{number}{'0' * zeros}")
    assert only(f"{number / 10} {word}").value == pytest.approx(number * 10.0 ** (zeros - 1), rel=1e-12)


TEXTS = st.text(max_size=60) | st.lists(
    st.sampled_from(["more than ", "between ", "$", "€", "5", "7,000", "12", ".", ",", "-", "–", " ", " to ", " and ", " or ", "million", "bn", "m", "dozens", "hundreds of ", "thousands", "two", " hundred", "a ", "half ", "%", " years", " dollars", "+", "M23", "é", "third"]),
    max_size=14,
).map("".join)  # fmt: skip


@given(TEXTS)
def test_quantities_stand_in_order_apart_and_inside_the_text(text: str) -> None:
    end = 0
    for quantity in find_quantities(text):
        assert end <= quantity.start < quantity.end <= len(text)
        end = quantity.end


@given(TEXTS)
def test_the_numbers_of_a_quantity_agree_with_its_bound(text: str) -> None:
    for quantity in find_quantities(text):
        value, low, high = quantity.value, quantity.low, quantity.high
        assert {
            "exact": (low, high) == (None, None),
            "approx": (low, high) == (None, None),
            "more_than": (low, high) == (value, None),
            "at_least": (low, high) == (value, None),
            "at_most": (low, high) == (None, value),
            "less_than": (low, high) == (None, value),
            "range": value is None and low is not None and high is not None and low < high,
            "vague": value is None and low is not None and high is None,
        }[quantity.bound]


@given(TEXTS)
def test_a_text_before_changes_nothing_in_the_next_sentence(text: str) -> None:
    alone = [told(quantity) for quantity in find_quantities("They paid $5bn.")]
    assert [told(quantity) for quantity in find_quantities(f"{text}x. They paid $5bn.")][-1:] == alone
