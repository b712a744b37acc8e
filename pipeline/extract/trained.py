"""What the rules have no words for: events, ties and undertakings read by weights that were trained on coded documents.

A candidate (see `candidates`) is weighed, first whether it tells anything of a table, then which type, then who takes
part. The weights are those of logistic regressions, in `data/codebook/weights.csv`; `rsb train` makes them. Where a rule
has read that type in the sentence, the rule has the word.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.codebook import TermRule
from pipeline.codes import MUTUAL_EVENTS
from pipeline.extract.actors import Actor, Cast
from pipeline.extract.acts import weighed_act
from pipeline.extract.bargains import Bargains, Deal, Term, is_told_of, parties, party
from pipeline.extract.candidates import Candidate, candidates, clause_telling, participants, telling
from pipeline.extract.clauses import Group
from pipeline.extract.events import ARMED, HOLDINGS, add_event, add_relation
from pipeline.extract.setting import Setting, commodities_in, noun_stance, phrases_after, place_named, with_hearsay
from pipeline.extract.stance import Stance, stance_of
from pipeline.extract.terms import act_told, two_subjects
from pipeline.extract.ties import is_former
from pipeline.extract.units import lemma
from pipeline.weights import Label, Weights

Span = tuple[int, int]
TYPE_COLUMNS = {"deals": "deal_type", "events": "event_type", "relations": "predicate", "terms": "term_type"}
"""Tables whose rows weights may read, with the column that types them."""
ROLES = {
    "deals": ("party",),
    "events": ("actor", "recipient"),
    "relations": ("subject_id", "object_id"),
    "terms": ("giver_id", "receiver_id"),
}
"""The sides of a row: who acts, and on whom; those of a deal are alike."""
THRESHOLD = {"deals": 0.08, "events": 0.3, "relations": 0.25, "terms": 0.1}
"""Probability from which a unit is read, chosen on articles left out of training (docs/extraction.md)."""
UNLIKELY = 0.05
"""Probability below which an event that a rule has read is taken back."""
SINGLE = ("events", "terms")
"""Tables of which one word tells one type."""
TAKEN = {"deals": 0.25, "events": 0.35, "relations": 0.35, "terms": 0.35}
"""Probability from which a participant is taken; the likeliest is taken from half of that."""


class Reading(NamedTuple):
    """A type that a unit tells, and how likely."""

    likely: float
    candidate: Candidate
    table: str
    kind: str


def read_trained(setting: Setting, bargains: Bargains) -> None:
    """Add what the weights read in a sentence and no rule did; take back events of rules that they find unlikely."""
    weights = setting.cast.codebook.weights
    if not weights.types:
        return
    weighed = [
        (candidate, dict(weights.likely_units(candidate.features, UNLIKELY)))
        for candidate in candidates(setting, bargains)
    ]
    _take_back(weighed, setting)
    _weigh_acts([candidate for candidate, _ in weighed], setting, bargains)
    ruled = {(r.table, r.values.get(TYPE_COLUMNS.get(r.table, ""))) for r in setting.out.of_sentence(0)}
    ruled |= {("terms", term.rule.term_type) for term in bargains.terms if term.sentence == setting.out.sentence}
    spoken = _units_of_rules(setting, bargains)
    best: dict[tuple[str, str], Reading] = {}
    for candidate, told in weighed:
        for (table, kind), likely in told.items():
            known = best.get((table, kind))
            if likely < THRESHOLD[table] or (table, kind) in ruled:
                continue
            likelier = any(of == table and other > likely for (of, _), other in told.items())
            if table in SINGLE and (likelier or candidate.at in spoken[table]):
                continue
            if known is None or likely > known.likely:
                best[table, kind] = Reading(likely, candidate, table, kind)
    for reading in sorted(best.values(), key=lambda r: (r.table, r.candidate.at, r.kind)):
        if reading.table in ("deals", "terms") and _in_fight(reading.candidate, setting):
            continue
        sides = _sides(reading, setting, weights)
        if reading.table == "deals":
            _add_deal(reading, sides, setting, bargains)
        elif reading.table == "events":
            _add_event(reading, sides, setting)
        elif reading.table == "relations":
            _add_relation(reading, sides, setting)
        else:
            _add_term(reading, sides, setting, bargains)


def _units_of_rules(setting: Setting, bargains: Bargains) -> dict[str, set[int]]:
    """By table of `SINGLE`, the units of the sentence by which rules have read a row."""
    told = {
        "events": [
            (mention.start, mention.end)
            for record in setting.out.of_sentence(0)
            if record.table == "events"
            for mention in record.mentions
            if mention.column == "event_type"
        ],
        "terms": [term.span for term in bargains.terms if term.sentence == setting.out.sentence],
    }
    units = list(enumerate(setting.sentence.units))
    return {
        table: {at for at, unit in units for start, end in spans if start <= unit.start and unit.end <= end}
        for table, spans in told.items()
    }


def _weigh_acts(found: Sequence[Candidate], setting: Setting, bargains: Bargains) -> None:
    """Give each undertaking that rules read in this sentence its likeliest act."""
    for term in bargains.terms:
        if term.sentence == setting.out.sentence:
            candidate = telling(term.span, found, setting, noun_first=True)
            if candidate is not None:
                term.act = weighed_act(candidate, term.rule.term_type, term.act, term.stance, setting, bargains)


def _in_fight(candidate: Candidate, setting: Setting) -> bool:
    """Whether a unit is what somebody attacks ("stormed a base"); a bargain may be forced on somebody, or seized."""
    clause = clause_telling(candidate, setting.sentence)
    frames = setting.cast.codebook.frames_by_verb.get(clause.lemma, ()) if clause is not None else ()
    return any(frame.event == "ASSAULT" for _, frame in frames)


def _take_back(weighed: Sequence[tuple[Candidate, Mapping[Label, float]]], setting: Setting) -> None:
    """Drop an event that a rule read in this sentence where its word hardly ever told that type to coders.

    With two participants, a word that the weights have not met is the rule's.
    """
    units, weights = setting.sentence.units, setting.cast.codebook.weights
    types = weights.types
    sentence = range(setting.sentence.start, setting.sentence.end)
    learned = types["events"].labels if "events" in types else ()
    for record in setting.out.of_sentence(0):
        kind = str(record.values.get("event_type"))
        if kind not in learned:
            continue
        cues = [mention for mention in record.mentions if mention.column == "event_type"]
        told = [
            likely
            for candidate, likely in weighed
            if any(cue.start <= units[candidate.at].start < cue.end for cue in cues)
            and (len(record.roles) < 2 or weights.knows(f"lemma:{lemma(units[candidate.at])}"))
        ]
        here = all(cue.start in sentence for cue in cues)
        if told and here and not any(("events", kind) in likely for likely in told):
            setting.out.drop(record)


# --- who takes part -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Sides:
    """Who acts and on whom, the likeliest first."""

    first: list[Actor]
    second: list[Actor]


def _sides(reading: Reading, setting: Setting, weights: Weights) -> _Sides:
    likely: dict[str, list[tuple[float, Actor]]] = {role: [] for role in ROLES[reading.table]}
    for actor, features in participants(reading.candidate, setting):
        for role in ROLES[reading.table]:
            chance = weights.likely(("role", reading.table, role), role_features(reading.kind, features))
            likely[role].append((chance, actor))
    sides = []
    for role in ROLES[reading.table]:
        ranked = sorted(likely[role], key=lambda pair: (-pair[0], pair[1].start))
        least = TAKEN[reading.table]
        taken = [actor for chance, actor in ranked if chance >= least]
        sides.append(taken or [actor for chance, actor in ranked[:1] if chance >= least / 2])
    if len(sides) == 1:
        return _Sides(sides[0], [])
    first, second = sides
    chances = {(role, actor.id): chance for role, pairs in likely.items() for chance, actor in pairs}
    one, other = ROLES[reading.table]
    return _Sides(
        [a for a in first if a.id not in {b.id for b in second} or chances[one, a.id] >= chances[other, a.id]],
        [b for b in second if b.id not in {a.id for a in first} or chances[other, b.id] > chances[one, b.id]],
    )


def role_features(kind: str, features: Sequence[str]) -> Iterator[str]:
    """What is weighed of a participant in a row of a type."""
    for feature in features:
        yield feature
        yield f"{kind}|{feature}"


# --- rows -----------------------------------------------------------------------------------------------------------


def _stretch(candidate: Candidate, setting: Setting) -> tuple[int, int]:
    """The units that tell what a unit heads: its clause, or its noun group with the phrases behind it."""
    if candidate.clause is not None:
        return candidate.clause.first, max(candidate.clause.end, candidate.clause.last)
    if candidate.group is not None:
        behind = phrases_after(candidate.group, setting.sentence)
        return candidate.group.first, behind[-1][1].last if behind else candidate.group.last
    return candidate.at, candidate.at + 1


def stance_told(candidate: Candidate, setting: Setting) -> Stance:
    """The claim that records of a candidate carry."""
    group = candidate.group or Group(candidate.at, candidate.at + 1, candidate.at)
    clause = clause_telling(candidate, setting.sentence)
    if clause is None:
        return with_hearsay(noun_stance(group, setting), group, setting)
    stance = stance_of(clause, setting.sentence, setting.cast, setting.given)
    return stance if candidate.clause is not None else with_hearsay(stance, group, setting)


def _told_by(candidate: Candidate, setting: Setting) -> Span:
    unit = setting.sentence.units[candidate.at]
    return unit.start, unit.end


def _method(reading: Reading) -> str:
    return f"trained.{reading.table}"


def _add_deal(reading: Reading, sides: _Sides, setting: Setting, bargains: Bargains) -> None:
    """A bargain of two parties or more, unless one between them is known; an adjective alone makes no public party."""
    cast = parties(sides.first, setting)
    if len(cast) < 2 or not _is_public([actor for actor in cast if not _is_adjective(actor, setting)], setting):
        return
    named = {actor.id for actor in cast}
    if any(len(named & set(deal.parties)) > 1 for deal in bargains.deals):
        return
    units, (first, last) = setting.sentence.units, _stretch(reading.candidate, setting)
    span = (units[first].start, units[last - 1].end)
    deal = Deal({actor.id: actor for actor in cast}, set(), [span], kind=reading.kind, method=_method(reading))
    deal.type_span, deal.sentence = _told_by(reading.candidate, setting), setting.out.sentence
    deal.stances.append((stance_told(reading.candidate, setting), span))
    bargains.deals.append(deal)
    bargains.here.append(deal)


def _is_public(actors: list[Actor], setting: Setting) -> bool:
    """Whether one of them holds public or armed power: what companies agree among themselves is no bargain here."""
    return any(setting.cast.type_of(actor.id) in ARMED | {"igo"} for actor in actors)


def _is_adjective(actor: Actor, setting: Setting) -> bool:
    """Whether an adjective alone stands for an actor ("a Malaysian venture")."""
    return any(
        unit.name is not None and (entry := unit.name.of_kind("actor")) is not None and entry.alias_type == "demonym"
        for unit in setting.sentence.units
        if (unit.start, unit.end) == (actor.start, actor.end)
    )


def _add_event(reading: Reading, sides: _Sides, setting: Setting) -> None:
    if not sides.first and not sides.second:
        return
    add_event(
        reading.kind, _method(reading), sides.first, sides.second, _told_by(reading.candidate, setting),
        _stretch(reading.candidate, setting), stance_told(reading.candidate, setting), setting,
        mutual=reading.kind in MUTUAL_EVENTS, sure=False,
    )  # fmt: skip


def _add_relation(reading: Reading, sides: _Sides, setting: Setting) -> None:
    predicate, units = reading.kind, setting.sentence.units
    if not sides.first:
        return
    cue, stretch = _told_by(reading.candidate, setting), _stretch(reading.candidate, setting)
    stance = stance_told(reading.candidate, setting)
    subject = sides.first[0]
    whole = (min(units[stretch[0]].start, subject.start), max(units[stretch[1] - 1].end, subject.end))
    base: dict[str, Span | tuple[int, int, bool]] = {"*": whole, "predicate": (*cue, True)}
    if predicate in HOLDINGS and predicate != "owns":
        _add_holding(predicate, subject, sides.second, base, reading, stance, setting)
        return
    for other in sides.second[:2]:
        kinds = {setting.cast.type_of(subject.id), setting.cast.type_of(other.id)}
        if predicate == "fights" and not kinds <= ARMED:
            continue
        if predicate in ("leads", "member_of") and is_former(cue, setting):
            continue
        if predicate not in ("leads", "member_of") or _may_serve(subject.id, other.id, setting.cast):
            add_relation(predicate, subject, other, base, stance, _method(reading), setting.out)


def _may_serve(person: str, body: str, cast: Cast) -> bool:
    """Whether one can hold an office of a body: a person of no state but the own, where the registry knows that.

    A state serves no other state.
    """
    row = cast.row(person)
    own = {row.get("country"), row.get("parent_id")} - {None, ""}
    if cast.type_of(person) == "state":
        return cast.type_of(body) != "state"
    return cast.type_of(person) != "person" or cast.type_of(body) != "state" or not own or body in own


def _add_holding(
    predicate: str,
    subject: Actor,
    others: list[Actor],
    base: Mapping[str, Span | tuple[int, int, bool]],
    reading: Reading,
    stance: Stance,
    setting: Setting,
) -> None:
    """What is held: a place, a commodity, or what somebody else owns."""
    units = setting.sentence.units
    nearest = sorted(range(len(units)), key=lambda at: (abs(at - reading.candidate.at), at))
    place = next(
        (found for at in nearest if (name := units[at].name) and (found := place_named(name, setting.cast))), None
    )
    good = next((goods[0] for at in nearest if (goods := commodities_in(at, at + 1, setting))), None)
    values: dict[str, object] = {"subject_id": subject.id, "predicate": predicate}
    spans = dict(base) | {"subject_id": (subject.start, subject.end, subject.inferred)}
    if predicate in ("controls", "present_in"):
        if place is None or place[0] == f"{subject.id.lower()}-country":
            return
        values["object_id"], spans["object_id"] = place[0], (*place[1], place[2])
    elif good is not None:
        values["commodity_id"], spans["commodity_id"] = good
    elif others:
        values["object_id"], spans["object_id"] = others[0].id, (others[0].start, others[0].end, others[0].inferred)
    else:
        return
    setting.out.add("relations", values, spans, stance, _method(reading))


def _add_term(reading: Reading, sides: _Sides, setting: Setting, bargains: Bargains) -> None:
    giver, receiver = party(sides.first[:1], setting), party(sides.second[:1], setting)
    sides_told = [side for side in (giver, receiver) if side is not None]
    deal = bargains.here[-1] if bargains.here else bargains.latest() if is_told_of(setting, bargains) else None
    if deal is None:
        if not _is_public(sides_told, setting) or any(_is_adjective(side, setting) for side in sides_told):
            # Where no bargain is told, an adjective ("a Malaysian venture") makes nobody a party to one.
            return
    elif len(deal.parties) > 1:
        giver, receiver = (side if side is not None and side.id in deal.parties else None for side in (giver, receiver))
    units, candidate = setting.sentence.units, reading.candidate
    clause = clause_telling(candidate, setting.sentence)
    act, stance = act_told(stance_told(candidate, setting), clause, setting, bargains)
    act = weighed_act(candidate, reading.kind, act, stance, setting, bargains)
    first, last = _stretch(candidate, setting)
    rule = TermRule(_method(reading), reading.kind)
    span = _told_by(candidate, setting)
    cue = (
        (min(units[clause.first].start, span[0]), max(units[clause.verb].end, span[1])) if clause is not None else span
    )
    both = two_subjects(candidate.clause, setting) if candidate.clause is not None and not sides.second else ()
    if both:
        giver = None
    term = Term(rule, act, giver, receiver, span=span, cue=cue, stance=stance, method=rule.id, mutual=both)
    bargains.note(term, commodities_in(first, last, setting), setting.out.sentence)
