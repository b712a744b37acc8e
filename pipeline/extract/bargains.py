"""The bargains: which deals a text tells, their parties, type and stage, and who gives what to whom.

Deals are gathered over the whole text (`Bargains`), sentence by sentence; a deal compared with ("like Ukraine's") is
kept apart, and two mentions are one deal only where their parties agree.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pipeline.codebook import Frame, TermRule
from pipeline.codes import Codes
from pipeline.extract.actors import Actor, modifier_actors, resolve
from pipeline.extract.clauses import Clause, Group
from pipeline.extract.events import Setting, commodities_in, first_filled, noun_stance, phrases_after, slot
from pipeline.extract.stance import Stance, stance_of
from pipeline.proposals import Record

Span = tuple[int, int]
PARTY_TYPES = frozenset({"state", "government", "armed_group", "military", "igo", "company"})
RESOURCE_SIDE = "resource"
NEAR = 3
"""How many sentences back "the agreement" may point."""


@dataclass(slots=True)
class Deal:
    """A bargain while the text is read: parties by id, type signals, stages told, and where.

    sentence: the number of the one that spoke of it last.
    """

    parties: dict[str, Actor]
    words: set[str]
    spans: list[Span]
    registered: str | None = None
    stages: list[tuple[str, Span, str]] = field(default_factory=list)
    stances: list[tuple[Stance, Span]] = field(default_factory=list)
    sides: set[str] = field(default_factory=set)
    type_span: Span | None = None
    method: str = "deal.mention"
    record: Record | None = None
    is_example: bool = False
    sentence: int = 0


@dataclass(slots=True)
class Term:
    """One undertaking while the text is read."""

    rule: TermRule
    act: str
    giver: Actor | None
    receiver: Actor | None
    commodity: tuple[str, Span] | None
    span: Span
    cue: Span
    stance: Stance
    method: str
    deal: Deal | None
    sentence: int
    record: Record | None = None


@dataclass(slots=True)
class Bargains:
    """Everything on bargains read so far in one text."""

    deals: list[Deal] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    likenesses: list[tuple[Deal, Deal, Span, Stance]] = field(default_factory=list)
    here: list[Deal] = field(default_factory=list)
    outlooks: list[tuple[Term | None, Deal | None, Stance, Span]] = field(default_factory=list)

    def latest(self) -> Deal | None:
        """The deal the text is about now."""
        return next((deal for deal in reversed(self.deals) if not deal.is_example), None)


def read_deals(setting: Setting, bargains: Bargains) -> None:
    """Deals that a sentence names, with parties, type and stage."""
    bargains.here = []
    for group in setting.sentence.groups:
        mention = _deal_mention(group, setting)
        if mention is not None:
            _place_deal(group, mention, setting, bargains)


def _deal_mention(group: Group, setting: Setting) -> str | None:
    """The singular of the deal noun at the head of a group, or the registered deal it names."""
    head = setting.sentence.units[group.last - 1]
    book = setting.cast.codebook
    if head.name is not None and head.name.entries:
        entry = head.name.of_kind("deal")
        return f"={entry.target}" if entry is not None else None
    if head.name is not None:
        # A proper name with a deal's noun in it: "the Strategic Partnership Agreement".
        words = [book.noun_forms.get(word, word) for word in head.lower.split()]
        return next((word for word in reversed(words) if word in book.deals["nouns"]), None)
    if head.tag not in "NVG":
        return None
    noun = book.noun_forms.get(head.lower, head.lower)
    if noun in book.deals["nouns"]:
        return noun
    return f"~{noun}" if noun in book.deals["back_references"] else None


def _place_deal(group: Group, mention: str, setting: Setting, bargains: Bargains) -> None:
    sentence, cast = setting.sentence, setting.cast
    units = sentence.units
    clause = _host(group, setting)
    inside = _parties(modifier_actors(group, sentence, cast), setting)
    following = phrases_after(group, sentence)
    beside: list[Actor] = []
    for preposition, other in following:
        if preposition in (
            "amid",
            "amidst",
            "after",
            "before",
            "despite",
            "since",
            "during",
            "following",
            "until",
            "without",
            "against",
        ):
            break
        if preposition in ("with", "between", "among", "and", "to") and not (
            preposition == "to" and mention.startswith("~")
        ):
            beside += _parties(resolve(other, sentence, cast), setting)
    if clause is not None and group not in clause.subjects:
        beside += _parties(first_filled(clause, ("with", "between"), setting), setting)
    subject: list[Actor] = []
    if clause is not None and (group in clause.objects or any(group is g for _, g in clause.phrases)):
        subject = _parties(slot(clause, "subject", setting), setting)
    found = _unique([*inside, *beside])
    if len(found) < 2:
        found = _unique([*found, *_parties(_makers(group, setting), setting)])
    if len(found) < 2 and not _is_about_others(clause):
        found = _unique([*found, *subject])
    last = following[-1][1].last if following else group.last
    span = (units[group.first].start, units[group.last - 1].end)
    words = {unit.lower for unit in units[group.first : _end_of_deal(last, setting)]}
    back = mention.startswith("~") or units[group.first].lower in (
        "the",
        "this",
        "that",
        "these",
        "such",
        "its",
        "their",
    )
    subject_words = words & setting.cast.codebook.deal_words
    deal = _find_deal(found, mention, subject_words, back, setting.out.sentence, bargains)
    if deal is None:
        known = mention.startswith("=")
        if not known and (mention.startswith("~") or not found or (len(found) < 2 and not _type_of(words, setting))):
            return
        deal = Deal({}, set(), [])
        bargains.deals.append(deal)
    if mention.startswith("="):
        deal.registered = mention[1:]
    if len(deal.parties) < 2 or not back:
        for actor in found:
            deal.parties.setdefault(actor.id, actor)
    deal.spans.append(span)
    deal.sentence = setting.out.sentence
    if not mention.startswith("~"):
        deal.words |= words
        if deal.type_span is None and _type_of(words, setting):
            deal.type_span = (units[group.first].start, units[last - 1].end)
    stance = stance_of(clause, sentence, cast, setting.given) if clause is not None else noun_stance(group, setting)
    if stance.polarity == "neg" and stance.act != "deny" and not _tells_stage(clause, setting):
        # "The deal does not cover arms" is no word against the deal.
        stance = replace(stance, polarity="pos")
    _read_stage(deal, group, clause, stance, setting)
    deal.stances.append((stance, _clause_span(group, clause, setting)))
    if deal not in bargains.here:
        bargains.here.append(deal)


def _makers(group: Group, setting: Setting) -> list[Actor]:
    """Who acts in a sentence that a deal opens: "Under this memorandum, the United States and Norway …"."""
    units = setting.sentence.units
    if group.first != 1 or units[0].lower not in ("in", "under", "by", "with"):
        return []
    acting = next((c for c in setting.sentence.clauses if c.first >= group.last and c.subjects), None)
    actors = slot(acting, "subject", setting) if acting is not None else []
    return actors if len(actors) > 1 else []


def _end_of_deal(last: int, setting: Setting) -> int:
    """The end of what a deal's own clause tells of it ("an agreement that would trade minerals for security")."""
    units = setting.sentence.units
    if last >= len(units) or not (units[last].tag in "WT" or units[last].lower in _TELLING):
        return last
    return next(
        (at for at in range(last, min(last + 16, len(units))) if units[at].tag in ',;:."'), min(last + 16, len(units))
    )


