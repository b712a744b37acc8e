"""Units of a sentence → noun and verb groups → clauses.

One letter per unit (see `units`), so that groups are found by a few compiled patterns whatever the number of rules.
Clauses carry subject, objects, prepositional phrases, voice, negation, modality and control.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pipeline.extract.names import Name
from pipeline.extract.tokens import Tokens
from pipeline.extract.units import Lexicon, Unit, tagged_units


@dataclass(slots=True)
class Group:
    """A noun group or verb group: units [first, last), its head's index; indices are into the sentence's units."""

    first: int
    last: int
    head: int


@dataclass(slots=True)
class Clause:
    """One predicate with what stands around it. `subjects` and `objects` are noun groups, coordinated ones apart."""

    verb: int
    first: int
    last: int
    lemma: str
    tag: str
    particle: str = ""
    negated: bool = False
    passive: bool = False
    modal: str = ""
    kind: str = "main"
    subjects: list[Group] = field(default_factory=list)
    objects: list[Group] = field(default_factory=list)
    second: list[Group] = field(default_factory=list)
    phrases: list[tuple[str, Group]] = field(default_factory=list)
    parent: "Clause | None" = None
    end: int = 0


@dataclass(slots=True)
class Sentence:
    """A sentence's units, noun groups and clauses; `group_of` maps a unit to the noun group it lies in."""

    units: list[Unit]
    groups: list[Group]
    clauses: list[Clause]
    group_of: dict[int, Group]

    @property
    def start(self) -> int:
        """Where its first unit begins in the text."""
        return self.units[0].start

    @property
    def end(self) -> int:
        """Where its last unit ends in the text."""
        return self.units[-1].end


_NOUN_GROUP = re.compile(
    r"(?:[DQ]|R(?=[JE~]))*"
    # A number behind a noun opens a group of its own: "granted the company | three concessions".
    r"(?:[JNM$~'%]|(?<!N)#|#(?![JNM])|E(?=[JNM~E]*[NM])|G(?=[NM])|(?<=~)[EGVIR]|[IR](?=~)|(?<='J)C(?=[JE]+N))*[NM#%$]|P|[DQ](?![JNM#])"
)
_VERB_GROUP = re.compile(r"(?:[XHBO]|T(?=R*[VBHOEG])|R(?=R*[XHBOVEGTK]))*[VEGKBHO](?:R(?=R*[EVG])|(?<=[BHO])R*[EGV])*")


_CONTRACTED = {"'ll": "will", "wo": "will", "'d": "would", "ca": "can", "sha": "shall"}
"""Modal verbs as they stand in "they'll", "won't", "she'd", "can't"."""


def parse_sentence(
    tokens: Tokens, first: int, last: int, names: list[Name], lexicon: Lexicon, times: Sequence[tuple[int, int]] = ()
) -> Sentence:
    """The sentence of tokens [first, last), with the names that lie in it; `times`: spans of phrases that tell when."""
    units = tagged_units(tokens, first, last, names, lexicon, times)
    letters = "".join(unit.tag for unit in units)
    groups: list[Group] = []
    verbs: list[Group] = []
    index = 0
    while index < len(letters):
        verb = _VERB_GROUP.match(letters, index)
        noun = _NOUN_GROUP.match(letters, index)
        goes_on = letters[index] == "E" and letters[index - 1 : index] in ("C", ",") and _has_perfect(verbs, letters)
        if verb and letters[index] not in "DQJNM#$P" and (goes_on or not (noun and noun.end() > verb.end())):
            verbs.append(Group(index, verb.end(), _main_verb(letters, index, verb.end())))
            index = verb.end()
        elif noun:
            groups.append(Group(index, noun.end(), noun.end() - 1))
            index = noun.end()
        else:
            index += 1
    groups = _split_opening(_split_datives(groups, verbs, units, lexicon), units, letters)
    group_of = {unit: group for group in groups for unit in range(group.first, group.last)}
    return Sentence(units, groups, _clauses(units, letters, groups, verbs, group_of, lexicon), group_of)


