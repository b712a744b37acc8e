"""Quantities in English text: numbers, number words, bounds, ranges, currencies, percentages and units.

`find_quantities` gives every quantity of a text with its span; `read_quantity` reads one back from a quote, so that
a figure can be derived again from its evidence.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SMALL = {word: number for number, word in enumerate(_UNITS)} | {word: 10 * n for n, word in enumerate(_TENS, start=2)}
SCALES = {
    "hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "millions": 1e6, "mn": 1e6, "m": 1e6, "mln": 1e6,
    "billion": 1e9, "bn": 1e9, "b": 1e9, "billions": 1e9, "trillion": 1e12, "tn": 1e12, "trn": 1e12, "trillions": 1e12,
}  # fmt: skip
VAGUE = {
    "tens of millions": 1e7, "millions": 1e6, "several million": 1e6, "hundreds of thousands": 1e5,
    "tens of thousands": 1e4, "several thousand": 1e3, "many thousands": 1e3, "thousands": 1e3,
    "several hundred": 1e2, "hundreds": 1e2, "dozens": 12, "scores": 20, "tens of billions": 1e10,
    "billions": 1e9, "hundreds of millions": 1e8, "hundreds of billions": 1e11, "trillions": 1e12,
}  # fmt: skip
BOUNDS = {
    "more_than": ["more than", "over", "above", "in excess of", "greater than", "upwards of", "exceeding", "exceeds", "exceeded", "surpassing", "beyond"],
    "at_least": ["at least", "no fewer than", "no less than", "not less than", "a minimum of", "minimum of"],
    "at_most": ["at most", "up to", "as many as", "as much as", "no more than", "not more than", "a maximum of", "maximum of"],
    "less_than": ["less than", "fewer than", "under", "below", "nearly", "almost", "close to"],
    "approx": ["about", "around", "some", "approximately", "roughly", "an estimated", "estimated", "circa", "or so", "approx", "estimated at", "estimated to be", "valued around", "valued at around"],
}  # fmt: skip
# "Nearly 500" comes close to the number from below; it bounds nothing firmly, so it reads as approximate.
_NEAR = {"nearly", "almost", "close to"}
CURRENCIES = {
    "US$": "USD", "$": "USD", "€": "EUR", "£": "GBP", "C$": "CAD", "A$": "AUD", "¥": "JPY",
    "dollars": "USD", "dollar": "USD", "us dollars": "USD", "euros": "EUR", "euro": "EUR", "pounds": "GBP",
    "yuan": "CNY", "rubles": "RUB", "roubles": "RUB", "usd": "USD", "eur": "EUR", "dirhams": "AED", "yen": "JPY",
}  # fmt: skip
UNITS = {
    "years": "a", "year": "a", "decades": "a", "decade": "a", "months": "mo", "month": "mo", "weeks": "wk", "week": "wk",
    "days": "d", "day": "d", "hours": "h", "hour": "h", "percent": "percent", "per cent": "percent", "%": "percent",
    "tonnes": "t", "tonne": "t", "metric tons": "t", "metric tonnes": "t", "tons": "t", "ton": "t", "kilograms": "kg", "kilogram": "kg",
    "kilos": "kg", "kg": "kg", "ounces": "[oz_tr]", "carats": "[car_m]", "barrels": "[bbl_us]", "barrel": "[bbl_us]",
    "cubic metres": "m3", "cubic meters": "m3", "cubic feet": "[cft_i]",
    "square kilometres": "km2", "square kilometers": "km2", "sq km": "km2", "km²": "km2", "km2": "km2", "hectares": "har", "hectare": "har",
    "acres": "[acr_us]", "square miles": "[smi_us]", "households": "households", "families": "households",
}  # fmt: skip
_TIMES = {"decades": 10, "decade": 10}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its bound and unit, and its span: `start`..`end` the whole expression, unit included."""

    value: float | None
    low: float | None
    high: float | None
    bound: str
    unit: str | None
    start: int
    end: int


