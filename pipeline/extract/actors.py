"""Noun groups → actors: names, metonyms, heads that stand for a state, and typed coreference.

A slot stays empty where the text does not settle who is meant.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.codebook import Codebook
from pipeline.extract.clauses import Group, Sentence
from pipeline.extract.learned_names import Learned
from pipeline.extract.names import Entry, Name
from pipeline.extract.units import SPOKEN_I, SPOKEN_WE, Unit

UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class Actor:
    """An actor mentioned at [start, end); `inferred` where the words do not name it."""

    id: str
    start: int
    end: int
    inferred: bool = False


@dataclass
class Cast:
    """Who was mentioned so far, by type, for coreference; the latest last.

    powers: the two that the whole text is about, where there are two. owners: how often the text names resources as a
    state's. persons: those who were subjects last. together: the coordinated subjects of the sentence before ("they").
    voice: who "we" is. speaker: who "I" is. earlier: those before the current sentence. government: the state whose government was named last ("Mali's junta"), which "the government" points back to.
    """

    codebook: Codebook
    learned: Learned
    voice: str | None = None
    speaker: str | None = None
    recent: list[str] = field(default_factory=list)
    earlier: list[str] = field(default_factory=list)
    government: str | None = None
    subjects: list[str] = field(default_factory=list)
    powers: tuple[str, ...] = ()
    owners: Mapping[str, int] = field(default_factory=dict)
    persons: list[str] = field(default_factory=list)
    together: list[str] = field(default_factory=list)

    def row(self, actor: str) -> Mapping[str, Any]:
        """The registry or learned row of an actor."""
        return self.codebook.names.actors.get(actor) or self.learned.rows.get(actor) or {"actor_type": "other"}

    def type_of(self, actor: str) -> str:
        """The actor's type."""
        return str(self.row(actor)["actor_type"])

    def country_of(self, actor: str) -> str | None:
        """The actor's country, as ISO code."""
        return self.row(actor).get("country")

    def note(self, actors: Iterable[str]) -> None:
        """Remember the actors of a sentence as mentioned now."""
        self.earlier = list(self.recent)
        for actor in actors:
            if actor in self.recent:
                self.recent.remove(actor)
            self.recent.append(actor)

    def latest(self, types: Iterable[str]) -> str | None:
        """The actor of one of these types mentioned last."""
        wanted = set(types)
        return next((actor for actor in reversed(self.recent) if self.type_of(actor) in wanted), None)


def name_actor(unit: Unit) -> tuple[Entry, Name] | None:
    """The actor a name unit stands for; None where it names none or several."""
    if unit.name is None:
        return None
    entry = unit.name.of_kind("actor")
    return (entry, unit.name) if entry is not None else None


def resolve(group: Group, sentence: Sentence, cast: Cast) -> list[Actor]:
    """The actors that a noun group, as participant, stands for."""
    units = sentence.units
    possessors = [at for at in range(group.first, group.last) if units[at].tag == "'"]
    first = possessors[-1] + 1 if possessors else group.first
    if first >= group.last:
        first = group.first
    head = units[group.last - 1]
    while head.tag in "%$" and group.last - 2 >= first:
        return []
    owner = _owner(units, group.first, first) if possessors else None
    if head.tag in "PQ" or (head.tag == "D" and group.last - group.first == 1):
        return _pronoun(head, sentence, cast)
    named = name_actor(head)
    if named is not None:
        return _named(named, head, sentence, group, cast)
    if head.name is not None and head.name.entries:
        return []
    bearer = _bearer(group, sentence, cast)
    if bearer is not None:
        return [bearer]
    modifiers = [name_actor(unit) for unit in units[first : group.last - 1]]
    known = [pair for pair in modifiers if pair is not None]
    span = (units[first].start, head.end)
    whole = (units[group.first].start, head.end)
    found = _by_head(_head_word(head, cast), known, owner, span, whole, sentence, group, cast)
    return found or _shared_head(known, group, sentence, cast) or _described(group, sentence, cast)


def _bearer(group: Group, sentence: Sentence, cast: Cast) -> Actor | None:
    """Who bears a title: "the president of Rwanda, Paul Kagame, …", "his Congolese counterpart, Felix Tshisekedi"."""
    units, heads = sentence.units, cast.codebook.heads
    title = units[group.last - 1].lower
    titles = ("lead_titles", "office_titles", "member_titles")
    if title != "counterpart" and not any(title in heads[key] for key in titles):
        return None
    at = group.last
    if at < len(units) and units[at].lower in ("of", "for"):
        body = sentence.group_of.get(at + 1)
        at = body.last if body is not None else at
    named = sentence.group_of.get(at + 1) if at < len(units) and units[at].lower == "," else None
    pair = name_actor(units[named.last - 1]) if named is not None and named.last - named.first == 1 else None
    closed = named is not None and (
        named.last >= len(units) or units[named.last].tag in ",.;Y" or units[named.last].lower in ("in", "on")
    )
    if pair is None or not closed or cast.type_of(pair[0].target) != "person":
        return None
    return Actor(pair[0].target, pair[1].start, pair[1].end)


