"""Standing ties that noun groups tell without a verb: who leads or belongs to what, whose forces stand where.

"Barrick chief executive X", "X, the leader of M23", "US troops in Syria", "the Yemen-based Houthis", "Saudi Arabia's
state-owned Aramco".
"""

from pipeline.extract.actors import Actor, name_actor, resolve
from pipeline.extract.clauses import Clause, Group, Sentence
from pipeline.extract.events import ARMED, add_relation
from pipeline.extract.setting import Setting, noun_stance, place_named
from pipeline.extract.stance import Stance, stance_of
from pipeline.extract.units import Unit

Span = tuple[int, int]
BODIES = frozenset({"armed_group", "military", "company", "igo", "ngo", "government", "media"})
"""Who has members and heads besides a state, whose offices the registry dates."""


def read_ties(setting: Setting) -> None:
    """Relations told by the noun groups of one sentence."""
    for group in setting.sentence.groups:
        _read_title(group, setting)
        _read_presence(group, setting)
        _read_base(group, setting)
        _read_state_owned(group, setting)
        _read_compound(group, setting)
        _read_part(group, setting)
    for clause in setting.sentence.clauses:
        _read_being(clause, setting)
        _read_office(clause, setting)
        _read_war(clause, setting)


def _read_title(group: Group, setting: Setting) -> None:
    """Titles beside a person's name, in its group or in an apposition to it."""
    units, cast = setting.sentence.units, setting.cast
    person = name_actor(units[group.last - 1])
    if person is None or cast.type_of(person[0].target) != "person":
        return
    named = Actor(person[0].target, person[1].start, person[1].end)
    stretches = [(group.first, group.last - 1)]
    following = setting.sentence.group_of.get(group.last + 1) if _is_comma(group.last, units) else None
    before = setting.sentence.group_of.get(group.first - 2) if _is_comma(group.first - 1, units) else None
    stretches += [(g.first, g.last) for g in (following, before) if g is not None and not _is_person(g, setting)]
    if _is_comma(group.first - 1, units) and before is not None and not _is_person(before, setting):
        # "Deputy Assistant Secretary of State for African Affairs, Laura Lochman"
        opening = next((at for at in range(before.first, -1, -1) if units[at].tag in ",;.:VBHX"), -1) + 1
        stretches.append((opening, group.first - 1))
    found = next((told for first, last in stretches if (told := _title_at(first, last, setting))), None)
    if found is None:
        found = next(
            (told for first, last in stretches if (told := _office_of(person[0].target, first, last, setting))), None
        )
    if found is None or is_former(found[1], setting):
        return
    predicate, cue, body = found
    if body.id == named.id:
        return
    whole = (min(cue[0], named.start, body.start), max(cue[1], named.end, body.end))
    add_relation(
        predicate,
        named,
        body,
        {"*": whole, "predicate": (*cue, True)},
        Stance(),
        f"tie.{predicate.replace('_', '-')}",
        setting.out,
    )


def _is_comma(at: int, units: list[Unit]) -> bool:
    return 0 < at < len(units) and units[at].lower in (",", "(")


def _is_person(group: Group, setting: Setting) -> bool:
    """Whether a group names a person, so that its title is that person's."""
    pair = name_actor(setting.sentence.units[group.last - 1])
    return pair is not None and setting.cast.type_of(pair[0].target) == "person"


def is_former(cue: Span, setting: Setting) -> bool:
    """Whether the title that ends a cue is a former one."""
    units = setting.sentence.units
    at = next(i for i, unit in enumerate(units) if unit.end >= cue[1])
    return any(unit.lower in setting.cast.codebook.heads["former_words"] for unit in units[max(0, at - 5) : at])


def _office_of(person: str, first: int, last: int, setting: Setting) -> tuple[str, Span, Actor] | None:
    """An office whose state the words leave out: the registry's state of its holder, or in a byline the speaker's."""
    units, cast = setting.sentence.units, setting.cast
    titles = cast.codebook.heads["office_titles"]
    at = next((at for at in range(first, last) if set(units[at].lower.split()) & titles), None)
    if at is None or (at > first and f"{units[at - 1].lower} {units[at].lower}" in cast.codebook.heads["lead_titles"]):
        return None
    parent = cast.row(person).get("parent_id")
    byline = cast.voice if not setting.sentence.clauses and setting.out.sentence < 2 else None
    state = parent if parent and cast.type_of(str(parent)) == "state" else byline
    cue = (units[at].start, units[at].end)
    return ("member_of", cue, Actor(str(state), *cue, True)) if state else None


