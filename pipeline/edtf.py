"""Dates in the profile of EDTF (ISO 8601-2) that the tables use.

Level 0 and 1, and from level 2 only an unspecified year (`XXXX-MM`, `XXXX-MM-DD`): dates, intervals with open
(`..`) or unknown (empty) ends, the qualifiers `?`, `~`, `%`, seasons, and `X` for unspecified trailing digits.
"""

import calendar
import re
from datetime import date

_DATE = re.compile(
    r"(?P<year>\d{4}|\d{3}X|\d{2}XX|XXXX)(-(?P<month>0[1-9]|1[0-2]|2[1-4]|XX)(-(?P<day>0[1-9]|[12]\d|3[01]|XX))?)?[?~%]?",
    re.ASCII,
)
_SEASON_MONTHS = {"21": (3, 5), "22": (6, 8), "23": (9, 11), "24": (12, 2)}


def is_edtf(text: str) -> bool:
    """Whether `text` is a date or interval of the profile, with days that exist."""
    if "/" not in text:
        return _is_date(text)
    start, _, end = text.partition("/")
    if not all(part in ("", "..") or _is_date(part) for part in (start, end)):
        return False
    if start in ("", "..") and end in ("", ".."):
        return False
    first, last = earliest(start), latest(end)
    return first is None or last is None or first <= last


def _is_date(text: str) -> bool:
    match = _DATE.fullmatch(text)
    if not match:
        return False
    year, month, day = match["year"], match["month"], match["day"]
    if month == "XX" and day not in (None, "XX"):
        return False
    if day is not None and month in _SEASON_MONTHS:
        return False
    if year == "XXXX":
        if month in (None, "XX", *_SEASON_MONTHS) or day == "XX":
            return False
    elif "X" in year and month is not None:
        return False
    if day and day != "XX":
        # A year that is unknown may be a leap year.
        sample = int(year) if year.isdigit() else 2000
        return sample > 0 and int(day) <= calendar.monthrange(sample, int(month))[1]
    return year != "0000"


def earliest(text: str | None) -> date | None:
    """The first day `text` may mean; None where the year or that end is unknown or open."""
    return _bound((text or "").partition("/")[0], last=False)


def latest(text: str | None) -> date | None:
    """The last day `text` may mean; None where the year or that end is unknown or open."""
    start, slash, end = (text or "").partition("/")
    return _bound(end if slash else start, last=True)


def is_full_day(text: str | None) -> bool:
    """Whether `text` is one known day."""
    return text is not None and re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) is not None


def _bound(text: str, *, last: bool) -> date | None:
    match = _DATE.fullmatch(text)
    if not match or match["year"] == "XXXX" or not _is_date(text):
        return None
    year = int(match["year"].replace("X", "9" if last else "0"))
    month = match["month"]
    if month in _SEASON_MONTHS:
        first_month, last_month = _SEASON_MONTHS[month]
        year, number = (year + (last and month == "24"), last_month if last else first_month)
    elif month in (None, "XX"):
        number = 12 if last else 1
    else:
        number = int(month)
    if year > date.max.year:  # the winter of 9999 ends after the last day that a date can be
        return date.max
    year = max(year, 1)
    day = match["day"]
    if day in (None, "XX"):
        return date(year, number, calendar.monthrange(year, number)[1] if last else 1)
    return date(year, number, int(day))
