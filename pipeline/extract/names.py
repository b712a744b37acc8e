"""Names that the registry knows, in a text: an Aho-Corasick pass, then which meanings hold here.

Guards refuse names that mean something else here; a dated meaning needs its day; an ambiguous name takes the meaning
that the text names otherwise. What only the document teaches is read by `learned_names`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

import ahocorasick

from pipeline import edtf
from pipeline.extract.tokens import Tokens
from pipeline.registry import Registry


@dataclass(frozen=True, slots=True)
class Entry:
    """One meaning of one alias. kind: actor, place, commodity or deal."""

    alias: str
    target: str
    kind: str
    alias_type: str
    valid_from: str | None = None
    valid_to: str | None = None

    @property
    def indirect(self) -> bool:
        """Whether it means somebody or something without naming it."""
        return self.alias_type in ("capital", "metonym", "demonym", "title")


@dataclass(slots=True)
class Name:
    """A name found in a text: tokens [first, last), and what it may mean (empty for an unknown proper name).

    located: it stands where something is or goes, so that a country or capital is meant as a place.
    """

    first: int
    last: int
    start: int
    end: int
    entries: tuple[Entry, ...]
    located: bool = False

    def of_kind(self, kind: str) -> Entry | None:
        """The one meaning of this kind; None where there is none or several."""
        if len(self.entries) == 1:
            return self.entries[0] if self.entries[0].kind == kind else None
        targets = {entry.target: entry for entry in self.entries if entry.kind == kind}
        return next(iter(targets.values())) if len(targets) == 1 else None


class Names:
    """All aliases of the registry, compiled for search and for checking a quote against an id."""

    def __init__(self, registry: Registry) -> None:
        self.actors: dict[str, dict[str, Any]] = {row["actor_id"]: row for row in registry.actors}
        self.places: dict[str, dict[str, Any]] = {row["place_id"]: row for row in registry.places}
        self.commodities: dict[str, dict[str, Any]] = {row["commodity_id"]: row for row in registry.commodities}
        self.deals: dict[str, dict[str, Any]] = {row["deal_id"]: row for row in registry.deals}
        self.by_alias: dict[str, list[Entry]] = {}
        self.titles_of: dict[str, list[Entry]] = {}
        self._automaton = ahocorasick.Automaton()
        for entry in self._entries(registry):
            self.by_alias.setdefault(fold(entry.alias), []).append(entry)
            if entry.alias_type == "title":
                self.titles_of.setdefault(entry.target, []).append(entry)
        for key in self.by_alias:
            self._automaton.add_word(key, key)
        if self.by_alias:
            self._automaton.make_automaton()

    def _entries(self, registry: Registry) -> Iterable[Entry]:
        kinds: dict[str, str] = {}
        tables = (("actor", self.actors), ("place", self.places), ("commodity", self.commodities))
        for kind, rows in tables:
            for target, row in rows.items():
                kinds[target] = kind
                # A country as a place is named by its state's names, where there is a state.
                is_named = row.get("place_type") == "country" and row.get("country") in self.actors
                if not is_named and not target.endswith("-companies") and target != "unnamed":
                    yield Entry(row["name"], target, kind, "name")
        kinds.update(dict.fromkeys(self.deals, "deal"))
        for row in self.deals.values():
            yield Entry(row["title"], row["deal_id"], "deal", "name")
        for row in registry.aliases:
            yield Entry(
                row["alias"],
                row["target_id"],
                kinds[row["target_id"]],
                row["alias_type"],
                row["valid_from"],
                row["valid_to"],
            )

    def country_place(self, country: str) -> str | None:
        """The place id of a country."""
        place = f"{country.lower()}-country"
        return place if place in self.places else None

    def find(self, text: str) -> "list[Found]":
        """Longest leftmost matches on word boundaries: (start, end, meanings)."""
        kept: list[Found] = []
        for item in self.find_all(text):
            if not kept or item[0] >= kept[-1][1]:
                kept.append(item)
        return kept

    def find_all(self, text: str) -> "list[Found]":
        """All matches on word boundaries, overlapping ones too, in order of start, longer ones earlier."""
        folded = fold(text)
        if not self.by_alias:
            return []
        found = []
        for last, key in self._automaton.iter(folded):
            start, end = last + 1 - len(key), last + 1
            if _inside_word(text, start, end):
                continue
            surface = text[start:end]
            fitting = tuple(entry for entry in self.by_alias[key] if _fits_case(entry, surface))
            if fitting:
                found.append((start, end, fitting))
        found.sort(key=lambda item: (item[0], -item[1]))
        return found

    def targets(self, text: str) -> set[str]:
        """Ids of everything that some name inside `text` may mean; a state's name means its country too."""
        ids: set[str] = set()
        for _, _, entries in self.find_all(text):
            for entry in entries:
                ids.add(entry.target)
                row = self.actors.get(entry.target)
                if row and row["actor_type"] == "state":
                    ids.add(f"{entry.target.lower()}-country")
                    ids.add(f"{entry.target.lower()}-companies")
        return ids


