"""Undertakings that sentences tell: what a clause gives or gets, what an offer holds, what is exchanged for what."""

from dataclasses import replace

from pipeline.codebook import Frame, TermRule
from pipeline.extract.actors import Actor, modifier_actors, resolve
from pipeline.extract.bargains import PARTY_TYPES, RESOURCE_SIDE, Bargains, Deal, Term, is_told_of, parties, party
from pipeline.extract.clauses import Clause, Group
from pipeline.extract.phrases import is_good, phrases_in
from pipeline.extract.setting import (
    CIRCUMSTANCE,
    Setting,
    commodities_in,
    first_filled,
    noun_stance,
    phrases_after,
    slot,
)
from pipeline.extract.stance import Stance, stance_of

Span = tuple[int, int]


def read_terms(setting: Setting, bargains: Bargains) -> None:
    """Undertakings that a sentence tells: in what a clause gives or gets, in what an offer holds, in an exchange."""
    sentence = setting.sentence
    taken: set[int] = set()
    exchange = _exchange_at(setting)
    _read_term_verbs(taken, setting, bargains)
    for clause in sentence.clauses:
        frame = _term_frame(clause, setting)
        contains = clause.lemma in setting.cast.codebook.deals["contain_verbs"]
        told = clause.verb in taken or clause.lemma in setting.cast.codebook.terms_by_verb
        if (frame is None and not contains) or told:
            continue
        end = _reach(clause, setting, exchange)
        hits = list(phrases_in(clause.last, end, setting, taken, in_exchange=exchange is not None))
        if clause.passive:
            hits += [
                hit
                for group in clause.subjects
                for hit in phrases_in(group.first, group.last, setting, taken, in_exchange=False)
            ]
        for hit in hits:
            taken.update(range(hit[1], hit[2]))
            _add_term(hit, clause, frame, setting, bargains)
    _read_nouns(exchange, taken, setting, bargains)
    if exchange is not None:
        _read_exchange(exchange, taken, setting, bargains)
    _answer(setting, bargains)
    _read_hoped(taken, setting, bargains)
    _read_nominal(taken, setting, bargains)
    _read_loose(taken, setting, bargains)


def _read_nouns(exchange: tuple[int, int] | None, taken: set[int], setting: Setting, bargains: Bargains) -> None:
    """ "Kinshasa's offer of cobalt access to Washington", "Kyiv's request for drones": nouns that give or ask."""
    sentence, book = setting.sentence, setting.cast.codebook
    units = sentence.units
    for group in sentence.groups:
        head = units[group.last - 1]
        noun = book.noun_forms.get(head.lower, head.lower)
        frame = next((f for before, f in book.frames_by_noun.get(noun, ()) if f.term is not None and not before), None)
        following = phrases_after(group, sentence)
        if head.name is not None or frame is None or frame.term is None or not following:
            continue
        gives = frame.term["direction"] == "give"
        doer = party(modifier_actors(group, sentence, setting.cast) or _behind(("by",), following, setting), setting)
        other = party(_behind(("to", "for") if gives else ("from", "to"), following, setting), setting)
        source = party(_behind(("from",), following, setting), setting) if gives else None
        if source is not None:
            doer, other = source, doer  # "Chad's loan from Glencore"
        if doer is None or (other is not None and other.id == doer.id):
            continue
        last = following[-1][1].last
        last = min(last, exchange[0]) if exchange is not None and exchange[0] > group.last else last
        for rule, first, end, goods in list(phrases_in(group.last - 1, last, setting, taken, in_exchange=False)):
            taken.update(range(first, end))
            cue = (units[group.first].start, head.end)
            span = (units[first].start, units[end - 1].end)
            giver, receiver = (doer, other) if gives else (other, doer)
            stance = noun_stance(group, setting)
            term = Term(rule, frame.term["act"], giver, receiver, span=span, cue=cue, stance=stance, method=frame.id)
            bargains.note(term, goods, setting.out.sentence)


