"""Frames → events and relations: verbs with their clause, event nouns with their noun group."""

from collections.abc import Mapping
from itertools import pairwise

from pipeline.codebook import Frame
from pipeline.codes import MUTUAL_EVENTS
from pipeline.extract.actors import UNNAMED, Actor, Cast, modifier_actors, resolve
from pipeline.extract.clauses import Clause, Group, Sentence
from pipeline.extract.records import Collector
from pipeline.extract.setting import (
    CIRCUMSTANCE,
    Setting,
    commodities_in,
    first_filled,
    noun_stance,
    phrases_after,
    place_named,
    place_of,
    slot,
    with_hearsay,
)
from pipeline.extract.stance import Stance, claim_frame, denies_what_stands_before, stance_of, takes_up

Span = tuple[int, int]
ARMED = frozenset({"armed_group", "military", "state", "government"})
PUBLIC = ARMED | {"igo", "company", "person", "ngo", "media"}
HOLDINGS = frozenset({"exploits", "produces", "dominates", "operates", "owns", "controls", "present_in"})
"""Predicates whose object is a commodity or a place."""
ALONE = frozenset({"PROTEST", "MOBILIZE", "RETREAT", "ASSAULT", "COERCE", "REJECT", "SANCTION"})
"""Events that are told with one side only; of the others, one side is enough where they have happened."""
INTENDED = frozenset({"CONSULT", "SUPPORT", "COOPERATE", "AID"})
"""PLOVER: an intention to do one of these later is AGREE."""


def _target_place(clause: Clause, setting: Setting) -> tuple[str, Span, bool] | None:
    """The place that a verb's object names ("captured Goma")."""
    units = setting.sentence.units
    for group in clause.subjects if clause.passive else clause.objects:
        for at in range(group.first, group.last):
            name, owns = units[at].name, at + 1 < group.last and units[at + 1].tag == "'"
            found = place_named(name, setting.cast) if name is not None and not owns else None
            if found is not None:
                return found
    return None


def _fits(frame: Frame, actors: list[Actor], recipients: list[Actor], cast: Cast, *, passive: bool = False) -> bool:
    """Whether the participants are of the frame's types; passive: told without its actor."""
    if passive and not any(cast.type_of(a.id) in PUBLIC for a in (*actors, *recipients)):
        return False
    if frame.actor_types and not passive and not any(cast.type_of(a.id) in frame.actor_types for a in actors):
        return False
    return not (frame.object_types and not any(cast.type_of(a.id) in frame.object_types for a in recipients))


def _has_head(frame: Frame, clause: Clause, setting: Setting) -> bool:
    """Whether the clause's object, if it has one, is such as the frame asks for."""
    groups = clause.subjects if clause.passive else [*clause.objects, *clause.second]
    if not frame.heads or not groups:
        return "<place>" not in frame.heads
    book = setting.cast.codebook
    for group in groups:
        head = setting.sentence.units[group.last - 1]
        if clause.passive and head.tag == "P" and "<deal>" in frame.heads and setting.parties:
            return True  # "It was signed on 22 June."
        noun = book.noun_forms.get(head.lower, head.lower)
        if noun in frame.heads or head.lower in frame.heads:
            return True
        if "<deal>" in frame.heads and (noun in book.deals["nouns"] or (head.name and head.name.of_kind("deal"))):
            return True
        inside = setting.sentence.units[group.first : group.last]
        if "<place>" in frame.heads and any(u.name and place_named(u.name, setting.cast) for u in inside):
            return True
    return False


