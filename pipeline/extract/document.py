"""One document from text to records: the passes in their order."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline import edtf
from pipeline.codebook import Codebook
from pipeline.codes import OPEN_ACTS
from pipeline.extract.actors import Actor, Cast, modifier_actors, name_actor, resolve
from pipeline.extract.bargains import NEAR, Bargains, Deal, Term, find_owners, find_powers, settle
from pipeline.extract.clauses import Sentence, parse_sentence
from pipeline.extract.countries import countries_told
from pipeline.extract.dates import find_periods, find_times
from pipeline.extract.deals import read_deals, read_likeness, read_outlook
from pipeline.extract.events import read_denials, read_noun_frames, read_verb_frames
from pipeline.extract.figures import read_figures
from pipeline.extract.learned_names import Learned, learn_names
from pipeline.extract.names import Name, find_names, locate
from pipeline.extract.numbers import Quantity, find_quantities
from pipeline.extract.records import Collector
from pipeline.extract.setting import Setting
from pipeline.extract.stance import Stance, attributions
from pipeline.extract.terms import read_terms
from pipeline.extract.ties import read_ties
from pipeline.extract.tokens import Tokens, tokenise
from pipeline.extract.trained import read_trained
from pipeline.proposals import Mention, Proposals, Record

Spans = dict[str, tuple[int, int] | tuple[int, int, bool]]


def extract_document(
    source_id: str,
    text: str,
    published: str | None,
    codebook: Codebook,
    publisher: str | None = None,
    after_rules: Callable[[Setting, Bargains], None] = read_trained,
) -> Proposals:
    """Everything the rules read in one text.

    text: NFC; spans of the result are code points of it. published: EDTF, to settle who held an office then.
    publisher: who says "we" outside quotation marks, where the registry knows it. after_rules: what is done with each
    sentence once the rules have read its bargains, ties and events.
    """
    names, learned, tokens = read_names(text, published, codebook)
    cast = Cast(codebook, learned, _voice(publisher, codebook))
    head = _head_of_state(cast, published)
    cast.powers, cast.owners = find_powers(names, cast), find_owners(names, tokens, cast)
    out = Collector()
    bargains = Bargains()
    companies: list[Actor] = []
    quantities = find_quantities(text)
    currency = _currency(quantities, tokens.lower, codebook)
    periods, times = find_periods(text), find_times(text)
    in_conflict = _tells_conflict(tokens.lower, names, cast)
    on_resources = any(name.of_kind("commodity") is not None for name in names)
    for number, (first, last) in enumerate(tokens.sentences):
        inside = [name for name in names if first <= name.first < last]
        start, end = tokens.start[first], tokens.end[last - 1]
        numbers = [q for q in quantities if start <= q.start < end]
        if not inside and not numbers and not _has_reference(tokens.lower[first:last], codebook):
            continue
        when = [span for span in times if start <= span[0] < end]
        sentence = parse_sentence(tokens, first, last, inside, codebook, when)
        out.sentence = number
        cast.speaker = cast.speaker or _bylined(sentence, number, cast) or (head if sentence.clauses else None)
        inside_periods = [p for p in periods if start <= p.start < end]
        setting = Setting(sentence, cast, out, [], numbers, inside_periods, in_conflict, on_resources, currency)
        _note_names(setting, inside)
        setting.given = attributions(sentence, cast)
        _note_companies(setting, companies)
        read_ties(setting)
        read_deals(setting, bargains)
        read_terms(setting, bargains)
        read_likeness(setting, bargains)
        read_outlook(setting, bargains)
        setting.parties = _parties_told(bargains, number)
        read_verb_frames(setting)
        read_noun_frames(setting)
        after_rules(setting, bargains)
        read_denials(setting)
        read_figures(setting)
    settle(bargains, codebook.codes, cast)
    _add_bargains(bargains, out, cast)
    _add_offices(names, text, cast, out, published)
    countries = countries_told(names, tokens, codebook.names, codebook.weights)
    mentions = _mentions(names, companies, countries, out.records, text, cast)
    return Proposals(source_id, [*mentions, *out.records])


def read_names(text: str, published: str | None, codebook: Codebook) -> tuple[list[Name], Learned, Tokens]:
    """The names of a text in order, those that only it teaches, and its tokens."""
    tokens = tokenise(text, codebook.abbreviations, codebook.closed)
    known = find_names(text, tokens, codebook.names, codebook.name_grammar, published)
    names, learned = learn_names(known, text, tokens, codebook.names, codebook.name_grammar)
    locate(names, tokens, codebook.names, codebook.name_grammar)
    return names, learned, tokens


def _currency(quantities: list[Quantity], words: list[str], codebook: Codebook) -> str | None:
    """The one currency of a text's amounts, None where there are several, none, or one that has no code here."""
    told = {q.unit for q in quantities if q.is_money}
    others = not set(words).isdisjoint(codebook.measures["other_currencies"])
    return next(iter(told)) if len(told) == 1 and not others else None