_TELLING = frozenset(["giving", "granting", "allowing", "covering", "letting", "under", "which", "that"])


def _clause_span(group: Group, clause: Clause | None, setting: Setting) -> Span:
    units = setting.sentence.units
    if clause is None:
        return units[group.first].start, units[group.last - 1].end
    first = min(group.first, clause.first)
    last = max(group.last, clause.last)
    return units[first].start, units[last - 1].end


def _host(group: Group, setting: Setting) -> Clause | None:
    """The clause that a group is an argument of."""
    for kinds in (("main", "infinitive", "gerund"), ("relative", "reduced")):
        for clause in setting.sentence.clauses:
            if clause.kind in kinds and (group in clause.objects or group in clause.second or group in clause.subjects):
                return clause
    return next((c for c in setting.sentence.clauses if any(group is g for _, g in c.phrases)), None)


def _is_about_others(clause: Clause | None) -> bool:
    """Whether the subject tells of a deal rather than takes part in it ("Reuters reported a deal")."""
    return clause is not None and clause.lemma in (
        "report",
        "say",
        "announce",
        "describe",
        "mediate",
        "broker",
        "host",
        "criticise",
        "criticize",
        "welcome",
        "praise",
        "condemn",
        "witness",
    )


def _unique(actors: list[Actor]) -> list[Actor]:
    return list({actor.id: actor for actor in reversed(actors)}.values())[::-1]