def _head_word(head: Unit, cast: Cast) -> str:
    """The word by which a head is judged; of a state organ's proper name ("Ministry of Energy"), what organ it is."""
    opening = head.lower.partition(" ")[0]
    return opening if head.name is not None and opening in cast.codebook.heads["state_heads"] else head.lower


def _described(group: Group, sentence: Sentence, cast: Cast) -> list[Actor]:
    """ "Michael Makuei, the information minister": whom an office in apposition describes."""
    units = sentence.units
    before = sentence.group_of.get(group.first - 2) if group.first > 1 and units[group.first - 1].lower == "," else None
    words = {word for unit in units[group.first : group.last] for word in unit.lower.split()}
    if before is None or not words & (cast.codebook.heads["office_titles"] | cast.codebook.heads["lead_titles"]):
        return []
    named = name_actor(units[before.last - 1])
    if named is None or cast.type_of(named[0].target) != "person":
        return []
    return [Actor(named[0].target, named[1].start, named[1].end)]


def _shared_head(known: list[tuple[Entry, Name]], group: Group, sentence: Sentence, cast: Cast) -> list[Actor]:
    """ "U.S. defense and technology companies": the head of the second group serves the first."""
    units = sentence.units
    following = sentence.group_of.get(group.last + 1)
    if not known or following is None or group.last >= len(units) or units[group.last].tag != "C":
        return []
    head = units[following.last - 1]
    if (
        any(unit.name is not None for unit in units[following.first : following.last])
        or head.lower not in cast.codebook.heads["company_heads"]
    ):
        return []
    span = (units[group.first].start, head.end)
    return _by_head(head.lower, known, None, span, span, sentence, following, cast)


def _named(named: tuple[Entry, Name], head: Unit, sentence: Sentence, group: Group, cast: Cast) -> list[Actor]:
    entry, name = named
    if entry.alias_type == "demonym" and cast.type_of(entry.target) != "state":
        return [Actor(entry.target, name.start, name.end)]
    if entry.alias_type == "demonym" and head.tag == "M" and not head.lower.endswith("s"):
        # "thousands of Congolese" are people, not the state.
        return []
    if entry.alias_type == "demonym":
        return []
    found = [Actor(entry.target, name.start, name.end, entry.indirect)]
    for unit in sentence.units[group.first : group.last - 1]:
        # "the U.S.-DRC relationship" is no list; "Rwanda and Uganda" are two groups already.
        if unit.tag == "'":
            return found
    return found


def _owner(units: list[Unit], first: int, last: int) -> Actor | None:
    for at in range(last - 1, first - 1, -1):
        named = name_actor(units[at])
        if named is not None:
            entry, name = named
            return Actor(entry.target, name.start, name.end, entry.indirect)
    return None


def _state_of(pairs: list[tuple[Entry, Name]], owner: Actor | None, cast: Cast) -> str | None:
    for entry, _ in reversed(pairs):
        if cast.type_of(entry.target) in ("state", "government", "igo"):
            return entry.target
    if owner is not None and cast.type_of(owner.id) in ("state", "government", "igo"):
        return owner.id
    return None


def _by_head(
    word: str,
    known: list[tuple[Entry, Name]],
    owner: Actor | None,
    span: tuple[int, int],
    whole: tuple[int, int],
    sentence: Sentence,
    group: Group,
    cast: Cast,
) -> list[Actor]:
    heads = cast.codebook.heads
    others = [
        entry.target
        for entry, _ in known
        if cast.type_of(entry.target) in ("armed_group", "company", "military", "igo", "ngo", "government")
    ]
    if word in heads["people_heads"]:
        return []
    forces = owner is not None and not known and (word in heads["group_heads"] or word in heads["military_heads"])
    if owner is not None and forces and cast.type_of(owner.id) not in ("state", "media", "population", "other"):
        # "Kabila's forces", "M23's fighters"
        return [Actor(owner.id, *whole, True)]
    if others and (word in heads["group_heads"] or word in heads["military_heads"] or word in heads["state_heads"]):
        return [Actor(others[-1], *span)]
    state = _state_of(known, owner, cast)
    start, end = whole if owner is not None and not known else span
    if state is None and any(
        word in heads[key] for key in ("state_heads", "military_heads", "company_heads", "part_heads")
    ):
        states = _states_behind(group, sentence, cast, within=word in heads["state_heads"])
        bodies = _bodies_behind(group, sentence, cast) if not states and word in heads["part_heads"] else []
        if bodies:
            return bodies
        if len(states) > 1 and word in heads["state_heads"]:
            return [Actor(one, start, end, True) for one in states]
        state = states[0] if states else None
    if state is not None and word in heads["governing"]:
        cast.government = state
    modified = {unit.lower for unit in sentence.units[group.first : group.last - 1]} & heads["governing"]
    if state is None and modified and cast.government is not None:
        # "regime security forces"
        state = cast.government
    if state is not None and cast.type_of(state) == "state":
        if word in heads["company_heads"]:
            companies = f"{state.lower()}-companies"
            return [Actor(companies, start, end, True)] if companies in cast.codebook.names.actors else []
        if word in heads["state_heads"] or word in heads["military_heads"]:
            return [Actor(state, start, end, True)]
        return []
    if state is not None and (word in heads["state_heads"] or word in heads["military_heads"]):
        return [Actor(state, start, end, True)]
    return _reference(word, sentence, group, cast)


