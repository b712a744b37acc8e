"""What a number counts: the measure and unit that the words around it tell, by rules and by weights.

Dates, parts of names and models of things count nothing. Weights are trained on the numbers of coded documents; what the
rules say is one of the things that they weigh.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.codebook import Measure
from pipeline.extract.clauses import slot_of
from pipeline.extract.dates import Period
from pipeline.extract.numbers import Quantity
from pipeline.extract.setting import Setting
from pipeline.extract.units import Unit, lemma

HARM = ("deaths", "injured", "abducted")
PERSONS = frozenset({"deaths", "injured", "displaced", "refugees", "abducted", "troops"})
WINDOW = 6
"""How many units around a quantity may say what it counts."""
LARGE = 1e6
"""From here a number without a noun is an amount of money."""
LIKELY = 0.3
"""Probability from which a measure is taken, chosen on articles left out of training (docs/extraction.md)."""
_TIME = ("a", "mo", "wk", "d", "h")
_MASS = ("t", "kg", "[oz_tr]", "[car_m]", "[ston_av]")
_AREA = ("km2", "har", "[acr_us]", "[smi_us]")
_VAGUE = frozenset({"thousands", "hundreds", "dozens", "scores", "millions", "tens"})


@dataclass(slots=True)
class Count:
    """What a quantity counts: measure, unit, and the units [first, last) that say so."""

    measure: str
    unit: str | None
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Counted:
    """A quantity that may count something: the units [first, last] of the number, and what rules say it counts."""

    quantity: Quantity
    first: int
    last: int
    ruled: Count | None


def counted(setting: Setting) -> Iterator[Counted]:
    """The quantities of a sentence, without dates, parts of names and models of things."""
    units = setting.sentence.units
    for quantity in setting.quantities:
        if _is_date(quantity, setting.periods) or _in_name(quantity, setting) or not _is_number(quantity):
            continue
        last = next((i for i, unit in enumerate(units) if unit.end >= quantity.end), None)
        if last is None:
            continue
        first = next(i for i, unit in enumerate(units) if unit.end > quantity.start)
        if not _is_model(first, units):
            count = _count_of(quantity, first, last, setting)
            yield Counted(quantity, first, last, count if count and belongs(count.measure, setting) else None)


def weighed(number: Counted, setting: Setting) -> Count | None:
    """What a quantity counts: what the weights find likeliest, or where there are none what the rules say.

    Where weights find nothing likely, people whom a rule saw counted are kept: some such measures have few examples.
    """
    weights = setting.cast.codebook.weights
    measures = weights.labels("measure", "figures")
    if not measures:
        return number.ruled
    measures = [measure for measure in measures if _fits_unit(measure, number)]
    told = tuple(count_features(number, setting))
    chances = [(weights.likely(("measure", "figures", measure), told), measure) for measure in measures]
    chance, measure = max(chances, default=(0.0, ""))
    ruled = number.ruled.measure if number.ruled is not None else None
    if (ruled == measure and chance >= LIKELY) or (ruled in PERSONS and chance < LIKELY):
        return number.ruled
    if chance < LIKELY or not belongs(measure, setting):
        return None
    return Count(measure, _unit_of(measure, number, setting), number.first, _end_of(number, setting))


def _fits_unit(measure: str, number: Counted) -> bool:
    """Whether a measure can have the unit of a number: people none, money a currency, a duration one of time."""
    unit = number.quantity.unit
    if measure in PERSONS:
        return unit in (None, "households")
    if number.ruled is not None and number.ruled.measure == measure:
        return True
    if measure in ("money", "resource_value"):
        return number.quantity.is_money
    needed = {"share": ("percent",), "duration": _TIME, "mass": _MASS, "area": _AREA}.get(measure)
    return needed is None or unit in needed


def belongs(measure: str, setting: Setting) -> bool:
    """Whether a measure counts in this text: casualties do where it tells of armed conflict."""
    return setting.in_conflict or measure not in setting.cast.codebook.measures["casualties"]


def _end_of(number: Counted, setting: Setting) -> int:
    group = setting.sentence.group_of.get(number.last)
    return max(number.last + 1, group.last if group is not None else 0)


def _unit_of(measure: str, number: Counted, setting: Setting) -> str | None:
    """The unit of a measure: that of the number, persons where it counts them, else persons or things by the noun."""
    if number.quantity.unit is not None:
        return number.quantity.unit
    if measure in PERSONS:
        return "persons"
    if measure != "count_other":
        return None
    people = setting.cast.codebook.measures["people"]
    behind = setting.sentence.units[number.last + 1 : max(_end_of(number, setting), number.last + 3)]
    return "persons" if any(unit.lower in people for unit in behind) else "1"


# --- weights --------------------------------------------------------------------------------------------------------


def count_features(number: Counted, setting: Setting) -> Iterator[str]:
    """What is weighed of a quantity: its unit and size, what rules say, the words beside it, its group and its verb."""
    sentence, quantity = setting.sentence, number.quantity
    units = sentence.units
    ruled = number.ruled.measure if number.ruled is not None else "none"
    yield f"ruled:{ruled}"
    yield f"unit:{quantity.unit}"
    yield f"ruled:{ruled}|{quantity.unit}"
    yield f"bound:{quantity.bound}"
    yield f"size:{_size(quantity)}"
    yield "digits" if units[number.last].lower[:1].isdigit() else "words"
    for step in (-3, -2, -1, 1, 2, 3, 4):
        at = (number.first if step < 0 else number.last) + step
        beside = units[at] if 0 <= at < len(units) else None
        yield f"{step:+}:{lemma(beside) if beside else ''}"
        yield f"{step:+}:/{beside.tag if beside else ''}"
    for at in range(max(0, number.first - WINDOW), min(len(units), number.last + 1 + WINDOW)):
        if not number.first <= at <= number.last and units[at].tag in "NVEGKJ":
            yield f"near:{lemma(units[at])}"
    group = sentence.group_of.get(number.last)
    if group is not None:
        yield f"head:{lemma(units[group.last - 1])}"
        for clause in sentence.clauses:
            place = slot_of(clause, group)
            if place is not None:
                yield f"slot:{place[1]}"
                yield f"slot:{place[1]}:{clause.lemma}"
                yield f"verb:{clause.lemma}"
    yield f"conflict:{setting.in_conflict}"
    yield f"resources:{setting.on_resources}"


def _size(quantity: Quantity) -> str:
    value = quantity.value if quantity.value is not None else quantity.low or 0
    return next((f"<{top:g}" for top in (2, 3, 10, 100, 1000, 1e6) if value < top), "large")


# --- rules ----------------------------------------------------------------------------------------------------------


def _is_date(quantity: Quantity, periods: list[Period]) -> bool:
    return quantity.unit is None and any(
        p.start <= quantity.start < p.end or p.start < quantity.end <= p.end for p in periods
    )


def _is_number(quantity: Quantity) -> bool:
    """Whether it is neither nothing nor larger than a number can be."""
    return quantity.value != 0 and all(math.isfinite(one) for one in (quantity.value or 0, quantity.low or 0))


def _in_name(quantity: Quantity, setting: Setting) -> bool:
    return any(
        unit.name is not None and unit.start < quantity.end and quantity.start < unit.end
        for unit in setting.sentence.units
    )


def _is_model(first: int, units: list[Unit]) -> bool:
    """Whether a bare number belongs to the unknown name before it ("Block 70 jets", "a Boeing 787")."""
    before = units[first - 1] if first else None
    known = before is not None and before.name is not None and before.name.entries
    return before is not None and before.tag == "M" and units[first].tag == "#" and not known


def _count_of(quantity: Quantity, first: int, last: int, setting: Setting) -> Count | None:
    book = setting.cast.codebook
    units = setting.sentence.units
    unit = quantity.unit
    if quantity.is_money:
        near = {u.lower for u in units[max(0, first - WINDOW) : last + 1 + WINDOW]}
        worth = set(book.measures["resource_value"])
        if setting.on_resources:
            worth |= set(book.measures["resource_value_of_goods"])
        of_goods = near & worth or _is_worth_of_goods(first, setting)
        return Count("resource_value" if of_goods else "money", unit, first, last + 1)
    if unit == "percent":
        return Count("share", unit, first, last + 1)
    if unit in _TIME:
        return _duration(first, last, unit, setting)
    if unit in _MASS:
        return Count("mass", unit, first, last + 1)
    if unit in ("[bbl_us]", "m3", "[cft_i]", "km", "[mi_i]"):
        return Count("count_other", unit, first, last + 1)
    if unit in _AREA:
        return Count("area", unit, first, last + 1)
    return _bare_amount(quantity, first, last, setting) or _people(first, last, unit, setting)


def _is_worth_of_goods(first: int, setting: Setting) -> bool:
    """Whether an amount is what resources are worth: "Ukraine's minerals are worth $24 trillion"."""
    units = setting.sentence.units
    worth = next((at for at in range(max(0, first - 4), first) if units[at].lower in ("worth", "valued")), None)
    for clause in setting.sentence.clauses:
        if worth is not None and clause.verb <= worth <= clause.verb + 2 and units[clause.verb].tag in "BE":
            heads = (units[group.last - 1] for group in clause.subjects)
            if any(head.name is not None and head.name.of_kind("commodity") is not None for head in heads):
                return True
    return False


def _bare_amount(quantity: Quantity, first: int, last: int, setting: Setting) -> Count | None:
    """Money of the text's one currency, where a number of millions has no noun ("worth more than 210 million")."""
    units = setting.sentence.units
    after = units[last + 1] if last + 1 < len(units) else None
    large = (quantity.value or quantity.low or 0) >= LARGE
    if setting.currency is None or not large or (after is not None and after.tag in "NJMGE~'"):
        return None
    if after is not None and after.lower == "of":
        return None  # "Millions of people."
    return Count("money", setting.currency, first, last + 1)