def _find_deal(
    found: list[Actor], mention: str, words: set[str], back: bool, sentence: int, bargains: Bargains
) -> Deal | None:
    ids = {actor.id for actor in found}
    if mention.startswith("="):
        return next((d for d in bargains.deals if d.registered == mention[1:]), None)
    if len(ids) >= 2:
        return next(
            (d for d in bargains.deals if ids <= set(d.parties) or (len(d.parties) == 1 and set(d.parties) <= ids)),
            None,
        )
    if len(ids) == 1 and not back and not bargains.here:
        return next((d for d in reversed(bargains.deals) if ids <= set(d.parties) and d.words & words), None)
    if len(ids) == 1:
        fitting = sorted((d for d in bargains.deals if ids <= set(d.parties)), key=lambda d: d.is_example, reverse=True)
        return fitting[-1] if fitting else None
    if back and not bargains.here:
        latest = bargains.latest()
        return latest if latest is not None and sentence - latest.sentence <= NEAR else None
    return bargains.here[-1] if bargains.here else None


def _tells_stage(clause: Clause | None, setting: Setting) -> bool:
    frames = setting.cast.codebook.frames_by_verb.get(clause.lemma, ()) if clause is not None else ()
    return any(frame.stage is not None for _, frame in frames)


def _read_stage(deal: Deal, group: Group, clause: Clause | None, stance: Stance, setting: Setting) -> None:
    book = setting.cast.codebook
    units = setting.sentence.units
    seen = 0
    current = clause
    while current is not None and seen < 3:
        for particle, frame in book.frames_by_verb.get(current.lemma, ()):
            if frame.stage and (not particle or particle == current.particle):
                if current.negated or (current.modal and frame.stage not in ("sought", "offered")):
                    continue
                if stance.realis != "actual" and frame.stage not in ("sought", "offered", "negotiating"):
                    if current.parent is not None and stance.realis == "planned":
                        deal.stages.append(
                            ("sought", (units[current.first].start, units[current.verb].end), "deal.intended")
                        )
                    continue
                deal.stages.append((frame.stage, (units[current.first].start, units[current.verb].end), frame.id))
                return
        current = current.parent
        seen += 1
    for unit in units[max(0, group.first - 4) : group.last]:
        if unit.lower in book.deals["talk_nouns"]:
            deal.stages.append(("negotiating", (unit.start, unit.end), "deal.talks"))
            return


def _type_of(words: set[str], setting: Setting) -> str | None:
    for row in setting.cast.codebook.deals["types"]:
        if words & set(row["words"]):
            return str(row["deal_type"])
    return None


# Terms


def read_terms(setting: Setting, bargains: Bargains) -> None:
    """Undertakings that a sentence tells: in what a clause gives or gets, in what an offer holds, in an exchange."""
    sentence = setting.sentence
    taken: set[int] = set()
    exchange = _exchange_at(setting)
    for clause in sentence.clauses:
        frame = _term_frame(clause, setting)
        contains = clause.lemma in setting.cast.codebook.deals["contain_verbs"]
        if (frame is None and not contains) or clause.lemma in setting.cast.codebook.terms_by_verb:
            continue
        end = _reach(clause, setting, exchange)
        hits = list(_phrases_in(clause.last, end, setting, taken, in_exchange=exchange is not None))
        if clause.passive:
            hits += [
                hit
                for group in clause.subjects
                for hit in _phrases_in(group.first, group.last, setting, taken, in_exchange=False)
            ]
        for hit in hits:
            taken.update(range(hit[1], hit[2]))
            _add_term(hit, clause, frame, setting, bargains)
    if exchange is not None:
        _read_exchange(exchange, taken, setting, bargains)
    _read_hoped(taken, setting, bargains)
    _read_term_verbs(taken, setting, bargains)
    _read_loose(taken, setting, bargains)