def _has_perfect(verbs: list[Group], letters: str) -> bool:
    """Whether an earlier verb group has an auxiliary that a listed participle may go on with."""
    return any(letters[verb.head] == "E" and set("BH") & set(letters[verb.first : verb.head]) for verb in verbs)


def _main_verb(letters: str, first: int, last: int) -> int:
    for index in range(last - 1, first - 1, -1):
        if letters[index] in "VEGK":
            return index
    for index in range(last - 1, first - 1, -1):
        if letters[index] in "BHO":
            return index
    return last - 1


def _clauses(
    units: list[Unit],
    letters: str,
    groups: list[Group],
    verbs: list[Group],
    group_of: Mapping[int, Group],
    lexicon: Lexicon,
) -> list[Clause]:
    clauses: list[Clause] = []
    starts = {group.first: group for group in groups}
    verb_starts = {verb.first for verb in verbs}
    for number, verb in enumerate(verbs):
        clause = _open_clause(units, letters, verb, clauses, lexicon)
        limit = verbs[number + 1].first if number + 1 < len(verbs) else len(units)
        _read_right(clause, verb, limit, units, letters, starts, verb_starts, lexicon)
        clauses.append(clause)
    for number, (verb, clause) in enumerate(zip(verbs, clauses, strict=True)):
        _find_subject(clause, verb, clauses[:number], units, letters, group_of, lexicon)
        _find_antecedent(clause, letters, group_of)
        _turn_speech(clause, letters, lexicon)
        denied = any(_is_none(group, units) for group in (*clause.subjects, *clause.objects))
        clause.negated = clause.negated or denied  # "Has no troops", "no deal was signed".
    _lend_subject(clauses)
    return clauses


_ONLY = frozenset({"only", "just", "merely", "simply", "solely"})
"""Words behind "not" that take the negation back."""
_BOUNDING = frozenset({"fewer", "less", "more", "later", "sooner", "other"})
"""Words behind "no" that bound a number or time."""


def _is_none(group: Group, units: list[Unit]) -> bool:
    """Whether a noun group is one of nothing: "no troops", but "no fewer than 20" and "No 10" are something."""
    after = units[group.first + 1] if group.first + 1 < len(units) else None
    plain = after is not None and after.lower not in _BOUNDING and after.tag != "#"
    return units[group.first].lower == "no" and plain


def _turn_speech(clause: Clause, letters: str, lexicon: Lexicon) -> None:
    """ "…,” said the minister", "…, say UN experts": who speaks stands behind the verb."""
    if clause.lemma not in lexicon.inverting or clause.kind != "main" or clause.passive or len(clause.objects) != 1:
        return
    speaker, before = clause.objects[0], letters[clause.first - 1] if clause.first else ""
    ends = max(clause.end, speaker.last)
    closes = ends >= len(letters) or letters[ends] in '.,"WI'
    opens = speaker.first == clause.last and before in tuple(',"')
    if opens and closes and not any(letter in "VXBHS" for letter in letters[ends:] if before == ","):
        clause.subjects, clause.objects = [speaker], []


def _lend_subject(clauses: list[Clause]) -> None:
    """ "Backing the rebels, Rwanda …", "After signing, …": a participle that opens a sentence has its main subject."""
    main = next((clause for clause in clauses if clause.kind == "main" and clause.subjects), None)
    for clause in clauses:
        if clause is main:
            break
        if main is not None and clause.kind in ("gerund", "reduced") and not clause.subjects:
            clause.subjects = main.subjects