def _duration(first: int, last: int, unit: str, setting: Setting) -> Count | None:
    """How long something lasts: behind "for", "over", "of", or before "of"; never an age or "three years ago"."""
    units = setting.sentence.units
    before = units[first - 1].lower if first else ""
    after = units[last + 1].lower if last + 1 < len(units) else ""
    if after == "-" and last + 2 < len(units) and units[last + 2].lower in ("old", "olds"):
        return None
    if after in ("ago", "old", "later", "earlier", "after", "before") or before in ("aged", "age"):
        return None
    if any(unit_.tag == "~" for unit_ in units[first : last + 1]):
        # "a 72-hour ceasefire"
        return Count("duration", unit, first, last + 1)
    if (
        before in ("for", "of", "lasting", "lasted", "after", "than", "a", "the", "-", "last", "past", "next")
        or after in ("of",)
        or units[first].lower in ("over", "more", "within")
    ):
        return Count("duration", unit, first, last + 1)
    return None


def _people(first: int, last: int, unit: str | None, setting: Setting) -> Count | None:
    book = setting.cast.codebook
    units = setting.sentence.units
    group = setting.sentence.group_of.get(last)
    end = group.last if group is not None else last + 1
    counted_of = setting.sentence.group_of.get(end + 1) if end < len(units) and units[end].lower == "of" else None
    aside = _end_of_aside(counted_of.last if counted_of is not None else end, units)
    people = set(book.measures["people"]).union(*(r.nouns for r in book.measure_rules if r.measure == "troops"))
    after = [*range(last + 1, min(end + WINDOW, aside or end + WINDOW, len(units)))]
    if aside is not None:  # "31 people, including five children, died"
        inner = counted_of.last if counted_of is not None else end
        after = [*range(last + 1, inner), *range(aside, min(aside + WINDOW, len(units)))]
    before = range(max(0, first - WINDOW), first)
    if last + 1 < len(units) and units[last + 1].lower == "of" and units[last].lower in _VAGUE:
        end = max(end, last + 2)
    counted = [units[i].lower for i in range(last + 1, min(max(end, last + 4), len(units)))]
    vague = units[last].lower in _VAGUE
    alone = vague and (end == last + 1 or counted[:1] in (["more"], ["others"]))
    has_people = bool(people & set(counted)) or unit == "households" or alone
    best: tuple[int, Count] | None = None
    for rule in book.measure_rules:
        found = _distance(rule, first, last, before, after, has_people, setting)
        if found is not None and (best is None or found[0] < best[0]):
            best = found
    if best is not None and not (best[1].measure == "count_other" and _points_back(first, setting)):
        count = best[1]
        return Count(
            count.measure,
            "households" if unit == "households" else count.unit,
            min(first, count.first),
            max(last + 1, count.last),
        )
    if _points_back(first, setting):
        return None
    return Count("count_other", "persons", first, last + 1) if has_people else _things(first, last, setting)


