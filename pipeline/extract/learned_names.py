"""Names that only the document itself teaches: provisional actors and places, and their aliases here.

Learned: "Long Name (ABBR)", title and name, capitalised names with a head word that gives their type, names that an
apposition or a word beside them types, and the surnames of persons met before. It goes on from the registry's names.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.extract.names import Entry, Name, NameGrammar, Names, fold
from pipeline.extract.tokens import Tokens


def slug(name: str) -> str:
    """The id of a provisional actor: lower-case ASCII words joined by hyphens ('' where nothing is left)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", plain.lower()))


@dataclass(slots=True)
class Learned:
    """Provisional actors and places of one document, by id; and their aliases here."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, dict[str, Any]] = field(default_factory=dict)
    aliases: dict[str, Entry] = field(default_factory=dict)


_CAPITALISED = re.compile(
    r"(?<![\w’'.-])[A-ZÀ-Þ][\w’'-]*"
    r"(?: (?:(?:of|for|the|and|&|de|da|dos|la|le|du|des|di|al|el|bin|ibn|ben|van|von|der) (?=[A-ZÀ-Þ])"
    r"|(?:bin|ibn|ben) (?=al-|el-))*"
    r"(?:(?:al|el|ad|as|ash|ar|an|at|ul)-)?[A-ZÀ-Þ][\w’'-]*)*"
)
_ABBREVIATION = re.compile(r" \(([A-Z][A-Za-z0-9-]{1,9})\)")


def learn_names(
    found: list[Name], text: str, tokens: Tokens, names: Names, grammar: NameGrammar
) -> tuple[list[Name], Learned]:
    """Add names that only this document teaches; known ones win where they cover as much.

    found: the names of the registry in the text; those that are another's here are taken out of it. Returns all names,
    in order, and the provisional actors and places learned.
    """
    learned = Learned()
    by_start = {start: index for index, start in enumerate(tokens.start)}
    by_end = {end: index + 1 for index, end in enumerate(tokens.end)}
    known = {index: name for name in found for index in range(name.first, name.last)}
    openers = {start for start, _ in tokens.sentences}
    openers |= {start + 1 for start in openers if tokens.word[start] in '-–—•*“"‘('}
    fresh: list[Name] = []
    _learn_abbreviations(found, text, learned)
    for name in [name for name in found if _is_anothers(name, tokens, names, grammar, known)]:
        found.remove(name)
        del known[name.first]
    for match in _CAPITALISED.finditer(text):
        start, end = match.span()
        surface = match.group() if text[end : end + 1] != "$" else match.group().rpartition(" ")[0]
        end = start + len(re.sub(r"['’]s?$", "", surface))
        if start not in by_start or end not in by_end:
            continue
        first, last = by_start[start], by_end[end]
        first = _skip_openers(first, last, tokens, grammar, known)
        if last - first == 1 and first in openers and tokens.lower[first] in grammar.common:
            continue
        cut = next((at for at in range(first + 1, last) if tokens.lower[at] in ("of", "in")), last)
        if cut < last and _is_whole_place(first, cut, tokens, grammar, known):
            last = cut
        if _is_whole_place(first, last, tokens, grammar, known):
            known_part = next((known[at] for at in range(first, last) if at in known), None)
            if known_part is not None and known_part in found:
                found.remove(known_part)
            for index in range(first, last):
                known.pop(index, None)
        national = _national_body(first, last, tokens, grammar, known, names)
        parts = [(first, last)] if national is not None else _unknown_parts(first, last, tokens, known, grammar)
        for first, last in parts:
            name = _learn_name(first, last, national, text, tokens, names, grammar, learned)
            for index in range(name.first, name.last):
                if index in known and known[index] in found:
                    found.remove(known[index])
                known[index] = name
            fresh.append(name)
    for index, word in enumerate(tokens.word):
        if index not in known and word in learned.aliases:
            fresh.append(Name(index, index + 1, tokens.start[index], tokens.end[index], (learned.aliases[word],)))
    return sorted(found + fresh, key=lambda name: name.first), learned


def _learn_name(
    first: int,
    last: int,
    country: str | None,
    text: str,
    tokens: Tokens,
    names: Names,
    grammar: NameGrammar,
    learned: Learned,
) -> Name:
    """The name of an unknown capitalised run, typed by its head word, its title or what stands beside it."""
    title, person = _title_before(first, last, tokens, grammar)
    if title is not None:
        further = _title_before(person, last, tokens, grammar)[1] if last - person > 1 else person
        person = _behind_office(max(person, further), last, tokens, grammar)
        if tokens.lower[person] in ("of", "for"):
            title, person = None, first
        joint = next((at for at in range(person, last) if tokens.lower[at] in grammar.closed), None)
        last = joint if joint is not None and joint > person else last
    organ = tokens.lower[first] in grammar.organs
    head = grammar.heads.get(tokens.word[last - 1]) if last - first > 1 and not organ else None
    kind = head or ("person" if title is not None else None)
    begin = person if kind == "person" else first
    known = learned.aliases.get(text[tokens.start[begin] : tokens.end[last - 1]])
    if known is None and kind is None and not organ:
        kind = _kind_beside(first, last, tokens, grammar)
    surface = text[tokens.start[begin] : tokens.end[last - 1]]
    if kind is not None and _names_nobody(kind, tokens.word[begin:last], grammar):
        kind = None
    if known is None and kind is not None:
        known = _provisional(surface, kind, learned, names, country)
        abbreviation = _ABBREVIATION.match(text, tokens.end[last - 1])
        if abbreviation and kind != "person":
            learned.aliases[abbreviation.group(1)] = known
        if kind == "person" and last - begin > 1:
            learned.aliases.setdefault(tokens.word[last - 1], known)
    elif known is None:
        known = _learn_place(begin, last, surface, tokens, grammar, learned, names)
    return Name(begin, last, tokens.start[begin], tokens.end[last - 1], (known,) if known else ())


def _names_nobody(kind: str, words: Sequence[str], grammar: NameGrammar) -> bool:
    """Whether words with capitals are no name: common ones for a person, several offices for a body, a piece of a word."""
    plain = [all(grammar.is_plain(part) for part in re.split(r"[-'’]", word.lower()) if part) for word in words]
    if not (words[0][0].isalnum() and words[-1][-1].isalnum()):
        return True
    if kind == "person":
        return all(plain) or (len(words[-1]) > 1 and words[-1].isupper() and (len(words) == 1 or words[0].isupper()))
    joined = any(word.lower() in grammar.closed for word in words)
    return (joined and all(plain) and kind == "company") or _opens_with_office(words, grammar)


def _opens_with_office(words: Sequence[str], grammar: NameGrammar) -> bool:
    low = words[0].lower()
    return low in grammar.titles or low in grammar.head_titles or grammar.appositives.get(low) == "person"


def _behind_office(person: int, last: int, tokens: Tokens, grammar: NameGrammar) -> int:
    """Where the name begins behind what an office is for: "Minister of Trade and Industry Jan Vestre"."""
    if last - person < 3 or tokens.lower[person] not in ("of", "for"):
        return person
    at = person + 1
    while at < last - 1 and grammar.is_plain(tokens.lower[at]):
        at += 1
    return at if at > person + 1 else person


def _kind_beside(first: int, last: int, tokens: Tokens, grammar: NameGrammar) -> str | None:
    """The actor type told by an apposition, by the noun before the name, or by a verb of speech behind it."""
    before = tokens.lower[first - 1] if first else ""
    if before in grammar.appositives and tokens.word[first - 1].islower():
        return _appositive_type(before, tokens.lower[max(0, first - 2) : first - 1], grammar)
    if _bears_arms(first, last, tokens, grammar):
        return "armed_group"
    if last < len(tokens.word) and tokens.word[last] == ",":
        phrase = _phrase_from(last + 1, tokens, grammar)
        for end in range(min(len(phrase), 5), 0, -1):
            if phrase[end - 1] in grammar.appositives:
                return _appositive_type(phrase[end - 1], phrase[: end - 1], grammar)
    several = last - first > 1 and all(word.isalpha() or "-" in word for word in tokens.word[first:last])
    if several and before == "," and _opens_with_title(first - 2, tokens, grammar):
        return "person"
    plain = not grammar.closed.intersection(tokens.lower[first:last]) and len(tokens.word[last - 1]) > 1
    if several and plain and last - first < 6 and _is_called_by_surname(first, last, tokens, grammar):
        return "person"
    unknown = several and plain and tokens.lower[last - 1] not in grammar.common
    return "person" if unknown and last < len(tokens.word) and tokens.lower[last] in grammar.speech else None


def _bears_arms(first: int, last: int, tokens: Tokens, grammar: NameGrammar) -> bool:
    """Whether nouns of an armed group follow an uncommon name: "Kovali rebels", "the Kovali group militants"."""
    at = last
    while at < min(last + 3, len(tokens.lower)) and (
        tokens.lower[at] in grammar.armed_modifiers or grammar.appositives.get(tokens.lower[at]) == "armed_group"
    ):
        at += 1
    behind = tokens.lower[last:at]
    is_armed = (
        bool(grammar.armed_modifiers.intersection(behind)) and grammar.appositives.get(behind[-1]) == "armed_group"
    )
    return is_armed and not any(grammar.is_plain(low) for low in tokens.lower[first:last])


def _is_called_by_surname(first: int, last: int, tokens: Tokens, grammar: NameGrammar) -> bool:
    """Whether the text later calls the bearer by the last word of an uncommon name alone, as it does persons."""
    if any(low in grammar.common for low in tokens.lower[first:last]):
        return False
    surname, before = tokens.word[last - 1], tokens.word[last - 2]
    return any(
        word == surname and at >= last and tokens.word[at - 1] != before and not tokens.word[at - 1][:1].isupper()
        for at, word in enumerate(tokens.word)
    )


def _appositive_type(noun: str, modifiers: list[str], grammar: NameGrammar) -> str | None:
    kind = grammar.appositives[noun]
    if kind == "armed_group" and not grammar.armed_modifiers.intersection((*modifiers, noun)):
        return None
    return kind


def _phrase_from(index: int, tokens: Tokens, grammar: NameGrammar) -> list[str]:
    """The words of a noun phrase that opens at a token: up to a preposition, a mark or a relative pronoun."""
    words: list[str] = []
    while index < len(tokens.word) and len(words) < 8 and tokens.kind[index] == "word":
        low = tokens.lower[index]
        if words and low in grammar.closed and low not in ("the", "a", "an"):
            break
        words.append(low)
        index += 1
    return words


def _opens_with_title(index: int, tokens: Tokens, grammar: NameGrammar) -> bool:
    """Whether the phrase that ends at a token, before a comma, begins with a title ("the head of the agency X,")."""
    first = index
    while first > 0 and index - first < 10 and tokens.kind[first - 1] == "word":
        first -= 1
    words = [word for word in tokens.lower[first : index + 1] if word not in ("the", "its", "his", "her", "a", "s")]
    told = [grammar.appositives.get(word) or grammar.appositives.get(word.removesuffix("s")) for word in words]
    return told[-1:] == ["person"] or any(
        kind == "person" and following == "of" for kind, following in zip(told, words[1:], strict=False)
    )


def _learn_place(
    first: int, last: int, surface: str, tokens: Tokens, grammar: NameGrammar, learned: Learned, names: Names
) -> Entry | None:
    """A place that a word beside its name makes one: "the town of X", "X province"; None without such a word."""
    beside = [tokens.lower[last]] if last < len(tokens.lower) else []
    if first > 1 and tokens.lower[first - 1] == "of":
        beside.append(tokens.lower[first - 2])
    kind = next((grammar.place_heads[word] for word in beside if word in grammar.place_heads), None)
    kind = kind or grammar.place_heads.get(tokens.lower[last - 1] if last - first > 1 else "")
    kind = kind or _kind_of_location(first, last, tokens, grammar) or _kind_before_country(first, last, tokens, names)
    if kind is None:
        return None
    ident = slug(surface)
    if not ident or ident in names.actors or ident in names.places or ident in names.commodities:
        return None
    learned.places.setdefault(ident, {"name": surface, "place_type": kind})
    entry = Entry(surface, ident, "place", "name")
    learned.aliases[surface] = entry
    return entry


def _kind_of_location(first: int, last: int, tokens: Tokens, grammar: NameGrammar) -> str | None:
    """A settlement, where an unknown name stands behind "in", "near" or "at" and no word of it is a common one."""
    at = first - 1
    while at > 0 and first - at < 3 and tokens.lower[at] in grammar.directions:
        at -= 1
    if at < 0 or tokens.lower[at] not in ("in", "near", "at", "around", "outside") or last - first > 3:
        return None
    words = tokens.lower[first:last]
    plain = all(word.isalpha() and len(word) > 2 for word in words)
    return (
        "settlement"
        if plain and not any(word in grammar.common or word in grammar.calendar for word in words)
        else None
    )


def _kind_before_country(first: int, last: int, tokens: Tokens, names: Names) -> str | None:
    """A settlement, where an unknown name stands before a comma and a known country or place ("Inates, Niger")."""
    if (
        last + 1 >= len(tokens.word)
        or tokens.word[last] != ","
        or not tokens.word[last + 1][:1].isupper()
        or first == 0
    ):
        return None
    if tokens.lower[first - 1] not in ("in", "at", "near", "of", "from", "to", "outside", "around", "and", ","):
        return None
    for length in (3, 2, 1):
        end = last + 1 + length
        entries = names.by_alias.get(fold(" ".join(tokens.word[last + 1 : end])), ())
        states = {entry.target for entry in entries if names.actors.get(entry.target, {}).get("actor_type") == "state"}
        if states or any(entry.kind == "place" for entry in entries):
            follows = tokens.word[end] if end < len(tokens.word) else "."
            return "settlement" if follows in (",", ".", ";", ")", "(") else None
    return None


def _national_body(
    first: int, last: int, tokens: Tokens, grammar: NameGrammar, known: Mapping[int, Name], names: Names
) -> str | None:
    """The state whose name or adjective opens an organisation's name ("Hungarian Development Bank", "Abu Dhabi Media")."""
    kind = grammar.heads.get(tokens.word[last - 1])
    if kind in (None, "military") or last - first < (2 if kind == "media" else 3):
        return None
    opening = known.get(first)
    inside = {known[at].first: known[at] for at in range(first, last) if at in known}.values()
    others = [name for name in inside if name is not opening and name.of_kind("commodity") is None]
    if opening is None or opening.first != first or others or opening.last >= last:
        return None
    actor = opening.of_kind("actor")
    is_state = actor is not None and names.actors.get(actor.target, {}).get("actor_type") == "state"
    return actor.target if actor is not None and is_state else None


