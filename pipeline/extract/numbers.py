"""Quantities in English text: numbers, number words, bounds, ranges, currencies, percentages and units.

Every quantity comes with its span, so that a figure can be derived again from its evidence. What only looks like one
is left out: digits in names, scores, clock times, ordinals and fractions. Dates and ages are the caller's to refuse.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

_SMALL = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_WORDS = {**_SMALL, **_TENS, "a": 1, "half": 0.5}
_LARGE = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_LETTERS = {"k": 1e3, "m": 1e6, "b": 1e9}
_SCALES = {
    **_LARGE, "hundred": 1e2, "dozen": 12, "millions": 1e6, "billions": 1e9, "trillions": 1e12,
    "mn": 1e6, "mln": 1e6, "bn": 1e9, "tn": 1e12, "trn": 1e12,
}  # fmt: skip
_VAGUE = {
    "dozens": 12, "scores": 20, "hundreds": 1e2, "thousands": 1e3, "tens of thousands": 1e4,
    "hundreds of thousands": 1e5, "millions": 1e6, "tens of millions": 1e7, "hundreds of millions": 1e8,
    "billions": 1e9, "tens of billions": 1e10, "hundreds of billions": 1e11, "trillions": 1e12,
} | {
    f"{some} {heap}{ending}": low
    for heap, low in {"dozen": 12, "hundred": 1e2, "hundred thousand": 1e5, **_LARGE}.items()
    for some in ("several", "many", "a few")
    for ending in ("", "s")
}  # fmt: skip
_BOUNDS = {
    "more_than": ["more than", "over", "above", "in excess of", "greater than", "upwards of", "exceeding", "exceeds", "exceeded", "surpassing", "beyond"],
    "at_least": ["at least", "no fewer than", "no less than", "not less than", "a minimum of", "minimum of"],
    "at_most": ["at most", "up to", "as many as", "as much as", "no more than", "not more than", "a maximum of", "maximum of", "within"],
    "less_than": ["less than", "fewer than", "under", "below"],
    # "Nearly 500" comes close to the number from below; it bounds nothing firmly.
    "approx": ["about", "around", "some", "approximately", "roughly", "an estimated", "estimated", "circa", "approx", "estimated at", "estimated to be", "valued around", "valued at around", "nearly", "almost", "close to"],
}  # fmt: skip
_BOUND_OF = {word: bound for bound, words in _BOUNDS.items() for word in words}
_TAILS = {
    "or more": "at_least", "or above": "at_least", "or less": "at_most", "or fewer": "at_most", "or so": "approx",
    "-plus": "at_least", "+": "at_least",
}  # fmt: skip
CURRENCIES = {
    "US$": "USD", "$": "USD", "€": "EUR", "£": "GBP", "C$": "CAD", "A$": "AUD", "¥": "JPY",
    "dollars": "USD", "dollar": "USD", "us dollars": "USD", "euros": "EUR", "euro": "EUR", "pounds": "GBP",
    "yuan": "CNY", "rubles": "RUB", "roubles": "RUB", "usd": "USD", "eur": "EUR", "dirhams": "AED", "yen": "JPY",
}  # fmt: skip
SIGNS = frozenset(sign[-1] for sign in CURRENCIES if not sign[-1].isalpha())
"""What a currency's sign ends with, before its number."""
UNITS = {
    "years": "a", "year": "a", "decades": "a", "decade": "a", "months": "mo", "month": "mo", "weeks": "wk", "week": "wk",
    "days": "d", "day": "d", "hours": "h", "hour": "h", "percent": "percent", "per cent": "percent", "%": "percent",
    "tonnes": "t", "tonne": "t", "metric tons": "t", "metric tonnes": "t", "tons": "t", "ton": "t", "kilograms": "kg", "kilogram": "kg",
    "kilos": "kg", "kg": "kg", "ounces": "[oz_tr]", "carats": "[car_m]", "barrels": "[bbl_us]", "barrel": "[bbl_us]",
    "cubic metres": "m3", "cubic meters": "m3", "cubic feet": "[cft_i]",
    "square kilometres": "km2", "square kilometers": "km2", "sq km": "km2", "km²": "km2", "km2": "km2", "hectares": "har", "hectare": "har",
    "kilometres": "km", "kilometers": "km", "kilometre": "km", "kilometer": "km", "km": "km", "miles": "[mi_i]", "mile": "[mi_i]",
    "acres": "[acr_us]", "square miles": "[smi_us]", "households": "households", "families": "households",
}  # fmt: skip
_TIMES = {"decades": 10, "decade": 10}
FRACTIONS = {
    "half": 50, "a third": 100 / 3, "one third": 100 / 3, "two thirds": 200 / 3, "a quarter": 25, "one quarter": 25,
    "three quarters": 75, "a fifth": 20, "one fifth": 20, "a tenth": 10, "one tenth": 10,
}  # fmt: skip
"""Fractions in words, in percent."""
_FRACTION = re.compile(r"[- ](?:halves|thirds?|quarters?|(?:four|fif|six|seven|eigh|nin|ten)ths?)\b", re.IGNORECASE)
"""Behind a number: it is the numerator of a fraction."""
_LABELLED = re.compile(r"(?:\bno\.? |№ ?|#)$", re.IGNORECASE)
"""Before a number: a label ("No. 5"), or no number at all ("no one")."""
_REACH = 40
"""Characters that bounds, signs and "several" may take before the number word."""


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

    @property
    def is_money(self) -> bool:
        """Whether its unit is a currency, as an ISO 4217 code."""
        return self.unit in CURRENCIES.values()