def _end_of_aside(at: int, units: list[Unit]) -> int | None:
    """Behind the aside that a comma opens here and another closes, if it tells who is among those counted."""
    opens = at + 1 < len(units) and units[at].lower == "," and units[at + 1].lower in _AMONG
    closes = next((i for i in range(at + 2, min(at + 12, len(units))) if units[i].lower == ","), None)
    return closes + 1 if opens and closes is not None else None


_AMONG = ("including", "among", "most", "mostly", "many", "some", "mainly")


def _things(first: int, last: int, setting: Setting) -> Count | None:
    """ "186 prefabricated bridges", "twelve aircraft": a number before a common noun that things are counted by."""
    units, group = setting.sentence.units, setting.sentence.group_of.get(last)
    if group is None or group.last <= last + 1:
        return None
    head = units[group.last - 1]
    uncounted = set(setting.cast.codebook.measures["uncounted"])
    between = units[last + 1 : group.last]
    if head.tag != "N" or head.name is not None or head.lower in uncounted or any(u.tag in "#%$'~" for u in between):
        return None
    return Count("count_other", "1", first, group.last) if head.lower.endswith("s") else None


def _points_back(first: int, setting: Setting) -> bool:
    """ "The two countries", "our two peoples" and "one of them" count nothing new."""
    units = setting.sentence.units
    before, here = units[first - 1].lower if first else "", units[first]
    one_of = here.lower == "one" and first + 1 < len(units) and units[first + 1].lower == "of"
    return one_of or before in ("the", "these", "those", "both", "our", "their", "its")


