"""The bargains that a text tells, gathered over all of it: deals, undertakings, and what settles them at the end.

`deals` and `terms` fill a `Bargains`, sentence by sentence; `settle` then gives every undertaking its deal and the
side that is missing. A deal compared with ("like Ukraine's") is kept apart, and two mentions are one deal only where
their parties agree.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from pipeline.codebook import TermRule
from pipeline.codes import Codes
from pipeline.extract.actors import Actor, Cast, name_actor
from pipeline.extract.names import Name
from pipeline.extract.setting import Setting
from pipeline.extract.stance import Stance
from pipeline.extract.tokens import Tokens
from pipeline.proposals import Record

Span = tuple[int, int]
PARTY_TYPES = frozenset({"state", "government", "armed_group", "military", "igo", "company"})
RESOURCE_SIDE = "resource"
NEAR = 2
"""How many sentences a bargain goes on without being named."""


@dataclass(slots=True)
class Deal:
    """A bargain while the text is read: parties by id, type signals, stages told, and where.

    kind: its type, where that was read as such. sentence: the number of the one that spoke of it last. around: the words of the sentences that speak of it.
    """

    parties: dict[str, Actor]
    words: set[str]
    spans: list[Span]
    registered: str | None = None
    stages: list[tuple[str, Span, str]] = field(default_factory=list)
    stances: list[tuple[Stance, Span]] = field(default_factory=list)
    sides: set[str] = field(default_factory=set)
    type_span: Span | None = None
    kind: str | None = None
    method: str = "deal.mention"
    record: Record | None = None
    is_example: bool = False
    sentence: int = 0
    around: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Term:
    """One undertaking while the text is read: what was said of it, and the words that say what it does.

    mutual: the two who undertake it towards each other, where neither is the giver alone.
    """

    rule: TermRule
    act: str
    giver: Actor | None
    receiver: Actor | None
    span: Span
    cue: Span
    stance: Stance
    method: str
    mutual: tuple[Actor, ...] = ()
    commodity: tuple[str, Span] | None = None
    deal: Deal | None = None
    sentence: int = 0
    record: Record | None = None


@dataclass(slots=True)
class Bargains:
    """Everything on bargains read so far in one text."""

    deals: list[Deal] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    likenesses: list[tuple[Deal, Deal, Span, Stance]] = field(default_factory=list)
    here: list[Deal] = field(default_factory=list)
    outlooks: list[tuple[Term | None, Deal | None, Stance, Span]] = field(default_factory=list)

    def note(self, term: Term, goods: list[tuple[str, Span]], sentence: int) -> None:
        """Remember an undertaking of the present sentence, once for each commodity."""
        term.deal, term.sentence = self.here[-1] if self.here else None, sentence
        self.terms += [replace(term, commodity=good) for good in goods] or [term]

    def latest(self) -> Deal | None:
        """The deal the text is about now."""
        return next((deal for deal in reversed(self.deals) if not deal.is_example), None)

    def told_near(self, sentence: int, reach: int) -> Deal | None:
        """The deal the text is about now, where it was spoken of no more than `reach` sentences before."""
        deal = self.latest()
        return deal if deal is not None and sentence - deal.sentence <= reach else None


def unique(actors: list[Actor]) -> list[Actor]:
    """Each actor once, the first mention kept."""
    return list({actor.id: actor for actor in reversed(actors)}.values())[::-1]


def party(actors: list[Actor], setting: Setting) -> Actor | None:
    """The one of these that can undertake something; None where there is none or several."""
    fitting = parties(actors, setting)
    return fitting[0] if len(fitting) == 1 else None


def parties(actors: list[Actor], setting: Setting) -> list[Actor]:
    """Those who can undertake something; who holds an office of a state acts for the state."""
    found = []
    for actor in actors:
        kind = setting.cast.type_of(actor.id)
        parent = setting.cast.row(actor.id).get("parent_id") if kind == "person" else None
        if parent is not None and setting.cast.type_of(str(parent)) in PARTY_TYPES:
            found.append(Actor(str(parent), actor.start, actor.end, True))
        elif kind in PARTY_TYPES:
            found.append(actor)
    return unique(found)


def is_told_of(setting: Setting, bargains: Bargains) -> bool:
    """Whether a sentence goes on about the bargain told last: near it, or naming a party of it."""
    deal = bargains.latest()
    if deal is None or len(deal.parties) < 2:
        return False
    named = {pair[0].target for unit in setting.sentence.units if (pair := name_actor(unit)) is not None}
    return setting.out.sentence - deal.sentence <= NEAR or bool(named & set(deal.parties))


POWERS = frozenset({"state", "government", "armed_group"})
"""Who a text on a bargain can be about."""


def find_powers(names: Iterable[Name], cast: Cast) -> tuple[str, ...]:
    """The two public powers that a text is about: those that it names, or that it names far oftener than all others."""
    counts: Counter[str] = Counter()
    for name in names:
        entry = name.of_kind("actor")
        if entry is None:
            continue
        parent = cast.row(entry.target).get("parent_id") if cast.type_of(entry.target) == "person" else None
        power = str(parent or entry.target)
        if cast.type_of(power) in POWERS:
            counts[power] += 1
    first = counts.most_common(3)
    if len(first) < 2 or (len(first) == 3 and 2 * first[2][1] > first[1][1]):
        return ()
    return tuple(power for power, _ in first[:2])


def find_owners(names: Sequence[Name], tokens: Tokens, cast: Cast) -> Counter[str]:
    """How often a text names resources as a state's: "Mali's gold", "Congolese mines", "minerals in Ukraine"."""
    goods = set(cast.codebook.deals["resource_nouns"]) | set(cast.codebook.deals["exchanged_resource"])
    at_good = {name.first for name in names if name.of_kind("commodity") is not None}
    at_good |= {at for at, word in enumerate(tokens.lower) if word in goods}
    owners: Counter[str] = Counter()
    for name in names:
        actor, place = name.of_kind("actor"), name.of_kind("place")
        state = actor.target if actor is not None else None
        if state is None and place is not None:
            state = cast.codebook.names.places.get(place.target, {}).get("country")
        if state is None or cast.type_of(state) not in POWERS:
            continue
        behind = range(name.last, min(name.last + 5, len(tokens.lower)))
        before = range(max(0, name.first - 4), name.first)
        linked = any(tokens.lower[at] in ("in", "of", "from") for at in range(max(0, name.first - 2), name.first))
        owners[state] += any(at in at_good for at in behind) or (linked and any(at in at_good for at in before))
    return +owners


