"""What the rules have no words for: events, ties and undertakings read by weights that were trained on coded documents.

A unit of a sentence that is no name (a verb, a noun, a participle) is weighed, first whether it tells anything of a
table, then which type, by what stands around it: its lemma and those beside it, its clause's arguments, what frames of
the codebook say of the word, who is named in the sentence. The weights are those of logistic regressions, in
`data/codebook/weights.csv`; `rsb train` makes them. Where a rule has read that type in the sentence, the rule has the
word.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from pipeline.codebook import TermRule
from pipeline.codes import MUTUAL_EVENTS
from pipeline.extract.actors import Actor, Cast, modifier_actors, name_actor, resolve
from pipeline.extract.bargains import Bargains, Deal, Term, is_told_of, parties, party
from pipeline.extract.clauses import Clause, Group, Sentence
from pipeline.extract.events import ARMED, HOLDINGS, add_event, add_relation
from pipeline.extract.setting import Setting, commodities_in, noun_stance, phrases_after, place_named, with_hearsay
from pipeline.extract.stance import Stance, stance_of
from pipeline.extract.terms import act_told, two_subjects
from pipeline.extract.ties import is_former
from pipeline.extract.units import Unit
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
THRESHOLD = {"deals": 0.08, "events": 0.35, "relations": 0.25, "terms": 0.15}
"""Probability from which a unit is read, chosen on articles left out of training (docs/extraction.md)."""
UNLIKELY = 0.05
"""Probability below which an event that a rule has read is taken back."""
TAKEN = 0.35
"""Probability from which a participant is taken; the likeliest is taken from half of that."""
TELLING = frozenset("NVEGK")
"""Word classes that can tell something."""
NEAR = 6
"""How many units before and behind a unit are near it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit that may tell something: its clause where it is a verb, its noun group else, and what is weighed."""

    at: int
    clause: Clause | None
    group: Group | None
    features: tuple[str, ...]


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
    ruled = {(r.table, r.values.get(TYPE_COLUMNS.get(r.table, ""))) for r in setting.out.of_sentence(0)}
    ruled |= {("terms", term.rule.term_type) for term in bargains.terms if term.sentence == setting.out.sentence}
    best: dict[tuple[str, str], Reading] = {}
    for candidate, told in weighed:
        for (table, kind), likely in told.items():
            known = best.get((table, kind))
            if likely < THRESHOLD[table] or (table, kind) in ruled:
                continue
            if known is None or likely > known.likely:
                best[table, kind] = Reading(likely, candidate, table, kind)
    for reading in sorted(best.values(), key=lambda r: (r.table, r.candidate.at, r.kind)):
        sides = _sides(reading, setting, weights)
        if reading.table == "deals":
            _add_deal(reading, sides, setting, bargains)
        elif reading.table == "events":
            _add_event(reading, sides, setting)
        elif reading.table == "relations":
            _add_relation(reading, sides, setting)
        else:
            _add_term(reading, sides, setting, bargains)


def _take_back(weighed: Sequence[tuple[Candidate, Mapping[Label, float]]], setting: Setting) -> None:
    """Drop an event that a rule read in this sentence where its word hardly ever told that type to coders."""
    units, types = setting.sentence.units, setting.cast.codebook.weights.types
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
        ]
        here = all(cue.start in sentence for cue in cues)
        if told and here and not any(("events", kind) in likely for likely in told):
            setting.out.drop(record)


# --- what is weighed ------------------------------------------------------------------------------------------------


def candidates(setting: Setting, bargains: Bargains) -> Iterator[Candidate]:
    """The units of a sentence that can tell something, with their features."""
    sentence = setting.sentence
    clause_of = {clause.verb: clause for clause in sentence.clauses}
    shared = tuple(_shared_features(setting, bargains))
    lemmas = [lemma(unit) for unit in sentence.units]
    near = [f"near:{word}" if unit.tag in TELLING else "" for word, unit in zip(lemmas, sentence.units, strict=True)]
    for at, unit in enumerate(sentence.units):
        if unit.tag in TELLING and unit.name is None:
            clause = clause_of.get(at)
            group = sentence.group_of.get(at) if clause is None else None
            own = (*_features(at, lemmas, setting), *filter(None, near[max(0, at - NEAR) : at + NEAR + 1]))
            place = (
                _clause_features(clause, lemmas, setting)
                if clause is not None
                else _noun_features(at, group, lemmas, sentence)
            )
            yield Candidate(at, clause, group, (*own, *place, *shared))


def _shared_features(setting: Setting, bargains: Bargains) -> Iterator[str]:
    """What holds for every unit of a sentence: who and what is named, and whether a bargain is told."""
    units, cast = setting.sentence.units, setting.cast
    named = {pair[0].target for unit in units if (pair := name_actor(unit)) is not None}
    for kind in sorted({cast.type_of(actor) for actor in named}):
        yield f"named:{kind}"
    yield f"actors:{min(len(named), 4)}"
    if any(unit.name is not None and unit.name.of_kind("commodity") for unit in units):
        yield "commodity"
    yield "deal:here" if bargains.here else "deal:told" if is_told_of(setting, bargains) else "deal:none"


def _features(at: int, lemmas: Sequence[str], setting: Setting) -> Iterator[str]:
    """What the word says, and those beside it."""
    units, codebook = setting.sentence.units, setting.cast.codebook
    word = lemmas[at]
    yield f"lemma:{word}"
    yield f"lemma:{word}/{units[at].tag}"
    yield f"stem:{word[:5]}"
    yield f"class:{units[at].tag}"
    for step in (-2, -1, 1, 2):
        if 0 <= at + step < len(units):
            beside = lemmas[at + step]
            yield f"{step:+}:{beside}"
            yield f"{step:+}:/{units[at + step].tag}"
            if abs(step) == 1:
                yield f"{step:+}:{word}|{beside}"
    for _, frame in (*codebook.frames_by_verb.get(word, ()), *codebook.frames_by_noun.get(word, ())):
        yield f"frame:{frame.event}/{frame.relation}"


def _clause_features(clause: Clause, lemmas: Sequence[str], setting: Setting) -> Iterator[str]:
    """What a verb's clause says: voice, negation, modal verb, arguments."""
    word = lemmas[clause.verb]
    yield f"clause:{clause.kind}"
    yield "passive" if clause.passive else "active"
    if clause.negated:
        yield "negated"
    if clause.modal:
        yield f"modal:{clause.modal}"
    for group in (*clause.objects, *clause.second):
        head = lemmas[group.last - 1]
        yield f"object:{head}"
        yield f"object:{word}|{head}"
    for group in clause.subjects:
        yield f"subject:{lemmas[group.last - 1]}"
    for preposition, group in clause.phrases:
        yield f"phrase:{preposition}"
        yield f"phrase:{word}|{preposition}"
        yield f"phrase:{preposition}|{lemmas[group.last - 1]}"
    for particle, frame in setting.cast.codebook.frames_by_verb.get(word, ()):
        if not particle or particle == clause.particle:
            yield f"reads:{frame.event}/{frame.relation}"


