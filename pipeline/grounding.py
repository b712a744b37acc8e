"""Re-derives a value from the words that are its evidence: numbers, dates and names are read again from their quotes.

Pure: a cell and its quotes in, a problem or None out. It does not judge what only a reader can: codes (types, acts,
stages, certainty) and links between records pass.
"""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from pipeline import contract
from pipeline.extract.dates import OPENED, find_periods
from pipeline.extract.names import Entry, Names, fold
from pipeline.extract.numbers import CURRENCIES, FRACTIONS, UNITS, Quantity, find_quantities
from pipeline.proposals import CLAIM_PARTS, LOCAL, ROLE, UNNAMED
from pipeline.registry import NAMED

Found = tuple[int, int, tuple[Entry, ...]]
_HASHED = re.compile(r"[a-z]{2}-[0-9a-f]{16}")
_WORD = re.compile(r"[^\W_]+")
_SMALL_WORDS = frozenset(["a", "an", "and", "de", "des", "du", "for", "la", "le", "of", "the"])
_OPENERS = {word: form.format("") for word, form in OPENED.items()} | {"from": "/.."}


def check_cell(
    table: str,
    column: str,
    value: Any,
    quotes: Sequence[str],
    inferred: bool,
    names: Names,
    local: Mapping[str, str] | None = None,
) -> str | None:
    """What is wrong with `value` as read from `quotes` (the evidence of one cell); None where nothing is.

    column: as evidence names it (`role:<actor_id>`, `holder`). inferred: all its evidence is concluded from the words
    rather than said in them; that frees names, and numbers where the quotes hold none, but never a year.
    local: names by id of the actors, places and commodities that only the document's own records name.
    """
    told = [quote for quote in quotes if quote.strip()]
    if not told:
        return "no words are quoted for it"
    kind = _kind(table, column)
    if kind == "id":
        return _check_id(str(value), told, inferred, names, local or {})
    if kind == "name":
        return _check_name(table, str(value), told, names)
    if kind == "date":
        return _check_date(str(value), told, inferred)
    if kind == "number":
        return _check_number(column, float(value), told, inferred)
    if kind == "bound":
        return None if inferred else _check_bound(str(value), told)
    if kind == "unit":
        return None if inferred else _check_unit(str(value), told)
    return None


@cache
def _kind(table: str, column: str) -> str:
    """How a cell is read again: id, name, date, number, bound, unit; '' where it cannot be."""
    if column.startswith(ROLE):
        return "id"
    name = CLAIM_PARTS.get(column) or column
    if table in NAMED:
        return name if name == "name" else ""
    declared = next((one for one in contract.columns(table) if one.name == name), None)
    if declared is None:
        return ""
    if set(declared.refers_to) & set(NAMED):
        return "id"
    if declared.edtf:
        return "date"
    return "number" if str(declared.arrow_type) == "double" else {"bound": "bound", "unit": "unit"}.get(name, "")


def _shown(quotes: Iterable[str]) -> str:
    return ", ".join(f"“{quote}”" for quote in quotes)


# --- names ----------------------------------------------------------------------------------------------------------


def _check_id(value: str, quotes: Sequence[str], inferred: bool, names: Names, local: Mapping[str, str]) -> str | None:
    if inferred or value == UNNAMED or value.startswith(LOCAL) or value in names.deals or _HASHED.fullmatch(value):
        return None
    targets = {quote: _targets(quote, names) for quote in quotes}
    if any(value in named for named in targets.values()):
        return None
    if any(value in rows for rows in (names.actors, names.places, names.commodities)):
        # "Long Name (LN)" teaches an abbreviation of a registered actor too.
        called = _called(value, names)
        if any(_abbreviates(quote, name) for quote in quotes if not targets[quote] for name in called):
            return None
    elif value in local and any(_shares_name(quote, local[value]) for quote in quotes):
        return None
    return f"{_shown(quotes)} does not name {value}"


