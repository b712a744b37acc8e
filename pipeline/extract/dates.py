"""Dates and periods that a text names, as EDTF; a year that the text does not give stays `XXXX`.

Not read: days counted from another day ("yesterday", "two weeks later"), seasons, and a year alone that stands where
a number may stand.
"""

import re
from dataclasses import dataclass, replace
from functools import cache

from pipeline import edtf

_MONTHS = {
    "january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8, "september": 9,
    "october": 10, "november": 11, "december": 12,
}  # fmt: skip
_SHORT = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sept": 9, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12,
}  # fmt: skip
OPENED = {
    "since": "{}/..", "after": "{}/..", "until": "../{}", "before": "../{}", "by": "../{}",
}  # fmt: skip
"""Words that make a date one end of an interval, with its form."""
_OPENERS = (*OPENED, "from", "between", "in", "on", "during", "of", "this", "last", "next")


@dataclass(frozen=True, slots=True)
class Period:
    """A date or interval in EDTF and its span in the text, the word that opens it ("since") included."""

    edtf: str
    start: int
    end: int


@cache
def _pattern() -> re.Pattern[str]:
    short = "|".join(f"{name.capitalize()}\\.?" for name in _SHORT)
    month = rf"(?:{'|'.join(name.capitalize() for name in _MONTHS)}|{short})(?!\w)"
    year = r"(?:19|20)\d\d(?!\w|[.,]\d)"
    day = r"\d{1,2}(?:st|nd|rd|th)?"
    # "March 15,000 people", "March 20 per cent": a number that stands behind a month is not its day.
    no_count = r"(?![\w%]|[.,:]\d| (?:hundred|thousand|million|billion|people|per\s?cent)\b)"
    to = r"(?:\s?[-–]\s?| to | and )"
    date = (
        rf"(?:(?P<from>{day}(?P<to>{to}))?(?P<day1>{day})(?: of)? (?P<month1>{month})(?:,? (?P<year1>{year}))?"
        rf"|(?P<month2>{month}) (?P<day2>{day})(?:[-–](?P<till>{day}))?{no_count}(?:,? (?P<year2>{year}))?"
        rf"|(?P<month3>{month}),? (?:of )?(?P<year3>{year})"
        rf"|(?P<iso>(?:19|20)\d\d-[01]\d(?:-[0-3]\d)?)(?!\w)"
        rf"|(?P<month4>{month})"
        rf"|(?:the )?(?P<decade>(?:19|20)\d0s)\b"
        rf"|(?P<year5>(?:19|20)\d\d)(?:(?P<years>{to})(?P<year6>{year}))?(?!\w|[.,]\d))"
    )
    openers = "|".join(f"[{word[0].upper()}{word[0]}]{word[1:]}" for word in _OPENERS)
    part = r"[Ee]arly |[Ll]ate |[Ee]arlier in |[Ll]ater in |[Tt]he (?:end|start|beginning|middle) of |about |[Mm]id[- ]"
    return re.compile(rf"(?:\b(?P<open>{openers}) )?(?<![\w$€£,.-])(?P<part>{part})?{date}")


def find_periods(text: str) -> list[Period]:
    """All dates and periods of `text`, in order. A bare month counts only behind a word that makes it a date."""
    found: list[Period] = []
    for match in _pattern().finditer(text):
        period = _read(match)
        if period is None:
            continue
        whole = _joined(found[-1], period, text) if found else None
        if whole is not None:
            found[-1] = whole
        else:
            found.append(period)
    return found


def _joined(first: Period, second: Period, text: str) -> Period | None:
    """One interval from two dates ("from January to March 2025"); None where they are not its ends."""
    between = text[first.end : second.start]
    joins = between in (" to ", "–", " – ", " - ") or (
        between == " and " and text.startswith(("between", "Between"), first.start)
    )
    if not joins:
        return None
    starts = [first.edtf]
    if first.edtf.startswith("XXXX"):
        starts.insert(0, second.edtf[:4] + first.edtf[4:])
    value = next((f"{start}/{second.edtf}" for start in starts if edtf.is_edtf(f"{start}/{second.edtf}")), None)
    return Period(value, first.start, second.end) if value else None