def _parties_told(bargains: Bargains, sentence: int) -> list[Actor]:
    """The parties of the bargain that a sentence is about: named in it, or told shortly before."""
    deal = next((deal for deal in bargains.here if len(deal.parties) > 1), None) or bargains.told_near(sentence, NEAR)
    if deal is None:
        return []
    return [Actor(a.id, a.start, a.end, True) for a in deal.parties.values()]


def _voice(publisher: str | None, codebook: Codebook) -> str | None:
    """The one public body that a publisher's name means."""
    rows = codebook.names.actors
    named = {target for target in codebook.names.targets(publisher or "") if target in rows}
    bodies = {target for target in named if rows[target]["actor_type"] in ("state", "government", "igo", "armed_group")}
    bodies -= {target for target in bodies if target.endswith("-companies")}
    return next(iter(bodies)) if len(bodies) == 1 else None


def _bylined(sentence: Sentence, number: int, cast: Cast) -> str | None:
    """The person whom a byline names as the one who speaks ("Antony J. Blinken, Secretary of State")."""
    if number > 1 or sentence.clauses or cast.voice is None:
        return None
    named = [pair[0].target for unit in sentence.units if (pair := name_actor(unit))]
    return next((actor for actor in named if cast.type_of(actor) == "person"), None)


def _head_of_state(cast: Cast, published: str | None) -> str | None:
    """Who heads the state that speaks, on the day of publication: the one person with such a title in the registry."""
    titles = cast.codebook.name_grammar.head_titles
    found = {
        person
        for person, entries in cast.codebook.names.titles_of.items()
        if cast.voice is not None
        and cast.row(person).get("parent_id") == cast.voice
        and any(entry.alias.partition(" of ")[0].lower() in titles for entry in entries)
        and published is not None
        and _holds_office(person, published, cast)
    }
    return next(iter(found)) if len(found) == 1 else None


def _tells_conflict(words: list[str], names: list[Name], cast: Cast) -> bool:
    """Whether a text speaks of armed conflict, or names armed groups, more than it speaks of accidents or disease."""
    conflict, accident = (frozenset(cast.codebook.measures[key]) for key in ("conflict_words", "accident_words"))
    groups = sum((e := name.of_kind("actor")) is not None and cast.type_of(e.target) == "armed_group" for name in names)
    return groups + sum(word in conflict for word in words) > sum(word in accident for word in words)


def _has_reference(words: list[str], codebook: Codebook) -> bool:
    """Whether a sentence without a name may still speak of known actors or deals."""
    nouns = codebook.noun_forms
    return any(word in ("it", "they", "he", "she") or word in nouns for word in words)


def _note_names(setting: Setting, names: list[Name]) -> None:
    """Remember who a sentence names; done before its clauses, so that a pronoun looks back to earlier sentences too."""
    found = []
    for name in names:
        entry = name.of_kind("actor")
        if entry is not None:
            found.append(entry.target)
    setting.cast.note(found)