def _read_term_verbs(taken: set[int], setting: Setting, bargains: Bargains) -> None:
    """Undertakings that a verb tells by itself: "trains Malian soldiers", "pays Wagner …"."""
    for clause in setting.sentence.clauses:
        rule, gives = setting.cast.codebook.terms_by_verb.get(clause.lemma, (None, True))
        if rule is None or clause.verb in taken:
            continue
        subject = _party(slot(clause, "subject", setting), setting)
        other = _party(first_filled(clause, ("second", "object", "to", "for", "in"), setting), setting)
        if subject is None or other is None or subject.id == other.id:
            continue
        taken.add(clause.verb)
        giver, receiver = (subject, other) if gives else (other, subject)
        goods = commodities_in(clause.last, max(clause.end, clause.last), setting)
        _note_term(rule, clause, (clause.first, clause.last), giver, receiver, goods, setting, bargains)


def _read_loose(taken: set[int], setting: Setting, bargains: Bargains) -> None:
    """What the sentence of a deal names without a verb of giving: "the agreement on military training"."""
    if not bargains.here:
        return
    for clause in setting.sentence.clauses:
        opens = min((group.first for group in clause.subjects), default=clause.first)
        for rule, first, last, goods in list(
            _phrases_in(min(opens, clause.first), max(clause.end, clause.last), setting, taken, in_exchange=False)
        ):
            if last - first < 2 and first + 1 == last:
                # A lone noun ("troops", "security") needs a giver or receiver beside it.
                giver, receiver = _named_beside(last, rule, setting)
                if giver is None and receiver is None:
                    continue
            else:
                giver, receiver = _named_beside(last, rule, setting)
            taken.update(range(first, last))
            _note_term(rule, clause, (first, last), giver, receiver, goods, setting, bargains)


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
    stages = {stage for deal in bargains.here for stage, _, _ in deal.stages}
    act = "agree" if stages & _AGREED else "provide" if stance.realis == "actual" and not bargains.here else "expect"
    if clause.negated:
        act, stance = "refuse", replace(stance, polarity="pos")
    for good in _each(goods):
        bargains.terms.append(
            Term(
                rule,
                act,
                giver,
                receiver,
                good,
                (units[at[0]].start, units[at[1] - 1].end),
                (units[clause.first].start, units[clause.verb].end),
                stance,
                rule.id,
                bargains.here[-1] if bargains.here else None,
                setting.out.sentence,
            )
        )


_AGREED = frozenset({"signed", "ratified", "in_force", "agreed_in_principle"})


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
    return limit


def _phrases_in(
    first: int, last: int, setting: Setting, taken: set[int], *, in_exchange: bool
) -> Iterator[tuple[TermRule, int, int, list[tuple[str, Span]]]]:
    """Term phrases in a stretch of units: rule, first and last unit, commodities named in the phrase."""
    units = setting.sentence.units
    book = setting.cast.codebook
    at = first
    while at < min(last, len(units)):
        if at in taken or _names_deal(at, setting):
            at += 1
            continue
        hit = None
        for word in _forms(units[at].lower):
            for phrase, rule in book.terms_by_word.get(word, ()):
                end = _match(phrase, at, last, setting)
                if end is not None and (hit is None or end > hit[2]):
                    hit = (rule, at, end)
        if hit is None:
            for phrase, rule in (*book.terms_by_word.get("<commodity>", ()), *book.terms_by_word.get("<resource>", ())):
                end = _match(phrase, at, last, setting)
                if end is not None and (hit is None or end > hit[2]):
                    hit = (rule, at, end)
        if hit is None and in_exchange:
            hit = _exchanged_good(at, setting)
        if hit is not None:
            stop = hit[2]
            group = setting.sentence.group_of.get(stop - 1)
            goods = commodities_in(at, max(stop, group.last if group else stop), setting)
            yield (*hit, goods)
            at = stop
        else:
            at += 1


