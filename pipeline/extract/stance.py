"""Who says it, how surely, and whether it is so: the claim that a clause's records carry.

Reads cue verbs, "according to", inverted speech, hearsay adverbs, modals, intentions, open questions and negation.
The holder's own commitment is coded, after FactBank.
"""

from dataclasses import dataclass, replace

from pipeline.codebook import Frame
from pipeline.extract.actors import UNNAMED, Actor, Cast, modifier_actors, resolve
from pipeline.extract.clauses import Clause, Group, Sentence

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stance:
    """One claim's columns and the spans of its cue and holder."""

    holder: str | None = None
    act: str = "state"
    certainty: str = "CT"
    polarity: str = "pos"
    realis: str = "actual"
    cue: Span | None = None
    holder_span: Span | None = None
    holder_inferred: bool = False
    method: str = "claim.publication"


@dataclass(frozen=True, slots=True)
class Attribution:
    """A cue and the units [first, last) whose content it governs."""

    first: int
    last: int
    stance: Stance
    frame: Frame | None
    clause: Clause | None


def claim_frame(clause: Clause, cast: Cast) -> Frame | None:
    """The cue that the clause's verb is, by the codebook."""
    for particle, frame in cast.codebook.frames_by_verb.get(clause.lemma, ()):
        if frame.claim is not None and (not particle or particle == clause.particle):
            return frame
    return None


def denies_what_stands_before(clause: Clause, sentence: Sentence, cast: Cast) -> bool:
    """Whether a clause takes up all that its sentence told before it: "…, which Kigali denies", "a charge Kigali denies"."""
    opens = min((group.first for group in clause.subjects), default=clause.first)
    frame = claim_frame(clause, cast)
    denies = frame is not None and frame.claim is not None and frame.claim["act"] == "deny"
    if not denies or opens == 0:
        return False
    before = sentence.units[opens - 1].lower
    # "A charge Kigali" is one noun group to the parser.
    inside = [sentence.units[at].lower for group in clause.subjects for at in range(group.first, group.last - 1)]
    return before == "which" or (before == "," and bool(cast.codebook.heads["accusation_nouns"].intersection(inside)))


def holder_of(groups: list[Group], sentence: Sentence, cast: Cast) -> tuple[str, Span | None, bool]:
    """The holder a subject names: its actor, or `unnamed` where the text does not identify one."""
    for group in groups:
        found = resolve(group, sentence, cast)
        if not found:
            # "UN experts", "a World Bank report" speak for the organisation.
            found = [a for a in modifier_actors(group, sentence, cast) if cast.type_of(a.id) in ("igo", "ngo")]
            found = [Actor(a.id, a.start, a.end, True) for a in found[-1:]]
        if found:
            return found[0].id, (found[0].start, found[0].end), found[0].inferred
        span = (sentence.units[group.first].start, sentence.units[group.last - 1].end)
        return UNNAMED, span, True
    return UNNAMED, None, True


def attributions(sentence: Sentence, cast: Cast) -> list[Attribution]:
    """All attributions of a sentence."""
    found = []
    units = sentence.units
    heads = cast.codebook.heads
    for clause in sentence.clauses:
        frame = claim_frame(clause, cast)
        if frame is None or frame.claim is None:
            continue
        if clause.passive:
            agents = [group for preposition, group in clause.phrases if preposition == "by"]
            holder, span, inferred = holder_of(agents, sentence, cast)
        else:
            holder, span, inferred = holder_of(clause.subjects, sentence, cast)
        cue = (units[clause.first].start, units[clause.verb].end)
        polarity = frame.claim["polarity"]
        if clause.negated:
            polarity = {"pos": "neg", "neg": "pos"}.get(polarity, polarity)
        modal = clause.modal in ("may", "might", "could")
        stance = Stance(
            holder=holder,
            act=frame.claim["act"],
            certainty="PS" if modal else frame.claim["certainty"],
            polarity=polarity,
            realis=frame.realis or ("hypothetical" if frame.claim["act"] == "predict" else "actual"),
            cue=cue,
            holder_span=span,
            holder_inferred=inferred,
            method=frame.id,
        )
        if denies_what_stands_before(clause, sentence, cast):
            continue  # The denial meets what the sentence tells as a second claim on it.
        first, last = _scope(clause, sentence, heads["time_nouns"], heads["accusation_nouns"])
        found.append(Attribution(first, last, stance, frame, clause))
    found += _according_to(sentence, cast) + _in_view_of(sentence, cast) + _labelled(sentence, cast)
    return found