def _title_at(first: int, last: int, setting: Setting) -> tuple[str, Span, Actor] | None:
    """The title in units [first, last) and the body it belongs to: beside it, or behind "of"."""
    units, heads = setting.sentence.units, setting.cast.codebook.heads
    for at in range(last - 1, first - 1, -1):
        words = {units[at].lower, " ".join(unit.lower for unit in units[max(first, at - 1) : at + 1])}
        words.add("".join(unit.lower for unit in units[max(first, at - 2) : at + 1]))
        second = at > first and units[at - 1].lower in heads["second_words"]
        leads = bool(words & heads["lead_titles"]) and not second
        members = heads["member_titles"] | heads["office_titles"]
        predicate = "leads" if leads else "member_of" if words & members else None
        if predicate is None:
            continue
        heads_state = leads and bool(words & (setting.cast.codebook.name_grammar.head_titles | {"leader"}))
        allowed = BODIES | {"state"} if heads_state or predicate == "member_of" else BODIES
        body = _body_beside(first, at, allowed, setting) or _body_behind(at + 1, allowed, setting)
        return (predicate, (units[at].start, units[at].end), body) if body is not None else None
    return None


def _body_beside(first: int, at: int, allowed: frozenset[str], setting: Setting) -> Actor | None:
    for unit in reversed(setting.sentence.units[first:at]):
        named = name_actor(unit)
        if named is not None:
            is_body = setting.cast.type_of(named[0].target) in allowed
            return Actor(named[0].target, named[1].start, named[1].end, named[0].indirect) if is_body else None
    return None


def _body_behind(at: int, allowed: frozenset[str], setting: Setting) -> Actor | None:
    sentence = setting.sentence
    if at >= len(sentence.units) or sentence.units[at].lower not in ("of", "at", "for"):
        return None
    group = sentence.group_of.get(at + 1)
    found = resolve(group, sentence, setting.cast) if group is not None else []
    return found[0] if len(found) == 1 and setting.cast.type_of(found[0].id) in allowed else None


def _read_presence(group: Group, setting: Setting) -> None:
    """ "United States troops in Iraq": their sender is present there."""
    sentence, cast = setting.sentence, setting.cast
    units = sentence.units
    if units[group.last - 1].lower not in cast.codebook.heads["troop_nouns"] or group.last + 1 >= len(units):
        return
    place = _place_behind(group.last, sentence, setting) if units[group.last].lower in ("in", "inside") else None
    found = resolve(group, sentence, cast)
    if place is None or len(found) != 1 or place[0] == f"{found[0].id.lower()}-country":
        return
    span = (units[group.last - 1].start, units[group.last - 1].end)
    _add_presence(found[0], place, span, noun_stance(group, setting), setting)


def _place_behind(at: int, sentence: Sentence, setting: Setting) -> tuple[str, Span, bool] | None:
    group = sentence.group_of.get(at + 1)
    name = sentence.units[group.last - 1].name if group is not None else None
    return place_named(name, setting.cast) if name is not None else None


def _read_base(group: Group, setting: Setting) -> None:
    """ "The Yemen-based Houthi movement"."""
    units, cast = setting.sentence.units, setting.cast
    for at in range(group.first, group.last - 2):
        name = units[at].name
        if name is None or units[at + 1].tag != "~" or units[at + 2].lower != "based":
            continue
        place = place_named(name, cast)
        rest = Group(at + 3, group.last, group.head)
        found = resolve(rest, setting.sentence, cast) if rest.first < rest.last else []
        if place is not None and len(found) == 1:
            span = (units[at + 2].start, units[at + 2].end)
            _add_presence(found[0], place, span, noun_stance(group, setting), setting)


def _add_presence(actor: Actor, place: tuple[str, Span, bool], cue: Span, stance: Stance, setting: Setting) -> None:
    values = {"subject_id": actor.id, "predicate": "present_in", "object_id": place[0]}
    spans: dict[str, Span | tuple[int, int, bool]] = {
        "*": (min(actor.start, place[1][0], cue[0]), max(actor.end, place[1][1], cue[1])),
        "subject_id": (actor.start, actor.end, actor.inferred),
        "predicate": (*cue, True),
        "object_id": (*place[1], place[2]),
    }
    setting.out.add("relations", values, spans, stance, "tie.present-in")