def _names_deal(at: int, setting: Setting) -> bool:
    """Whether the unit is part of a deal's own name ("a minerals-for-security deal")."""
    group = setting.sentence.group_of.get(at)
    if group is None:
        return False
    head = setting.sentence.units[group.last - 1].lower
    return setting.cast.codebook.noun_forms.get(head, head) in setting.cast.codebook.deals["nouns"]


def _exchanged_good(at: int, setting: Setting) -> tuple[TermRule, int, int] | None:
    book = setting.cast.codebook
    word = setting.sentence.units[at].lower
    if setting.sentence.units[at].tag != "N":
        return None
    wanted = (
        "military_aid"
        if word in book.deals["exchanged_security"]
        else "mine_access"
        if word in book.deals["exchanged_resource"]
        else None
    )
    rule = next((r for r in book.terms if r.term_type == wanted), None)
    return (rule, at, at + 1) if rule is not None else None


def _forms(word: str) -> tuple[str, ...]:
    return (word, word[:-1]) if word.endswith("s") else (word,)


def _match(phrase: tuple[frozenset[str], ...], at: int, last: int, setting: Setting) -> int | None:
    units = setting.sentence.units
    for number, options in enumerate(phrase):
        while at < last and units[at].tag == "~" and number:
            at += 1
        if at >= min(last, len(units)):
            return None
        if "<resource>" in options or "<commodity>" in options:
            stop = _match_good(at, last, setting, "<resource>" in options, number + 1 < len(phrase))
            if stop is None:
                return None
            at = stop
            continue
        if not any(form in options for form in _forms(units[at].lower)):
            return None
        at += 1
    return at


def _match_good(at: int, last: int, setting: Setting, places_too: bool, goes_on: bool) -> int | None:
    """The end of a commodity, or of a mine or deposit, that begins at a unit. goes_on: the phrase has more words."""
    units = setting.sentence.units
    nouns = setting.cast.codebook.deals["resource_nouns"]
    for reach in range(at, min(at + 7, last, len(units))):
        unit = units[reach]
        if unit.name is not None and unit.name.of_kind("commodity") is not None:
            following = reach + 1
            after = units[following] if following < min(last, len(units)) else None
            if places_too and after is not None and after.lower in nouns:
                return following + 1
            if after is not None and after.tag == "~":
                continue
            if after is not None and after.tag == "N" and after.name is None and not goes_on:
                # "mineral stockpile" is no mineral.
                return None
            return reach + 1
        if places_too and unit.lower in nouns:
            return reach + 1
        if unit.tag not in "DQJNM'~EG":
            return None
    return None


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
    if clause.negated and act in ("provide", "promise", "offer", "agree", "expect"):
        act = "refuse"
        stance = replace(stance, polarity="pos")
    stance = _term_stance(stance, act, giver, receiver, (units[clause.first].start, units[clause.verb].end))
    span = (units[first].start, units[last - 1].end)
    cue = (units[clause.first].start, units[clause.verb].end)
    method = frame.id if frame is not None else "term.contained"
    for good in _each(goods):
        bargains.terms.append(
            Term(
                rule,
                act,
                giver,
                receiver,
                good,
                span,
                cue,
                stance,
                method,
                bargains.here[-1] if bargains.here else None,
                setting.out.sentence,
            )
        )


def _term_stance(stance: Stance, act: str, giver: Actor | None, receiver: Actor | None, cue: Span) -> Stance:
    """An offer, request or promise told as such is its maker's own claim."""
    maker = {"request": receiver, "offer": giver, "promise": giver}.get(act)
    if stance.holder is None and maker is not None:
        return replace(
            stance, holder=maker.id, act=act, cue=cue, holder_span=(maker.start, maker.end), holder_inferred=maker.inferred,
            realis="planned" if stance.realis == "actual" else stance.realis, method="claim.maker",
        )  # fmt: skip
    return stance