def _labelled(sentence: Sentence, cast: Cast) -> list[Attribution]:
    """ "Kagame: Uganda attacked us", "Uganda attacked – Kagame": who speaks in a headline or transcript."""
    units = sentence.units
    opening = sentence.group_of.get(0)
    first = opening is not None and opening.last < len(units) - 1 and units[opening.last].tag == ":"
    last = sentence.group_of.get(len(units) - 1)
    dashed = last is not None and last.first > 2 and units[last.first - 1].word in ("-", "–", "—")
    apart = dashed and last is not None and units[last.first - 1].start > units[last.first - 2].end
    group = opening if first else last if apart else None
    holders = resolve(group, sentence, cast) if group is not None else []
    if group is None or len(holders) != 1 or cast.type_of(holders[0].id) in ("state", "government"):
        return []  # A country before a colon is what a headline is about.
    span = (units[group.first].start, units[group.last - 1].end)
    stance = Stance(
        holder=holders[0].id, cue=span, holder_span=(holders[0].start, holders[0].end),
        holder_inferred=holders[0].inferred, method="claim.label",
    )  # fmt: skip
    reach = (group.last, len(units)) if first else (0, group.first)
    return [Attribution(*reach, stance, None, None)]


def _scope(
    clause: Clause, sentence: Sentence, time_nouns: frozenset[str], accusations: frozenset[str]
) -> tuple[int, int]:
    """The units that a cue governs: what follows it, or what precedes an inverted or closing "… X said"."""
    units = sentence.units
    stop = next((at for at in range(clause.last, len(units)) if units[at].tag == ";"), len(units))
    stop = min(
        [stop, *(at for at in range(clause.last, stop) if units[at].lower == "but" and _opens_clause(at, sentence))]
    )
    rest = [unit for unit in units[clause.last : stop] if unit.tag not in ".\"')"]
    opens = min((group.first for group in clause.subjects), default=clause.first)
    if clause.subjects and opens >= clause.last:
        # "“…,” said the minister, “…”": what stands before it, and a quotation that goes on.
        goes_on = any(unit.tag == '"' for unit in units[clause.end : stop])
        return 0, stop if goes_on else clause.first
    objects = [g for g in clause.objects if units[g.last - 1].lower not in time_nouns]
    if clause.subjects and not objects and opens > clause.last - 1:
        opens = clause.first
    follows = units[clause.last].tag if clause.last < len(units) else "."
    if (
        objects
        and takes_up(clause, sentence, accusations)
        and clause.end < len(units)
        and units[clause.end].tag in "SW"
    ):
        # "rejected any allegation that …": the content of the allegation is what is rejected.
        return clause.end, stop
    if objects and follows != "S" and not _blames(clause):
        return clause.last, _end_of_complement(clause, sentence)
    if clause.kind in ("reduced", "relative", "gerund"):
        stop = next((at for at in range(clause.last, stop) if units[at].tag == ","), stop)
    behind = units[clause.last + 1].tag if clause.last + 1 < len(units) else "."
    if opens > 1 and units[opens - 1].tag == "," and follows == "," and behind in "BHXVR" and not objects:
        # "Moscow, the team says, has provided …"
        return 0, stop
    closing = len(rest) <= 6 and not any(u.tag in "S" for u in rest)
    closing = closing and not any(c.verb >= clause.last and c.kind == "main" for c in sentence.clauses)
    if opens > 1 and units[opens - 1].tag in ',"' and closing:
        return 0, opens
    if opens > 2 and units[opens - 1].lower == "as" and units[opens - 2].tag == "," and closing:
        return 0, opens - 1  # "…, as the paper reported."
    return clause.last, stop