def _noun_features(at: int, group: Group | None, lemmas: Sequence[str], sentence: Sentence) -> Iterator[str]:
    """What surrounds a noun or participle: the clauses it lies in, its noun group, phrases behind it, its verb."""
    word = lemmas[at]
    for clause in sentence.clauses:
        if clause.first <= at < max(clause.end, clause.last):
            yield f"in:{clause.lemma}"
    if group is None:
        return
    yield f"head:{lemmas[group.last - 1]}"
    yield "head" if group.last - 1 == at else "modifier"
    for beside in range(group.first, group.last - 1):
        yield f"modifier:{lemmas[beside]}"
    for host in sentence.clauses:
        slot = slot_of(host, group)
        if slot is not None:
            yield f"host:{slot[1]}"
            yield f"host:{slot[1]}:{host.lemma}"
            yield f"host:{slot[1]}:{host.lemma}|{word}"
    for preposition, behind in phrases_after(group, sentence):
        yield f"behind:{preposition}"
        yield f"behind:{word}|{preposition}"
        yield f"behind:{preposition}|{lemmas[behind.last - 1]}"


def lemma(unit: Unit) -> str:
    """A unit's dictionary form; a name goes by its kinds ("<actor>"), a number as "<#>"."""
    if unit.name is not None:
        kinds = sorted({entry.kind for entry in unit.name.entries}) or ["name"]
        return f"<{'+'.join(kinds)}>"
    return "<#>" if unit.tag == "#" else _lemma(unit.lower, unit.tag in "VEGKBHO")


@lru_cache(maxsize=1 << 16)
def _lemma(word: str, is_verb: bool) -> str:
    from lemminflect import getLemma

    found = getLemma(word, "VERB" if is_verb else "NOUN", lemmatize_oov=False)
    return str(found[0]) if found else word


# --- who takes part -------------------------------------------------------------------------------------------------