def settle(bargains: Bargains, codes: Codes, cast: Cast) -> None:
    """Give every term its deal and the other party of a bilateral deal where a side is missing."""
    for term in list(bargains.terms):
        _each_way(term, bargains)
    open_sided = {id(term) for term in bargains.terms if term.giver is None or term.receiver is None}
    for term in bargains.terms:
        _part(term)
        if term.deal is None:
            _fill_by_powers(term, cast)
        known = {a.id for a in (term.giver, term.receiver) if a is not None}
        states = {_state(a.id) for a in (term.giver, term.receiver) if a is not None}
        if term.deal is not None and len(term.deal.parties) < 2 and {_state(p) for p in term.deal.parties} <= states:
            _join(term.deal, term)
        if term.deal is None or not states <= {_state(p) for p in term.deal.parties}:
            fitting = [d for d in bargains.deals if known and _is_between(states, d, cast)]
            own = [d for d in fitting if not d.is_example]
            term.deal = (own or fitting)[-1] if fitting else _deal_of_terms(term, states, codes, bargains, cast)
        if term.deal is not None and len(term.deal.parties) == 2 and len(known) < 2:
            _fill(term, cast)
    for term in bargains.terms:
        # What was told before its bargain: "China will build roads in exchange for Guinea's bauxite".
        known = {_state(a.id) for a in (term.giver, term.receiver) if a is not None}
        if term.deal is None and known:
            fitting = [d for d in bargains.deals if _is_between(known, d, cast) and not d.is_example]
            term.deal = fitting[-1] if fitting else None
            if term.deal is not None and len(term.deal.parties) == 2:
                _fill(term, cast)
    _drop_doubles(bargains)
    for term in bargains.terms:
        if (
            term.deal is not None
            and not term.deal.stages
            and term.act in _STAGE_OF_ACT
            and term.stance.polarity == "pos"
        ):
            term.deal.stages.append((_STAGE_OF_ACT[term.act], term.cue, "deal.terms"))
        if term.deal is not None and len(term.deal.parties) == 2 and term.giver is None and term.receiver is None:
            _fill_by_side(term, codes, bargains, cast)
            _fill_by_owner(term, codes, cast)
        if id(term) in open_sided:
            _turn(term, cast)


