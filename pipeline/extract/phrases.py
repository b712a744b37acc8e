"""What the codebook's phrases name in a stretch of units: mine access, arms, a loan …, with the commodities in it.

A phrase is a row of words with alternatives, or a commodity, mine or deposit; inside an exchange a single noun may stand
for what is given. Who gives it to whom is not told here.
"""

from collections.abc import Iterator

from pipeline.codebook import TermRule
from pipeline.extract.setting import Setting, commodities_in
from pipeline.extract.units import Unit

Span = tuple[int, int]


def phrases_in(
    first: int, last: int, setting: Setting, taken: set[int], *, in_exchange: bool
) -> Iterator[tuple[TermRule, int, int, list[tuple[str, Span]]]]:
    """Term phrases in a stretch of units: rule, first and last unit, commodities named in the phrase."""
    units = setting.sentence.units
    book = setting.cast.codebook
    of_goods = (*book.terms_by_word.get("<commodity>", ()), *book.terms_by_word.get("<resource>", ()))
    has_goods = any(is_good(unit, setting) for unit in units[first:last])
    at = first
    while at < min(last, len(units)):
        rules = [entry for word in _forms(units[at].lower) for entry in book.terms_by_word.get(word, ())]
        can_tell = bool(rules) or has_goods or in_exchange
        if not can_tell or at in taken or _names_deal(at, setting) or _is_absent(at, setting):
            at += 1
            continue
        hit = None
        for phrase, rule in rules:
            end = _match(phrase, at, last, setting)
            if end is not None and (hit is None or end > hit[2]):
                hit = (rule, at, end)
        if hit is None and has_goods and _match_good(at, last, setting, places_too=True, goes_on=True) is not None:
            for phrase, rule in of_goods:
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


def _is_absent(at: int, setting: Setting) -> bool:
    """Whether the unit's noun group is one of nothing, or withholds ("no formal guarantees", "an arms embargo")."""
    group, units = setting.sentence.group_of.get(at), setting.sentence.units
    withheld = setting.cast.codebook.deals["withholding"]
    if group is None:
        return False
    over = setting.sentence.group_of.get(group.first - 2) if group.first > 1 else None
    banned = (
        over is not None and units[group.first - 1].lower in ("on", "of") and units[over.last - 1].lower in withheld
    )
    return units[group.first].lower == "no" or units[group.last - 1].lower in withheld or banned


def _names_deal(at: int, setting: Setting) -> bool:
    """Whether the unit is part of a deal's own name ("a minerals-for-security deal")."""
    group = setting.sentence.group_of.get(at)
    if group is None:
        return False
    head = setting.sentence.units[group.last - 1].lower
    return setting.cast.codebook.noun_forms.get(head, head) in setting.cast.codebook.deals["nouns"]


def _exchanged_good(at: int, setting: Setting) -> tuple[TermRule, int, int] | None:
    """What a single noun stands for inside an exchange: a security good, a resource as such, or a commodity's output."""
    book, unit = setting.cast.codebook, setting.sentence.units[at]
    group = setting.sentence.group_of.get(at)
    wanted = None
    if unit.tag == "N" and unit.lower in book.deals["exchanged_security"]:
        wanted = "military_aid"
    elif unit.tag == "N" and unit.lower in (*book.deals["exchanged_resource"], *book.deals["resource_nouns"]):
        wanted = "mine_access"
    elif unit.name is not None and unit.name.of_kind("commodity") and group is not None and group.last == at + 1:
        wanted = "mine_access" if unit.lower.split()[-1] in book.deals["resource_nouns"] else "offtake"
    rule = next((r for r in book.terms if r.term_type == wanted), None)
    return (rule, at, at + 1) if rule is not None else None


def _forms(word: str) -> tuple[str, ...]:
    return (word, word[:-1]) if word.endswith("s") else (word,)


def _match(phrase: tuple[frozenset[str], ...], at: int, last: int, setting: Setting) -> int | None:
    units = setting.sentence.units
    for number, options in enumerate(phrase):
        while at < last and units[at].tag == "~" and number:
            at += 1
        # A phrase may go on in an infinitive: "the right | to mine".
        if at >= len(units) or (at >= last and not (number and "to" in (units[at].lower, units[at - 1].lower))):
            return None
        if "<resource>" in options or "<commodity>" in options:
            stop = _match_good(at, last, setting, places_too="<resource>" in options, goes_on=number + 1 < len(phrase))
            if stop is None:
                return None
            at = stop
            continue
        if not any(form in options for form in _forms(units[at].lower)):
            return None
        at += 1
    return at


def is_good(unit: Unit, setting: Setting) -> bool:
    """Whether a unit names a commodity, or a mine or deposit."""
    named = unit.name is not None and unit.name.of_kind("commodity") is not None
    return named or unit.lower in setting.cast.codebook.deals["resource_nouns"]


def _match_good(at: int, last: int, setting: Setting, *, places_too: bool, goes_on: bool) -> int | None:
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