def _open_clause(units: list[Unit], letters: str, verb: Group, earlier: list[Clause], lexicon: Lexicon) -> Clause:
    head = units[verb.head]
    lemma, tag = lexicon.verb_forms.get(head.lower, (head.lower, ""))
    lemma = {"B": "be", "H": "have", "O": "do"}.get(letters[verb.head], lemma)
    clause = Clause(verb.head, verb.first, verb.last, lemma, tag)
    span = letters[verb.first : verb.last]
    words = [unit.lower for unit in units[verb.first : verb.last]]
    behind = verb.last
    while behind < len(units) and letters[behind] == "R":
        behind += 1
    told = [*words, *(unit.lower for unit in units[verb.last : behind]), ""]  # "Is not the president".
    clause.negated = any(word in lexicon.negations and after not in _ONLY for word, after in pairwise(told))
    modal = next((units[verb.first + at].lower for at, letter in enumerate(span) if letter == "X"), "")
    clause.modal = _CONTRACTED.get(modal, modal)
    before_head = span[: verb.head - verb.first]
    clause.passive = (
        letters[verb.head] in "EV"
        and "B" in before_head
        and "T" not in before_head[before_head.rindex("B") :]
        and letters[verb.head] != "G"
        and not head.lower.endswith("ing")
    )
    if "T" in before_head:
        clause.kind = "infinitive"
    elif letters[verb.head] in "GK" and "B" not in before_head:
        clause.kind = "gerund"
    elif letters[verb.head] == "E" and not set("BH") & set(before_head):
        clause.kind = "reduced"
        clause.passive = True
        joined = _joined_to(earlier, verb, letters)
        if joined is not None:
            clause.kind, clause.passive = joined.kind, joined.passive
    return clause


def _joined_to(earlier: list[Clause], verb: Group, letters: str) -> Clause | None:
    """The clause whose auxiliary a participle goes on with: "has driven out X, told Y to go and broken off Z"."""
    if letters[verb.head] != "E" or verb.first == 0 or letters[verb.first - 1] not in "C,":
        return None
    for clause in reversed(earlier):
        if letters[clause.verb] == "E" and set("BH") & set(letters[clause.first : clause.verb]):
            return clause
        if clause.kind == "relative":
            return None
    return None


def _read_right(
    clause: Clause,
    verb: Group,
    limit: int,
    units: list[Unit],
    letters: str,
    starts: Mapping[int, Group],
    verb_starts: set[int],
    lexicon: Lexicon,
) -> None:
    """Objects and prepositional phrases up to the next verb group or clause boundary."""
    index = verb.last
    inside = clause.kind in ("infinitive", "gerund") and _is_inside_subject(verb, letters)
    if (
        index < limit
        and units[index].lower in lexicon.particles
        and letters[index] in "IR"
        and units[index].lower not in ("by",)
    ):
        clause.particle = units[index].lower
        if letters[index] == "R":
            index += 1
        while index < limit and letters[index] == "Y":
            index += 1
    if clause.lemma == "be":
        at = next((at for at in range(index, limit) if letters[at] not in "RY"), limit)
        if at < limit and letters[at] == "J" and at not in starts:
            # "is grateful to"
            clause.particle, index = units[at].lower, at + 1
    preposition = ""
    target: list[Group] | None = clause.objects
    joined = False
    while index < limit:
        letter = letters[index]
        if index in starts:
            group = starts[index]
            follows = group.last
            while follows < limit and letters[follows] in "RY" and follows not in verb_starts:
                follows += 1
            is_subject_of_next = follows in verb_starts
            finite_next = is_subject_of_next and letters[follows] not in "TGE"
            due = inside and not (clause.objects or preposition)  # "The plan to arm the rebels | failed."
            if finite_next and not due and (preposition in lexicon.clause_prepositions or not preposition or joined):
                break
            if preposition:
                clause.phrases.append((preposition, group))
            elif target is clause.objects and clause.objects and not joined:
                # Two noun groups in a row: the dative, then what is given.
                if clause.second:
                    break
                clause.second, clause.objects = clause.objects, [group]
            elif target is not None:
                target.append(group)
            joined = False
            index = group.last
            continue
        if letter == "I":
            preposition = units[index].lower
            target = None
            joined = False
        elif letter == "C" or letter == ",":
            joined = True
            if letter == "," and not _continues_list(index, letters, starts, limit):
                if index + 1 < limit and letters[index + 1] in "IR":
                    index += 1
                    continue
                break
        elif letter == "J" and preposition == "as":
            # "rejected as unfounded any allegation"
            preposition, target = "", clause.objects
        elif letter == "R" and units[index].lower in lexicon.particles and clause.objects and not clause.particle:
            # "drive the rebels out"
            clause.particle = units[index].lower
        elif letter in 'SW;:."' or letter not in "RY'~()":
            break
        index += 1
    clause.end = index