def _note_companies(setting: Setting, companies: list[Actor]) -> None:
    """Remember a country's unnamed companies where a sentence speaks of them ("Turkish companies")."""
    heads = setting.cast.codebook.heads["company_heads"]
    for group in setting.sentence.groups:
        inside = setting.sentence.units[group.first : group.last]
        states = {pair[0].target for unit in inside if (pair := name_actor(unit)) is not None}
        if inside[-1].lower in heads and states:
            companies += [
                a
                for a in resolve(group, setting.sentence, setting.cast)
                if a.id.removesuffix("-companies").upper() in states
            ]


_BY_SIDES = ("resource_for_security", "resource_access", "security_pact")
"""Types that follow from what is exchanged, where that is told."""


def _deal_type(deal: Deal, sides: set[str], codebook: Codebook) -> str:
    """As registered; by what is exchanged; else by the words that name it."""
    if deal.registered:
        return str(codebook.names.deals[deal.registered]["deal_type"])
    exchanged = sides & {"resource", "security"}
    if deal.kind is not None and (deal.kind not in _BY_SIDES or not exchanged):
        return deal.kind
    words = deal.words or deal.around
    resource = "resource" in sides or bool(words & set(codebook.deals["exchanged_resource"]))
    security = "security" in sides or bool(words & {"security", "military", "defence", "defense"})
    named = next((str(row["deal_type"]) for row in codebook.deals["types"] if deal.words & set(row["words"])), None)
    if named in ("ceasefire", "peace_agreement"):
        return named
    if resource and security:
        return "resource_for_security"
    if named is not None and named != "other":
        return named
    if not resource and not security:
        around = [str(row["deal_type"]) for row in codebook.deals["types"] if deal.around & set(row["words"])]
        return next((kind for kind in around if kind in ("resource_access", "security_pact")), "other")
    return "resource_access" if resource else "security_pact" if security else "other"


def _is_treaty(deal: Deal, cast: Cast) -> bool:
    """Whether it lies between two public powers, so that it counts whatever its subject."""
    public = [a for a in deal.parties if cast.type_of(a) in ("state", "government", "armed_group", "igo")]
    return len(public) > 1


def _stage(deal: Deal, codebook: Codebook) -> tuple[str, tuple[int, int], str] | None:
    order = codebook.deals["stage_order"]
    return min(deal.stages, key=lambda told: order.index(told[0])) if deal.stages else None


def _add_bargains(bargains: Bargains, out: Collector, cast: Cast) -> None:
    codebook = cast.codebook
    terms_of: dict[int, list[Term]] = {}
    for term in bargains.terms:
        if term.deal is not None and (term.giver is not None or term.receiver is not None):
            terms_of.setdefault(id(term.deal), []).append(term)
    for deal in bargains.deals:
        terms = terms_of.get(id(deal), [])
        sides = {codebook.codes.parent("term_type", term.rule.term_type) for term in terms}
        sides |= {"resource" for term in terms if term.commodity is not None}  # "pays in gold"
        kind = _deal_type(deal, sides, codebook)
        alone = deal.registered or kind in ("ceasefire", "peace_agreement")
        if len(deal.parties) < (1 if alone else 2) and not terms:
            continue
        if kind == "other" and not sides & {"resource", "security"} and not (deal.registered or _is_treaty(deal, cast)):
            continue
        _add_deal(deal, kind, out, codebook)
        for term in terms:
            _add_term(term, out)
    for outlook, deal_of, stance, span in bargains.outlooks:
        record = outlook.record if outlook is not None else deal_of.record if deal_of is not None else None
        if record is not None:
            out.claim(record, _not_yet(stance, str(record.values.get("act"))), span)
    for own, model, span, stance in bargains.likenesses:
        if own.record is not None and model.record is not None:
            values = {"subject_id": own.record.ref, "predicate": "modelled_on", "object_id": model.record.ref}
            spans: Spans = {
                "*": span,
                "predicate": span,
                "subject_id": (*own.spans[-1], True),
                "object_id": (*model.spans[0], True),
            }
            out.add("relations", values, spans, stance, "deal.likeness")