def _opens_clause(at: int, sentence: Sentence) -> bool:
    """Whether a conjunction is followed by a clause with a subject of its own."""
    return any(group.first == at + 1 for clause in sentence.clauses for group in clause.subjects)


def takes_up(clause: Clause, sentence: Sentence, accusations: frozenset[str]) -> bool:
    """Whether a clause's object is an allegation or claim made before or told with it."""
    groups = clause.subjects if clause.passive else clause.objects
    heads = {sentence.units[group.last - 1].lower for group in groups}
    return any(head in accusations or head.removesuffix("s") in accusations for head in heads)


def _end_of_complement(clause: Clause, sentence: Sentence) -> int:
    """The end of a cue's object with the infinitives that hang on it ("voiced willingness to consider …")."""
    end = clause.end
    chain = [clause]
    for other in sentence.clauses:
        if other.kind == "infinitive" and other.parent in chain:
            chain.append(other)
            end = max(end, other.end)
    return end


def _blames(clause: Clause) -> bool:
    """ "Accused Rwanda of backing …": the content stands behind the object."""
    return any(preposition in ("of", "for", "over") for preposition, _ in clause.phrases) or clause.lemma in (
        "accuse",
        "blame",
        "suspect",
        "tell",
        "warn",
        "inform",
        "assure",
    )


def _according_to(sentence: Sentence, cast: Cast) -> list[Attribution]:
    found = []
    units = sentence.units
    for at in range(len(units) - 2):
        if units[at].lower == "according" and units[at + 1].lower == "to":
            group = sentence.group_of.get(at + 2)
            if group is None:
                continue
            holder, span, inferred = holder_of([group], sentence, cast)
            stance = Stance(
                holder=holder,
                cue=(units[at].start, units[at + 1].end),
                holder_span=span,
                holder_inferred=inferred,
                method="claim.according-to",
            )
            found.append(Attribution(0, len(units), stance, None, None))
    return found


def _in_view_of(sentence: Sentence, cast: Cast) -> list[Attribution]:
    """ "In the minister's view", "in the paper's account"."""
    found = []
    units = sentence.units
    for group in sentence.groups:
        viewed = units[group.last - 1].lower in cast.codebook.grammar["view_nouns"]
        if not viewed or group.first == 0 or units[group.first - 1].lower != "in":
            continue
        if group.first > 1 and units[group.first - 2].tag not in ',"':
            continue  # "Money in the minister's account."
        owner = next((at for at in range(group.first, group.last - 1) if units[at].tag in "'Q"), None)
        if owner is None:
            continue
        holders = modifier_actors(group, sentence, cast)
        span = (units[group.first].start, units[owner].end)
        stance = Stance(
            holder=holders[0].id if holders else UNNAMED,
            cue=(units[group.first - 1].start, units[group.last - 1].end),
            holder_span=(holders[0].start, holders[0].end) if holders else span,
            holder_inferred=holders[0].inferred if holders else True,
            method="claim.in-view-of",
        )
        found.append(Attribution(0, len(units), stance, None, None))
    return found


def stance_of(clause: Clause, sentence: Sentence, cast: Cast, given: list[Attribution]) -> Stance:
    """The claim that records of this clause carry."""
    grammar = cast.codebook.grammar
    units = sentence.units
    stance = Stance()
    governing = [a for a in given if a.first <= clause.verb < a.last and a.clause is not clause]
    if governing and not denies_what_stands_before(clause, sentence, cast):
        stance = max(governing, key=lambda a: a.first if a.clause else -1).stance
    stance = _with_modality(stance, clause, sentence, cast)
    for at in range(max(0, clause.first - 3), min(len(units), clause.last + 2)):
        word = units[at].lower
        act = grammar["hearsay"].get(word)
        if act is not None and stance.holder is None and units[at].tag == "R":
            stance = replace(
                stance, holder=UNNAMED, act=act, certainty="CT",
                cue=(units[at].start, units[at].end), holder_span=None, holder_inferred=True, method="claim.hearsay",
            )  # fmt: skip
        likely = grammar["likely"].get(word)
        if likely is not None and clause.first <= at < clause.last:
            stance = replace(stance, certainty=likely)
    opened = _open_question(clause, sentence, cast)
    if opened is not None:
        stance = replace(
            stance,
            act="appraise",
            certainty="U",
            polarity="unk",
            realis="hypothetical",
            cue=opened,
            method="claim.open-question",
        )
    over = clause.parent if clause.kind == "infinitive" else None
    fails = over is not None and over.lemma in grammar["failing_verbs"] and not over.negated
    if (clause.negated or fails) and stance.polarity != "unk":
        flipped = "neg" if stance.polarity == "pos" else "pos"
        act = "deny" if flipped == "neg" and stance.holder is not None and stance.act in ("deny",) else stance.act
        stance = replace(stance, polarity=flipped, act=act)
    return stance


