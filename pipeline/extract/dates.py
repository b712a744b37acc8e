"""Dates and periods that a text names, as EDTF; a year that the text does not give stays `XXXX`."""

import re
from dataclasses import dataclass
from functools import cache

MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_SHORT = {
    "jan": 1,
    "feb": 2,
    "mar": 3,
    "apr": 4,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sept": 9,
    "sep": 9,
    "oct": 10,
    "nov": 11,
    "dec": 12,
}


@dataclass(frozen=True, slots=True)
class Period:
    """A date or interval in EDTF and its span in the text, the word that opens it ("since") included."""

    edtf: str
    start: int
    end: int


@cache
def _pattern() -> re.Pattern[str]:
    names = "|".join([*(m.capitalize() for m in MONTHS), *(rf"{m.capitalize()}\.?" for m in _SHORT)])
    date = (
        rf"(?:(?P<day1>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month1>{names})(?:,? (?P<year1>(?:19|20)\d\d))?"
        rf"|(?P<month2>{names}) (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,? (?P<year2>(?:19|20)\d\d))?"
        rf"|(?P<month3>{names}),? (?:of )?(?P<year3>(?:19|20)\d\d)"
        rf"|(?P<iso>(?:19|20)\d\d-[01]\d(?:-[0-3]\d)?)"
        rf"|(?P<month4>{names})(?=\W|$)"
        rf"|(?P<decade>(?:19|20)\d0s)"
        rf"|(?P<year5>(?:19|20)\d\d)(?:\s?(?:-|–|to)\s?(?P<year6>(?:19|20)\d\d))?(?![\d,]|\.\d))"
    )
    opener = r"(?:\b(?P<open>[Ss]ince|[Ff]rom|[Ii]n|[Oo]n|[Bb]y|[Uu]ntil|[Bb]efore|[Aa]fter|[Dd]uring|[Oo]f|[Tt]his|[Ll]ast|[Nn]ext)(?: (?:early|late|mid-?|earlier in|later in|the end of|the start of|about))? )"
    return re.compile(rf"{opener}?(?<![\w$€£,.-]){date}")


def find_periods(text: str) -> list[Period]:
    """All dates and periods of `text`, in order. A bare month counts only behind a word that makes it a date."""
    found = []
    for match in _pattern().finditer(text):
        period = _read(match)
        if period is not None:
            found.append(period)
    return found


def read_period(quote: str) -> str | None:
    """The EDTF value of a quote's date; None where it holds none."""
    found = find_periods(quote)
    return found[0].edtf if found else None


def _month(name: str | None) -> int | None:
    if name is None:
        return None
    low = name.lower().rstrip(".")
    return MONTHS.index(low) + 1 if low in MONTHS else _SHORT.get(low)


def _read(match: re.Match[str]) -> Period | None:
    opener = (match["open"] or "").lower()
    start, end = match.span()
    if match["iso"]:
        value = match["iso"]
    elif match["decade"]:
        value = match["decade"][:3] + "X"
    elif match["year5"]:
        value = match["year5"]
        if not opener and not match["year6"] and not _stands_as_year(match):
            return None
        if match["year6"]:
            return Period(f"{value}/{match['year6']}", start, end) if value < match["year6"] else None
    else:
        month = _month(match["month1"] or match["month2"] or match["month3"] or match["month4"])
        if month is None or (match["month4"] and not opener):
            return None
        year = match["year1"] or match["year2"] or match["year3"] or "XXXX"
        day = match["day1"] or match["day2"]
        if day and not 1 <= int(day) <= 31:
            return None
        value = f"{year}-{month:02d}" + (f"-{int(day):02d}" if day else "")
    if opener == "since":
        value += "/.."
    return Period(value, start, end)


def _stands_as_year(match: re.Match[str]) -> bool:
    """Whether a bare year stands where years stand: in brackets or behind a comma or a month's word."""
    text, start = match.string, match.start("year5")
    return bool(re.search(r"(?:\(|, |early |late |mid-|year )$", text[max(0, start - 6) : start]))