def _add_deal(deal: Deal, kind: str, out: Collector, codebook: Codebook) -> None:
    values: dict[str, Any] = {"deal_type": kind}
    first = deal.type_span or deal.spans[0]
    spans: dict[str, Any] = {"*": deal.spans[0], "deal_type": (*first, True)}
    if deal.registered:
        values["deal_id"] = deal.registered
        spans["deal_id"] = deal.spans[0]
    told = _stage(deal, codebook)
    if told is not None:
        values["stage"] = told[0]
        spans["stage"] = told[1]
    roles = [("party", actor) for actor in sorted(deal.parties.values(), key=lambda actor: actor.id)]
    stances = deal.stances or [(Stance(), deal.spans[0])]
    key = ("deal", id(deal))
    for stance, span in stances:
        deal.record = out.add("deals", values, {**spans, "*": span}, stance, deal.method, roles, key=key)


def _add_term(term: Term, out: Collector) -> None:
    if term.deal is None or term.deal.record is None:
        return
    values: dict[str, Any] = {"deal_id": term.deal.record.ref, "term_type": term.rule.term_type, "act": term.act}
    spans: dict[str, Any] = {
        "*": (min(term.span[0], term.cue[0]), max(term.span[1], term.cue[1])),
        "term_type": term.span,
        "act": (*term.cue, True),
    }
    for column, actor in (("giver_id", term.giver), ("receiver_id", term.receiver)):
        if actor is not None:
            values[column] = actor.id
            spans[column] = (actor.start, actor.end, actor.inferred)
    if term.commodity is not None:
        values["commodity_id"], spans["commodity_id"] = term.commodity
    term.record = out.add("terms", values, spans, _not_yet(term.stance, term.act), term.method)


def _not_yet(stance: Stance, act: str) -> Stance:
    """What an open act would give is planned at most."""
    return replace(stance, realis="planned") if act in OPEN_ACTS and stance.realis == "actual" else stance


def _holds_office(person: str, published: str | None, cast: Cast) -> bool:
    """Whether a title of the registry holds on the day of publication; an undated text or title is believed."""
    day = edtf.latest(published)
    entries = cast.codebook.names.titles_of.get(person, ())
    if day is None or not entries:
        return True
    for entry in entries:
        first, last = edtf.earliest(entry.valid_from), edtf.latest(entry.valid_to)
        if (first is None or first <= day) and (last is None or day <= last):
            return True
    return False


def _head_title(text: str, name: Name, titles: frozenset[str]) -> tuple[int, int] | None:
    """Where a head's title stands, before the name or behind a comma; not a second's or a former one's."""
    either = "|".join(sorted(map(re.escape, titles), key=len, reverse=True))
    opening = max(0, name.start - 40)
    before = re.search(rf"(?<!vice )(?<!former )\b((?:{either})s?)\s+$", text[opening : name.start], re.IGNORECASE)
    if before is not None:
        return opening + before.start(1), opening + before.end(1)
    behind = re.match(
        rf", (?:(?:the|its|their) (?!vice|deputy|former)(?:[\w-]+ )?)?({either})\b",
        text[name.end : name.end + 40],
        re.IGNORECASE,
    )
    return (name.end + behind.start(1), name.end + behind.end(1)) if behind is not None else None