def _direction(
    clause: Clause, frame: Frame | None, setting: Setting, bargains: Bargains
) -> tuple[str, Actor | None, Actor | None]:
    """Act, giver and receiver, by the clause's verb and the verbs above it."""
    if frame is None or frame.term is None:
        return _contained(clause, setting, bargains)
    act = frame.term["act"]
    subject = _party(slot(clause, "subject", setting), setting)
    beneficiary = _party(first_filled(clause, ("second", "to", "for"), setting), setting)
    if frame.term["direction"] == "get":
        giver, receiver = _party(first_filled(clause, ("from", "second", "of"), setting), setting), subject
        if clause.objects and act == "request" and giver is None:
            giver = _party(slot(clause, "object", setting), setting)
    else:
        giver, receiver = subject, beneficiary
        if receiver is None:
            receiver = _party(slot(clause, "object", setting), setting)
    above = clause.parent
    if above is not None:
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
                asker = _party(slot(above, "subject", setting), setting)
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
        owner = _party(modifier_actors(group, setting.sentence, setting.cast), setting)
        if noun in book.deals["offer_nouns"] and owner is not None:
            return "offer", owner, None
    stages = {stage for deal in bargains.here for stage, _, _ in deal.stages}
    return "agree" if stages & _AGREED else "expect", None, None


def _party(actors: list[Actor], setting: Setting) -> Actor | None:
    fitting = _parties(actors, setting)
    return fitting[0] if len(fitting) == 1 else None


def _parties(actors: list[Actor], setting: Setting) -> list[Actor]:
    """Those who can undertake something; who holds an office of a state acts for the state."""
    found = []
    for actor in actors:
        kind = setting.cast.type_of(actor.id)
        parent = setting.cast.row(actor.id).get("parent_id") if kind == "person" else None
        if parent is not None and setting.cast.type_of(str(parent)) in PARTY_TYPES:
            found.append(Actor(str(parent), actor.start, actor.end, True))
        elif kind in PARTY_TYPES:
            found.append(actor)
    return _unique(found)


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
    verbs = setting.cast.codebook.deals["exchange_verbs"]
    for clause in setting.sentence.clauses:
        given = next((group for preposition, group in clause.phrases if preposition == "for"), None)
        if clause.lemma in verbs and clause.objects and given is not None:
            return given.first - 1, given.first
    for at, unit in enumerate(units):
        for phrase in setting.cast.codebook.exchanges.get(unit.lower, ()):
            if [other.lower for other in units[at : at + len(phrase)]] == phrase:
                return at, at + len(phrase)
    return None


def _read_exchange(exchange: tuple[int, int], taken: set[int], setting: Setting, bargains: Bargains) -> None:
    """ "X in exchange for Y": what stands on the two sides goes opposite ways."""
    units = setting.sentence.units
    if units[exchange[1] - 1].lower not in ("for",):
        return
    stop = next(
        (c.first for c in setting.sentence.clauses if c.first > exchange[1] and units[c.first - 1].tag in ",C"),
        len(units),
    )
    before = [t for t in bargains.terms if t.sentence == setting.out.sentence]
    if not before:
        start = max((c.last for c in setting.sentence.clauses if c.last <= exchange[0]), default=0)
        before = _nominal_side(start, exchange[0], taken, setting, bargains)
    after = list(_phrases_in(exchange[1], stop, setting, taken, in_exchange=True))
    cue = (units[exchange[0]].start, units[exchange[1] - 1].end)
    model = before[0] if before else None
    for rule, first, last, goods in after:
        taken.update(range(first, last))
        near_giver, near_receiver = _named_beside(last, rule, setting)
        giver = near_giver or (model.receiver if model else None)
        receiver = near_receiver or (model.giver if model else None)
        act = _opposite(model.act) if model else "expect"
        stance = model.stance if model else Stance()
        if stance.holder is not None and act == "offer":
            stance = replace(stance, act="offer", method="claim.maker")
        for good in _each(goods):
            bargains.terms.append(
                Term(
                    rule,
                    act,
                    giver,
                    receiver,
                    good,
                    (units[first].start, units[last - 1].end),
                    cue,
                    stance,
                    "term.exchange",
                    bargains.here[-1] if bargains.here else None,
                    setting.out.sentence,
                )
            )
    parties = {a.id for a in (model.giver, model.receiver) if a is not None} if model else set()
    told = any(parties <= set(deal.parties) for deal in bargains.here)
    if before and after and not told and model is not None and len(parties) == 2:
        _exchange_deal(model, cue, setting, bargains)