def read_verb_frames(setting: Setting) -> None:
    """Events and relations of every clause."""
    codebook = setting.cast.codebook
    for clause in setting.sentence.clauses:
        frames = [
            f
            for particle, f in codebook.frames_by_verb.get(clause.lemma, ())
            if particle and particle == clause.particle
        ]
        frames = frames or [f for particle, f in codebook.frames_by_verb.get(clause.lemma, ()) if not particle]
        if clause.tag == "" and not frames:
            continue
        stance: Stance | None = None
        taken = False
        for frame in frames:
            if frame.event is None and frame.relation is None:
                continue
            actors = first_filled(clause, frame.actor, setting)
            told_on = first_filled(clause, frame.recipient, setting) or _owners_of_object(frame, clause, setting)
            recipients = [a for a in told_on if a.id not in {x.id for x in actors}]
            if denies_what_stands_before(clause, setting.sentence, setting.cast):
                recipients = []
            if frame.stage and frame.event == "SUPPORT" and not actors and len(setting.parties) > 1:
                # "The document was signed in Brussels": by the parties of the bargain that is told.
                actors, recipients = setting.parties, []
            untold = clause.passive and not actors
            if not _fits(frame, actors, recipients, setting.cast, passive=untold) or not _has_head(
                frame, clause, setting
            ):
                continue
            if frame.partnered and len({a.id for a in (*actors, *recipients)}) < 2:
                continue
            stance = stance or stance_of(clause, setting.sentence, setting.cast, setting.given)
            span = (setting.sentence.units[clause.first].start, setting.sentence.units[clause.verb].end)
            stretch = (clause.first, max(clause.end, clause.last))
            told = actors or (recipients and (clause.passive or frame.mutual))
            if frame.event is not None and not taken and told:
                target = None if recipients else _target_place(clause, setting)
                taken = _add_framed(frame, actors, recipients, span, stretch, stance, setting, target)
            if frame.relation is not None and actors:
                held = (clause.last, max(clause.end, clause.last))
                if clause.passive and clause.subjects:
                    held = (clause.subjects[0].first, clause.subjects[-1].last)  # "The mine, owned by Barrick".
                _add_relation(frame, actors, recipients, span, held, stance, setting)
    _note_subjects(setting)


def _owners_of_object(frame: Frame, clause: Clause, setting: Setting) -> list[Actor]:
    """Whose thing is acted on, where that is no actor itself: "rejected Rwanda's offer", "bombed Iranian sites"."""
    if frame.mutual or "object" not in frame.recipient:
        return []
    sentence, cast = setting.sentence, setting.cast
    heads = cast.codebook.heads
    others = ("group_heads", "people_heads", "opponents")
    groups = [
        group
        for group in (clause.subjects if clause.passive else clause.objects)
        if not any(sentence.units[group.last - 1].lower in heads[key] for key in others)  # "Syrian rebels".
    ]
    holding = (c for c in sentence.clauses if c.kind == "reduced" and c.lemma in ("hold", "own") and c is not clause)
    held = [g for c in holding if any(group in c.subjects for group in groups) for p, g in c.phrases if p == "by"]
    return [
        *(actor for group in held for actor in resolve(group, sentence, cast)),  # "a licence held by Orano"
        *(actor for group in groups for actor in modifier_actors(group, sentence, cast)),
    ]


def _note_subjects(setting: Setting) -> None:
    cast = setting.cast
    subjects: list[str] = []
    persons: list[str] = []
    together: list[str] = []
    for clause in setting.sentence.clauses:
        acting = slot(clause, "subject", setting) if not clause.passive else slot(clause, "object", setting)
        subjects += [a.id for a in acting if not a.inferred or cast.type_of(a.id) == "state"]
        persons += [a.id for a in acting if cast.type_of(a.id) == "person"]
        if len({a.id for a in acting}) > 1 and not together:
            together = list(dict.fromkeys(a.id for a in acting))
    if subjects:
        cast.subjects = subjects[::-1]
    if persons:
        cast.persons = persons
    if subjects or persons:
        cast.together = together


def _add_framed(
    frame: Frame,
    actors: list[Actor],
    recipients: list[Actor],
    span: Span,
    stretch: tuple[int, int],
    stance: Stance,
    setting: Setting,
    target: tuple[str, Span, bool] | None = None,
) -> bool:
    kind = frame.event or ""
    return add_event(
        kind, frame.id, actors, recipients, span, stretch, stance, setting, mutual=frame.mutual, target=target
    )