_STAGE_OF_ACT = {"offer": "offered", "request": "sought", "agree": "agreed_in_principle"}
"""How far an undertaking shows its deal to have come, where nothing else tells."""


def _each_way(term: Term, bargains: Bargains) -> None:
    """What the two parties of a bargain undertake together, each gives the other."""
    both = {actor.id for actor in term.mutual}
    told = any(both == deal.parties.keys() and not deal.is_example for deal in bargains.deals)
    if len(both) != 2 or not told or term.giver is not None or term.receiver is not None:
        return
    term.giver, term.receiver = term.mutual
    bargains.terms.append(replace(term, giver=term.receiver, receiver=term.giver))


def _fill_by_side(term: Term, codes: Codes, bargains: Bargains, cast: Cast) -> None:
    """Who gives one resource gives the other, and so with security, where the deal's other terms agree on it."""
    side = codes.parent("term_type", term.rule.term_type)
    alike = [
        t
        for t in bargains.terms
        if t.deal is term.deal and codes.parent("term_type", t.rule.term_type) == side and t.giver
    ]
    givers = {_state(t.giver.id) for t in alike if t.giver is not None}
    if len(givers) == 1 and term.deal is not None:
        giver = term.deal.parties.get(givers.pop())
        if giver is not None:
            term.giver = Actor(giver.id, giver.start, giver.end, True)
            _fill(term, cast)


def _fill_by_powers(term: Term, cast: Cast) -> None:
    """Who gives to or gets from one of the two powers that a text is about, and is not named, is the other."""
    present = term.giver or term.receiver
    if present is None or (term.giver and term.receiver) or _state(present.id) not in cast.powers:
        return
    other = next(power for power in cast.powers if power != _state(present.id))
    filled = Actor(other, *term.cue, True)
    term.giver, term.receiver = term.giver or filled, term.receiver or filled


def _fill_by_owner(term: Term, codes: Codes, cast: Cast) -> None:
    """The party whose resources the text speaks of gives those, and is given what stands against them."""
    if term.deal is None or term.giver is not None or term.receiver is not None:
        return
    owners = [party for party in term.deal.parties if cast.owners.get(party)]
    others = [party for party in term.deal.parties if party not in owners]
    if len(owners) != 1 or len(others) != 1:
        return
    gives = codes.parent("term_type", term.rule.term_type) == RESOURCE_SIDE
    owner, other = (
        Actor(a.id, a.start, a.end, True) for a in (term.deal.parties[owners[0]], term.deal.parties[others[0]])
    )
    term.giver, term.receiver = (owner, other) if gives else (other, owner)


def _join(deal: Deal, term: Term) -> None:
    for actor in (term.giver, term.receiver):
        if actor is not None and not actor.id.endswith("-companies"):
            deal.parties.setdefault(actor.id, actor)