def _behind(prepositions: tuple[str, ...], following: list[tuple[str, Group]], setting: Setting) -> list[Actor]:
    """The actors that the first of these phrases with such a preposition names."""
    found = (resolve(group, setting.sentence, setting.cast) for before, group in following if before in prepositions)
    return next((actors for actors in found if actors), [])


def _read_term_verbs(taken: set[int], setting: Setting, bargains: Bargains) -> None:
    """Undertakings that a verb tells, alone or with its object: "trains Malian soldiers", "lifted sanctions on Mali"."""
    for clause in setting.sentence.clauses:
        if clause.verb in taken:
            continue
        deed = _deed(clause, setting)
        rule, gives = (deed[0], True) if deed else setting.cast.codebook.terms_by_verb.get(clause.lemma, (None, True))
        if rule is None or _is_idiom(clause, setting):
            continue
        subject = party(slot(clause, "subject", setting), setting)
        reach = ("second", "object", *_SIDES) if deed is None else ("second", *_SIDES, "on", "against")
        other = party(first_filled(clause, reach, setting), setting)
        objects = [deed[1]] if deed else clause.subjects if clause.passive else [*clause.objects, *clause.second]
        if other is None:
            owners = [a for group in objects for a in modifier_actors(group, setting.sentence, setting.cast)]
            other = party(owners, setting)
        is_resource = setting.cast.codebook.codes.parent("term_type", rule.term_type) == RESOURCE_SIDE
        goods = commodities_in(clause.last, max(clause.end, clause.last), setting)
        if clause.passive:
            goods = goods or [good for g in clause.subjects for good in commodities_in(g.first, g.last, setting)]
        told = is_told_of(setting, bargains) or bool(bargains.here)
        if subject is None or (other is None and not told) or (is_resource and deed is None and not goods):
            continue
        if other is not None and subject.id == other.id:
            if deed is None:
                continue
            other = None
        if rule.term_type == "payment" and goods and clause.lemma == "repay":
            rule = next(r for r in setting.cast.codebook.terms if r.term_type == "offtake")  # "Repaid in oil".
        elif not is_resource and rule.term_type != "payment":
            goods = []
        taken.update((clause.verb, *(at for group in objects for at in range(group.first, group.last))))
        giver, receiver = (subject, other) if gives else (other, subject)
        last = max(clause.last, deed[1].last) if deed else clause.last
        _note_term(rule, clause, (clause.first, last), giver, receiver, goods, setting, bargains)


_SIDES = ("to", "for", "from", "in", "with")
"""Phrases that name the other side of what a verb gives."""


def _deed(clause: Clause, setting: Setting) -> tuple[TermRule, Group] | None:
    """The term that a verb with its object tells, and the object."""
    units, book = setting.sentence.units, setting.cast.codebook
    groups = clause.subjects if clause.passive else [*clause.objects, *clause.second]
    for particle, rule in book.deeds_by_verb.get(clause.lemma, ()):
        if particle and particle != clause.particle:
            continue
        for group in groups:
            head = units[group.last - 1]
            known = book.noun_forms.get(head.lower, head.lower) in rule.objects or head.lower in rule.objects
            if known or ("<resource>" in rule.objects and is_good(head, setting)):
                return rule, group
    return None


def _read_nominal(taken: set[int], setting: Setting, bargains: Bargains) -> None:
    """ "Announced $800 million in security assistance to Ukraine": a good with its receiver behind "to" or "for"."""
    sentence, cast = setting.sentence, setting.cast
    units = sentence.units
    for rule, first, last, goods in list(phrases_in(0, len(units), setting, taken, in_exchange=False)):
        if cast.codebook.codes.parent("term_type", rule.term_type) not in ("security", "finance"):
            continue
        group = sentence.group_of.get(last - 1)
        if group is None or group.last != last:
            continue
        behind = [other for preposition, other in phrases_after(group, sentence) if preposition in ("to", "for")]
        receiver = party([a for other in behind[:1] for a in resolve(other, sentence, cast)], setting)
        clause = next((c for c in sentence.clauses if c.verb < first <= max(c.end, c.last) and c.subjects), None)
        owners = [a for a in modifier_actors(group, sentence, cast) if cast.type_of(a.id) in PARTY_TYPES]
        giver = owners[-1] if owners else party(slot(clause, "subject", setting), setting) if clause else None
        if receiver is None or giver is None or giver.id == receiver.id or clause is None:
            continue
        taken.update(range(first, last))
        _note_term(rule, clause, (first, last), giver, receiver, goods, setting, bargains)


