"""Words and names of one sentence → units, each with the letter of its word class.

A word takes its first letter from the closed classes, the verbs and nouns that rules use, the lexicon or its ending;
then phrases that tell when are set aside, and words that may be of several classes are settled by their neighbours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
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
    def inverting(self) -> frozenset[str]:
        """Verbs behind which a speaker may stand."""

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


def tagged_units(
    tokens: Tokens, first: int, last: int, names: list[Name], lexicon: Lexicon, times: Sequence[tuple[int, int]]
) -> list[Unit]:
    """Tokens [first, last) of one sentence → its units in order, their class letters settled by their neighbours.

    names: those that lie in the sentence, each one unit. times: spans, in the text, of phrases that tell when.
    """
    units = _without_inner_marks(_units(tokens, first, last, names, lexicon))
    _set_times_aside(units, times)
    _retag(units, lexicon)
    _join_offices(units, lexicon)
    return units


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
        tag = "," if word == "-" and _stands_apart(index, first, last, tokens) else _tag(word, low, kind, lexicon)
        units.append(Unit(tag, index, index + 1, tokens.start[index], tokens.end[index], word, low))
        index += 1
    return units


def _stands_apart(index: int, first: int, last: int, tokens: Tokens) -> bool:
    """Whether a hyphen with blanks on both sides is a dash."""
    inside = first < index < last - 1
    return inside and tokens.end[index - 1] < tokens.start[index] and tokens.end[index] < tokens.start[index + 1]


def _without_inner_marks(units: list[Unit]) -> list[Unit]:
    """The units without the marks around quoted words that only go on with their sentence.

    "Granted it “full access” to its mines", "would “never” leave"; the marks of a quotation that a comma or colon opens
    or closes, or in which somebody speaks as "we", stay.
    """
    left_out: set[int] = set()
    for opens in range(1, len(units) - 1):
        closing = _CLOSING.get(units[opens].word)
        attached = units[opens].end == units[opens + 1].start and units[opens - 1].end < units[opens].start
        if closing is None or not attached or opens in left_out or units[opens - 1].tag in ',:;."':
            continue
        reach = range(opens + 2, min(opens + QUOTED + 2, len(units)))
        closes = next((at for at in reach if units[at].word in closing and units[at - 1].end == units[at].start), None)
        if closes is None or units[closes - 1].tag in ",.;":
            continue
        if not any(unit.lower in SPOKEN_WE or unit.lower in SPOKEN_I for unit in units[opens:closes]):
            left_out |= {opens, closes}
    return [unit for at, unit in enumerate(units) if at not in left_out] if left_out else units


SPOKEN_WE = frozenset({"we", "us", "our", "ours"})
SPOKEN_I = frozenset({"i", "me", "my"})
"""Words by which a speaker means a body, and himself."""
_CLOSING = {"“": "”", "‘": "’", '"': '"', "'": "'", "«": "»", "„": "“”"}
QUOTED = 12
"""How many units quoted words that go on with their sentence have at most."""


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
    opened = lexicon.open.get(low)
    if form and opened == "J" and form[1] in ("VBN", "VBDN"):
        return "E"
    if form and low not in lexicon.noun_forms and opened not in ("N", "J") and (opened or form[1] != "VBZ"):
        return {"VBN": "E", "VBDN": "E", "VBD": "V", "VBG": "G"}.get(form[1], "V")
    return opened or ("M" if word[0].isupper() else _guess(low))


def _guess(low: str) -> str:
    for suffix, tag in (("ing", "G"), ("ed", "E"), ("ly", "R"), ("ous", "J"), ("ive", "J"), ("al", "J"), ("ful", "J")):
        if low.endswith(suffix) and len(low) > len(suffix) + 2:
            return tag
    return "N"


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


def _retag(units: list[Unit], lexicon: Lexicon) -> None:
    """Settle words that may be verb or noun, and participles that may be verbs or modifiers, by their neighbours."""
    _retag_bounds(units, lexicon)
    _retag_contracted(units, lexicon)
    for index, unit in enumerate(units):
        if unit.lower == "to" and unit.tag == "T" and _tag_beside(units, index, 1) in "DQM#$'~PI":
            unit.tag = "I"
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
        if unit.tag == "J" and before == "D" and index + 1 < len(units) and units[index + 1].lower == "of":
            unit.tag = "N"  # "the last of its troops"
            continue
        if low == "to" and unit.tag == "T" and _is_preposition(units, index, after, lexicon):
            unit.tag = "I"
            continue
        if unit.tag in "RI" and low in lexicon.verb_forms:
            _retag_closed(index, before, after, units, lexicon)
        if unit.name is not None or unit.tag not in "NVEGJ":
            continue
        if index and units[index - 1].tag == "W" and unit.tag == "V":
            continue
        if (before == "T" and unit.tag in "NVJ" and (low in lexicon.verb_forms or after in "DQPR")) or (
            before == "P" and unit.tag == "J" and lexicon.verb_forms.get(low, ("", ""))[1] == "VB" and after in "DQMNP"
        ):
            unit.tag = "V"
        elif _is_adjective(index, before, after, units, lexicon):
            unit.tag = "J"
        elif (
            unit.tag == "J" and before in "NMP" and after in "DQM" and lexicon.verb_forms.get(low, ("", ""))[1] == "VB"
        ):
            unit.tag = "V"  # "the companies own the mines"
        elif before == "T" and unit.tag in "NJ":
            units[index - 1].tag = "I"
        elif before == "T" and unit.tag == "V":
            pass
        elif (before == "X" or _is_negated_do(index, units, lexicon)) and unit.tag in "NJV":
            unit.tag = "V"
        elif index and units[index - 1].tag == "R" and before in "DQ" and unit.tag in "VE" and after in "NMJ":
            unit.tag = "J"
        elif before in "DQJ'#$" and unit.tag == "V" and low in lexicon.verb_forms and _can_be_noun(low, lexicon):
            unit.tag = "N"
        elif (
            unit.tag in "NJ"
            and before in "IBV,"
            and after in "DQM#$P"
            and lexicon.verb_forms.get(low, ("", ""))[1] == "VBG"
        ):
            # "accused of arming the rebels", "is offering the United States access"
            unit.tag = "G" if before == "B" else "K"
        elif (
            index == 0 and unit.tag in "GN" and after in "DQM#$P" and lexicon.verb_forms.get(low, ("", ""))[1] == "VBG"
        ):
            unit.tag = "K"  # "Backing the rebels, Rwanda …"
        elif unit.tag in "GN" and before in "NM" and _takes_good(index, units, lexicon):
            unit.tag = "K"  # "rebels smuggling coltan", "a company mining gold"
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
            and (
                ((before in "IV" or _is_perfect(index, units)) and after in "DQM#$PJN")
                or (before in ",C" and after in "DQM#$P")
            )
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
        elif unit.tag in "NV" and _can_be_noun(unit.lower, lexicon) and _tag_beside(units, index, 1) in '.;,"':
            # "… to Houthi rebels.", but "…, Reuters reports."
            speaks = lexicon.verb_forms[unit.lower][0] in lexicon.speech and _closes_speech(index, units)
            unit.tag = "V" if speaks or (unit.tag == "V" and not _has_finite(units, index)) else "N"


def _is_perfect(index: int, units: list[Unit]) -> bool:
    """Whether a participle behind "has" or "was" stands before a unit ("has denied sending weapons")."""
    at = index - 2
    while at > 0 and units[at].tag == "R":
        at -= 1
    return index > 1 and units[index - 1].tag == "E" and units[at].tag in "HB"


def _takes_good(index: int, units: list[Unit], lexicon: Lexicon) -> bool:
    """Whether an "-ing" form is followed by a commodity that is no part of a longer noun group."""
    if lexicon.verb_forms.get(units[index].lower, ("", ""))[1] != "VBG" or index + 1 >= len(units):
        return False
    good = units[index + 1].name
    return good is not None and good.of_kind("commodity") is not None and _tag_beside(units, index + 1, 1) not in "NM~"


def _retag_closed(index: int, before: str, after: str, units: list[Unit], lexicon: Lexicon) -> None:
    """An adverb or preposition that is a verb here: "vowed to back the rebels", "has given", "are following"."""
    unit, form = units[index], lexicon.verb_forms[units[index].lower][1]
    asked = units[0].tag in "OX" and before in "MNP"  # "Will Rwanda back the rebels?"
    if form == "VB" and (before in "TX" or asked or _is_negated_do(index, units, lexicon)) and after in "DQMPT":
        unit.tag = "V"
    elif form in ("VBN", "VBDN") and (
        before in "BH" or (units[index + 1 : index + 2] and units[index + 1].lower == "by")
    ):
        unit.tag = "E"
    elif form == "VBG" and before == "B" and after in "DQMP":
        unit.tag = "G"


def _is_negated_do(index: int, units: list[Unit], lexicon: Lexicon) -> bool:
    """Whether a unit stands behind "do not", so that it can only be a verb."""
    at = index - 1
    while at > 0 and units[at].tag == "R":
        at -= 1
    return 0 <= at < index - 1 and units[at].tag == "O" and units[at + 1].lower in lexicon.negations


def _is_adjective(index: int, before: str, after: str, units: list[Unit], lexicon: Lexicon) -> bool:
    """Whether a verb's form stands for an adjective: "a disputed mine", "a close ally", "are close allies"."""
    low = units[index].lower
    if units[index].tag != "V":
        return False
    if before in "DQ" and after in "NJM" and low.endswith("ed"):
        return True
    if lexicon.verb_forms.get(low, ("", ""))[1] != "VB" or _can_be_noun(low, lexicon):
        return False
    articled = before == "Q" or (index > 0 and units[index - 1].lower in ("a", "an", "the"))
    return (articled and after in "NJM") or (before == "B" and after in "NJ")


