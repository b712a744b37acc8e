"""What weights weigh: the words of a sentence that may tell something, and how its actors stand to them.

A unit that is no name (a verb, a noun, a participle) is described by what stands around it: its lemma and those beside
it, its clause's arguments, its noun group, what frames of the codebook say of the word, who is named in the sentence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.extract.actors import Actor, modifier_actors, name_actor, resolve
from pipeline.extract.bargains import Bargains, is_told_of
from pipeline.extract.clauses import Clause, Group, Sentence, slot_of
from pipeline.extract.setting import Setting, phrases_after
from pipeline.extract.units import lemma

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


def _far(at: int, group: Group) -> str:
    distance = group.first - at if group.first > at else at - group.last + 1
    return f"{'after' if group.first > at else 'before'}:{'near' if distance < 5 else 'far'}"


def clause_telling(candidate: Candidate, sentence: Sentence) -> Clause | None:
    """The clause of a verb, or that a noun group is an object of."""
    objects_of = (clause for clause in sentence.clauses if candidate.group in clause.objects)
    return candidate.clause or next(objects_of, None)


def telling(
    span: tuple[int, int], found: Sequence[Candidate], setting: Setting, *, noun_first: bool
) -> Candidate | None:
    """The candidate that tells what a span of the text tells: its first verb, or its last noun."""
    units = setting.sentence.units
    inside = [one for one in found if units[one.at].start < span[1] and span[0] < units[one.at].end]
    verbs = [one for one in inside if one.clause is not None][:1]
    nouns = [one for one in inside if units[one.at].tag == "N"][-1:]
    ranked = [*nouns, *verbs] if noun_first else [*verbs, *nouns]
    return next(iter([*ranked, *inside]), None)