def _read_loose(taken: set[int], setting: Setting, bargains: Bargains) -> None:
    """What the sentence of a deal names without a verb of giving: "the agreement on military training"."""
    if not bargains.here and not is_told_of(setting, bargains):
        return
    for clause in setting.sentence.clauses:
        opens = min((group.first for group in clause.subjects), default=clause.first)
        if _tells_fight(clause, setting):
            continue
        ends = _end_of_told(clause.last, max(clause.end, clause.last), setting)
        for rule, first, last, goods in list(
            phrases_in(min(opens, clause.first), ends, setting, taken, in_exchange=False)
        ):
            giver, receiver = _named_beside(last, rule, setting)
            taken.update(range(first, last))
            _note_term(rule, clause, (first, last), giver, receiver, goods, setting, bargains)


def _tells_fight(clause: Clause, setting: Setting) -> bool:
    """Whether a clause's verb tells violence or force, so that what it names is no part of a bargain."""
    frames = setting.cast.codebook.frames_by_verb.get(clause.lemma, ())
    return any(frame.event in ("ASSAULT", "COERCE") for _, frame in frames)


def _note_term(
    rule: TermRule,
    clause: Clause,
    at: tuple[int, int],
    giver: Actor | None,
    receiver: Actor | None,
    goods: list[tuple[str, Span]],
    setting: Setting,
    bargains: Bargains,
) -> None:
    units = setting.sentence.units
    stance = stance_of(clause, setting.sentence, setting.cast, setting.given)
    act, stance = act_told(stance, clause, setting, bargains)
    term = Term(
        rule, act, giver, receiver,
        span=(units[at[0]].start, units[at[1] - 1].end), cue=(units[clause.first].start, units[clause.verb].end),
        stance=stance, method=rule.id, mutual=two_subjects(clause, setting),
    )  # fmt: skip
    bargains.note(term, goods, setting.out.sentence)


def two_subjects(clause: Clause, setting: Setting) -> tuple[Actor, ...]:
    """The two who act together in a clause."""
    subjects = parties(slot(clause, "subject", setting), setting)
    return tuple(subjects) if len(subjects) == 2 else ()


def act_told(stance: Stance, clause: Clause | None, setting: Setting, bargains: Bargains) -> tuple[str, Stance]:
    """The act of an undertaking: its clause's verb's, else by the stage of the bargain here, else by what is so.

    What is negated is refused, and the claim is that it is.
    """
    if clause is not None and clause.negated:
        return "refuse", replace(stance, polarity="pos")
    # "Refused to offer": the verb above tells.
    over = clause.parent if clause is not None and clause.kind == "infinitive" else None
    for verb in (over, clause):
        frame = _term_frame(verb, setting) if verb is not None else None
        if frame is not None and frame.term is not None and frame.term["act"] != "provide":
            act = frame.term["act"]
            return act, replace(stance, polarity="pos") if act == "refuse" else stance
    stages = {stage for deal in bargains.here for stage, _, _ in deal.stages}
    return "agree" if stages & AGREED else "expect" if stance.realis != "actual" else "provide", stance


AGREED = frozenset({"signed", "ratified", "in_force", "agreed_in_principle"})


def _term_frame(clause: Clause, setting: Setting) -> Frame | None:
    for particle, frame in setting.cast.codebook.frames_by_verb.get(clause.lemma, ()):
        if frame.term is not None and (not particle or particle == clause.particle):
            return frame
    return None


