"""Deals that sentences name: parties, type and stage; what they are modelled on; open questions about them."""

from dataclasses import replace

from pipeline.extract.actors import Actor, modifier_actors, name_actor, resolve
from pipeline.extract.bargains import PARTY_TYPES, Bargains, Deal, parties, unique
from pipeline.extract.clauses import Clause, Group
from pipeline.extract.phrases import phrases_in
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
POINTS_BACK = 3
"""How many sentences back "the agreement" may point."""


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
    if noun in book.deals["nouns"] and setting.sentence.units[group.first].lower != "our":
        return noun
    if noun in book.deals["nouns"]:
        return f"~{noun}"  # "our partnership": what the speaker takes as known, or a tie rather than a bargain
    return f"~{noun}" if noun in book.deals["back_references"] else None


def _place_deal(group: Group, mention: str, setting: Setting, bargains: Bargains) -> None:
    sentence, cast = setting.sentence, setting.cast
    units = sentence.units
    clause = _host(group, setting)
    inside = parties(modifier_actors(group, sentence, cast), setting)
    following = phrases_after(group, sentence)
    beside: list[Actor] = []
    for preposition, other in following:
        if preposition in CIRCUMSTANCE or preposition == "against":
            break
        if preposition in ("with", "between", "among", "and", "to") and not (
            preposition == "to" and mention.startswith("~")
        ):
            beside += parties(resolve(other, sentence, cast), setting)
    if clause is not None and group not in clause.subjects:
        beside += parties(first_filled(clause, ("with", "between"), setting), setting)
    subject: list[Actor] = []
    if clause is not None and (group in clause.objects or any(group is g for _, g in clause.phrases)):
        subject = parties(slot(clause, "subject", setting), setting)
    found = unique([*inside, *beside])
    if len(found) < 2:
        found = unique([*found, *parties(_makers(group, setting), setting)])
    if len(found) < 2 and not _is_about_others(clause):
        found = unique([*found, *subject])
    if len(found) < 2 and not mention.startswith("~") and not _is_about_others(clause):
        found = _two_named(found, setting)
        found = found if len(found) > 1 else _two_told(found, group, setting)
    last = following[-1][1].last if following else group.last
    span = (units[group.first].start, units[group.last - 1].end)
    end = _end_of_deal(last, setting)
    words = {word for unit in units[group.first : end] for word in unit.lower.split()}
    if commodities_in(group.first, end, setting):
        words.add("resources")
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
    deal.around |= {word for unit in units for word in unit.lower.split()}
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


def _two_named(found: list[Actor], setting: Setting) -> list[Actor]:
    """The two powers that the sentence of a deal names, where it names just two: its parties, inferred."""
    cast = setting.cast
    named = []
    for unit in setting.sentence.units:
        pair = name_actor(unit)
        if pair is not None and not pair[1].located and pair[0].alias_type not in ("demonym", "misspelling"):
            named.append(Actor(pair[0].target, pair[1].start, pair[1].end, True))
    told = [actor for actor in parties(named, setting) if cast.type_of(actor.id) in PARTY_TYPES]
    both = unique([*found, *told])
    return both if len(both) == 2 else found


def _two_told(found: list[Actor], group: Group, setting: Setting) -> list[Actor]:
    """The two powers that the whole text is about, where a sentence names no other party."""
    cast, units = setting.cast, setting.sentence.units
    if len(cast.powers) != 2 or any(actor.id not in cast.powers for actor in found):
        return found
    span = (units[group.first].start, units[group.last - 1].end)
    return unique([*found, *(Actor(power, *span, True) for power in cast.powers)])


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
        "commend",
        "applaud",
        "support",
        "urge",
        "note",
        "discuss",
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
        return bargains.told_near(sentence, POINTS_BACK)
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


def read_likeness(setting: Setting, bargains: Bargains) -> None:
    """ "Inspired by the U.S.'s support to Ukraine", "a Ukraine-style deal": the deal is modelled on another."""
    book = setting.cast.codebook
    units = setting.sentence.units
    for clause in setting.sentence.clauses:
        if clause.lemma not in book.deals["verbs_of_likeness"]:
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
        for rule, first, last, _ in phrases_in(at + 2, stop, setting, set(), in_exchange=False):
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