def _with_modality(stance: Stance, clause: Clause, sentence: Sentence, cast: Cast) -> Stance:
    units = sentence.units
    current: Clause | None = clause
    seen = 0
    while current is not None and seen < 4:
        if current is not clause:
            realis = _realis_of(current, cast)
            if realis is not None:
                stance = replace(stance, realis=realis)
        if current.modal:
            certainty, told = cast.codebook.grammar["modals"].get(current.modal, ("CT", "actual"))
            weaker = certainty if certainty != "CT" else stance.certainty
            act = "predict" if stance.act == "state" and told != "actual" else stance.act
            cue = stance.cue or (_modal_span(current, sentence) if act == "predict" else None)
            stance = replace(
                stance,
                certainty=weaker,
                realis=told,
                act=act,
                cue=cue,
                method="claim.modal" if act == "predict" and stance.holder is None else stance.method,
            )
            break
        current = current.parent
        seen += 1
    if clause.kind == "infinitive" and clause.parent is None and stance.realis == "actual":
        stance = replace(stance, realis="planned")
    settled = _has_met(clause, cast) or _is_implied(clause, cast)
    if units[clause.first].tag == "T" and stance.realis == "actual" and not settled:
        stance = replace(stance, realis="planned")
    return stance


def _realis_of(clause: Clause, cast: Cast) -> str | None:
    """The realis that a governing verb gives what it governs."""
    frames = cast.codebook.frames_by_verb.get(clause.lemma, ())
    own = [f.realis for particle, f in frames if f.realis and particle and particle == clause.particle]
    return next(iter(own or [f.realis for particle, f in frames if f.realis and not particle]), None)


def _has_met(clause: Clause, cast: Cast) -> bool:
    """ "Met to discuss", "travelled to Washington to sign": the purpose of a meeting or journey is taken as fulfilled."""
    parent = clause.parent
    if parent is None or parent.kind != "main" or parent.modal or parent.negated:
        return False
    return parent.lemma in cast.codebook.heads["meeting_verbs"]


def _is_implied(clause: Clause, cast: Cast) -> bool:
    """ "Managed to seize", "continues to back", "failed to seize": whether the verb above settles if it came about."""
    over, grammar = clause.parent, cast.codebook.grammar
    if over is None:
        return False
    verb = f"{over.lemma} {over.particle}" if over.particle else over.lemma
    return verb in grammar["implicative_verbs"] or over.lemma in grammar["failing_verbs"]


def _modal_span(clause: Clause, sentence: Sentence) -> Span:
    for unit in sentence.units[clause.first : clause.last]:
        if unit.lower == clause.modal:
            return unit.start, unit.end
    return sentence.units[clause.first].start, sentence.units[clause.verb].end


def _open_question(clause: Clause, sentence: Sentence, cast: Cast) -> Span | None:
    words = cast.codebook.grammar["open_questions"]
    for at in range(clause.first - 1, -1, -1):
        unit = sentence.units[at]
        if unit.tag in ",;":
            return None
        if unit.lower in words and at + 1 < len(sentence.units):
            following = sentence.units[at + 1].lower
            if following in ("how", "whether", "if", "what", "when", "why"):
                return unit.start, unit.end
    return None


__all__ = ["Actor", "Attribution", "Stance", "attributions", "claim_frame", "holder_of", "stance_of"]