def _add_offices(names: list[Name], text: str, cast: Cast, out: Collector, published: str | None) -> None:
    """A head of state or government leads the state: from the registry, on the strength of the title in the text."""
    grammar = cast.codebook.name_grammar
    seen: set[str] = set()
    for name in names:
        entry = name.of_kind("actor")
        if entry is None or entry.target in seen or cast.type_of(entry.target) != "person":
            continue
        row = cast.row(entry.target)
        parent = row.get("parent_id")
        title = _head_title(text, name, grammar.head_titles)
        if title is None or not parent or not _holds_office(entry.target, published, cast):
            continue
        seen.add(entry.target)
        span = (min(title[0], name.start), max(title[1], name.end))
        values = {"subject_id": entry.target, "predicate": "leads", "object_id": parent}
        spans: Spans = {
            "*": span,
            "predicate": (*title, True),
            "subject_id": (name.start, name.end),
            "object_id": (*span, True),
        }
        out.sentence = -99
        out.add("relations", values, spans, Stance(), "registry.office")


def _mentions(
    names: list[Name],
    companies: list[Actor],
    countries: Mapping[str, Sequence[Name]],
    records: list[Record],
    text: str,
    cast: Cast,
) -> list[Record]:
    """A record for each actor, place and commodity the text names, with every mention; used actors without one too.

    A located country or capital is no mention of an actor, and a country is a place where it is told as one.
    """
    found: dict[tuple[str, str], Record] = {}
    tables = {"actor": "actors", "place": "places", "commodity": "commodities"}
    for name in names:
        for kind, table in tables.items():
            entry = name.of_kind(kind)
            if entry is None or _means_other(name, kind, cast):
                continue
            _mention(found, table, entry.target, (name.start, name.end, entry.indirect), cast)
    for place, told in countries.items():
        for name in told:
            _mention(found, "places", place, (name.start, name.end, False), cast)
    for name in names:
        entry = name.of_kind("actor")
        if entry is None or entry.alias_type != "title" or cast.type_of(entry.target) != "person":
            continue
        # "US Secretary of State" names the state too.
        parent = str(cast.row(entry.target).get("parent_id") or "")
        if cast.type_of(parent) == "state" and parent in cast.codebook.names.targets(entry.alias):
            _mention(found, "actors", parent, (name.start, name.end, True), cast)
    for firm in companies:
        _mention(found, "actors", firm.id, (firm.start, firm.end, firm.inferred), cast)
    for record in records:
        for mention in record.mentions:
            actor = mention.column.removeprefix("role:") if mention.column.startswith("role:") else ""
            actor = actor or str(record.values.get({"holder": "holder_id"}.get(mention.column, mention.column), ""))
            unmet = actor in cast.codebook.names.actors and ("actors", actor) not in found
            if unmet and actor in cast.codebook.names.targets(text[mention.start : mention.end]):
                _mention(found, "actors", actor, (mention.start, mention.end, True), cast)
    return [found[key] for key in sorted(found)]


def _means_other(name: Name, kind: str, cast: Cast) -> bool:
    """Whether a name that may be a state or a place is meant as the other here, or a country is told of elsewhere."""
    actor, place = name.of_kind("actor"), name.of_kind("place")
    if actor is None or place is None or cast.type_of(actor.target) != "state":
        return False
    if kind == "place" and place.target == cast.codebook.names.country_place(actor.target):
        return True
    return kind == ("actor" if name.located else "place")


def _mention(
    found: dict[tuple[str, str], Record], table: str, ident: str, span: tuple[int, int, bool], cast: Cast
) -> None:
    record = found.setdefault((table, ident), _name_record(table, ident, cast))
    mention = Mention("name", *span)
    if mention not in record.mentions:
        record.mentions.append(mention)


def _name_record(table: str, ident: str, cast: Cast) -> Record:
    rows = {"actors": cast.learned.rows, "places": cast.learned.places}.get(table, {})
    learned = rows.get(ident)
    return Record(ident, table, dict(learned or {}), [], [], "name.learned" if learned else "name.registry")


__all__ = ["Actor", "extract_document", "modifier_actors", "name_actor", "resolve"]