def _either(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


@cache
def _pattern() -> re.Pattern[str]:
    digits = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
    words = rf"(?:{_either(SMALL)})(?:[- ](?:{_either(SMALL)}))?(?: hundred)?"
    scale = rf"(?:[ -]?(?:{_either(SCALES)})\b)"
    number = rf"(?:(?:{digits})|\b(?:(?:a |half a )(?=(?:hundred|thousand|million|billion|trillion)\b)|{words})\b)"
    bound = _either([word for group in BOUNDS.values() for word in group])
    vague = _either(VAGUE)
    symbol = _either({k: v for k, v in CURRENCIES.items() if not k.isalpha()})
    money = _either({k: v for k, v in CURRENCIES.items() if k.isalpha() or " " in k})
    return re.compile(
        rf"(?:\b(?P<bound>{bound})\s+)?"
        rf"(?:(?P<symbol>{symbol})\s?)?"
        rf"(?:(?P<dozen>\ba dozen)|(?P<one>{number})(?P<scale1>{scale})?(?:\s?(?:-|–|to|and)\s?(?:{symbol})?(?P<two>{digits})(?P<scale2>{scale})?)?"
        rf"|(?P<vague>\b(?:{vague})\b))"
        rf"(?:[\s-]?(?P<unit>(?:{_either(UNITS)})(?![\w])))?(?:\s(?P<money>(?:U\.?S\.? )?(?:{money})\b))?"
        rf"(?P<more>\s+or more\b)?",
        re.IGNORECASE,
    )


def find_quantities(text: str) -> list[Quantity]:
    """All quantities of `text`, in order; years, dates and parts of names are the caller's to refuse."""
    found = []
    for match in _pattern().finditer(text):
        if _inside_name(text, match):
            continue
        quantity = _read(match, text)
        if quantity is not None:
            found.append(quantity)
    return found


def read_quantity(quote: str) -> Quantity | None:
    """The quantity of a quote; None where it holds none."""
    found = find_quantities(quote)
    return found[0] if found else None


def _inside_name(text: str, match: re.Match[str]) -> bool:
    """Digits that belong to a name ("M23", "C5+1", "Su-25") or a longer number."""
    number = match["one"]
    if number is None:
        return False
    start = match.start("one")
    end = match.end("two") if match["two"] else match.end("scale1") if match["scale1"] else match.end("one")
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    if before.isalpha() and not match["symbol"]:
        return True
    if before in "-–/+.:" and start > 1 and (text[start - 2].isalnum()):
        return True
    if after in "/:+" and end + 1 < len(text) and text[end + 1].isdigit():
        return True
    return after.isalpha() and not match["unit"] and number[-1].isdigit()


def _number(text: str, scale: str | None) -> float | None:
    low = text.lower().strip()
    if low in ("a", "half a"):
        value: float = 1 if low == "a" else 0.5
    elif low[0].isdigit():
        value = float(low.replace(",", ""))
    else:
        value = 0.0
        for part in re.split(r"[- ]", low):
            value = value * 100 if part == "hundred" else value + SMALL[part]
    if scale:
        value *= SCALES[scale.strip(" -").lower()]
    return round(value, 6)


def _read(match: re.Match[str], text: str) -> Quantity | None:
    unit_word = (match["unit"] or "").lower()
    unit = UNITS.get(unit_word)
    symbol = match["symbol"]
    if symbol:
        unit = CURRENCIES[symbol.upper() if symbol.upper() in CURRENCIES else symbol]
    elif match["money"]:
        unit = CURRENCIES[re.sub(r"^u\.?s\.? ", "", match["money"].lower())]
    times = _TIMES.get(unit_word, 1)
    if match["vague"]:
        return Quantity(None, VAGUE[match["vague"].lower()] * times, None, "vague", unit, match.start(), match.end())
    one = (
        12.0
        if match["dozen"]
        else _number(match["one"], match["scale1"] or (match["scale2"] if match["two"] else None))
    )
    if one is None:
        return None
    one *= times
    if match["two"]:
        two = _number(match["two"], match["scale2"])
        joined = text[match.end("scale1") if match["scale1"] else match.end("one") : match.start("two")]
        between = text[max(0, match.start() - 8) : match.start("one")].lower()
        if two is not None and two * times > one and ("and" not in joined or "between" in between):
            return Quantity(None, one, two * times, "range", unit, match.start(), match.end())
        return None
    word = (match["bound"] or "").lower()
    bound = next((name for name, words in BOUNDS.items() if word in words), "exact") if word else "exact"
    if word in _NEAR:
        bound = "approx"
    if match["more"]:
        bound = "at_least"
    low = one if bound in ("more_than", "at_least") else None
    high = one if bound in ("at_most", "less_than") else None
    return Quantity(one, low, high, bound, unit, match.start(), match.end())
