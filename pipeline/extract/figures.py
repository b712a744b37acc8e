"""Quantities → figures: what is counted, when, where, and how firmly; who gives it is the claim's concern."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.codebook import Measure
from pipeline.extract.clauses import Clause
from pipeline.extract.dates import Period
from pipeline.extract.numbers import Quantity
from pipeline.extract.setting import Setting, commodities_in, noun_stance, place_of
from pipeline.extract.stance import Stance, stance_of
from pipeline.extract.units import Unit

Span = tuple[int, int]
HARM = ("deaths", "injured", "abducted")
WINDOW = 6
"""How many units around a quantity may say what it counts."""
_VAGUE = frozenset({"thousands", "hundreds", "dozens", "scores", "millions", "tens"})
PERSONS = frozenset({"deaths", "injured", "displaced", "refugees", "abducted", "troops"})


@dataclass(slots=True)
class Count:
    """What a quantity counts: measure, unit, and the units [first, last) that say so."""

    measure: str
    unit: str | None
    first: int
    last: int


def read_figures(quantities: list[Quantity], setting: Setting) -> None:
    """Figures of one sentence, and vague quantities without a number ("large-scale displacement")."""
    units = setting.sentence.units
    for quantity in quantities:
        if _is_date(quantity, setting.periods) or _in_name(quantity, setting) or quantity.value == 0:
            continue
        at = next((i for i, unit in enumerate(units) if unit.end >= quantity.end), None)
        if at is None:
            continue
        first = next(i for i, unit in enumerate(units) if unit.end > quantity.start)
        if _is_model(first, units):
            continue
        count = _count_of(quantity, first, at, setting)
        if count is not None and _belongs(count.measure, setting):
            _add(quantity, count, setting)
    _read_vague(quantities, setting)


def _belongs(measure: str, setting: Setting) -> bool:
    """Whether a measure counts in this text: casualties do where it tells of armed conflict."""
    return setting.in_conflict or measure not in setting.cast.codebook.measures["casualties"]


def _is_date(quantity: Quantity, periods: list[Period]) -> bool:
    return quantity.unit is None and any(
        p.start <= quantity.start < p.end or p.start < quantity.end <= p.end for p in periods
    )


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
    if unit is not None and len(unit) == 3 and unit.isupper():
        near = {u.lower for u in units[max(0, first - WINDOW) : last + 1 + WINDOW]}
        worth = set(book.measures["resource_value"])
        if setting.on_resources:
            worth |= set(book.measures["resource_value_of_goods"])
        return Count("resource_value" if near & worth else "money", unit, first, last + 1)
    if unit == "percent":
        return Count("share", unit, first, last + 1)
    if unit in ("a", "mo", "wk", "d", "h"):
        return _duration(first, last, unit, setting)
    if unit in ("t", "kg", "[oz_tr]", "[car_m]", "[ston_av]"):
        return Count("mass", unit, first, last + 1)
    if unit in ("[bbl_us]", "m3", "[cft_i]", "km", "[mi_i]"):
        return Count("count_other", unit, first, last + 1)
    if unit in ("km2", "har", "[acr_us]", "[smi_us]"):
        return Count("area", unit, first, last + 1)
    return _people(first, last, unit, setting)


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
    people = set(book.measures["people"])
    after = range(last + 1, min(end + WINDOW, len(units)))
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
    rule: Measure, first: int, last: int, before: range, after: range, has_people: bool, setting: Setting
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
        if word in rule.nouns and (near <= (4 if rule.measure != "deaths" else 5) or in_group):
            return near, Count(rule.measure, rule.unit, first, at + 1)
        if word in rule.verbs and (has_people or near <= 2):
            near -= 4 * (rule.measure in HARM and _is_predicate(last, at, setting))
            return near, Count(rule.measure, rule.unit, first, at + 1)
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
        if word in ("toll",) and rule.measure == "deaths":
            return first - at, Count(rule.measure, rule.unit, at, last + 1)
    return None


def _harm_verbs(setting: Setting) -> frozenset[str]:
    """The forms of all verbs of killing, wounding and abducting."""
    return frozenset().union(*(r.verbs for r in setting.cast.codebook.measure_rules if r.measure in HARM))


def _is_predicate(last: int, verb: int, setting: Setting) -> bool:
    """Whether a verb says what was done to those counted: "fifteen soldiers were killed"."""
    group = setting.sentence.group_of.get(last)
    between = setting.sentence.units[group.last if group is not None else last + 1 : verb]
    return all(unit.tag in "BHRX" for unit in between)


def _clause_at(at: int, setting: Setting) -> Clause | None:
    """The clause whose argument the unit is: the next predicate of a subject, else the one before."""
    group = setting.sentence.group_of.get(at)
    for clause in setting.sentence.clauses:
        if group is not None and (
            group in clause.subjects or group in clause.objects or any(group is g for _, g in clause.phrases)
        ):
            return clause
    earlier = [c for c in setting.sentence.clauses if c.verb <= at]
    return earlier[-1] if earlier else None


def _stance(at: int, setting: Setting) -> Stance:
    clause = _clause_at(at, setting)
    if clause is None:
        group = setting.sentence.group_of.get(at)
        return noun_stance(group, setting) if group is not None else Stance()
    return stance_of(clause, setting.sentence, setting.cast, setting.given)


def _add(quantity: Quantity, count: Count, setting: Setting) -> None:
    units = setting.sentence.units
    number = (quantity.start, quantity.end)
    said = (units[count.first].start, units[count.last - 1].end)
    whole = (min(number[0], said[0]), max(number[1], said[1]))
    exact = quantity.value if quantity.bound == "exact" else None
    values: dict[str, object] = {
        "measure": count.measure, "value": quantity.value, "bound": quantity.bound, "unit": count.unit,
        "low": exact if exact is not None else quantity.low, "high": exact if exact is not None else quantity.high,
    }  # fmt: skip
    spans: dict[str, Span | tuple[int, int, bool]] = {
        "*": whole, "measure": said, "value": number, "low": number, "high": number, "bound": number, "unit": whole,
    }  # fmt: skip
    if count.measure in PERSONS:
        spans["unit"] = (*whole, True)
    basis = _basis(count, setting)
    if basis is not None:
        values["basis"], spans["basis"] = basis[0], basis[1]
    _add_period(values, spans, whole, setting)
    if count.measure in ("mass", "resource_value", "share"):
        goods = commodities_in(max(0, count.first - 3), min(len(units), count.last + WINDOW), setting)
        if len(goods) == 1:
            values["commodity_id"], spans["commodity_id"] = goods[0]
    if count.measure in ("deaths", "injured", "displaced", "refugees", "abducted"):
        place = place_of(count.first, len(units), setting)
        if place is not None:
            values["place_id"], spans["place_id"] = place[0], (*place[1], place[2])
    stance = _stance(count.first, setting)
    setting.out.add("figures", values, spans, stance, f"figure.{count.measure.replace('_', '-')}")


def _basis(count: Count, setting: Setting) -> tuple[str, Span] | None:
    measures = setting.cast.codebook.measures
    for unit in setting.sentence.units[max(0, count.first - WINDOW) : count.last + 2]:
        if unit.lower in measures["estimate"]:
            return "estimate", (unit.start, unit.end)
    for unit in setting.sentence.units[count.first : count.last + WINDOW]:
        if unit.lower in measures["cumulative"] and count.measure in PERSONS:
            return "cumulative", (unit.start, unit.end)
    return None


def _add_period(
    values: dict[str, object], spans: dict[str, Span | tuple[int, int, bool]], near: Span, setting: Setting
) -> None:
    periods = [p for p in setting.periods if setting.sentence.start <= p.start < setting.sentence.end]
    if len(periods) == 1:
        values["period"] = periods[0].edtf
        spans["period"] = (periods[0].start, periods[0].end)
    elif periods:
        close = min(periods, key=lambda p: min(abs(p.start - near[1]), abs(near[0] - p.end)))
        if min(abs(close.start - near[1]), abs(near[0] - close.end)) <= 12:
            values["period"] = close.edtf
            spans["period"] = (close.start, close.end)


def _read_vague(quantities: list[Quantity], setting: Setting) -> None:
    measures = setting.cast.codebook.measures
    units = setting.sentence.units
    for group in setting.sentence.groups:
        head = units[group.last - 1]
        if head.lower not in measures["vague_nouns"]:
            continue
        cue = next(
            (
                u
                for at, u in enumerate(units[group.first : group.last])
                if u.lower in measures["vague_adjectives"] or _hyphenated(group.first + at, units, measures)
            ),
            None,
        )
        if cue is None or any(q.start < head.end and units[group.first].start <= q.start for q in quantities):
            continue
        rule = next((r for r in setting.cast.codebook.measure_rules if head.lower in r.nouns), None)
        if rule is None or not _belongs(rule.measure, setting):
            continue
        span = (cue.start, head.end)
        values: dict[str, object] = {"measure": rule.measure, "bound": "vague", "unit": rule.unit}
        spans: dict[str, Span | tuple[int, int, bool]] = {
            "*": span,
            "measure": (head.start, head.end),
            "bound": span,
            "unit": (*span, True),
        }
        _add_period(values, spans, span, setting)
        setting.out.add("figures", values, spans, _stance(group.first, setting), f"figure.{rule.measure}")


def _hyphenated(at: int, units: list[Unit], measures: Mapping[str, Any]) -> bool:
    return (
        at + 2 < len(units)
        and f"{units[at].lower}-{units[at + 2].lower}" in measures["vague_adjectives"]
        and units[at + 1].tag == "~"
    )