def _targets(quote: str, names: Names) -> set[str]:
    """What the quote names, without the states whose names are only a part of another country's ("South Sudan")."""
    ids = names.targets(quote)
    found = names.find_all(quote)
    for state in [key for key in ids if names.actors.get(key, {}).get("actor_type") == "state"]:
        held = [(start, end) for start, end, entries in found if any(entry.target == state for entry in entries)]
        if all(_is_part_of_another(span, state, found, names) for span in held):
            ids -= {state, f"{state.lower()}-country", f"{state.lower()}-companies"}
    return ids


def _is_part_of_another(span: tuple[int, int], state: str, found: Sequence[Found], names: Names) -> bool:
    """Whether a longer name around the span means something of another country, and nothing of the state."""
    around = [
        {_country(entry, names) for entry in entries}
        for start, end, entries in found
        if start <= span[0] and span[1] <= end and (start, end) != span
    ]
    return any(None not in countries and state not in countries for countries in around)


def _country(entry: Entry, names: Names) -> str | None:
    row = names.actors.get(entry.target) or names.places.get(entry.target) or {}
    return row.get("country")


def _called(value: str, names: Names) -> list[str]:
    """The registry's names of an id."""
    return [entry.alias for entries in names.by_alias.values() for entry in entries if entry.target == value]


def _check_name(table: str, value: str, quotes: Sequence[str], names: Names) -> str | None:
    """Whether quotes of the column `name` call the row so: by an alias where it is registered, else by a word of it."""
    rows: Mapping[str, Mapping[str, Any]] = getattr(names, table)
    registered = {key for key, row in rows.items() if row["name"] == value}
    if any(registered & _targets(quote, names) for quote in quotes):
        return None
    likeness = _abbreviates if registered else _shares_name
    if any(likeness(quote, value) for quote in quotes):
        return None
    return f"{_shown(quotes)} is no name of {value}"


def _shares_name(quote: str, name: str) -> bool:
    """Whether the quote has a word of the name, or its abbreviation."""
    return bool(_words(quote) & _words(name)) or _abbreviates(quote, name)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(fold(text))) - _SMALL_WORDS


def _abbreviates(quote: str, name: str) -> bool:
    """Whether a word in capitals has the initials of the name, in their order and at least two ("ADF", "FARDC")."""
    initials = "".join(word[0] for word in _WORD.findall(name)).lower()
    return any(
        len(word) > 1 and word.isupper() and word[0].lower() == initials[:1] and _is_within(word.lower(), initials)
        for word in _WORD.findall(quote)
    )


def _is_within(letters: str, word: str) -> bool:
    """Whether all letters come in the word in this order."""
    rest = iter(word)
    return all(letter in rest for letter in letters)


# --- dates ----------------------------------------------------------------------------------------------------------


def _check_date(value: str, quotes: Sequence[str], inferred: bool) -> str | None:
    read = {period for quote in quotes for period in _periods(quote)}
    if value in read:
        return None
    said = f"{_shown(quotes)} gives {' and '.join(sorted(read)) or 'no date'}, not {value}"
    ends = {end for period in read for end in _ends(period)}
    if inferred:
        years = {end[:4] for end in ends} | {"XXXX"}
        return None if all(end[:4] in years for end in _ends(value)) else f"{said}: a year is never inferred"
    if not all(_is_told(end, ends) for end in _ends(value)):
        return said
    open_sides = {side for quote in quotes for side in _open_sides(quote)}
    was_opened = any(_opens(period) for period in read)
    return None if _opens(value) <= open_sides and (_opens(value) or not was_opened) else said


def _periods(quote: str) -> set[str]:
    """Dates of a quote. One that is nothing but a year or month has lost the word before it that made it a date."""
    return {period.edtf for text in (quote, f"in {quote}") for period in find_periods(text)}


def _ends(value: str) -> set[str]:
    return {end.rstrip("?~%") for end in value.split("/")} - {"", ".."}