def _read(match: re.Match[str]) -> Period | None:
    opener = (match["open"] or "").lower()
    if match["iso"]:
        value = match["iso"]
    elif match["decade"]:
        value = match["decade"][:3] + "X"
    elif match["year5"]:
        return _read_years(match, opener)
    else:
        name = match["month1"] or match["month2"] or match["month3"] or match["month4"]
        if match["month4"] and not opener and not match["part"]:
            return None
        month = {**_MONTHS, **_SHORT}[name.lower().rstrip(".")]
        stem = f"{match['year1'] or match['year2'] or match['year3'] or 'XXXX'}-{month:02d}"
        days = _days(match, opener)
        value = "/".join(f"{stem}-{day:02d}" for day in days) or stem
    return _period(value, opener, match)


def _days(match: re.Match[str], opener: str) -> list[int]:
    """The day of a date, or the days at both ends of an interval in one month; none where only a month is told."""
    days = [match["day1"] or match["day2"]]
    if match["till"]:
        days.append(match["till"])
    elif match["from"] and (match["to"] != " and " or opener == "between"):
        days.insert(0, match["from"].removesuffix(match["to"]))
    return [int(re.sub(r"\D", "", day)) for day in days if day]


def _read_years(match: re.Match[str], opener: str) -> Period | None:
    value = match["year5"]
    if match["year6"] and (match["years"] != " and " or opener == "between"):
        return _period(f"{value}/{match['year6']}", "", match)
    if not opener and not match["part"] and not _stands_as_year(match):
        return None
    period = _period(value, opener, match)
    return period and replace(period, end=match.end("year5"))


def _period(value: str, opener: str, match: re.Match[str]) -> Period | None:
    if "/" not in value:
        value = OPENED.get(opener, "{}").format(value)
    return Period(value, *match.span()) if edtf.is_edtf(value) else None


def _stands_as_year(match: re.Match[str]) -> bool:
    """Whether a bare year stands where years stand: in brackets, behind a comma or "year"."""
    return match.string[max(0, match.start("year5") - 5) : match.start("year5")].endswith(("(", ", ", "year "))


_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_LENGTHS = "hours?|days?|nights?|weeks?|weekends?|months?|quarters?|years?|decades?|centur(?:y|ies)|mornings?|afternoons?|evenings?|summers?|winters?|springs?|autumns?"
_WHEN = re.compile(
    rf"\b(?:(?:[Oo]n|[Ss]ince|[Bb]y|[Uu]ntil|[Ff]rom) )?(?:(?:late|early) )?(?:(?:[Ll]ast|[Nn]ext|[Tt]his) )?(?:{_DAYS})(?: (?:morning|afternoon|evening|night))?\b"
    rf"|\b(?:(?:[Ii]n|[Dd]uring|[Oo]ver|[Ss]ince|[Aa]t|[Ee]arlier|[Ll]ater|[Ll]ate|[Ee]arly) )?(?:[Ll]ast|[Nn]ext|[Tt]his|[Ee]ach|[Ee]very|[Tt]he same|[Tt]he following|[Tt]he previous|[Tt]hat) (?:{_LENGTHS})\b"
    rf"|\b(?:[Aa]|[Aa]n|[Oo]ne|[Tt]wo|[Tt]hree|[Ff]our|[Ff]ive|[Ss]ix|[Ss]even|[Ee]ight|[Nn]ine|[Tt]en|[Ss]everal|[Ff]ew|[Ss]ome|[Mm]any|\d+) (?:{_LENGTHS}) (?:ago|later|earlier|before(?=[.,;])|after(?=[.,;]))\b"
    rf"|\b[Ii]n (?:recent|coming|the past|the coming|the last|the next|the past few|recent few|the past two|the past three) (?:{_LENGTHS})\b"
    r"|\b[Ii]n the past\b|\b[Ss]o far\b|\b[Aa]t the time\b|\b[Aa]t first\b|\b[Aa]t once\b|\b[Aa]t present\b|\b[Ii]n public\b|\b[Ii]n private\b"
)


def find_times(text: str) -> list[tuple[int, int]]:
    """Spans of the phrases that tell when: dates, weekdays ("on Tuesday"), "last year", "two months ago"."""
    spans = [(period.start, period.end) for period in find_periods(text)]
    return sorted({*spans, *(match.span() for match in _WHEN.finditer(text))})