def _distance(
    rule: Measure, first: int, last: int, before: range, after: Sequence[int], has_people: bool, setting: Setting
) -> tuple[int, Count] | None:
    units = setting.sentence.units
    for at in after:
        word = units[at].lower
        near = at - last
        if units[at].tag in ",;" and near > 1 and not has_people:
            return _behind(rule, first, last, before, has_people, setting)
        if units[at].tag == "#":
            break
        if units[at].tag == "C" and at + 1 < len(units) and units[at + 1].lower in _harm_verbs(setting):
            break  # "killed five and wounded 110": another count's verb
        in_group = setting.sentence.group_of.get(at) is setting.sentence.group_of.get(last, rule)
        told = near - 4 * (rule.measure in HARM and word in rule.verbs and _is_predicate(last, at, setting))
        if word in rule.nouns and (near <= (4 if rule.measure != "deaths" else 5) or in_group):
            return told, Count(rule.measure, rule.unit, first, at + 1)
        if word in rule.verbs and (has_people or near <= 2):
            return told, Count(rule.measure, rule.unit, first, at + 1)
    return _behind(rule, first, last, before, has_people, setting)


def _behind(
    rule: Measure, first: int, last: int, before: range, has_people: bool, setting: Setting
) -> tuple[int, Count] | None:
    units = setting.sentence.units
    for at in reversed(before):
        word = units[at].lower
        if units[at].tag in ";#":
            return None
        bare = (
            rule.measure in HARM
            and at == first - 1
            and (last + 1 == len(units) or units[last + 1].tag not in "NJM#%$~")
        )
        if word in rule.verbs and (has_people or bare) and rule.measure != "troops":
            return first - at + (0 if first - at <= 2 else 3), Count(rule.measure, rule.unit, at, last + 1)
        if word in rule.nouns and first - 1 > at and units[first - 1].lower in ("at", "to"):
            # "put the number of dead at 40", "the displaced rose to 9,000"
            return first - at, Count(rule.measure, rule.unit, at, last + 1)
        if word in ("toll",) and rule.measure == "deaths":
            return first - at, Count(rule.measure, rule.unit, at, last + 1)
    return None


def _harm_verbs(setting: Setting) -> frozenset[str]:
    """The forms of all verbs of killing, wounding and abducting."""
    return frozenset().union(*(r.verbs for r in setting.cast.codebook.measure_rules if r.measure in HARM))


def _is_predicate(last: int, verb: int, setting: Setting) -> bool:
    """Whether a verb says what was done to those counted: "fifteen soldiers were killed"."""
    units, group_of = setting.sentence.units, setting.sentence.group_of
    group = group_of.get(last)
    end = group.last if group is not None else last + 1
    counted = group_of.get(end + 1) if end < len(units) and units[end].lower == "of" else None  # "Dozens of soldiers".
    between = units[counted.last if counted is not None else end : verb]
    return all(unit.tag in "BHRX" for unit in between)