def _reach(clause: Clause, setting: Setting, exchange: tuple[int, int] | None) -> int:
    """Where a clause's own arguments end: the next clause of its own, or the exchange phrase."""
    units = setting.sentence.units
    limit = len(units)
    for other in setting.sentence.clauses:
        if other.first > clause.verb and other.parent is clause:
            limit = min(limit, other.first)
        if other.first > clause.verb and other.kind in ("main", "relative") and other.subjects is not clause.subjects:
            limit = min(limit, min((g.first for g in other.subjects if g.first > clause.verb), default=other.first))
    if exchange is not None and exchange[0] > clause.verb:
        limit = min(limit, exchange[0])
    return _end_of_told(clause.last, limit, setting)


def _end_of_told(first: int, last: int, setting: Setting) -> int:
    """Where a stretch of units begins to tell of circumstances: "agreed to a truce | after weeks of mediation"."""
    units = setting.sentence.units
    aside = (
        at for at in range(first, min(last, len(units))) if units[at].tag == "I" and units[at].lower in CIRCUMSTANCE
    )
    return next(aside, last)


def _add_term(
    hit: tuple[TermRule, int, int, list[tuple[str, Span]]],
    clause: Clause,
    frame: Frame | None,
    setting: Setting,
    bargains: Bargains,
) -> None:
    rule, first, last, goods = hit
    units = setting.sentence.units
    act, giver, receiver = _direction(clause, frame, setting, bargains)
    near_giver, near_receiver = _named_beside(last, rule, setting)
    giver = near_giver or giver
    receiver = near_receiver or receiver
    stance = stance_of(clause, setting.sentence, setting.cast, setting.given)
    if act == "provide" and stance.realis != "actual" and stance.polarity == "pos":
        # What is still to come is not given yet: "is ready to give", "has vowed to give".
        grammar = setting.cast.codebook.grammar
        before = [u.lower for u in units[max(0, clause.first - 4) : clause.first]]
        ready = not set(before[-2:]).isdisjoint(grammar["readiness"])
        refused = ready and not set(before).isdisjoint(grammar["negations"])
        act = "refuse" if refused else "offer" if ready else "promise"
    if clause.negated and act in ("provide", "promise", "offer", "agree", "expect"):
        act = "refuse"
    if act == "refuse":
        stance = replace(stance, polarity="pos")
    span = (units[first].start, units[last - 1].end)
    cue = (units[clause.first].start, units[clause.verb].end)
    method = frame.id if frame is not None else "term.contained"
    mutual = two_subjects(clause, setting)
    term = Term(rule, act, giver, receiver, span=span, cue=cue, stance=stance, method=method, mutual=mutual)
    bargains.note(term, goods, setting.out.sentence)


def _direction(
    clause: Clause, frame: Frame | None, setting: Setting, bargains: Bargains
) -> tuple[str, Actor | None, Actor | None]:
    """Act, giver and receiver, by the clause's verb and the verbs above it."""
    if frame is None or frame.term is None:
        return _contained(clause, setting, bargains)
    act = frame.term["act"]
    subject = party(slot(clause, "subject", setting), setting)
    reach = ("second", "to", "for", *(name for name in frame.recipient if name != "object"))
    beneficiary = party(first_filled(clause, reach, setting), setting)
    if frame.term["direction"] == "get":
        giver, receiver = party(first_filled(clause, ("from", "second", "of"), setting), setting), subject
        if clause.objects and act == "request" and giver is None:
            giver = party(slot(clause, "object", setting), setting)
    else:
        giver, receiver = subject, beneficiary
        if receiver is None:
            receiver = party(slot(clause, "object", setting), setting)
    above = clause.parent
    denied = above is not None and above.lemma == "deny" and clause.kind == "gerund"  # "Denied sending weapons".
    if above is not None and not denied:
        act, receiver, giver = _governed(act, above, frame, giver, receiver, setting)
    before = setting.sentence.units[clause.first - 1].lower if clause.first else ""
    if clause.kind == "gerund" and act == "provide" and before in ("in", "for", "of", "about", "toward", "towards"):
        act = "expect"
    if clause.modal in ("would", "could", "may", "might") and act in ("provide", "agree"):
        act = "expect"
    elif clause.modal in ("will", "shall") and act == "provide":
        act = "promise"
    if giver is not None and receiver is not None and giver.id == receiver.id:
        receiver = None
    return act, giver, receiver