def _bodies_behind(group: Group, sentence: Sentence, cast: Cast) -> list[Actor]:
    """ "Members of the Burmese military", "delegates of the M23 and of the government": the bodies they belong to."""
    units = sentence.units
    found: list[Actor] = []
    at = group.last
    while at < len(units) and units[at].lower in ("of", "from"):
        following = sentence.group_of.get(at + 1)
        bodies = resolve(following, sentence, cast) if following is not None else []
        bodies = [actor for actor in bodies if cast.type_of(actor.id) in _BODIES]
        if following is None or not bodies:
            break
        found += bodies
        at = following.last + (following.last < len(units) and units[following.last].tag == "C")
    return found


_BODIES = frozenset({"armed_group", "military", "government", "igo", "company", "state"})
"""Who has members and delegates."""


def _states_behind(group: Group, sentence: Sentence, cast: Cast, *, within: bool) -> list[str]:
    """The states behind a head: "the government of Mali", "the presidents of Rwanda and the DRC".

    within: "in" makes them the head's too, as of "the government in Mali", but not of "troops in Mali".
    """
    units = sentence.units
    links = ("of", "in", "from") if within else ("of", "from")
    if group.last >= len(units) or units[group.last].lower not in links:
        return []
    states = []
    following = sentence.group_of.get(group.last + 1)
    while following is not None:
        named = name_actor(units[following.last - 1])
        if not named or cast.type_of(named[0].target) != "state" or following.last - following.first > 2:
            break
        states.append(named[0].target)
        at = following.last
        listed = at < len(units) and (units[at].tag == "C" or units[at].lower == ",")
        following = sentence.group_of.get(at + 1) if listed else None
    return states


def _reference(word: str, sentence: Sentence, group: Group, cast: Cast) -> list[Actor]:
    """ "The rebels", "the company", "both countries": the latest of that type, where a determiner points back."""
    units = sentence.units
    opener = units[group.first].lower
    grammar = cast.codebook.grammar
    start, end = units[group.first].start, units[group.last - 1].end
    inner = {unit.lower for unit in units[group.first : group.last]}
    if word in grammar["reciprocal"] and inner & {"two", "both"} and not inner & {"other"}:
        kind = "person" if word in grammar["reciprocal_persons"] else "state"
        states = _two_before(kind, group, sentence, cast)
        return [Actor(state, start, end, True) for state in sorted(states)] if len(states) == 2 else []
    if opener not in ("the", "this", "that", "these", "both"):
        return []
    if word in ("regime", "junta") and cast.government is None:
        # A regime is seldom the speaker's own: the one state named besides.
        others = {actor for actor in cast.recent if cast.type_of(actor) == "state"} - {cast.voice}
        if len(others) == 1:
            cast.government = next(iter(others))
    if word in cast.codebook.heads["governing"] and group.last - group.first <= 5 and cast.government is not None:
        return [Actor(cast.government, start, end, True)]
    if any(unit.lower not in grammar["group_modifiers"] for unit in units[group.first + 1 : group.last - 1]):
        return []
    for kind, words in grammar["group_references"].items():
        if word in words:
            here = {pair[0].target for unit in units[: group.first] if (pair := name_actor(unit)) is not None}
            earlier = [a for a in cast.earlier if cast.type_of(a) == kind and a not in here]
            # "The United States eased sanctions on the country": not on itself.
            actor = earlier[-1] if earlier and kind == "state" else cast.latest((kind,))
            return [Actor(actor, start, end, True)] if actor is not None else []
    return []