def _deal_of_terms(term: Term, states: set[str], codes: Codes, bargains: Bargains, cast: Cast) -> Deal | None:
    """An undertaking on a resource or on security, or paid to an armed group, is a bargain without a noun for it."""
    side = codes.parent("term_type", term.rule.term_type)
    hired = any(cast.type_of(state) == "armed_group" for state in states)
    public = all(cast.type_of(state) in POWERS for state in states)
    asked = term.act != "provide"  # Help that is given, with no return told, is no bargain.
    told = side == RESOURCE_SIDE or (side == "security" and public and asked) or (side == "finance" and hired)
    denied = term.stance.polarity == "neg"
    if len(states) < 2 or not told or denied or term.rule.term_type in _DEMANDED:
        return None
    deal = Deal({}, set(), [(min(term.span[0], term.cue[0]), max(term.span[1], term.cue[1]))], method="deal.terms")
    _join(deal, term)
    if len(deal.parties) < 2:
        for actor in (term.giver, term.receiver):
            if actor is not None:
                deal.parties.setdefault(actor.id, actor)
    deal.stances.append((term.stance, deal.spans[0]))
    bargains.deals.append(deal)
    return deal


_DEMANDED = frozenset({"withdrawal", "mediation", "sanctions_on_rival"})
"""What one side demands of another or does for it without any bargain."""


def _is_between(actors: set[str], deal: Deal, cast: Cast) -> bool:
    """Whether all of these are parties of a deal, or companies of a party's country."""
    sides = {_state(party) for party in deal.parties}
    return all(actor in sides or (_is_firm(actor, cast) and cast.country_of(actor) in sides) for actor in actors)


def _is_firm(actor: str, cast: Cast) -> bool:
    return cast.type_of(actor) == "company"


def _state(actor: str) -> str:
    """A country's unnamed companies count as of their state's side."""
    return actor.removesuffix("-companies").upper() if actor.endswith("-companies") else actor


def _part(term: Term) -> None:
    """Nobody gives to himself: the side that was only concluded is left empty."""
    if term.giver is not None and term.receiver is not None and term.giver.id == term.receiver.id:
        term.receiver = None


def _drop_doubles(bargains: Bargains) -> None:
    """A bargain that weights read is no other than one that lies between the same parties in the same sentence."""
    for deal in [deal for deal in bargains.deals if deal.method.startswith("trained.")]:
        other = next(
            (
                one
                for one in bargains.deals
                if one is not deal
                and not one.is_example
                and one.sentence == deal.sentence
                and set(deal.parties) <= set(one.parties)
            ),
            None,
        )
        if other is None:
            continue
        bargains.deals.remove(deal)
        other.stages += deal.stages
        for term in bargains.terms:
            term.deal = other if term.deal is deal else term.deal
        bargains.outlooks = [
            (t, other if of is deal else of, stance, span) for t, of, stance, span in bargains.outlooks
        ]
        bargains.likenesses = [
            (other if own is deal else own, other if model is deal else model, span, stance)
            for own, model, span, stance in bargains.likenesses
        ]


def _turn(term: Term, cast: Cast) -> None:
    """A right to resources is granted by who has public power to a company, not the other way round."""
    if term.giver is None or term.receiver is None or term.rule.term_type not in cast.codebook.deals["public_grants"]:
        return
    giver, receiver = cast.type_of(term.giver.id), cast.type_of(term.receiver.id)
    if (giver == "company" or term.giver.id.endswith("-companies")) and receiver in POWERS:
        term.giver, term.receiver = term.receiver, term.giver


def _fill(term: Term, cast: Cast) -> None:
    parties = dict(term.deal.parties) if term.deal else {}
    present = term.giver or term.receiver
    if present is None:
        return
    own = {_state(present.id), cast.country_of(present.id) if _is_firm(present.id, cast) else None}
    others = [a for ident, a in parties.items() if ident not in own]
    if len(others) != 1:
        return
    other = Actor(others[0].id, others[0].start, others[0].end, True)
    if term.giver is None:
        term.giver = other
    elif term.receiver is None:
        term.receiver = other