_PARTICLES = frozenset(["al", "el", "ad", "as", "ash", "ar", "an", "at", "ul"])


def _is_anothers(name: Name, tokens: Tokens, names: Names, grammar: NameGrammar, known: Mapping[int, Name]) -> bool:
    """Whether a surname of the registry stands behind another given name ("Daleep Singh")."""
    actor, place = name.of_kind("actor"), name.of_kind("place")
    at = name.first - 1
    if (actor is None and place is None) or name.last - name.first > 1 or at < 0 or at in known:
        return False
    if tokens.word[at] == "-" and at > 1 and tokens.lower[at - 1] in _PARTICLES:
        # "Abu Walid al-Sahrawi"
        return tokens.word[at - 2][0].isupper() and tokens.lower[at - 2] not in grammar.closed
    is_person = actor is not None and names.actors.get(actor.target, {}).get("actor_type") == "person"
    if not (is_person or place is not None) or tokens.start[name.first] - tokens.end[at] != 1:
        return False
    word, low = tokens.word[at], tokens.lower[at]
    titled = any(low in words for words in (grammar.titles, grammar.head_titles, grammar.appositives, grammar.organs))
    opens = any(first == at for first, _ in tokens.sentences)
    ordinary = low in grammar.common and (opens or low.endswith(("s", "r")))
    return word[0].isupper() and word.isalpha() and not (titled or low in grammar.closed or ordinary)