def _either(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


@cache
def _pattern() -> re.Pattern[str]:
    signs = _either(sign for sign in CURRENCIES if not sign[-1].isalpha())
    symbol = rf"(?:(?<![^\W\d_])(?:{signs})|\b(?-i:{_either(set(CURRENCIES.values()))}))\s?"
    money = rf"(?:U\.?S\.? )?(?:{_either(word for word in CURRENCIES if word[-1].isalpha())})\b"
    unit = rf"(?:{_either(UNITS)})(?!\w)"
    number = _number_pattern()
    # A letter alone ("40m") is a scale only where it touches its digits, or a currency stands before them.
    scale = rf"(?:[ -]?(?:{_either(_SCALES)})\b|(?(symbol)\s?)(?:{_either(_LETTERS)})\b)"
    tail = rf"\+(?!\d)|-plus\b|\s(?:{_either(word for word in _TAILS if ' ' in word)})\b"
    return re.compile(
        rf"(?:\b(?P<bound>{_either(_BOUND_OF)})\s+)?(?P<symbol>{symbol})?"
        rf"(?:(?P<one>{number})(?P<scale1>{scale})?"
        rf"(?:(?P<joint>\s?[-–]\s?|\s(?:to|and|or)\s)(?:{symbol})?(?P<two>{number})(?P<scale2>{scale})?)?"
        rf"|\b(?P<vague>{_either(_VAGUE)})\b(?: of(?= (?:{unit}|{money})))?)"
        rf"(?P<plus>{tail})?(?:[\s-]?(?P<unit>{unit}))?(?:\s(?P<money>{money}))?(?P<tail>{tail})?",
        re.IGNORECASE,
    )


def _number_pattern() -> str:
    digits = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?!\d)|\d+(?:\.\d+)?"
    ones = _either(word for word, number in _SMALL.items() if 0 < number < 10)
    small = rf"(?:(?:{_either(_TENS)})(?:[- ](?:{ones})\b)?|{_either(_SMALL)})"
    large = _either(_LARGE)
    # "Between two hundred and three hundred": there "and" stands between two numbers.
    hundreds = (
        rf"(?:(?<!between )(?:{small}|a) hundred and {small}\b(?! hundred\b)"
        rf"|(?:{small}|a(?= hundred\b))(?: hundred\b(?: {small}\b)?)?)"
    )
    words = rf"{hundreds}(?: (?:{large}) {hundreds})*(?: and a half)?\b"
    return rf"(?:(?:{digits})|\b(?:{words}|(?:half )?a(?= (?:dozen|hundred|decade|{large})\b)))"


@cache
def _trigger() -> re.Pattern[str]:
    """What every quantity holds: digits or a number word. The class of first letters makes it quick."""
    words = {*_SMALL, *_TENS, *_LARGE, "hundred", "dozen", "score", "decade"}
    letters = "".join(sorted({word[0] for word in words}))
    return re.compile(rf"\d+|\b(?=[{letters}])(?:{_either(words)})s?\b", re.IGNORECASE)


@cache
def _fraction_pattern() -> re.Pattern[str]:
    fractions = "|".join(words.replace(" ", "[- ]") for words in FRACTIONS)
    return re.compile(rf"\b(?<!and a )(?P<fraction>{fractions}) of\b(?! a (?:dozen|million|century))", re.IGNORECASE)


@cache
def _bound_pattern() -> re.Pattern[str]:
    return re.compile(rf"\b(?P<bound>{_either(_BOUND_OF)})\s+$", re.IGNORECASE)


def _find_fractions(text: str) -> list[Quantity]:
    """Fractions of something, as percentages: "half of the revenue" is 50 percent."""
    found = []
    for match in _fraction_pattern().finditer(text):
        value = round(FRACTIONS[match["fraction"].lower().replace("-", " ")], 2)
        before = _bound_pattern().search(text, max(0, match.start() - _REACH), match.start())
        bound = _BOUND_OF[before["bound"].lower()] if before else "exact"
        span = (before or match).start(), match.end()
        found.append(_bounded(value, bound, "percent", span))
    return found