def _read_state_owned(group: Group, setting: Setting) -> None:
    """ "Saudi Arabia's state-owned Saudi Aramco"."""
    units, cast = setting.sentence.units, setting.cast
    company = name_actor(units[group.last - 1])
    if company is None or cast.type_of(company[0].target) != "company":
        return
    described = setting.sentence.group_of.get(group.first - 2) if _is_comma(group.first - 1, units) else None
    behind = setting.sentence.group_of.get(group.last + 1) if _is_comma(group.last, units) else None
    for stretch in ((group.first, group.last - 1), *((g.first, g.last) for g in (described, behind) if g is not None)):
        at = next((at for at in range(*stretch) if units[at].lower == "state"), None)
        firm = {unit.lower for unit in units[at : stretch[1]]} if at is not None else set()
        heads = cast.codebook.heads
        if at is None or not firm & (heads["company_heads"] | heads["state_firm_words"]):
            continue
        named = next((pair for pair in (name_actor(unit) for unit in units[stretch[0] : at]) if pair), None)
        cue = (units[at].start, units[stretch[1] - 1].end)
        owner = Actor(named[0].target, named[1].start, named[1].end, named[0].alias_type != "name") if named else None
        if owner is None and cast.country_of(company[0].target) in cast.codebook.names.actors:
            owner = Actor(str(cast.country_of(company[0].target)), *cue, True)
        if owner is None or cast.type_of(owner.id) != "state":
            continue
        whole = (min(cue[0], owner.start, company[1].start), max(cue[1], owner.end, company[1].end))
        subject = Actor(company[0].target, company[1].start, company[1].end)
        base: dict[str, Span | tuple[int, int, bool]] = {"*": whole, "predicate": cue}
        add_relation("owns", owner, subject, base, Stance(), "tie.owns", setting.out)
        return


def _read_compound(group: Group, setting: Setting) -> None:
    """ "The Rwanda-backed rebels", "the Saudi-led coalition": what a participle behind a hyphen tells of a name."""
    units, cast = setting.sentence.units, setting.cast
    ties = cast.codebook.grammar["compound_ties"]
    for at in range(group.first, group.last - 2):
        pair = name_actor(units[at])
        if pair is None or units[at + 1].tag != "~" or units[at + 2].lower not in ties:
            continue
        predicate = ties[units[at + 2].lower]
        found = resolve(Group(at + 3, group.last, group.head), setting.sentence, cast) if at + 3 < group.last else []
        found = found or resolve(group, setting.sentence, cast) or _in_apposition(group, setting)
        if len(found) != 1 or found[0].id == pair[0].target:
            continue
        subject = Actor(pair[0].target, pair[1].start, pair[1].end, pair[0].alias_type != "name")
        cue = (units[at + 2].start, units[at + 2].end)
        whole = (min(subject.start, found[0].start), max(units[group.last - 1].end, found[0].end))
        base: dict[str, Span | tuple[int, int, bool]] = {"*": whole, "predicate": cue}
        stance = noun_stance(group, setting)
        add_relation(predicate, subject, found[0], base, stance, f"tie.{predicate.replace('_', '-')}", setting.out)


def _in_apposition(group: Group, setting: Setting) -> list[Actor]:
    """Whom a noun group behind a comma describes ("M23, the Rwanda-backed rebels")."""
    units = setting.sentence.units
    before = setting.sentence.group_of.get(group.first - 2) if _is_comma(group.first - 1, units) else None
    pair = name_actor(units[before.last - 1]) if before is not None else None
    return [Actor(pair[0].target, pair[1].start, pair[1].end)] if pair is not None else []