def _governed(
    act: str, above: Clause, frame: Frame, giver: Actor | None, receiver: Actor | None, setting: Setting
) -> tuple[str, Actor | None, Actor | None]:
    for _, over in setting.cast.codebook.frames_by_verb.get(above.lemma, ()):
        if over.term is not None:
            if over.term["direction"] == "get" and frame.term is not None and frame.term["direction"] == "give":
                asker = party(slot(above, "subject", setting), setting)
                receiver = receiver or asker
            return (
                ("expect" if above.passive and over.term["act"] in ("expect", "request") else over.term["act"]),
                receiver,
                giver,
            )
        if over.realis == "planned":
            return ("request" if frame.term and frame.term["direction"] == "get" else "expect"), receiver, giver
    if above.lemma in ("expect", "set", "schedule", "due", "suppose"):
        return "expect", receiver, giver
    return act, receiver, giver


def _contained(clause: Clause, setting: Setting, bargains: Bargains) -> tuple[str, Actor | None, Actor | None]:
    book = setting.cast.codebook
    for group in clause.subjects:
        head = setting.sentence.units[group.last - 1].lower
        noun = head.removesuffix("s")
        owner = party(modifier_actors(group, setting.sentence, setting.cast), setting)
        if noun in book.deals["offer_nouns"] and owner is not None:
            return "offer", owner, None
    stages = {stage for deal in bargains.here for stage, _, _ in deal.stages}
    return "agree" if stages & AGREED else "expect", None, None


def _named_beside(last: int, rule: TermRule, setting: Setting) -> tuple[Actor | None, Actor | None]:
    """Giver and receiver inside the phrase's own noun group: "U.S. troops", "its mines", "access … for U.S. companies"."""
    sentence, cast = setting.sentence, setting.cast
    group = sentence.group_of.get(last - 1)
    if group is None:
        return None, None
    side = cast.codebook.codes.parent("term_type", rule.term_type)
    owners = [
        a
        for a in modifier_actors(Group(group.first, group.last, group.head), sentence, cast)
        if cast.type_of(a.id) in PARTY_TYPES
    ]
    giver = owners[-1] if len({a.id for a in owners}) == 1 else None
    if rule.owner_gets:
        return None, giver
    receiver = None
    for preposition, other in phrases_after(group, sentence):
        found = [a for a in resolve(other, sentence, cast) if cast.type_of(a.id) in PARTY_TYPES]
        if (found and preposition in ("for", "to") and side == RESOURCE_SIDE) or (
            found and preposition in ("for", "to") and giver is not None
        ):
            receiver = receiver or found[0]
        elif found and preposition in ("in", "of") and side == RESOURCE_SIDE and giver is None:
            giver = found[0]
    if receiver is not None and giver is not None and receiver.id == giver.id:
        receiver = None
    return giver, receiver


def _exchange_at(setting: Setting) -> tuple[int, int] | None:
    """The units of an exchange phrase ("in exchange for"), longest first; of "for" behind a verb of trading."""
    units = setting.sentence.units
    for at, unit in enumerate(units):
        for phrase in setting.cast.codebook.exchanges.get(unit.lower, ()):
            linked = phrase[-1] != "to" or (at > 0 and units[at - 1].tag == "B")  # "A company linked to" is none.
            if linked and [other.lower for other in units[at : at + len(phrase)]] == phrase:
                return at, at + len(phrase)
    for clause in setting.sentence.clauses:
        given = next((group for preposition, group in clause.phrases if preposition == "for"), None)
        if given is not None and _trades(clause, setting):
            return given.first - 1, given.first
    return None