def find_quantities(text: str) -> list[Quantity]:
    """All quantities of `text`, in order."""
    found = _find_fractions(text)
    at = 0
    for trigger in _trigger().finditer(text):
        if trigger.start() < at:
            continue
        match = _pattern().search(text, max(at, trigger.start() - _REACH))
        while match is not None and match.end() <= trigger.start():
            # Digits of a longer number that was refused; the trigger's own stand further on.
            match = _pattern().search(text, match.end())
        if match is None:
            break
        at = match.end()
        if match["two"] and not _is_range(match):
            # What stands behind "to", "and", "or" is a number of its own, which the next search reads.
            at = match.start("joint")
            match = _pattern().match(text, match.start(), at) or match
        if match["vague"] or not _is_label(text, match):
            found.append(_read(match))
    return sorted(found, key=lambda quantity: quantity.start)


def _is_range(match: re.Match[str]) -> bool:
    one, two = _ends(match)
    joint = match["joint"].strip().lower()
    before = match.string[max(0, match.start() - len("between ")) : match.start("one")]
    return one < two and (joint != "and" or before.lower().startswith("between "))


def _is_label(text: str, match: re.Match[str]) -> bool:
    """Whether the digits belong to a name ("M23", "C5+1", "Su-25"), a score, a time, a fraction or a longer number."""
    start = match.start("one")
    end = max(match.end(part) for part in ("one", "scale1", "two", "scale2"))
    before, earlier = text[start - 1 : start], text[max(0, start - 2) : start - 1] if start else ""
    after, later = text[end : end + 1], text[end + 1 : end + 2]
    if (before.isalpha() and not match["symbol"]) or before in ("-", "−"):
        return True
    if before in ("–", "/", "+", ".", ":", ",") and earlier.isalnum():
        return True
    if after in ("/", ":", "+", ".", ",", "-", "–") and later.isdigit():
        return True
    if after.isalpha() and not match["unit"]:
        return True
    return bool(_FRACTION.match(text, end) or _LABELLED.search(text, max(0, start - 4), start))


def _ends(match: re.Match[str]) -> tuple[float, float]:
    """Both numbers of a range; a scale behind the second counts for both ("2-3 million")."""
    two = _number(match["two"], match["scale2"])
    one = _number(match["one"], match["scale1"] or match["scale2"])
    return (one if one < two else _number(match["one"], match["scale1"])), two


def _number(text: str, scale: str | None) -> float:
    words = re.split(r"[\s-]+", text.lower()) if not text[0].isdigit() else []
    factor = (scale or "").strip(" -").lower()
    if not words:
        number = float(re.sub(r"[^\d.]", "", text))
        return round(number * {**_SCALES, **_LETTERS}.get(factor, 1), 6)
    total = part = 0.0
    for word in [*words, factor]:
        if word == "hundred":
            part *= 100
        elif word in _SCALES:
            total, part = total + part * _SCALES[word], 0.0
        elif word not in ("", "and") and not (word == "a" and part):
            part += _WORDS[word]
    return total + part


def _unit(match: re.Match[str]) -> str | None:
    if match["symbol"]:
        sign = match["symbol"].strip().upper()
        return CURRENCIES.get(sign, sign)
    if match["money"]:
        return CURRENCIES[re.sub(r"^u\.?s\.? ", "", match["money"].lower())]
    return UNITS.get((match["unit"] or "").lower())


def _read(match: re.Match[str]) -> Quantity:
    unit, span = _unit(match), match.span()
    times = _TIMES.get((match["unit"] or "").lower(), 1)
    if match["vague"]:
        return Quantity(None, _VAGUE[match["vague"].lower()] * times, None, "vague", unit, *span)
    if match["two"]:
        one, two = _ends(match)
        between = re.compile("between $", re.IGNORECASE).search(
            match.string, max(0, span[0] - len("between ")), span[0]
        )
        start = between.start() if between and match["joint"].strip().lower() == "and" else span[0]
        return Quantity(None, one * times, two * times, "range", unit, start, span[1])
    value = _number(match["one"], match["scale1"]) * times
    tail = (match["plus"] or match["tail"] or "").strip().lower()
    before = (match["bound"] or "").lower()
    if before == "within" and unit is None:
        # "Within six months" tells how long at most, "within two provinces" where.
        before, span = "", (match.start("one"), span[1])
    bound = _TAILS.get(tail) or _BOUND_OF.get(before, "exact")
    return _bounded(value, bound, unit, span)


def _bounded(value: float, bound: str, unit: str | None, span: tuple[int, int]) -> Quantity:
    low = value if bound in ("more_than", "at_least") else None
    high = value if bound in ("at_most", "less_than") else None
    return Quantity(value, low, high, bound, unit, *span)
