"""The act of an undertaking, weighed: asked for, offered, promised, agreed, given, expected, refused or taken back.

Rules tell it from the verb that has the undertaking as its object, and that verb alone tells it in one case of three.
Unless the verb has just one of the plain meanings, weights trained on coded terms take what rules say together with the
word that tells the undertaking, the verbs above it, the stage of the bargain, and the claim that it stands in.
"""

from collections.abc import Iterator

from pipeline.extract.bargains import Bargains
from pipeline.extract.candidates import Candidate, clause_telling
from pipeline.extract.clauses import Clause
from pipeline.extract.setting import Setting
from pipeline.extract.stance import Stance
from pipeline.extract.units import lemma

PLAIN = frozenset({"request", "offer", "refuse", "withdraw"})
"""Acts that rules read off a verb of just that meaning: weights know no better."""
ABOVE = 3
"""How many verbs above that of an undertaking are looked at."""
_BESIDE = ("near:", "+", "-")
"""Features of a candidate that hold of the words beside it: many, and they say little of its act."""


def act_features(
    candidate: Candidate, kind: str, ruled: str, stance: Stance, setting: Setting, bargains: Bargains
) -> Iterator[str]:
    """What tells the act of an undertaking of a type. ruled, stance: the act and the claim as rules have them."""
    codebook = setting.cast.codebook
    yield f"rule:{ruled}"
    yield f"rule:{ruled}|{kind}"
    yield f"type:{kind}"
    yield f"type:{codebook.codes.parent('term_type', kind)}"
    yield from (feature for feature in candidate.features if not feature.startswith(_BESIDE))
    verb = clause_telling(candidate, setting.sentence) or _innermost(candidate.at, setting)
    for number in range(ABOVE + 1):
        if verb is None:
            break
        yield from _verb_features("above" if number else "own", verb, setting)
        verb = verb.parent
    for clause in setting.sentence.clauses:
        yield from _verb_features("any", clause, setting)
    for deal in bargains.here:
        for stage, _, _ in deal.stages:
            yield f"stage:{stage}"
    for value in (stance.act, stance.realis, stance.polarity, stance.certainty):
        yield f"claim:{value}"
    for unit in setting.sentence.units:
        if unit.tag in "NVEGKXJ" and unit.name is None:
            yield f"word:{lemma(unit)}"


def _innermost(at: int, setting: Setting) -> Clause | None:
    """The clause that begins last of those that a unit lies in."""
    around = [clause for clause in setting.sentence.clauses if clause.first <= at < max(clause.end, clause.last)]
    return max(around, key=lambda clause: clause.first, default=None)


def _verb_features(where: str, clause: Clause, setting: Setting) -> Iterator[str]:
    yield f"{where}:{clause.lemma}"
    yield f"{where}:modal:{clause.modal}"
    for _, frame in setting.cast.codebook.frames_by_verb.get(clause.lemma, ()):
        if frame.term is not None:
            yield f"{where}:act:{frame.term['act']}"
        if frame.stage is not None:
            yield f"{where}:stage:{frame.stage}"
        if where != "any" and frame.realis is not None:
            yield f"{where}:realis:{frame.realis}"
    if where == "any":
        return
    yield f"{where}:{clause.kind}"
    yield f"{where}:class:{setting.sentence.units[clause.verb].tag}"
    if clause.negated:
        yield f"{where}:negated"
    if clause.passive:
        yield f"{where}:passive"


def weighed_act(
    candidate: Candidate, kind: str, ruled: str, stance: Stance, setting: Setting, bargains: Bargains
) -> str:
    """The likeliest act of an undertaking; what rules say where there are no weights, or their act is a plain one."""
    weights = setting.cast.codebook.weights
    acts = weights.labels("act", "terms")
    if not acts or ruled in PLAIN:
        return ruled
    features = tuple(act_features(candidate, kind, ruled, stance, setting, bargains))
    return max(acts, key=lambda act: (weights.likely(("act", "terms", act), features), act))