def fold(text: str) -> str:
    """Lower case with typographic apostrophes made plain, every character kept in its place."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := char.lower()) == 1 else char for char in text)
    return lowered.replace("’", "'")


def _inside_word(text: str, start: int, end: int) -> bool:
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return before.isalnum() or (after.isalnum() and text[end - 1].isalnum())


def _fits_case(entry: Entry, surface: str) -> bool:
    """Commodities in any case; titles in any case after their capital; other names as written, or all capitals."""
    if entry.kind == "commodity":
        return True
    plain, written = surface.replace("’", "'"), entry.alias.replace("’", "'")
    if plain == written or (entry.alias_type == "title" and plain[:1] == written[:1]):
        return True
    return len(plain) > 3 and plain == written.upper() and plain != written


def find_names(text: str, tokens: Tokens, names: Names, grammar: "NameGrammar", published: str | None) -> list[Name]:
    """All names of a text that the registry knows, in order."""
    by_start = {start: index for index, start in enumerate(tokens.start)}
    by_end = {end: index + 1 for index, end in enumerate(tokens.end)}
    found: list[Name] = []
    for start, end, entries in _definite(names.find(text), text, names, published):
        if start not in by_start or end not in by_end or text[end : end + 1] == "$":
            continue
        if _goes_on(text, start, end) and any(
            names.actors.get(e.target, {}).get("actor_type") == "armed_group" for e in entries
        ):
            # "ISIS-GS" is not ISIS.
            continue
        name = Name(by_start[start], by_end[end], start, end, _valid(entries, published))
        if all(entry.kind == "commodity" for entry in entries) and _is_of_organ(name, tokens, grammar):
            continue
        if name.entries and not _is_guarded(name, text, tokens, grammar):
            found.append(name)
    _settle_ambiguous(found)
    return found


Found = tuple[int, int, tuple[Entry, ...]]
"""Where a name stands, and what it may mean."""
_INDEFINITE = re.compile(r"\b(?:a|an) $", re.IGNORECASE)


def _definite(found: Iterable[Found], text: str, names: Names, published: str | None) -> Iterator[Found]:
    """The names found; of an office that nobody known holds here what is named inside it.

    "A Russian deputy minister" means anybody, and "Hezbollah leader X" is no leader of before the day of publication.
    """
    for start, end, entries in found:
        anybody = _INDEFINITE.search(text, max(0, start - 3), start) is not None or not _valid(entries, published)
        if anybody and all(e.alias_type == "title" for e in entries):
            for first, last, inner in names.find_all(text[start:end]):
                if last - first < end - start:
                    yield start + first, start + last, inner
        else:
            yield start, end, entries


def _is_of_organ(name: Name, tokens: Tokens, grammar: "NameGrammar") -> bool:
    """Whether a commodity only says what an office is for: "oil minister", "Ministry of Petroleum and Minerals"."""
    following = tokens.lower[name.last : name.last + 1]
    if following and (following[0] in grammar.offices or following[0] in ("ministry", "ministries")):
        return True
    at = name.first - 1
    while (
        at > 0
        and name.first - at < 7
        and (tokens.lower[at] in ("of", "for", "and", "the", ",") or tokens.word[at][0].isupper())
    ):
        at -= 1
    office = tokens.lower[at] if tokens.lower[at] in grammar.offices | {"ministry"} else ""
    opening = tokens.lower[at + 1 : name.first]
    inner = [low for low in opening if low in grammar.offices | {"ministry", "department"}]
    return bool(office and opening[:1] in (["of"], ["for"])) or bool(inner)


def _goes_on(text: str, start: int, end: int) -> bool:
    """Whether an acronym goes on behind a hyphen."""
    return text[start:end].isupper() and re.match(r"-[A-Z]{1,4}\b", text[end:]) is not None


@dataclass(frozen=True, slots=True)
class NameGrammar:
    """What the codebook says of names; see `grammar.yaml`."""

    head_titles: frozenset[str]
    titles: frozenset[str]
    heads: Mapping[str, str]
    guarded: frozenset[str]
    near: Mapping[str, frozenset[str]]
    closed: frozenset[str]
    common: Set[str]
    calendar: frozenset[str]
    region_adjectives: frozenset[str]
    appositives: Mapping[str, str]
    armed_modifiers: frozenset[str]
    place_heads: Mapping[str, str]
    organs: frozenset[str]
    directions: frozenset[str]
    locative: frozenset[str]
    motion: frozenset[str]
    parts: frozenset[str]
    speech: frozenset[str]
    offices: frozenset[str]
    numerals: frozenset[str]
    named_after: frozenset[str]

    def is_plain(self, low: str) -> bool:
        """Whether a lower-case word is one of the language's own, which by itself names nobody."""
        return low in self.common or low in self.closed


def _valid(entries: tuple[Entry, ...], published: str | None) -> tuple[Entry, ...]:
    """Meanings that hold on the day of publication; a dated meaning needs that day where there are several."""
    dated = [entry for entry in entries if entry.valid_from or entry.valid_to]
    if not dated:
        return entries
    day = edtf.latest(published)
    if (
        day is None
        and not any(entry.alias_type == "title" for entry in dated)
        and len({e.target for e in entries}) == 1
    ):
        return entries
    kept = []
    for entry in entries:
        if entry not in dated:
            kept.append(entry)
            continue
        first, last = edtf.earliest(entry.valid_from), edtf.latest(entry.valid_to)
        if day is not None and (first is None or first <= day) and (last is None or day <= last):
            kept.append(entry)
    return tuple(kept)