def _trades(clause: Clause, setting: Setting) -> bool:
    """Whether a verb's object goes one way for what "for" brings back."""
    stands = clause.objects or clause.passive or clause.lemma == "pay"
    trades = clause.lemma in setting.cast.codebook.deals["exchange_verbs"] and bool(stands)
    return trades and not _is_idiom(clause, setting)


def _is_idiom(clause: Clause, setting: Setting) -> bool:
    """Whether what is paid is no money: "paid tribute", "paid a visit"."""
    heads = {setting.sentence.units[group.last - 1].lower for group in (*clause.objects, *clause.second)}
    return not heads.isdisjoint(setting.cast.codebook.deals["paid_in_words"])


def _read_exchange(exchange: tuple[int, int], taken: set[int], setting: Setting, bargains: Bargains) -> None:
    """ "X in exchange for Y": what stands on the two sides goes opposite ways."""
    units = setting.sentence.units
    if units[exchange[1] - 1].lower not in ("for", "on", "upon", "to"):
        return
    stop = next(
        (c.first for c in setting.sentence.clauses if c.first > exchange[1] and units[c.first - 1].tag in ",C"),
        len(units),
    )
    stop = next((at for at in range(exchange[1], stop) if units[at].lower == "with"), stop)
    after = list(phrases_in(exchange[1], stop, setting, taken, in_exchange=True))
    before = [t for t in bargains.terms if t.sentence == setting.out.sentence]
    host = max((c for c in setting.sentence.clauses if c.last <= exchange[0]), key=lambda c: c.last, default=None)
    if not before:
        start = host.last if host is not None else 0
        before = _nominal_side(start, exchange[0], host if after else None, taken, setting, bargains)
    cue = (units[exchange[0]].start, units[exchange[1] - 1].end)
    model = before[0] if before else None
    payer, payee = _trading(host, setting) if host is not None and _trades(host, setting) else (None, None)
    for rule, first, last, goods in after:
        taken.update(range(first, last))
        near_giver, near_receiver = _named_beside(last, rule, setting)
        if near_giver is not None and _is_pronoun(near_giver, setting) and (model is not None or payee is not None):
            near_giver = None  # "Pays Wagner for its protection": the exchange says whose it is.
        for term in before:
            # "Kinshasa's offer of cobalt in return for American help": who gives the one gets the other.
            if near_giver is not None and term.giver is not None and near_giver.id != term.giver.id:
                term.receiver = term.receiver or near_giver
        giver = near_giver or (model.receiver if model else None) or payee
        receiver = near_receiver or (model.giver if model else None) or payer
        if giver is None and receiver is None:
            continue
        if giver is not None and receiver is not None and giver.id == receiver.id:
            receiver = None
        act = _opposite(model.act) if model else "provide" if payer is not None else "expect"
        stance = model.stance if model else Stance()
        span = (units[first].start, units[last - 1].end)
        term = Term(rule, act, giver, receiver, span=span, cue=cue, stance=stance, method="term.exchange")
        bargains.note(term, goods, setting.out.sentence)
    parties = {a.id for a in (model.giver, model.receiver) if a is not None} if model else set()
    told = any(parties <= set(deal.parties) for deal in bargains.here)
    if before and after and not told and model is not None and len(parties) == 2:
        _exchange_deal(model, cue, setting, bargains)


def _answer(setting: Setting, bargains: Bargains) -> None:
    """ "If Washington sends troops, Kinshasa will open its mines": of two undertakings each answers the other's giver."""
    words = " ".join(unit.lower for unit in setting.sentence.units)
    if not any(f" {word} " in f" {words} " for word in setting.cast.codebook.deals["answering"]):
        return
    told = [term for term in bargains.terms if term.sentence == setting.out.sentence and term.giver is not None]
    givers = {term.giver.id: term.giver for term in told if term.giver is not None}
    if len(givers) != 2:
        return
    for term in told:
        other = next(actor for actor in givers.values() if term.giver is None or actor.id != term.giver.id)
        term.receiver = term.receiver or Actor(other.id, other.start, other.end, True)