def add_event(
    kind: str,
    method: str,
    actors: list[Actor],
    recipients: list[Actor],
    span: Span,
    stretch: tuple[int, int],
    stance: Stance,
    setting: Setting,
    *,
    mutual: bool,
    sure: bool = True,
    target: tuple[str, Span, bool] | None = None,
) -> bool:
    """Add an event that units [first, last) of `stretch` tell and `span` names; False where too few are known of it.

    mutual: all act. sure: whether the words at `span` mean the type by themselves. target: a place that is acted on.
    """
    if mutual:
        actors, recipients = [*actors, *recipients], []
    if not actors and len({a.id for a in recipients}) > 1 and kind in ("COOPERATE", "CONSULT", "AGREE", "SUPPORT"):
        # "Was signed between X and Y": both act.
        actors, recipients = recipients, []
    one_sided = len({a.id for a in actors}) < 2 if mutual else not (actors and recipients)
    if sure and one_sided and kind not in ALONE and (stance.realis != "actual" or kind == "AGREE"):
        return False
    event_type = kind
    if sure and event_type in INTENDED and stance.realis == "planned" and stance.polarity == "pos":
        event_type = "AGREE"
    units = setting.sentence.units
    end = units[min(stretch[1], len(units)) - 1].end
    place = place_of(stretch[0], min(stretch[1], len(units)), setting) or target
    period = setting.period_of(stretch)
    spans: dict[str, Span | tuple[int, int, bool]] = {
        "*": (min(units[stretch[0]].start, span[0]), max(span[1], end)) if not sure else (span[0], max(span[1], end)),
        "event_type": (*span, not sure),
    }
    values: dict[str, object] = {"event_type": event_type}
    if place is not None:
        values["place_id"] = place[0]
        spans["place_id"] = (*place[1], place[2])
    if period is not None and "/" not in period.edtf:
        values["date"] = period.edtf
        spans["date"] = (period.start, period.end)
    violence = _violence(kind, actors, recipients, setting.cast)
    if violence is not None:
        values["violence_type"] = violence
        spans["violence_type"] = (*span, True)
    other = "actor" if event_type in MUTUAL_EVENTS else "recipient"
    roles = [("actor", a) for a in actors] + [(other, a) for a in recipients]
    setting.out.add("events", values, spans, stance, method, roles)
    return True


def _violence(kind: str, actors: list[Actor], recipients: list[Actor], cast: Cast) -> int | None:
    if kind != "ASSAULT":
        return None
    kinds = [{cast.type_of(a.id) for a in side} for side in (actors, recipients)]
    if not kinds[0] or not kinds[1] or not (kinds[0] | kinds[1]) <= ARMED:
        return None
    return 1 if (kinds[0] | kinds[1]) & {"state", "military", "government"} else 2


def _add_relation(
    frame: Frame,
    actors: list[Actor],
    recipients: list[Actor],
    span: Span,
    stretch: tuple[int, int],
    stance: Stance,
    setting: Setting,
) -> None:
    predicate = frame.relation or ""
    units = setting.sentence.units
    last = min(stretch[1], len(units))
    base: dict[str, Span | tuple[int, int, bool]] = {
        "*": (min(span[0], units[min(stretch[0], last - 1)].start), max(span[1], units[last - 1].end)),
        "predicate": span,
    }
    if predicate in HOLDINGS:
        _add_holding(frame, actors, base, stretch[0], last, stance, setting, recipients)
        return
    for actor in actors[:2]:
        for other in recipients[:3]:
            if predicate == "fights" and {setting.cast.type_of(actor.id), setting.cast.type_of(other.id)} - ARMED:
                continue
            if setting.cast.type_of(actor.id) in ("media", "ngo") or setting.cast.type_of(other.id) in ("media",):
                continue
            add_relation(predicate, actor, other, base, stance, frame.id, setting.out)