def _learn_abbreviations(found: list[Name], text: str, learned: Learned) -> None:
    for name in found:
        actor = name.of_kind("actor")
        match = _ABBREVIATION.match(text, name.end)
        if actor and match:
            learned.aliases.setdefault(match.group(1), actor)


def _skip_openers(first: int, last: int, tokens: Tokens, grammar: NameGrammar, known: Mapping[int, Name]) -> int:
    while first < last and first not in known:
        if tokens.lower[first] not in grammar.closed and tokens.lower[first] not in grammar.numerals:
            break
        first += 1
    return first


def _is_whole_place(first: int, last: int, tokens: Tokens, grammar: NameGrammar, known: Mapping[int, Name]) -> bool:
    """Whether a run with a known place in it is a longer place's name ("Menaka Region", "Bukavu Airport")."""
    if last - first < 2 or tokens.lower[last - 1] not in grammar.place_heads or last - 1 in known:
        return False
    if any(tokens.lower[at] in grammar.closed for at in range(first, last)):
        return False
    inside = {known[at].first: known[at] for at in range(first, last) if at in known}.values()
    places = [name for name in inside if name.of_kind("place") is not None]
    return len(places) == 1 == len(inside)


def _unknown_parts(
    first: int, last: int, tokens: Tokens, known: Mapping[int, Name], grammar: NameGrammar
) -> list[tuple[int, int]]:
    """The parts of a capitalised run between its known names, as in "Congolese President Félix Tshisekedi"."""
    parts = []
    at = first
    while at < last:
        end = next((index for index in range(at, last) if index in known), last)
        begin, stop = at, end
        while begin < stop and _is_edge(begin, tokens, grammar):
            begin += 1
        while stop > begin and tokens.lower[stop - 1] in grammar.closed:
            stop -= 1
        if begin < stop and tokens.lower[stop - 1] in grammar.region_adjectives:
            begin = stop
        if (
            begin < stop
            and not all(
                tokens.lower[i] in grammar.common or tokens.kind[i] != "word" for i in range(begin, stop) if end < last
            )
        ) or (begin < stop and end == last):
            parts.append((begin, stop))
        at = end + 1
    return parts