def _is_inside_subject(verb: Group, letters: str) -> bool:
    """Whether a verb hangs on a noun that opens its clause, so that the finite verb is still to come."""
    opening = max((letters.rfind(mark, 0, verb.first) for mark in 'SW;:"'), default=-1) + 1
    before = letters[opening : verb.first]
    return before.rstrip("RY")[-1:] in tuple("NM") and not any(letter in "VXHBO" for letter in before)


def _split_datives(groups: list[Group], verbs: list[Group], units: list[Unit], lexicon: Lexicon) -> list[Group]:
    """ "Gave Turkey exclusive rights": the name that opens the group receives what the rest names."""
    givers = {
        verb.last for verb in verbs if lexicon.verb_forms.get(units[verb.head].lower, ("", ""))[0] in lexicon.dative
    }
    found = []
    for group in groups:
        found += _split_dative(group, units, lexicon) if group.first in givers else [group]
    return found


def _split_opening(groups: list[Group], units: list[Unit], letters: str) -> list[Group]:
    """ "Under that proposal Kyiv would …": the name before the verb is no part of the phrase that opens a sentence."""
    if len(units) < 5 or letters[0] != "I" or not groups or groups[0].first != 1:
        return groups
    group = groups[0]
    last = group.last - 1
    is_subject = (
        letters[last] == "M" and letters[last - 1] == "N" and letters[group.last : group.last + 1] in tuple("XHBV")
    )
    return [Group(1, last, last - 1), Group(last, group.last, last), *groups[1:]] if is_subject else groups


def _split_dative(group: Group, units: list[Unit], lexicon: Lexicon) -> list[Group]:
    opening = group.first + (1 if units[group.first].tag == "D" else 0)
    name = units[opening].name if opening < group.last else None
    if name is None or opening + 1 >= group.last or units[opening + 1].tag == "~":
        return [group]
    actor = name.of_kind("actor")
    if actor is None:
        return [group]
    end = opening + 1
    if units[end].tag == "'":
        end += 1
    if (
        actor.alias_type == "demonym"
        or units[end - 1].tag == "'"
        or units[min(end, group.last - 1)].lower in lexicon.collective
    ):
        # "Gave American companies | access to its mines", "gave Mali's junta | weapons".
        end += 1
        if units[end - 1].lower not in lexicon.collective or end >= group.last or units[end].tag not in "NJ":
            return [group]
    return [Group(group.first, end, end - 1), Group(end, group.last, group.head)]


def _continues_list(comma: int, letters: str, starts: Mapping[int, Group], limit: int) -> bool:
    """Whether a comma stands in a list "A, B and C" rather than before an apposition or a new clause."""
    index = comma + 1
    if index < limit and letters[index] == "C":
        return index + 1 in starts
    for _ in range(5):
        group = starts.get(index)
        if group is None or group.last >= limit:
            return False
        if letters[group.last] == "C":
            return True
        if letters[group.last] == "," and group.last + 1 < limit and letters[group.last + 1] == "C":
            return True
        if letters[group.last] != ",":
            return False
        index = group.last + 1
    return False