def _add_holding(
    frame: Frame,
    actors: list[Actor],
    base: Mapping[str, Span | tuple[int, int, bool]],
    first: int,
    last: int,
    stance: Stance,
    setting: Setting,
    recipients: list[Actor],
) -> None:
    """Who exploits, produces, dominates or controls what, and where: a row a commodity."""
    predicate = frame.relation
    goods: list[tuple[str, Span | tuple[int, int, bool]]] = [*commodities_in(first, last, setting)]
    owners = _owners(first, last, setting)
    place = _object_place(first, last, setting) if predicate in ("controls", "present_in", "operates", "owns") else None
    if predicate in ("controls", "present_in") and place is None:
        return
    if (
        not goods
        and predicate == "dominates"
        and any(u.lower in setting.cast.codebook.grammar["sectors"] for u in setting.sentence.units[first:last])
    ):
        goods = [
            (good, (span[0], span[1], True))
            for good, span in commodities_in(0, len(setting.sentence.units), setting)[-1:]
        ]
    elif not goods and place is None and not recipients and not owners:
        return
    held = {unit.lower for unit in setting.sentence.units[first:last]}
    if predicate == "dominates" and not held.isdisjoint(setting.cast.codebook.grammar["shares_of_firms"]):
        return
    for actor in actors[:2]:
        owner = next((o for o in (*owners, *recipients) if o.id != actor.id), None)
        for good in _or_none(goods):
            values: dict[str, object] = {"subject_id": actor.id, "predicate": predicate}
            spans = dict(base) | {"subject_id": (actor.start, actor.end, actor.inferred)}
            if place is not None:
                values["object_id"] = place[0]
                spans["object_id"] = (*place[1], place[2])
            elif owner is not None:
                values["object_id"] = owner.id
                spans["object_id"] = (owner.start, owner.end, owner.inferred)
            if good is not None:
                values["commodity_id"] = good[0]
                spans["commodity_id"] = good[1]
            setting.out.add("relations", values, spans, stance, frame.id)


def _or_none(
    goods: list[tuple[str, Span | tuple[int, int, bool]]],
) -> list[tuple[str, Span | tuple[int, int, bool]] | None]:
    """A row for each commodity, or one without."""
    return [*goods] or [None]


def _owners(first: int, last: int, setting: Setting) -> list[Actor]:
    groups = {id(g): g for at in range(first, last) if (g := setting.sentence.group_of.get(at))}
    return [a for g in groups.values() for a in modifier_actors(g, setting.sentence, setting.cast)]


def _object_place(first: int, last: int, setting: Setting) -> tuple[str, Span, bool] | None:
    for unit in setting.sentence.units[first:last]:
        if unit.name is not None:
            found = place_named(unit.name, setting.cast)
            if found is not None:
                return found
    return None


def add_relation(
    predicate: str,
    subject: Actor,
    target: Actor,
    base: Mapping[str, Span | tuple[int, int, bool]],
    stance: Stance,
    method: str,
    out: Collector,
) -> None:
    """Add a relation between two actors."""
    if subject.id == target.id:
        return
    if predicate in ("fights", "allied_with"):
        subject, target = sorted((subject, target), key=lambda actor: actor.id)
    values = {"subject_id": subject.id, "predicate": predicate, "object_id": target.id}
    spans = dict(base) | {
        "subject_id": (subject.start, subject.end, subject.inferred),
        "object_id": (target.start, target.end, target.inferred),
    }
    out.add("relations", values, spans, stance, method)


def read_noun_frames(setting: Setting) -> None:
    """Events and relations of event nouns: "Rwanda's support for M23", "the fighting between …", "an attack on …"."""
    sentence, codebook = setting.sentence, setting.cast.codebook
    for group in sentence.groups:
        head = sentence.units[group.last - 1]
        if head.name is not None or head.tag not in "NG":
            continue
        singular = codebook.noun_forms.get(head.lower, head.lower)
        for before, frame in codebook.frames_by_noun.get(singular, ()):
            if before and before != " ".join(
                u.lower for u in sentence.units[max(group.first, group.last - 1 - len(before.split())) : group.last - 1]
            ):
                continue
            if _read_noun(frame, group, setting):
                break