def _each(goods: list[tuple[str, Span]]) -> list[tuple[str, Span] | None]:
    """A term for each commodity, or one without."""
    return [*goods] or [None]


def _opposite(act: str) -> str:
    return {"request": "offer", "offer": "request"}.get(act, act)


def _nominal_side(first: int, last: int, taken: set[int], setting: Setting, bargains: Bargains) -> list[Term]:
    """What stands before an exchange phrase without a giving verb: "U.S. support for Ukraine in exchange for …"."""
    found = []
    units = setting.sentence.units
    for rule, at, end, goods in list(_phrases_in(first, last, setting, taken, in_exchange=True)):
        taken.update(range(at, end))
        giver, receiver = _named_beside(end, rule, setting)
        for good in _each(goods):
            term = Term(
                rule, "provide" if giver and receiver else "expect", giver, receiver, good, (units[at].start, units[end - 1].end),
                (units[at].start, units[end - 1].end), Stance(), "term.exchange", None, setting.out.sentence,
            )  # fmt: skip
            found.append(term)
    bargains.terms += found
    return found


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
        for rule, first, last, goods in list(_phrases_in(at + 1, stop, setting, taken, in_exchange=False)):
            taken.update(range(first, last))
            giver, receiver = _named_beside(last, rule, setting)
            stance = Stance(act="request", realis="hypothetical", cue=(unit.start, unit.end), method="claim.hoped")
            for good in _each(goods):
                bargains.terms.append(
                    Term(
                        rule,
                        "request",
                        giver,
                        receiver,
                        good,
                        (units[first].start, units[last - 1].end),
                        (unit.start, unit.end),
                        stance,
                        "term.hoped",
                        bargains.here[-1] if bargains.here else None,
                        setting.out.sentence,
                    )
                )


# Likeness


def read_likeness(setting: Setting, bargains: Bargains) -> None:
    """ "Inspired by the U.S.'s support to Ukraine", "a Ukraine-style deal": the deal is modelled on another."""
    book = setting.cast.codebook
    units = setting.sentence.units
    for clause in setting.sentence.clauses:
        if clause.lemma not in book.deals["verbs_of_likeness"]["modelled_on"]:
            continue
        own = bargains.here[0] if bargains.here and not bargains.here[0].is_example else bargains.latest()
        actors = [
            a
            for p, g in clause.phrases
            if p in ("by", "on", "after")
            for a in (
                *modifier_actors(g, setting.sentence, setting.cast),
                *resolve(g, setting.sentence, setting.cast),
                *(
                    x
                    for q, h in phrases_after(g, setting.sentence)
                    if q in ("for", "to", "with", "between")
                    for x in resolve(h, setting.sentence, setting.cast)
                ),
            )
        ]
        parties = {a.id: a for a in actors if setting.cast.type_of(a.id) in PARTY_TYPES}
        if own is None or len(parties) < 2:
            continue
        model = next((d for d in bargains.deals if set(parties) == set(d.parties)), None)
        if model is None or model is own:
            continue
        stance = stance_of(clause, setting.sentence, setting.cast, setting.given)
        bargains.likenesses.append((own, model, (units[clause.first].start, units[clause.verb].end), stance))


# Outlook