def _closes_speech(index: int, units: list[Unit]) -> bool:
    """Whether a word stands behind a name or noun group that a comma or quotation mark opens ("…, the paper reports")."""
    at = index - 1
    while at > 0 and units[at].tag in "DQJNM'~":
        at -= 1
    return 0 < at < index - 1 and units[at].tag in ',"' and units[index - 1].tag in "NM"


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


def _retag_contracted(units: list[Unit], lexicon: Lexicon) -> None:
    """ "It's", "who's": the "'s" of a pronoun is "is", or "has" before a participle with an object ("he's signed a deal")."""
    for index, (pronoun, unit) in enumerate(pairwise(units)):
        if unit.tag != "'" or pronoun.tag not in "PWSDMN" or unit.start != pronoun.end:
            continue
        behind = [other for other in units[index + 2 : index + 6] if other.tag != "R"][:2]
        form = lexicon.verb_forms.get(behind[0].lower, ("", ""))[1] if behind else ""
        after = behind[1].tag if len(behind) > 1 else ""
        been = form in ("VBN", "VBDN") and after in tuple("DQP$#" if pronoun.tag in "MN" else "DQMP$#")
        if pronoun.tag in "PWSD":
            unit.tag = "H" if been or (behind and behind[0].lower == "been") else "B"
        elif been or (form == "VBG" and after in tuple("DQMP$#")):
            # "Niger's signed a deal", "Taipei's offering Eswatini a refinery": no noun group has an article inside.
            unit.tag = "H" if been else "B"


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
    if before == "W":
        # "which backed Uganda"
        return "V"
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
    """Whether the main clause around a unit has another finite verb: one that no relative pronoun before it takes."""
    stop = next((at for at in range(index + 1, len(units)) if units[at].tag in "SW;:"), len(units))
    taken = False
    for at in range(stop):
        if units[at].tag == "W":
            taken = True
        elif at != index and _is_finite(at, units):
            if not taken:
                return True
            taken = units[at].tag in "XHBO"  # "which has backed" is one verb.
    return False


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


def lemma(unit: Unit) -> str:
    """A unit's dictionary form; a name goes by its kinds ("<actor>"), a number as "<#>"."""
    if unit.name is not None:
        kinds = sorted({entry.kind for entry in unit.name.entries}) or ["name"]
        return f"<{'+'.join(kinds)}>"
    return "<#>" if unit.tag == "#" else _lemma(unit.lower, unit.tag in "VEGKBHO")


@lru_cache(maxsize=1 << 16)
def _lemma(word: str, is_verb: bool) -> str:
    from lemminflect import getLemma

    found = getLemma(word, "VERB" if is_verb else "NOUN", lemmatize_oov=False)
    return str(found[0]) if found else word