def _opens(value: str) -> set[str]:
    return {side for side in ("../", "/..") if side in value}


def _open_sides(quote: str) -> set[str]:
    return {_OPENERS[word] for word in _WORD.findall(quote.lower()) if word in _OPENERS}


def _is_told(end: str, told: Collection[str]) -> bool:
    """Whether a date was read whole, or its month and day in one place and its year in another."""
    year, _, rest = end.partition("-")
    return end in told or (f"XXXX-{rest}" in told and any(other[:4] == year for other in told))


# --- numbers --------------------------------------------------------------------------------------------------------


def _check_number(column: str, value: float, quotes: Sequence[str], inferred: bool) -> str | None:
    read = [quantity for quote in quotes for quantity in _quantities(quote)]
    of_whole = all(quantity.unit == "percent" for quantity in read)
    if of_whole and any(_is_share(value, quote) for quote in quotes):
        return None
    if any(_gives(quantity, column, value) for quantity in read) or (inferred and not read):
        return None
    told = " and ".join(dict.fromkeys(_told(quantity) for quantity in read)) or "no number"
    return f"{_shown(quotes)} gives {told}, not {column} {contract.canonical(value)}"


def _quantities(quote: str) -> list[Quantity]:
    """The quantities of a quote that are not part of its dates."""
    periods = find_periods(quote)
    return [
        quantity
        for quantity in find_quantities(quote)
        if quantity.unit is not None or not any(p.start < quantity.end and quantity.start < p.end for p in periods)
    ]


def _gives(quantity: Quantity, column: str, value: float) -> bool:
    number = getattr(quantity, column)
    # A bare number may be a bound: the word that makes it one stands elsewhere.
    if number is None and quantity.bound == "exact":
        number = quantity.value
    return number is not None and math.isclose(number, value, rel_tol=1e-9)


def _is_share(value: float, quote: str) -> bool:
    """Whether the value is the percentage of a fraction in words, to at most two places."""
    told = quote.lower().replace("-", " ")
    shares = [share for words, share in FRACTIONS.items() if _has(told, words)]
    return any(value in (round(share), round(share, 1), round(share, 2)) for share in shares)


def _told(quantity: Quantity) -> str:
    numbers = (quantity.value, quantity.low, quantity.high)
    said = {name: number for name, number in zip(("value", "low", "high"), numbers, strict=True) if number is not None}
    return " ".join([quantity.bound, *(f"{name} {contract.canonical(number)}" for name, number in said.items())])


def _check_bound(value: str, quotes: Sequence[str]) -> str | None:
    """The bound of the quoted number; of words alone, the bound they would give to a number behind them."""
    read = {quantity.bound for quote in quotes for quantity in _quantities(quote)}
    read |= {
        quantity.bound for quote in quotes for quantity in find_quantities(f"{quote} 1")[-1:] if not _quantities(quote)
    }
    if value in read or (value == "vague" and not any(_quantities(quote) for quote in quotes)):
        return None
    return f"{_shown(quotes)} is {' or '.join(sorted(read))}, not {value}"


def _check_unit(value: str, quotes: Sequence[str]) -> str | None:
    readable = {**{word.lower(): code for word, code in CURRENCIES.items()}, **UNITS}
    quantities = [quantity for quote in quotes for quantity in _quantities(quote)]
    read = {quantity.unit for quantity in quantities if quantity.unit}
    read |= {code for word, code in readable.items() for quote in quotes if _has(quote.lower(), word)}
    if value in read:
        return None
    if value in readable.values() or (quantities and all(quantity.unit for quantity in quantities)):
        return f"{_shown(quotes)} gives {' and '.join(sorted(read)) or 'no unit'}, not {value}"
    return None


def _has(quote: str, word: str) -> bool:
    """Whether a unit's word or sign stands in the quote as such."""
    return re.search(rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])", quote) is not None