def _is_edge(at: int, tokens: Tokens, grammar: NameGrammar) -> bool:
    low = tokens.lower[at]
    plain = tokens.kind[at] in ("possessive", "mark") or tokens.word[at][0].islower()
    return plain or low in grammar.closed or low in grammar.calendar


def _is_office(at: int, tokens: Tokens, grammar: NameGrammar) -> bool:
    """Whether a capitalised word inside a run is an office ("Deputy National Security Advisor X")."""
    low = tokens.lower[at]
    return low in grammar.titles or low in grammar.head_titles or grammar.appositives.get(low) == "person"


def _title_before(first: int, last: int, tokens: Tokens, grammar: NameGrammar) -> tuple[tuple[int, int] | None, int]:
    """The span of a title that opens or precedes the run, and where the person's name begins."""
    inner = max((at for at in range(first + 1, last - 1) if _is_office(at, tokens, grammar)), default=None)
    if inner is not None and not all(grammar.is_plain(low) for low in tokens.lower[inner + 1 : last]):
        return (first, inner + 1), inner + 1
    for length in (4, 3, 2, 1):
        inside = " ".join(tokens.lower[first : first + length]).replace(" - ", "-")
        is_title = inside in grammar.titles or inside in grammar.head_titles
        follows = tokens.word[first + length] if first + length < last else ""
        if is_title and (follows[:1].isupper() or follows in ("of", "for")):
            return (first, first + length), first + length
        if first >= length:
            before = " ".join(tokens.lower[first - length : first]).replace(" - ", "-")
            if before in grammar.titles or before in grammar.head_titles:
                return (first - length, first), first
    return None, first


def _provisional(surface: str, actor_type: str, learned: Learned, names: Names, country: str | None) -> Entry:
    ident = slug(surface) or "name"
    if ident in names.actors or ident in names.places or ident in names.commodities:
        ident += "-" + actor_type.replace("_", "-")
    row = {"name": surface, "actor_type": actor_type} | ({"country": country} if country else {})
    learned.rows.setdefault(ident, row)
    entry = Entry(surface, ident, "actor", "name")
    learned.aliases[surface] = entry
    return entry
