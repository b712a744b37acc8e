"""Sentences → word classes → noun and verb groups → clauses.

One letter per unit (a token, or a whole name), so that groups are found by a few compiled patterns whatever the
number of rules. Clauses carry subject, objects, prepositional phrases, voice, negation, modality and control.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from pipeline.extract.names import Name
from pipeline.extract.tokens import Tokens


class Lexicon(Protocol):
    """What the codebook knows of words."""

    @property
    def closed(self) -> Mapping[str, str]:
        """Word → class letter of the closed classes."""

    @property
    def open(self) -> Mapping[str, str]:
        """Word → class letter by the part-of-speech lexicon."""

    @property
    def verb_forms(self) -> Mapping[str, tuple[str, str]]:
        """Form → (lemma, form tag: VB VBZ VBD VBN VBDN VBG), for verbs that rules use."""

    @property
    def noun_forms(self) -> Mapping[str, str]:
        """Form → singular, for nouns that rules use."""

    @property
    def negations(self) -> frozenset[str]:
        """Words that negate a verb group."""

    @property
    def clause_prepositions(self) -> frozenset[str]:
        """Prepositions that may open a clause."""

    @property
    def particles(self) -> frozenset[str]:
        """Words that make a verb another verb."""

    @property
    def object_control(self) -> frozenset[str]:
        """Verbs whose infinitive the object would do."""

    @property
    def dative(self) -> frozenset[str]:
        """Verbs that take whom before what."""

    @property
    def speech(self) -> frozenset[str]:
        """Verbs of saying, whose past form is no modifier."""

    @property
    def offices(self) -> frozenset[str]:
        """Nouns of an office that may be for something ("minister of", "secretary of")."""

    @property
    def bounds(self) -> frozenset[str]:
        """Words before a number that bound it ("at least")."""

    @property
    def collective(self) -> frozenset[str]:
        """Nouns that make one group with the name before them."""

    @property
    def modifying(self) -> frozenset[str]:
        """Participles that modify such a noun behind them."""


@dataclass(slots=True)
class Unit:
    """A token or a whole name: class letter, token span, text span."""

    tag: str
    first: int
    last: int
    start: int
    end: int
    word: str
    lower: str
    name: Name | None = None


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
    r"(?:[JNM#$~'%]|E(?=[JNM~E]*[NM])|G(?=[NM])|(?<=~)[EGVIR]|[IR](?=~)|(?<='J)C(?=[JE]+N))*[NM#%$]|P|[DQ](?![JNM#])"
)
_VERB_GROUP = re.compile(r"(?:[XHBO]|T(?=R*[VBHOEG])|R(?=R*[XHBOVEGTK]))*[VEGKBHO](?:R(?=R*[EVG])|(?<=[BHO])R*[EGV])*")


def parse_sentence(
    tokens: Tokens, first: int, last: int, names: list[Name], lexicon: Lexicon, times: Sequence[tuple[int, int]] = ()
) -> Sentence:
    """The sentence of tokens [first, last), with the names that lie in it; `times`: spans of phrases that tell when."""
    units = _units(tokens, first, last, names, lexicon)
    _set_times_aside(units, times)
    _retag(units, lexicon)
    _join_offices(units, lexicon)
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


def _set_times_aside(units: list[Unit], times: Sequence[tuple[int, int]]) -> None:
    """Phrases that tell when ("on Tuesday", "in March 2024") are no arguments: Y, or a modifier inside a noun group."""
    for start, end in times:
        inside = [at for at, unit in enumerate(units) if start <= unit.start and unit.end <= end and not _means(unit)]
        if not inside:
            continue
        before, after = units[inside[0] - 1 : inside[0]], units[inside[-1] + 1 : inside[-1] + 2]
        modifies = units[inside[0]].tag != "I" and before and before[0].tag in "DQJ" and after and after[0].tag in "NMJ"
        for at in inside:
            units[at].tag = "J" if modifies else "Y"


def _means(unit: Unit) -> bool:
    """Whether a unit is a name whose meaning is known."""
    return unit.name is not None and bool(unit.name.entries)


def _join_offices(units: list[Unit], lexicon: Lexicon) -> None:
    """ "Secretary of State X", "Minister of Trade and Industry X": one noun group, whose head is the name."""
    for index in range(1, len(units) - 2):
        if units[index].lower not in ("of", "for") or units[index - 1].lower not in lexicon.offices:
            continue
        at = index + 1
        while at < len(units) and at - index < 7 and units[at].tag in "NJC" and not _means(units[at]):
            at += 1
        if index + 1 < at < len(units) and units[at].tag == "M" and units[at].name is not None:
            for unit in units[index:at]:
                unit.tag = "N"


def _has_perfect(verbs: list[Group], letters: str) -> bool:
    """Whether an earlier verb group has an auxiliary that a listed participle may go on with."""
    return any(letters[verb.head] == "E" and set("BH") & set(letters[verb.first : verb.head]) for verb in verbs)


def _units(tokens: Tokens, first: int, last: int, names: list[Name], lexicon: Lexicon) -> list[Unit]:
    by_first = {name.first: name for name in names}
    units = []
    index = first
    while index < last:
        name = by_first.get(index)
        if name is not None and name.last <= last:
            word = " ".join(tokens.word[index : name.last])
            commodity = name.entries and all(entry.kind == "commodity" for entry in name.entries)
            units.append(
                Unit("N" if commodity else "M", index, name.last, name.start, name.end, word, word.lower(), name)
            )
            index = name.last
            continue
        word, low, kind = tokens.word[index], tokens.lower[index], tokens.kind[index]
        tag = _tag(word, low, kind, lexicon)
        units.append(Unit(tag, index, index + 1, tokens.start[index], tokens.end[index], word, low))
        index += 1
    return units


def _tag(word: str, low: str, kind: str, lexicon: Lexicon) -> str:
    if kind == "number":
        return "#"
    if kind == "possessive":
        return "'"
    if kind == "mark":
        return {"-": "~", "–": ",", "—": ",", "$": "$", "€": "$", "£": "$", "%": "%", ",": ",", "&": "~"}.get(
            word, word if word in '.:;()"' else '"' if word in "“”‘’«»" else ";"
        )
    closed = lexicon.closed.get(low)
    if closed and not (word.isupper() and len(word) > 1):
        return closed
    form = lexicon.verb_forms.get(low)
    opened = lexicon.open.get(low) or (None if word[0].isupper() else _guess(low))
    if form and opened == "J" and form[1] in ("VBN", "VBDN"):
        return "E"
    if form and low not in lexicon.noun_forms and opened not in ("N", "J"):
        return {"VBN": "E", "VBDN": "E", "VBD": "V", "VBG": "G"}.get(form[1], "V")
    if word[0].isupper() and opened is None:
        return "M"
    return opened or _guess(low)


def _guess(low: str) -> str:
    for suffix, tag in (("ing", "G"), ("ed", "E"), ("ly", "R"), ("ous", "J"), ("ive", "J"), ("al", "J"), ("ful", "J")):
        if low.endswith(suffix) and len(low) > len(suffix) + 2:
            return tag
    return "N"


def _retag(units: list[Unit], lexicon: Lexicon) -> None:
    """Settle words that may be verb or noun, and participles that may be verbs or modifiers, by their neighbours."""
    _retag_bounds(units, lexicon)
    for unit, behind in pairwise(units):
        if unit.lower in lexicon.modifying and behind.lower in lexicon.collective:
            unit.tag = "J"
    for index, unit in enumerate(units):
        if unit.tag == "Y":
            continue
        before = _tag_beside(units, index, -1)
        if before == "R" and index > 1:
            before = units[index - 2].tag if units[index - 2].tag in "XTHBMNPDQ" else before
        after = _tag_beside(units, index, 1)
        low = unit.lower
        if low in ("that", "who") and unit.tag in "DPWS":
            unit.tag = _retag_that(low, before, after)
            if low == "that" and before in "NM'#)" and _opens_relative(units, index, lexicon):
                unit.tag, units[index + 1].tag = "W", "V"
            continue
        if low == "to" and unit.tag == "T" and _is_preposition(units, index, after, lexicon):
            unit.tag = "I"
            continue
        if unit.name is not None or unit.tag not in "NVEGJ":
            continue
        if index and units[index - 1].tag == "W" and unit.tag == "V":
            continue
        if (before == "T" and unit.tag in "NVJ" and (low in lexicon.verb_forms or after in "DQPR")) or (
            before == "P" and unit.tag == "J" and lexicon.verb_forms.get(low, ("", ""))[1] == "VB" and after in "DQMNP"
        ):
            unit.tag = "V"
        elif before in "DQ" and unit.tag == "V" and after in "NJM" and low.endswith("ed"):
            unit.tag = "J"
        elif before == "T" and unit.tag in "NJ":
            units[index - 1].tag = "I"
        elif before == "T" and unit.tag == "V":
            pass
        elif before == "X" and unit.tag in "NJ":
            unit.tag = "V"
        elif index and units[index - 1].tag == "R" and before in "DQ" and unit.tag in "VE" and after in "NMJ":
            unit.tag = "J"
        elif before in "DQJ'#$" and unit.tag == "V" and low in lexicon.verb_forms and _can_be_noun(low, lexicon):
            unit.tag = "N"
        elif (
            unit.tag == "N"
            and before == "I"
            and after in "DQM#$P"
            and lexicon.verb_forms.get(low, ("", ""))[1] == "VBG"
        ):
            unit.tag = "K"  # "accused of arming the rebels"
        elif unit.tag in "NV" and low in lexicon.verb_forms and _can_be_noun(low, lexicon):
            unit.tag = _verb_or_noun(low, before, after, lexicon)
        elif unit.tag == "E":
            unit.tag = _participle(index, before, after, units, lexicon)
        elif (
            unit.tag == "V"
            and before in "BH"
            and low in lexicon.verb_forms
            and low.endswith(("ed", "n", "t", "d", "k", "m", "e"))
        ):
            unit.tag = "E"
        elif (
            unit.tag == "G"
            and low in lexicon.verb_forms
            and ((before in "IV" and after in "DQM#$PJN") or (before in ",C" and after in "DQM#$P"))
        ):
            unit.tag = "K"
        elif unit.tag == "G" and before in "DQ'J" and after in "INJ,.C":
            unit.tag = "N" if after not in "NJ" else "J"
        elif unit.tag == "G" and before == "N" and after in "CN" and not units[index - 1].lower.endswith("s"):
            unit.tag = "N"
        elif unit.tag == "G" and before in "NM" and after in "MDPQ" and low in lexicon.verb_forms:
            # "a message blaming Iran"
            unit.tag = "K"
        elif unit.tag == "N" and before in "MNP" and low in lexicon.verb_forms and lexicon.verb_forms[low][1] == "VBD":
            unit.tag = "V"
    for index, unit in enumerate(units):
        if lexicon.verb_forms.get(unit.lower, ("", ""))[1] != "VBZ":
            continue
        if unit.tag == "N" and _is_due(index, units, lexicon):
            unit.tag = "V"
        elif unit.tag == "V" and _can_be_noun(unit.lower, lexicon) and _tag_beside(units, index, 1) in '.;,"':
            # "… to Houthi rebels."
            unit.tag = "N" if _has_finite(units, index) else "V"


def _is_due(index: int, units: list[Unit], lexicon: Lexicon) -> bool:
    """Whether a noun that may be a verb is the only finite one a reported clause can have ("say the group exploits …")."""
    following = 'DQMPJN$#TI,."' if index > 1 and units[index - 2].tag == "W" else "DQMPJN$#TI"
    if _tag_beside(units, index, -1) not in "MN" or _tag_beside(units, index, 1) not in following:
        return False
    if units[index - 1].tag == "N" and units[index - 1].lower.endswith("s"):
        return False
    first = index - 1
    while first > 0 and units[first].tag not in 'SW;:".,' and not _is_finite(first, units):
        first -= 1
    opens = units[first].tag == "W" or (
        first == 0 or units[first].tag in "S:" or lexicon.verb_forms.get(units[first].lower, ("",))[0] in lexicon.speech
    )
    stop = next((at for at in range(index + 1, len(units)) if units[at].tag in 'SWC;:".,'), len(units))
    if _tag_beside(units, index, 1) == "I" and (first != 0 or _has_finite(units, index)):
        return False
    return opens and not any(_is_finite(at, units) for at in range(index + 1, stop))


def _tag_beside(units: list[Unit], index: int, step: int) -> str:
    """The class of the next unit in a direction, times left out; ^ before the sentence, . behind it."""
    index += step
    while 0 <= index < len(units) and units[index].tag == "Y":
        index += step
    return units[index].tag if 0 <= index < len(units) else "^" if step < 0 else "."


def _retag_bounds(units: list[Unit], lexicon: Lexicon) -> None:
    """Words that bound a number belong to its noun group: "at least 7,000 people", "as many as 60,000"."""
    for index, unit in enumerate(units):
        if unit.tag not in "#$":
            continue
        for length in (3, 2, 1):
            opening = units[max(0, index - length) : index]
            if len(opening) == length and " ".join(u.lower for u in opening) in lexicon.bounds:
                for word in opening:
                    word.tag = "J"
                break


def _is_preposition(units: list[Unit], index: int, after: str, lexicon: Lexicon) -> bool:
    """Whether "to" opens a phrase rather than an infinitive."""
    if after in "DQM#$'~PGI":
        return True
    if after != "N" or index + 1 >= len(units):
        return False
    form = lexicon.verb_forms.get(units[index + 1].lower)
    return form is not None and form[1] != "VB"


def _retag_that(low: str, before: str, after: str) -> str:
    if low == "who":
        return "W"
    if before in "NM'" and after in "BHXOVRE":
        return "W"
    if before in 'VEGNJR,B"' and after in 'DQMPNJ#$IER;"':
        return "S"
    return "D" if after in "NJ" else "P" if after in "BXHV" else "S"


def _opens_relative(units: list[Unit], index: int, lexicon: Lexicon) -> bool:
    """Whether "that" is followed by a finite verb with its object ("an agreement that sets up a fund")."""
    if index + 2 >= len(units):
        return False
    form = lexicon.verb_forms.get(units[index + 1].lower, ("", ""))[1]
    return form in ("VBZ", "VBD", "VBDN") and units[index + 2].tag in "DQRPM#$"


def _can_be_noun(low: str, lexicon: Lexicon) -> bool:
    return low in lexicon.noun_forms or lexicon.open.get(low) == "N"


def _verb_or_noun(low: str, before: str, after: str, lexicon: Lexicon) -> str:
    tag = lexicon.verb_forms[low][1]
    if before in "DQJ'#$I~":
        return "N"
    if before in "XTP":
        return "V"
    if tag in ("VBD", "VBN", "VBDN"):
        return "V"
    if before in 'MN,"' and after in "DQMPT$#SG" and (tag == "VBZ" or before != ","):
        return "V"
    return "V" if tag == "VBZ" and before == "M" and after in 'JNR.;"' else "N"


def _participle(index: int, before: str, after: str, units: list[Unit], lexicon: Lexicon) -> str:
    """E for a participle, V for a past tense, J for a modifier; for a form that may be either."""
    lemma, form = lexicon.verb_forms.get(units[index].lower, ("", "VBDN"))
    following = next((unit.lower for unit in units[index + 1 :] if unit.tag != "Y"), "")
    if before in "BH":
        return "E"
    if before in "DQJ#~'" and after in "NMJ~":
        return "J"
    if form == "VBN":
        return "E"
    if lemma in lexicon.speech and following not in ("by", "of"):
        return "V"
    if before == "M" and after == "N" and _another_verb_follows(index, units):
        # "the M23 armed group has …"
        return "J"
    if before in "N" and after == "M" and _another_verb_follows(index, units):
        # "a company named Kapital has been granted …"
        return "E"
    if before in "NM" and after in "I.,;:" and _is_object(index, units, lexicon):
        # "rejected a claim made by the president"
        return "E"
    if before in 'MNP)"' and after in "DQMP$#TSJNRG,.KC":
        return "V"
    if before in "MNP" and after == "I":
        # "rebels backed by Rwanda", "a study published on Tuesday says": a reduced relative, for the clause builder.
        return "E" if following == "by" or _another_verb_follows(index, units) else "V"
    if before in ",C" and after in "DQMP$#TSNR" and any(u.tag == "V" for u in units[:index]):
        return "V"
    if before == "," and following != "by" and not _has_finite(units, index):
        # The main clause's one verb, behind an aside.
        return "V"
    return "V" if before == "C" and after == "I" and following != "by" and units[index - 2].tag != "E" else "E"


def _is_object(index: int, units: list[Unit], lexicon: Lexicon) -> bool:
    """Whether the noun group before a unit is the object of a verb, other than one of saying."""
    at = index - 1
    while at > 0 and units[at].tag in "DQJNM'#~Y":
        at -= 1
    lemma = lexicon.verb_forms.get(units[at].lower, ("",))[0]
    return units[at].tag in "VEKG" and lemma not in lexicon.speech


def _has_finite(units: list[Unit], index: int) -> bool:
    """Whether the main clause around a unit has another finite verb."""
    stop = next((at for at in range(index + 1, len(units)) if units[at].tag in "SW;:"), len(units))
    return any(_is_finite(at, units) for at in range(stop) if at != index)


def _is_finite(at: int, units: list[Unit]) -> bool:
    """Whether a unit is a verb form that needs no other to make a clause."""
    return units[at].tag in "VBHXO" and _tag_beside(units, at, -1) != "T"


def _another_verb_follows(index: int, units: list[Unit]) -> bool:
    """Whether a finite verb comes before the next mark or conjunction, so that the one at `index` is none."""
    for at in range(index + 2, min(index + 12, len(units))):
        if units[at].tag in ',;:.CSW"':
            return False
        if units[at].tag in "VXB" or (units[at].tag == "H" and units[at - 1].tag in "NM#"):
            return units[at - 1].tag in "NM#R)"
    return False


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
    return clauses


def _open_clause(units: list[Unit], letters: str, verb: Group, earlier: list[Clause], lexicon: Lexicon) -> Clause:
    head = units[verb.head]
    lemma, tag = lexicon.verb_forms.get(head.lower, (head.lower, ""))
    if letters[verb.head] == "B":
        lemma = "be"
    clause = Clause(verb.head, verb.first, verb.last, lemma, tag)
    span = letters[verb.first : verb.last]
    words = [unit.lower for unit in units[verb.first : verb.last]]
    clause.negated = any(word in lexicon.negations for word in words)
    clause.modal = next((units[verb.first + at].lower for at, letter in enumerate(span) if letter == "X"), "")
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
            if finite_next and (preposition in lexicon.clause_prepositions or not preposition or joined):
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
    name = units[opening].name
    if name is None or opening + 1 >= group.last or units[opening + 1].tag in "'~":
        return [group]
    actor = name.of_kind("actor")
    if actor is None or actor.alias_type == "demonym" or units[opening + 1].lower in lexicon.collective:
        return [group]
    return [Group(group.first, opening + 1, opening), Group(opening + 1, group.last, group.head)]


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
            clause.subjects = [group]
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
    if previous is not None and clause.kind == "main" and beside is not None and _is_argument(beside, previous):
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
        if (
            paired is not None
            and paired.first > 0
            and units[paired.first - 1].lower in ("between", "among", "of", "with")
        ):
            index = paired.first - 2
            continue
        best = group
        found = [group]
        while group.first - 1 > 0 and letters[group.first - 1] == "C" and group_of.get(group.first - 2):
            group = group_of[group.first - 2]
            if group.first > 0 and letters[group.first - 1] == "I":
                break
            found.insert(0, group)
        while len(found) > 1 and group.first > 1 and letters[group.first - 1] == "," and group_of.get(group.first - 2):
            group = group_of[group.first - 2]
            if units[group.last - 1].tag != "M" or (group.first > 0 and letters[group.first - 1] == "I"):
                break
            found.insert(0, group)
        return found
    return [best] if best else []


def _matching_comma(index: int, letters: str) -> int | None:
    """The comma or bracket that opens an aside closing at `index`."""
    opener = "(" if letters[index] == ")" else ","
    for at in range(index - 1, max(-1, index - 30), -1):
        if letters[at] == opener:
            return at if at > 0 else None
        if letters[at] in ';:"':
            return None
    return None