def _find_subject(
    clause: Clause,
    verb: Group,
    earlier: list[Clause],
    units: list[Unit],
    letters: str,
    group_of: Mapping[int, Group],
    lexicon: Lexicon,
) -> None:
    previous = earlier[-1] if earlier else None
    before = verb.first - 1
    while before >= 0 and letters[before] in "RY":
        before -= 1
    if clause.kind == "infinitive" and previous is not None:
        clause.parent = previous
        controlled = previous.lemma in lexicon.object_control and not previous.passive
        source = previous.second or previous.objects
        if controlled and (source or previous.phrases):
            clause.subjects = source or [previous.phrases[-1][1]]
        elif not previous.passive and previous.phrases and previous.phrases[-1][0] == "for":
            clause.subjects = [previous.phrases[-1][1]]
        else:
            clause.subjects = previous.subjects
        return
    if (
        clause.kind == "gerund"
        and previous is not None
        and (before < 0 or letters[before] in "I,CS" or before < previous.end)
    ):
        clause.parent = previous
        blamed = before >= 0 and letters[before] == "I" and previous.lemma in lexicon.object_control
        clause.subjects = (
            previous.objects if blamed and previous.objects and not previous.passive else previous.subjects
        )
        return
    joined = _joined_to(earlier, verb, letters) if not set("BH") & set(letters[verb.first : verb.head]) else None
    if joined is not None:
        clause.subjects, clause.parent = joined.subjects, joined.parent
        return
    if clause.kind == "reduced":
        group = group_of.get(before)
        if group is not None:
            clause.subjects = [group]
            return
    if before >= 0 and letters[before] == "W":
        antecedent = before - 1
        while antecedent >= 0 and letters[antecedent] in ",IY":
            antecedent -= 1
        group = group_of.get(antecedent)
        if group is not None:
            clause.kind = "relative"
            clause.subjects = [_of_whom(group, units, letters, group_of) if units[before].lower == "that" else group]
        return
    if before > 0 and letters[before] == "C" and letters[before - 1] in ",Y" and clause.kind == "main":
        # "condemns the agreement, since …, and accuses …": a second predicate of the sentence's subject.
        alike = [c for c in earlier if c.kind == "main" and c.subjects and c.tag[:3] == clause.tag[:3]]
        if alike:
            clause.subjects, clause.parent = alike[0].subjects, alike[0].parent
            return
    if before >= 0 and letters[before] == "C" and previous is not None and group_of.get(before - 1) is not None:
        clause.subjects = previous.subjects
        clause.parent = previous.parent
        bare = verb.first == verb.head and not units[verb.head].lower.endswith("ed")
        if previous.kind in ("infinitive", "gerund") and clause.kind == "main" and clause.tag in ("VB", "") and bare:
            clause.kind = previous.kind
        return
    beside = group_of.get(before - 1) if before >= 0 and letters[before] == "," else None
    owned = previous is not None and any(units[group.first].lower == "whose" for group in previous.subjects)
    if previous is not None and clause.kind == "main" and beside and not owned and _is_argument(beside, previous):
        # "drove out the troops, told them …": a second predicate of the same subject.
        clause.subjects = previous.subjects
        return
    found = _subject_to_the_left(before, units, letters, group_of, lexicon, earlier)
    if found:
        clause.subjects = found
    elif previous is not None and clause.kind != "main":
        clause.subjects = previous.subjects
        clause.parent = previous
    elif previous is not None and before >= 0 and letters[before] in ",C":
        clause.subjects = previous.subjects


def _find_antecedent(clause: Clause, letters: str, group_of: Mapping[int, Group]) -> None:
    """ "The rebels, whom Rwanda supports": the object that stands before the relative pronoun."""
    first = min((group.first for group in clause.subjects), default=0)
    if clause.objects or clause.passive or first < 2 or first > clause.first or letters[first - 1] != "W":
        return
    at = first - 2
    while at > 0 and letters[at] in ",Y":
        at -= 1
    group = group_of.get(at)
    if group is not None and letters[first - 2] != "I":
        clause.objects, clause.kind = [group], "relative"


def _is_argument(group: Group, clause: Clause) -> bool:
    return bool(clause.subjects) and (group in clause.objects or any(group is other for _, other in clause.phrases))


def _of_whom(group: Group, units: list[Unit], letters: str, group_of: Mapping[int, Group]) -> Group:
    """What a relative pronoun means: "an agreement in Washington on Thursday that gives …" is no place that gives."""
    located = group.first > 1 and units[group.first - 1].lower in ("in", "at", "near") and letters[group.head] == "M"
    before = group_of.get(group.first - 2) if located else None
    return before if before is not None and letters[before.head] == "N" else group