def _is_pronoun(actor: Actor, setting: Setting) -> bool:
    """Whether a possessive stands for an actor: "its", "their"."""
    return any(unit.start == actor.start and unit.tag == "Q" for unit in setting.sentence.units)


def _trading(clause: Clause, setting: Setting) -> tuple[Actor | None, Actor | None]:
    """Who gives what a verb of trading has as object, and who gets it."""
    subject = party(slot(clause, "subject", setting), setting)
    other = party(first_filled(clause, ("second", "object", "to", "with"), setting), setting)
    return subject, other if other is None or subject is None or other.id != subject.id else None


def _opposite(act: str) -> str:
    return {"request": "offer", "offer": "request"}.get(act, act)


def _nominal_side(
    first: int, last: int, host: Clause | None, taken: set[int], setting: Setting, bargains: Bargains
) -> list[Term]:
    """What stands before an exchange phrase without a giving verb: "U.S. support for Ukraine in exchange for …".

    host: the clause before the phrase, whose subject gives where nobody else is named to.
    """
    units = setting.sentence.units
    known = len(bargains.terms)
    doer, other = _trading(host, setting) if host is not None else (None, None)
    for rule, at, end, goods in list(phrases_in(first, last, setting, taken, in_exchange=True)):
        taken.update(range(at, end))
        giver, receiver = _named_beside(end, rule, setting)
        act = "provide" if giver and receiver else "expect"
        span, cue, stance = (units[at].start, units[end - 1].end), (units[at].start, units[end - 1].end), Stance()
        if host is not None and doer is not None:
            giver, receiver = giver or doer, receiver or other
            stance = stance_of(host, setting.sentence, setting.cast, setting.given)
            act, stance = act_told(stance, host, setting, bargains)
            cue = (units[host.first].start, units[host.verb].end)
        term = Term(rule, act, giver, receiver, span=span, cue=cue, stance=stance, method="term.exchange")
        bargains.note(term, goods, setting.out.sentence)
    return bargains.terms[known:]


def _exchange_deal(model: Term, cue: Span, setting: Setting, bargains: Bargains) -> None:
    parties = {a.id: a for a in (model.giver, model.receiver) if a is not None}
    deal = next((d for d in bargains.deals if set(parties) <= set(d.parties)), None)
    if deal is None:
        deal = Deal(parties, set(), [cue], is_example=bool(bargains.deals))
        deal.method = "deal.exchange"
        deal.stances.append((model.stance, (min(model.span[0], cue[0]), max(model.span[1], cue[1]))))
        bargains.deals.append(deal)
    for term in bargains.terms:
        if term.sentence == setting.out.sentence:
            term.deal = deal
    bargains.here.append(deal)


def _read_hoped(taken: set[int], setting: Setting, bargains: Bargains) -> None:
    """ "The hoped deployment of U.S. troops": a term asked for without a verb of asking."""
    book = setting.cast.codebook
    units = setting.sentence.units
    for at, unit in enumerate(units):
        if unit.lower not in book.deals["asked_adjectives"] or at in taken:
            continue
        group = setting.sentence.group_of.get(at)
        if group is None:
            continue
        following = phrases_after(group, setting.sentence)
        stop = following[0][1].last if following else group.last
        for rule, first, last, goods in list(phrases_in(at + 1, stop, setting, taken, in_exchange=False)):
            taken.update(range(first, last))
            giver, receiver = _named_beside(last, rule, setting)
            stance = Stance(act="request", realis="hypothetical", cue=(unit.start, unit.end), method="claim.hoped")
            term = Term(
                rule, "request", giver, receiver,
                span=(units[first].start, units[last - 1].end), cue=(unit.start, unit.end),
                stance=stance, method="term.hoped",
            )  # fmt: skip
            bargains.note(term, goods, setting.out.sentence)