def _read_noun(frame: Frame, group: Group, setting: Setting) -> bool:
    sentence, cast = setting.sentence, setting.cast
    inside = modifier_actors(group, sentence, cast)
    following = phrases_after(group, sentence)
    by = [a for p, g in following if p in ("by", "from") for a in resolve(g, sentence, cast)]
    between = [a for p, g in following if p in ("between", "among") for a in resolve(g, sentence, cast)]
    toward = _toward(frame, following, sentence, cast)
    host = next((c for c in sentence.clauses if _lends_subject(c, group, cast)), None)
    actors = between or by or inside[-1:]
    if len(inside) >= 2 and (frame.mutual or not toward):
        between = between or inside
        actors = between
    owner = next((c for c in sentence.clauses if group in c.objects or any(group is g for _, g in c.phrases)), None)
    if not actors and host is not None:
        actors = slot(host, "subject", setting)
    if not actors:
        return False
    helped = group.first > 0 and sentence.units[group.first - 1].lower == "with" and frame.event in ("SUPPORT", "AID")
    if helped and not toward:
        served = next((c for c in sentence.clauses if c.first >= group.last and c.subjects), None)
        toward = slot(served, "subject", setting) if served is not None else []
    recipients = [a for a in toward if a.id not in {x.id for x in actors}]
    if not recipients and not between and frame.relation == "allied_with":
        actors, recipients = actors[:1], actors[1:]  # "Rwanda and Uganda are close allies."
    if (
        not recipients
        and not between
        and not frame.mutual
        and frame.event not in ALONE
        and frame.relation not in HOLDINGS
    ):
        return False
    if not _fits(frame, actors, recipients, cast):
        return False
    governed = owner is not None and (group in owner.objects or host is owner)
    stance = stance_of(owner, sentence, cast, setting.given) if owner and governed else noun_stance(group, setting)
    stance = with_hearsay(stance, group, setting)
    units = sentence.units
    span = (units[group.last - 1].start, units[group.last - 1].end)
    last = following[-1][1].last if following else group.last
    done = False
    if frame.relation in HOLDINGS:
        base = {"*": (units[group.first].start, units[last - 1].end), "predicate": span}
        _add_holding(frame, actors, base, group.last, last, stance, setting, recipients)
        done = True
    elif frame.relation is not None and (recipients or between):
        base = {"*": (units[group.first].start, units[last - 1].end), "predicate": span}
        pairs = [(a, b) for a in actors[:2] for b in recipients[:3]] if recipients else list(pairwise(between))
        for subject, target in pairs:
            if frame.relation == "fights" and {cast.type_of(subject.id), cast.type_of(target.id)} - ARMED:
                continue
            add_relation(frame.relation, subject, target, base, stance, frame.id, setting.out)
            done = True
    if frame.event is not None and not (done and frame.event == "SUPPORT"):
        done = _add_framed(frame, actors, recipients, span, (group.first, last), stance, setting) or done
    return done


def _toward(frame: Frame, following: list[tuple[str, Group]], sentence: Sentence, cast: Cast) -> list[Actor]:
    """Whom an event noun's phrases name as recipient, the frame's own prepositions first."""
    own = [slot_name for slot_name in frame.recipient if slot_name not in ("object", "second", "subject")]
    friendly = frame.event in ("AGREE", "CONSULT", "SUPPORT", "COOPERATE", "AID")
    for wanted in (*own, "on", "with", "for", "to", "of", "into", "over", *(() if friendly else ("against",))):
        found: list[Actor] = []
        for preposition, group in following:
            if preposition in CIRCUMSTANCE:
                break
            if preposition == wanted:
                found += resolve(group, sentence, cast)
        if found:
            return found
    return []