def participants(candidate: Candidate, setting: Setting) -> list[tuple[Actor, tuple[str, ...]]]:
    """The actors of the sentence, each once, with how it stands to a unit; a nearer mention before a farther one."""
    sentence, cast = setting.sentence, setting.cast
    found: dict[str, tuple[int, Actor, tuple[str, ...]]] = {}
    for group in sentence.groups:
        mentions = [(actor, "") for actor in resolve(group, sentence, cast)]
        mentions += [(actor, "'s") for actor in modifier_actors(group, sentence, cast)]
        for actor, inner in mentions:
            rank, slot = _slot(candidate, group, setting)
            side = "before" if group.first <= candidate.at else "after"
            kind = cast.type_of(actor.id)
            features = (f"slot:{slot}{inner}", f"is:{kind}", f"side:{side}", f"slot:{slot}{inner}|{kind}")
            known = found.get(actor.id)
            nearness = rank + 2 * actor.inferred  # A name before a pronoun.
            if known is None or nearness < known[0]:
                found[actor.id] = (nearness, actor, features)
    return [(actor, features) for _, actor, features in found.values()]


def _slot(candidate: Candidate, group: Group, setting: Setting) -> tuple[int, str]:
    """How a noun group stands to a unit: rank of nearness, and name."""
    clause = candidate.clause
    if clause is not None:
        return slot_of(clause, group) or (9, _far(candidate.at, group))
    own = candidate.group
    if own is not None and group is own:
        return 0, "own"
    if own is not None:
        for preposition, other in phrases_after(own, setting.sentence):
            if other is group:
                return 1, f"of:{preposition}"
        for host in setting.sentence.clauses:
            if own in host.objects or own in host.subjects or any(own is g for _, g in host.phrases):
                found = slot_of(host, group, "host:")
                if found is not None:
                    return found[0] + 1, found[1]
    return 9, _far(candidate.at, group)


def slot_of(clause: Clause, group: Group, prefix: str = "") -> tuple[int, str] | None:
    """How a noun group stands to a clause: rank of nearness, and name; None where it is none of its arguments."""
    voice = "passive:" if clause.passive else ""
    if group in clause.subjects:
        return 1, f"{prefix}{voice}subject"
    if group in clause.objects:
        return 1, f"{prefix}{voice}object"
    if group in clause.second:
        return 1, f"{prefix}second"
    for preposition, other in clause.phrases:
        if other is group:
            return 2, f"{prefix}{voice}{preposition}"
    return None


def _far(at: int, group: Group) -> str:
    distance = group.first - at if group.first > at else at - group.last + 1
    return f"{'after' if group.first > at else 'before'}:{'near' if distance < 5 else 'far'}"


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
        taken = [actor for chance, actor in ranked if chance >= TAKEN]
        sides.append(taken or [actor for chance, actor in ranked[:1] if chance >= TAKEN / 2])
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


def _stance(candidate: Candidate, setting: Setting) -> Stance:
    group = candidate.group or Group(candidate.at, candidate.at + 1, candidate.at)
    clause = _clause_telling(candidate, setting.sentence)
    if clause is None:
        return with_hearsay(noun_stance(group, setting), group, setting)
    stance = stance_of(clause, setting.sentence, setting.cast, setting.given)
    return stance if candidate.clause is not None else with_hearsay(stance, group, setting)


def _clause_telling(candidate: Candidate, sentence: Sentence) -> Clause | None:
    """The clause of a verb, or that a noun group is an object of."""
    objects_of = (clause for clause in sentence.clauses if candidate.group in clause.objects)
    return candidate.clause or next(objects_of, None)


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
    deal.stances.append((_stance(reading.candidate, setting), span))
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
        _stretch(reading.candidate, setting), _stance(reading.candidate, setting), setting,
        mutual=reading.kind in MUTUAL_EVENTS, sure=False,
    )  # fmt: skip


def _add_relation(reading: Reading, sides: _Sides, setting: Setting) -> None:
    predicate, units = reading.kind, setting.sentence.units
    if not sides.first:
        return
    cue, stretch = _told_by(reading.candidate, setting), _stretch(reading.candidate, setting)
    stance = _stance(reading.candidate, setting)
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
    clause = _clause_telling(candidate, setting.sentence)
    act, stance = act_told(_stance(candidate, setting), clause, setting, bargains)
    first, last = _stretch(candidate, setting)
    rule = TermRule(_method(reading), reading.kind, (), frozenset(), frozenset(), False, (), ())
    span = _told_by(candidate, setting)
    cue = (
        (min(units[clause.first].start, span[0]), max(units[clause.verb].end, span[1])) if clause is not None else span
    )
    both = two_subjects(candidate.clause, setting) if candidate.clause is not None and not sides.second else ()
    if both:
        giver = None
    term = Term(rule, act, giver, receiver, span=span, cue=cue, stance=stance, method=rule.id, mutual=both)
    bargains.note(term, commodities_in(first, last, setting), setting.out.sentence)