def _is_guarded(name: Name, text: str, tokens: Tokens, grammar: NameGrammar) -> bool:
    surface = text[name.start : name.end]
    if surface not in grammar.guarded:
        return False
    near = grammar.near.get(surface)
    if near:
        window = tokens.word[max(0, name.first - 6) : name.first] + tokens.word[name.last : name.last + 6]
        if near.intersection(window):
            return True
    return _is_stranger(name.first - 1, name.first, tokens, grammar) or _is_stranger(
        name.last, name.last - 1, tokens, grammar
    )


def _is_stranger(index: int, beside: int, tokens: Tokens, grammar: NameGrammar) -> bool:
    """Whether the neighbouring token is an unknown capitalised word, so that both form one name."""
    if not 0 <= index < len(tokens.word):
        return False
    word, low = tokens.word[index], tokens.lower[index]
    if not word[0].isupper() or word.isupper() or tokens.kind[index] != "word":
        return False
    gap = tokens.start[max(index, beside)] - tokens.end[min(index, beside)]
    opens = any(first == index for first, _ in tokens.sentences)
    known = low in grammar.closed or low in grammar.calendar or low in grammar.titles or low in grammar.head_titles
    return (gap == 1 and not opens and not known and word not in grammar.guarded and index < beside) or (
        gap == 1 and index > beside and not known and word not in grammar.heads and word.isalpha() and low not in _CIVIC
    )


_CIVIC = frozenset(
    [
        "government",
        "president",
        "minister",
        "ministry",
        "army",
        "parliament",
        "republic",
        "foreign",
        "defence",
        "defense",
        "prime",
        "delta",
        "basin",
        "river",
        "gold",
        "oil",
        "mining",
        "state",
        "national",
        "embassy",
        "senate",
        "congress",
        "court",
        "police",
        "navy",
    ]
)


def _settle_ambiguous(found: list[Name]) -> None:
    """An ambiguous name takes the meaning that the text names otherwise, where there is just one."""
    sure = {entry.target for name in found for entry in name.entries if len(_targets(name, entry.kind)) == 1}
    for name in found:
        kept = []
        for kind in ("actor", "place", "commodity", "deal"):
            options = [entry for entry in name.entries if entry.kind == kind]
            if len({entry.target for entry in options}) > 1:
                named = [entry for entry in options if entry.target in sure]
                options = named if len({entry.target for entry in named}) == 1 else []
            kept += options
        name.entries = tuple(kept)


def _targets(name: Name, kind: str) -> set[str]:
    return {entry.target for entry in name.entries if entry.kind == kind}


def _is_listed(end: int, start: int, tokens: Tokens) -> bool:
    """Whether only a comma or "and" parts two names of one list."""
    between = tokens.lower[end:start]
    return 0 < len(between) <= 3 and set(between) <= {",", "and", "or", "the"}


def locate(found: list[Name], tokens: Tokens, names: Names, grammar: NameGrammar) -> None:
    """Tell where a country or capital is meant as a place; a located country means its place too.

    found: all names of a text in order, learned ones too; sets `located` of each, and adds to `entries`.
    """
    previous: Name | None = None
    for name in found:
        at = name.first - 1
        while at >= 0 and name.first - at < 4 and (tokens.lower[at] in grammar.directions):
            at -= 1
        before = tokens.lower[at] if at >= 0 else ""
        after = tokens.lower[name.last] if name.last < len(tokens.lower) else ""
        if after == "-" or (
            name.last < len(tokens.lower) and tokens.kind[name.last] == "word" and after in grammar.organs
        ):
            # "at the US-Africa summit", "in Mali government circles": no place.
            before = ""
        moved = before in ("to", "from", "for") and bool(grammar.motion.intersection(tokens.lower[max(0, at - 4) : at]))
        if before == "of" and at > 0:
            before = "in" if tokens.lower[at - 1] in grammar.parts else before
        listed = previous is not None and previous.located and _is_listed(previous.last, name.first, tokens)
        called = after in grammar.named_after and _is_capital(name)
        named_capital = "capital" in tokens.lower[max(0, name.first - 3) : name.first]
        name.located = before in grammar.locative or moved or listed or named_capital or called
        previous = name
        actor = name.of_kind("actor")
        if name.located and actor is not None and actor.alias_type in ("name", "acronym"):
            state = names.actors.get(actor.target, {}).get("actor_type") == "state"
            place = names.country_place(actor.target) if state and name.of_kind("place") is None else None
            if place is not None:
                name.entries += (Entry(actor.alias, place, "place", actor.alias_type),)


def _is_capital(name: Name) -> bool:
    """Whether a name is that of a capital ("the Luanda process", "the Doha talks")."""
    entry = name.of_kind("actor")
    return entry is not None and entry.alias_type == "capital"
