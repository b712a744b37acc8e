"""What all passes over one sentence share: its setting, and how they ask for who, where, what and by whose word.

Actors in a clause's slots, the phrases behind a noun group, places and commodities in a stretch of units, the claim of
a noun group. Nothing is added to the records here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pipeline.extract.actors import UNNAMED, Actor, Cast, resolve
from pipeline.extract.clauses import Clause, Group, Sentence
from pipeline.extract.dates import Period
from pipeline.extract.names import Name
from pipeline.extract.numbers import Quantity
from pipeline.extract.records import Collector
from pipeline.extract.stance import Attribution, Stance

Span = tuple[int, int]
PLACE_PREPOSITIONS = frozenset(
    ["in", "at", "near", "around", "across", "inside", "outside", "within", "into", "on", "from", "over", "of"]
)
CIRCUMSTANCE = frozenset(
    ["amid", "amidst", "after", "before", "despite", "since", "during", "following", "until", "without"]
)
"""Phrases behind these tell of the circumstances, not of the participants."""


@dataclass
class Setting:
    """What the passes over one sentence share.

    quantities, periods: the numbers and times told in it. in_conflict, on_resources: the text speaks of armed conflict,
    of commodities. currency: the one that the text names, if it is one. parties: of the bargain here.
    """

    sentence: Sentence
    cast: Cast
    out: Collector
    given: list[Attribution]
    quantities: list[Quantity]
    periods: list[Period]
    in_conflict: bool
    on_resources: bool
    currency: str | None = None
    parties: list[Actor] = field(default_factory=list)

    def period_of(self, stretch: tuple[int, int]) -> Period | None:
        """The period of what units [first, last) tell: the one named inside, else the one that opens the sentence.

        None where there are several.
        """
        units = self.sentence.units
        opening = min((c.first for c in self.sentence.clauses), default=len(units))
        spans = ((stretch[0], min(stretch[1], len(units))), (0, opening))
        for first, last in spans:
            if first < last:
                found = [p for p in self.periods if units[first].start <= p.start < units[last - 1].end]
                if found:
                    return found[0] if len(found) == 1 else None
        return None


def slot(clause: Clause, name: str, setting: Setting) -> list[Actor]:
    """The actors in a slot of a clause, passives turned round."""
    if clause.passive and name in ("subject", "object"):
        groups = [g for p, g in clause.phrases if p == "by"] if name == "subject" else clause.subjects
    elif name == "subject":
        groups = clause.subjects
    elif name == "object":
        groups = [*clause.objects, *clause.second]
    elif name == "second":
        groups = clause.second
    else:
        groups = _phrase_groups(clause, name)
    found: list[Actor] = []
    for group in groups:
        found += [
            actor for actor in resolve(group, setting.sentence, setting.cast) if actor.id not in {a.id for a in found}
        ]
    return found


def _phrase_groups(clause: Clause, preposition: str) -> list[Group]:
    groups: list[Group] = []
    for p, group in clause.phrases:
        if p in CIRCUMSTANCE:
            break
        if p == preposition:
            groups.append(group)
    if clause.particle == preposition and not groups:
        return clause.objects
    return groups


def first_filled(clause: Clause, slots: Iterable[str], setting: Setting) -> list[Actor]:
    """The actors of the first slot of a list that has any."""
    for name in slots:
        found = slot(clause, name, setting)
        if found:
            return found
    return []


def place_of(clause_start: int, clause_end: int, setting: Setting) -> tuple[str, Span, bool] | None:
    """The place that a stretch of units names behind a preposition of place: id, span, inferred."""
    units = setting.sentence.units
    best: tuple[str, Span, bool] | None = None
    for at in range(clause_start, clause_end):
        name = units[at].name
        if name is None:
            continue
        before = at - 1
        while (
            before >= 0
            and (
                units[before].tag in "DJ"
                or units[before].lower in ("city", "town", "province", "village", "region", "of")
            )
            and before > at - 4
        ):
            if units[before].lower in PLACE_PREPOSITIONS and units[before].lower != "of":
                break
            before -= 1
        if before < 0 or units[before].lower not in (
            "in",
            "at",
            "near",
            "around",
            "across",
            "inside",
            "outside",
            "within",
        ):
            continue
        if at + 1 < len(units) and units[at + 1].tag in "'N":
            continue
        found = place_named(name, setting.cast)
        if found is not None:
            best = found
    return best


def place_named(name: Name, cast: Cast) -> tuple[str, Span, bool] | None:
    """The place a name means: itself, or the country of a state's name."""
    place = name.of_kind("place")
    if place is not None:
        return place.target, (name.start, name.end), False
    actor = name.of_kind("actor")
    if actor is not None and actor.alias_type in ("name", "acronym") and cast.type_of(actor.target) == "state":
        country = cast.codebook.names.country_place(actor.target)
        if country is not None:
            return country, (name.start, name.end), False
    return None


def commodities_in(first: int, last: int, setting: Setting) -> list[tuple[str, Span]]:
    """Commodities named in a stretch of units: id and span."""
    found: list[tuple[str, Span]] = []
    for unit in setting.sentence.units[first:last]:
        if unit.name is not None:
            entry = unit.name.of_kind("commodity")
            if entry is not None and entry.target not in {c for c, _ in found}:
                found.append((entry.target, (unit.start, unit.end)))
    return found


def noun_stance(group: Group, setting: Setting) -> Stance:
    """The claim of a noun group that no clause governs as object: by the attributions around it.

    What stands behind "amid" is told by the publication, whoever asks for something or says so amid it.
    """
    if group.first and setting.sentence.units[group.first - 1].lower in ("amid", "amidst"):
        return Stance()
    governing = [a for a in setting.given if a.first <= group.first < a.last]
    return max(governing, key=lambda a: a.first).stance if governing else Stance()


def with_hearsay(stance: Stance, group: Group, setting: Setting) -> Stance:
    """The claim of a noun group with "alleged" or "reported" in it."""
    for unit in setting.sentence.units[group.first : group.last]:
        act = setting.cast.codebook.grammar["hearsay"].get(unit.lower)
        if act is not None:
            return replace(
                stance, holder=UNNAMED, act=act, certainty="CT",
                polarity="pos", realis="actual", cue=(unit.start, unit.end), holder_span=None, holder_inferred=True, method="claim.hearsay",
            )  # fmt: skip
    return stance


def phrases_after(group: Group, sentence: Sentence) -> list[tuple[str, Group]]:
    """The prepositional phrases that follow a noun group directly, coordinated groups included."""
    found: list[tuple[str, Group]] = []
    at = group.last
    preposition = ""
    while at < len(sentence.units):
        unit = sentence.units[at]
        if unit.tag in "IT" and unit.tag == "I":
            preposition = unit.lower
            at += 1
            continue
        following = sentence.group_of.get(at)
        if following is None or following.first != at or not preposition:
            if unit.tag == "C" and found and sentence.group_of.get(at + 1) is not None and at + 1 < len(sentence.units):
                nxt = at + 1
                after = sentence.group_of[nxt].last
                if preposition != "between" and after < len(sentence.units) and sentence.units[after].tag in "VBHX":
                    break
                at += 1
                continue
            break
        found.append((preposition, following))
        at = following.last
    return found