def _subject_to_the_left(
    index: int,
    units: list[Unit],
    letters: str,
    group_of: Mapping[int, Group],
    lexicon: Lexicon,
    earlier: list[Clause],
) -> list[Group]:
    """The noun group that a finite verb agrees with: over prepositional phrases, appositions and relative clauses."""
    floor = 0
    best: Group | None = None
    while index >= floor:
        letter = letters[index]
        if letter in ",)":
            opening = _matching_comma(index, letters)
            named = group_of.get(opening + 1) if opening is not None else None
            outer = group_of.get(opening - 1) if opening else None
            beside = named is not None and outer is not None and best is None and named.last == index
            if named and outer and beside and letters[named.head] == "M" and letters[outer.head] == "N":
                # "the general manager, Ali bin Tamim, said": the name rather than the noun.
                return [named]
            if opening is None:
                if best is not None:
                    break
                index -= 1
                continue
            index = opening - 1
            continue
        group = group_of.get(index)
        if group is None:
            if letter in "VEGKBHOXT":
                owner = next((c for c in earlier if c.first <= index < c.last), None)
                if owner is not None and owner.kind in ("reduced", "relative") and best is None and owner.subjects:
                    return owner.subjects
                break
            if letter in 'SW:;"':
                break
            index -= 1
            continue
        inner = next((c for c in earlier if c.kind in ("infinitive", "gerund") and c.first < group.first < c.end), None)
        if inner is not None and inner.first > floor and _is_inside_subject(Group(inner.first, inner.last, 0), letters):
            index = inner.first - 1
            continue
        head_of_phrase = group.first > 0 and letters[group.first - 1] == "I"
        if head_of_phrase and units[group.first - 1].lower not in lexicon.clause_prepositions:
            index = group.first - 2
            continue
        if (
            head_of_phrase
            and group.first - 2 >= 0
            and group_of.get(group.first - 2) is not None
            and units[group.first - 1].lower in ("for", "as", "than")
        ):
            index = group.first - 2
            continue
        paired = group_of.get(group.first - 2) if group.first > 1 and letters[group.first - 1] == "C" else None
        linked = units[paired.first - 1].lower if paired is not None and paired.first > 0 else ""
        opens = paired is not None and not any(letter in "VBHX" for letter in letters[: paired.first])
        if paired is not None and (
            linked in ("between", "among", "of", "with") or (opens and paired.first > 1 and linked in ("from", "in"))
        ):
            index = paired.first - 2
            continue
        best = group
        found = [group]
        while group.first - 1 > 0 and letters[group.first - 1] == "C" and group_of.get(group.first - 2):
            group = group_of[group.first - 2]
            if (group.first > 0 and letters[group.first - 1] == "I") or _is_acted_on(group, earlier, lexicon):
                break
            found.insert(0, group)
        while len(found) > 1 and group.first > 1 and letters[group.first - 1] == "," and group_of.get(group.first - 2):
            group = group_of[group.first - 2]
            if units[group.last - 1].tag != "M" or (group.first > 0 and letters[group.first - 1] == "I"):
                break
            found.insert(0, group)
        return found
    return [best] if best else []


def _is_acted_on(group: Group, earlier: list[Clause], lexicon: Lexicon) -> bool:
    """Whether a group is the object of the verb before: "Russia gets a base and | Sudan receives arms"."""
    return bool(earlier) and group in earlier[-1].objects and earlier[-1].lemma not in lexicon.speech


def _matching_comma(index: int, letters: str) -> int | None:
    """The comma or bracket that opens an aside closing at `index`."""
    opener = "(" if letters[index] == ")" else ","
    for at in range(index - 1, max(-1, index - 30), -1):
        if letters[at] == opener:
            return at if at > 0 else None
        if letters[at] in ';:"':
            return None
    return None


def slot_of(clause: Clause, group: Group, prefix: str = "") -> tuple[int, str] | None:
    """How a noun group stands to a clause: rank of nearness, and name; None where it is none of its arguments."""
    voice = "passive:" if clause.passive else ""
    if group in clause.subjects:
        return 1, f"{prefix}{voice}subject"
    if group in clause.objects:
        return 1, f"{prefix}{voice}object"
    if group in clause.second:
        return 1, f"{prefix}second"
    for preposition, other in clause.phrases:
        if other is group:
            return 2, f"{prefix}{voice}{preposition}"
    return None