def _lends_subject(clause: Clause, group: Group, cast: Cast) -> bool:
    """Whether an event noun is what a light verb's subject does ("launched an attack", "engage in discussions")."""
    in_phrase = any(group is g and p in ("in", "into") for p, g in clause.phrases)
    if clause.lemma == "be":
        return group in clause.objects or in_phrase
    if clause.lemma not in cast.codebook.light_verbs or clause.passive:
        return False
    return group in clause.objects or in_phrase


def read_denials(setting: Setting) -> None:
    """ "Denies these claims": the denial meets the accusation on its record."""
    accusations = setting.cast.codebook.heads["accusation_nouns"]
    for clause in setting.sentence.clauses:
        frame = claim_frame(clause, setting.cast)
        if frame is None or frame.claim is None or frame.claim["act"] != "deny":
            continue
        if not takes_up(clause, setting.sentence, accusations) and not _follows_accusation(clause, setting):
            continue
        groups = [g for p, g in clause.phrases if p == "by"] if clause.passive else clause.subjects
        deniers = [a for g in groups for a in resolve(g, setting.sentence, setting.cast)]
        for denier in deniers[:1]:
            _deny(denier, clause, frame, setting)
            _note_alleged(denier, clause, setting)


def _follows_accusation(clause: Clause, setting: Setting) -> bool:
    """ "… had killed civilians, a claim the group denied": the accusation stands before the subject."""
    if denies_what_stands_before(clause, setting.sentence, setting.cast):
        return True
    if clause.objects or not clause.subjects or clause.subjects[0].first == 0:
        return False
    noun = setting.sentence.units[clause.subjects[0].first - 1].lower
    return noun.removesuffix("s") in setting.cast.codebook.heads["accusation_nouns"]


def _note_alleged(denier: Actor, clause: Clause, setting: Setting) -> None:
    """Who rejects "any allegation that …" tells that somebody made it."""
    groups = clause.subjects if clause.passive else clause.objects
    if not groups:
        return
    head = setting.sentence.units[groups[-1].last - 1]
    for record in setting.out.of_sentence(0):
        claims = setting.out.claims.get(record.ref, [])
        denied = [c for c in claims if c.values["act"] == "deny" and c.values.get("holder_id") == denier.id]
        if denied and not any(c.values["polarity"] == "pos" for c in claims):
            alleged = Stance(
                holder=UNNAMED, act="allege", cue=(head.start, head.end), holder_inferred=True, method="claim.hearsay"
            )
            setting.out.claim(record, alleged)


def _deny(denier: Actor, clause: Clause, frame: Frame, setting: Setting) -> None:
    out = setting.out
    units = setting.sentence.units
    stance = Stance(
        holder=denier.id, act="deny", certainty="CT", polarity="neg", realis="actual",
        cue=(units[clause.first].start, units[clause.verb].end), holder_span=(denier.start, denier.end),
        holder_inferred=denier.inferred, method=frame.id,
    )  # fmt: skip
    for back in (0, 1, 2):
        for record in out.of_sentence(back):
            if record.table not in ("relations", "events", "terms"):
                continue
            accusers = [
                c
                for c in out.claims.get(record.ref, ())
                if c.values["act"] in ("accuse", "allege", "report", "state") and c.values["polarity"] == "pos"
            ]
            whole = back == 0 and denies_what_stands_before(clause, setting.sentence, setting.cast)
            told = [
                c for c in accusers if whole or c.values["act"] in ("accuse", "allege") or c.values.get("holder_id")
            ]
            involved = {
                record.values.get("subject_id"),
                record.values.get("giver_id"),
                *(actor for _, actor in record.roles),
            }
            if told and denier.id in involved and record.values.get("event_type") not in ("ACCUSE", "REJECT"):
                out.claim(record, stance, None, told[0])
        if any(
            c.values.get("holder_id") == denier.id and c.values["act"] == "deny"
            for cs in out.claims.values()
            for c in cs
        ):
            return