def read_outlook(setting: Setting, bargains: Bargains) -> None:
    """ "It remains uncertain how military support would …": an open question about a term, or about the deal."""
    units = setting.sentence.units
    words = setting.cast.codebook.grammar["open_questions"]
    for at, unit in enumerate(units[:-1]):
        if unit.lower not in words or units[at + 1].lower not in ("how", "whether", "if", "what", "when", "why"):
            continue
        stop = next((i for i in range(at + 1, len(units)) if units[i].tag in ",;"), len(units))
        stance = Stance(
            act="appraise", certainty="U", polarity="unk", realis="hypothetical", cue=(unit.start, unit.end),
            method="claim.open-question",
        )  # fmt: skip
        for rule, first, last, _ in _phrases_in(at + 2, stop, setting, set(), in_exchange=False):
            told = [t for t in bargains.terms if t.rule is rule]
            term = next((t for t in told if t.deal is None or not t.deal.is_example), told[0] if told else None)
            if term is not None:
                bargains.outlooks.append((term, None, stance, (units[first].start, units[last - 1].end)))
                return
        nouns = {u.lower for u in units[at + 2 : stop]} & {
            *setting.cast.codebook.deals["nouns"],
            *setting.cast.codebook.deals["back_references"],
        }
        deal = bargains.latest()
        if nouns and deal is not None:
            bargains.outlooks.append((None, deal, stance, (unit.start, units[stop - 1].end)))
            return


# Closing


def settle(bargains: Bargains, codes: Codes) -> None:
    """Give every term its deal and the other party of a bilateral deal where a side is missing."""
    for term in bargains.terms:
        _part(term)
        known = {a.id for a in (term.giver, term.receiver) if a is not None}
        states = {_state(a.id) for a in (term.giver, term.receiver) if a is not None}
        if term.deal is not None and len(term.deal.parties) < 2 and {_state(p) for p in term.deal.parties} <= states:
            _join(term.deal, term)
        if term.deal is None or not states <= {_state(p) for p in term.deal.parties}:
            fitting = [d for d in bargains.deals if known and states <= {_state(p) for p in d.parties}]
            own = [d for d in fitting if not d.is_example]
            term.deal = (own or fitting)[-1] if fitting else _deal_of_terms(term, states, codes, bargains)
        if term.deal is not None and len(term.deal.parties) == 2 and len(known) < 2:
            _fill(term)
    for term in bargains.terms:
        if (
            term.deal is not None
            and not term.deal.stages
            and term.act in _STAGE_OF_ACT
            and term.stance.polarity == "pos"
        ):
            term.deal.stages.append((_STAGE_OF_ACT[term.act], term.cue, "deal.terms"))
        if term.deal is not None and len(term.deal.parties) == 2 and term.giver is None and term.receiver is None:
            _fill_by_side(term, codes, bargains)


_STAGE_OF_ACT = {"offer": "offered", "request": "sought", "agree": "agreed_in_principle"}
"""How far an undertaking shows its deal to have come, where nothing else tells."""


def _fill_by_side(term: Term, codes: Codes, bargains: Bargains) -> None:
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
            _fill(term)


def _join(deal: Deal, term: Term) -> None:
    for actor in (term.giver, term.receiver):
        if actor is not None and not actor.id.endswith("-companies"):
            deal.parties.setdefault(actor.id, actor)


def _deal_of_terms(term: Term, states: set[str], codes: Codes, bargains: Bargains) -> Deal | None:
    """A resource undertaking between two sides is a bargain even where the text has no noun for it."""
    if len(states) < 2 or codes.parent("term_type", term.rule.term_type) != RESOURCE_SIDE:
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


def _state(actor: str) -> str:
    """A country's unnamed companies count as of their state's side."""
    return actor.removesuffix("-companies").upper() if actor.endswith("-companies") else actor


def _part(term: Term) -> None:
    """Nobody gives to himself: the side that was only concluded is left empty."""
    if term.giver is not None and term.receiver is not None and term.giver.id == term.receiver.id:
        term.receiver = None


def _fill(term: Term) -> None:
    parties = dict(term.deal.parties) if term.deal else {}
    present = term.giver or term.receiver
    if present is None:
        return
    others = [a for ident, a in parties.items() if ident != _state(present.id)]
    if len(others) != 1:
        return
    other = Actor(others[0].id, others[0].start, others[0].end, True)
    if term.giver is None:
        term.giver = other
    elif term.receiver is None:
        term.receiver = other