def _read_part(group: Group, setting: Setting) -> None:
    """ "A, a subsidiary of B", "A is an arm of B", "M23, part of the Congo River Alliance": what belongs to what."""
    units, cast, heads = setting.sentence.units, setting.cast, setting.cast.codebook.heads
    head = units[group.last - 1].lower
    known = head in heads["owned_nouns"] or head in heads["part_nouns"]
    whole = _body_behind(group.last, BODIES | {"state"}, setting) if known else None
    if whole is None:
        return
    clause = next((c for c in setting.sentence.clauses if c.lemma == "be" and group in c.objects), None)
    parts = [a for g in clause.subjects for a in resolve(g, setting.sentence, cast)] if clause is not None else []
    stance = stance_of(clause, setting.sentence, cast, setting.given) if clause is not None else Stance()
    if clause is None:
        before = setting.sentence.group_of.get(group.first - 2) if _is_comma(group.first - 1, units) else None
        parts = resolve(before, setting.sentence, cast) if before is not None else []
    if len(parts) != 1 or parts[0].id == whole.id:
        return
    part, cue = parts[0], (units[group.last - 1].start, units[group.last - 1].end)
    base: dict[str, Span | tuple[int, int, bool]] = {
        "*": (min(part.start, cue[0]), max(whole.end, cue[1])),
        "predicate": cue,
    }
    kinds = cast.type_of(part.id), cast.type_of(whole.id)
    if head in heads["owned_nouns"] and kinds[0] == "company" and kinds[1] in ("company", "state"):
        add_relation("owns", whole, part, base, stance, "tie.owns", setting.out)
    elif (
        head in heads["part_nouns"]
        and kinds[0] in BODIES | {"state"}
        and kinds[1] in ("armed_group", "igo", "military")
    ):
        add_relation("member_of", part, whole, base, stance, "tie.member-of", setting.out)


def _read_office(clause: Clause, setting: Setting) -> None:
    """ "X is the president of Rwanda", "X became M23's leader": the office that a clause gives its subject."""
    sentence, cast = setting.sentence, setting.cast
    if clause.lemma != "be":
        return
    people = [a for g in clause.subjects for a in resolve(g, sentence, cast) if cast.type_of(a.id) == "person"]
    for group in clause.objects:
        told = _title_at(group.first, group.last, setting) if not _is_person(group, setting) else None
        if told is None or len(people) != 1 or is_former(told[1], setting):
            continue
        predicate, cue, body = told
        if cue[1] != sentence.units[group.last - 1].end:
            continue  # "The president's friend."
        whole = (min(cue[0], people[0].start, body.start), max(cue[1], people[0].end, body.end))
        base: dict[str, Span | tuple[int, int, bool]] = {"*": whole, "predicate": (*cue, True)}
        stance = stance_of(clause, sentence, cast, setting.given)
        add_relation(predicate, people[0], body, base, stance, f"tie.{predicate.replace('_', '-')}", setting.out)


def _read_war(clause: Clause, setting: Setting) -> None:
    """ "Sudan's army and the RSF are at war", "Rwanda is at war with the FDLR"."""
    sentence, cast = setting.sentence, setting.cast
    at_war = [g for p, g in clause.phrases if p == "at" and sentence.units[g.last - 1].lower == "war"]
    if clause.lemma != "be" or not at_war:
        return
    groups = [*clause.subjects, *(g for p, g in clause.phrases if p == "with")]
    sides = {a.id: a for g in groups for a in resolve(g, sentence, cast)}
    if len(sides) != 2 or {cast.type_of(actor) for actor in sides} - ARMED:
        return
    first, second = sides.values()
    cue = (sentence.units[clause.first].start, sentence.units[at_war[0].last - 1].end)
    base: dict[str, Span | tuple[int, int, bool]] = {
        "*": (min(cue[0], first.start), max(cue[1], second.end)),
        "predicate": cue,
    }
    stance = stance_of(clause, sentence, cast, setting.given)
    add_relation("fights", first, second, base, stance, "tie.fights", setting.out)


def _read_being(clause: Clause, setting: Setting) -> None:
    """ "Wagner's men are in Mali", "Russian soldiers were deployed in Mali", "the group is active in Mali"."""
    sentence, cast = setting.sentence, setting.cast
    stationed = clause.passive and clause.lemma in cast.codebook.heads["stationing_verbs"]
    here = clause.lemma == "be" and clause.particle in ("", "in", "active", "present", "inside")
    if not (stationed or here) or clause.negated:
        return
    behind = next((g for preposition, g in clause.phrases if preposition in ("in", "inside")), None)
    name = sentence.units[behind.last - 1].name if behind is not None and behind.last - behind.first < 3 else None
    place = place_named(name, cast) if name is not None else None
    for group in clause.subjects:
        head = sentence.units[group.last - 1].lower
        found = resolve(group, sentence, cast)
        armed = head in cast.codebook.heads["troop_nouns"] or head in cast.codebook.heads["group_heads"]
        armed = armed or any(cast.type_of(actor.id) in ("armed_group", "military") for actor in found)
        if place is None or len(found) != 1 or not armed or place[0] == f"{found[0].id.lower()}-country":
            continue
        span = (sentence.units[clause.first].start, sentence.units[clause.verb].end)
        _add_presence(found[0], place, span, stance_of(clause, sentence, cast, setting.given), setting)
