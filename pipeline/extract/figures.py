"""Quantities → figures: what is counted, when, where, and how firmly; who gives it is the claim's concern."""

from collections.abc import Mapping
from typing import Any

from pipeline.extract.clauses import Clause
from pipeline.extract.counts import PERSONS, WINDOW, Count, belongs, counted, weighed
from pipeline.extract.numbers import Quantity
from pipeline.extract.setting import Setting, commodities_in, noun_stance, place_of
from pipeline.extract.stance import Stance, stance_of
from pipeline.extract.units import Unit

Span = tuple[int, int]


def read_figures(setting: Setting) -> None:
    """Figures of one sentence, and vague quantities without a number ("large-scale displacement")."""
    for number in counted(setting):
        count = weighed(number, setting)
        if count is not None:
            _add(number.quantity, count, setting)
    _read_vague(setting)


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
    if count.measure in PERSONS or (count.unit is not None and quantity.unit is None):
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


def _read_vague(setting: Setting) -> None:
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
        if cue is None or any(q.start < head.end and units[group.first].start <= q.start for q in setting.quantities):
            continue
        rule = next((r for r in setting.cast.codebook.measure_rules if head.lower in r.nouns), None)
        if rule is None or not belongs(rule.measure, setting):
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