def _two_before(kind: str, group: Group, sentence: Sentence, cast: Cast) -> list[str]:
    """The two actors of a type named last before a group, in its sentence and then in those before it."""
    states: list[str] = []
    for unit in reversed(sentence.units[: group.first]):
        named = name_actor(unit)
        if named is not None and not named[1].located and cast.type_of(named[0].target) == kind:
            states.append(named[0].target)
    states += [actor for actor in reversed(cast.earlier) if cast.type_of(actor) == kind]
    return list(dict.fromkeys(states))[:2]


def _pronoun(unit: Unit, sentence: Sentence, cast: Cast) -> list[Actor]:
    if unit.lower in ("he", "him", "his", "she", "her", "himself", "herself"):
        actor = _person_before(unit, sentence, cast)
    elif (
        unit.lower in ("they", "their", "them") and len(cast.together) > 1 and not _subject_before(unit, sentence, cast)
    ):
        return [Actor(one, unit.start, unit.end, True) for one in cast.together]
    elif unit.lower in ("it", "its", "they", "their", "them"):
        actor = _subject_before(unit, sentence, cast) or next(
            (a for a in reversed(cast.subjects) if _is_body(a, cast)), None
        )
    elif unit.lower in SPOKEN_WE:
        actor = _body_quoted(sentence, cast) if _is_quoted(unit, sentence) else cast.voice
    elif unit.lower in SPOKEN_I and not _is_quoted(unit, sentence):
        actor = cast.speaker
    else:
        actor = None
    return [Actor(actor, unit.start, unit.end, True)] if actor is not None else []


def _person_before(unit: Unit, sentence: Sentence, cast: Cast) -> str | None:
    """The person a pronoun points back to: a subject of its sentence, of the one before, else whom those before name."""
    named = [u for u in sentence.units if u.end <= unit.start]
    inside = [pair[0].target for u in named if (pair := name_actor(u)) and cast.type_of(pair[0].target) == "person"]
    acting = [
        pair[0].target
        for clause in sentence.clauses
        for group in clause.subjects
        if (head := sentence.units[group.last - 1]).end <= unit.start and (pair := name_actor(head))
    ]
    people = [actor for actor in acting if cast.type_of(actor) == "person"]
    earlier = [actor for actor in cast.earlier if cast.type_of(actor) == "person"]
    return next((some[-1] for some in (people, cast.persons, earlier, inside) if some), None)


def _is_quoted(unit: Unit, sentence: Sentence) -> bool:
    """Whether a unit stands inside quotation marks, as far as its sentence shows."""
    return sum(other.tag == '"' for other in sentence.units if other.start < unit.start) % 2 == 1


def _body_quoted(sentence: Sentence, cast: Cast) -> str | None:
    """Who says "we" in a sentence's quotation: its speaker, or the body that the speaker serves."""
    for clause in sentence.clauses:
        if clause.lemma not in cast.codebook.speech or _is_quoted(sentence.units[clause.verb], sentence):
            continue
        for group in clause.subjects:
            spoken = {unit.lower for unit in sentence.units[group.first : group.last]}
            found = [] if spoken & SPOKEN_WE else resolve(group, sentence, cast)
            if len(found) == 1:
                row = cast.row(found[0].id)
                return row.get("parent_id") if row["actor_type"] == "person" else found[0].id
    return None


def _is_body(actor: str, cast: Cast) -> bool:
    return cast.type_of(actor) not in ("person", "media", "population", "other")


def _subject_before(unit: Unit, sentence: Sentence, cast: Cast) -> str | None:
    """The subject, named in this sentence before the pronoun, of the clause nearest to it."""
    for clause in reversed(sentence.clauses):
        for group in clause.subjects:
            head = sentence.units[group.last - 1]
            if head.end > unit.start or head.tag in "PQ":
                continue
            found = [a.id for a in resolve(group, sentence, cast) if _is_body(a.id, cast)]
            if found:
                return found[0]
    return None


def modifier_actors(group: Group, sentence: Sentence, cast: Cast) -> list[Actor]:
    """Actors inside a noun group before its head: possessors, adjectives ("Rwandan support", "its support")."""
    found = []
    units = sentence.units
    for at in range(group.first, group.last - 1):
        unit = units[at]
        if unit.tag == "Q":
            found += _pronoun(unit, sentence, cast)
            continue
        named = name_actor(unit)
        if named is None:
            if at + 1 < group.last and units[at + 1].tag == "'":
                found += _by_head(
                    unit.lower,
                    [p for p in (name_actor(u) for u in units[group.first : at]) if p],
                    None,
                    (units[group.first].start, unit.end),
                    (units[group.first].start, unit.end),
                    sentence,
                    Group(group.first, at + 1, at),
                    cast,
                )
            continue
        entry, name = named
        if at + 2 < group.last and units[at + 1].tag == "~" and units[at + 2].lower == "based":
            continue  # "a Denmark-based retailer": where it is, not whose.
        found.append(Actor(entry.target, name.start, name.end, entry.indirect))
    return found
