"""Names in a text: an Aho-Corasick pass over the registry, then what the document itself teaches.

Learned: "Long Name (ABBR)", title and name, capitalised names with a head word that gives their type, and the
surnames of persons met before. Learned actors are provisional. Guards refuse names that mean something else here.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Name:
    """A name found in a text: tokens [first, last), and what it may mean (empty for an unknown proper name)."""

    first: int
    last: int
    start: int
    end: int
    entries: tuple[Entry, ...]

    def of_kind(self, kind: str) -> Entry | None:
        """The one meaning of this kind; None where there is none or several."""
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
                # A country as a place is named by its state's names.
                if row.get("place_type") != "country" and not target.endswith("-companies") and target != "unnamed":
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

    def find(self, text: str) -> list[tuple[int, int, tuple[Entry, ...]]]:
        """Longest leftmost matches on word boundaries: (start, end, meanings)."""
        kept: list[tuple[int, int, tuple[Entry, ...]]] = []
        for item in self.find_all(text):
            if not kept or item[0] >= kept[-1][1]:
                kept.append(item)
        return kept

    def find_all(self, text: str) -> list[tuple[int, int, tuple[Entry, ...]]]:
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


def slug(name: str) -> str:
    """The id of a provisional actor: lower-case ASCII words joined by hyphens ('' where nothing is left)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", plain.lower()))


@dataclass(slots=True)
class Learned:
    """Provisional actors of one document: id → name, actor_type, country; and their aliases here."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    aliases: dict[str, Entry] = field(default_factory=dict)


def find_names(
    text: str, tokens: Tokens, names: Names, grammar: "NameGrammar", published: str | None
) -> tuple[list[Name], Learned]:
    """All names of a text, in order, and the provisional actors learned from it."""
    by_start = {start: index for index, start in enumerate(tokens.start)}
    by_end = {end: index + 1 for index, end in enumerate(tokens.end)}
    found: list[Name] = []
    for start, end, entries in names.find(text):
        if start not in by_start or end not in by_end:
            continue
        name = Name(by_start[start], by_end[end], start, end, _valid(entries, published))
        if name.entries and not _is_guarded(name, text, tokens, grammar):
            found.append(name)
    _settle_ambiguous(found)
    learned = Learned()
    found = _learn(found, text, tokens, names, grammar, learned)
    return found, learned


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
    months: frozenset[str]


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
    known = low in grammar.closed or low in grammar.months or low in grammar.titles or low in grammar.head_titles
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


_CAPITALISED = re.compile(
    r"(?<![\w’'.-])[A-ZÀ-Þ][\w’'-]*(?: (?:(?:of|for|the|and|de|la|du|des|al|el|bin|ben|van) (?=[A-ZÀ-Þ]))*[A-ZÀ-Þ][\w’'-]*)*"
)
_ABBREVIATION = re.compile(r" \(([A-Z][A-Za-z0-9-]{1,9})\)")


def _learn(
    found: list[Name], text: str, tokens: Tokens, names: Names, grammar: NameGrammar, learned: Learned
) -> list[Name]:
    """Add names that only this document teaches; known ones win where they cover as much."""
    by_start = {start: index for index, start in enumerate(tokens.start)}
    by_end = {end: index + 1 for index, end in enumerate(tokens.end)}
    covered = {index for name in found for index in range(name.first, name.last)}
    openers = {start for start, _ in tokens.sentences}
    fresh: list[Name] = []
    _learn_abbreviations(found, text, learned)
    for match in _CAPITALISED.finditer(text):
        start, end = match.span()
        surface = re.sub(r"['’]s?$", "", match.group())
        end = start + len(surface)
        if start not in by_start or end not in by_end:
            continue
        first, last = by_start[start], by_end[end]
        first = _skip_openers(first, last, tokens, grammar, covered)
        if last - first == 1 and first in openers and tokens.lower[first] in grammar.common:
            continue
        if first >= last or any(index in covered for index in range(first, last)):
            first, last = _uncovered_tail(first, last, covered)
            if first >= last:
                continue
        title_span, person_first = _title_before(first, last, tokens, grammar)
        surface = text[tokens.start[person_first] : tokens.end[last - 1]]
        known = learned.aliases.get(surface)
        head = grammar.heads.get(tokens.word[last - 1])
        abbreviation = _ABBREVIATION.match(text, tokens.end[last - 1])
        if known is None and title_span is not None and last > person_first:
            known = _provisional(surface, "person", learned, names)
            if last - person_first > 1:
                learned.aliases.setdefault(tokens.word[last - 1], known)
        elif known is None and head and last - first > 1:
            known = _provisional(surface, head, learned, names)
            if abbreviation:
                learned.aliases[abbreviation.group(1)] = known
        entries = (known,) if known else ()
        fresh.append(Name(person_first, last, tokens.start[person_first], tokens.end[last - 1], entries))
        covered.update(range(person_first, last))
    for index, word in enumerate(tokens.word):
        if index not in covered and word in learned.aliases:
            fresh.append(Name(index, index + 1, tokens.start[index], tokens.end[index], (learned.aliases[word],)))
    return sorted(found + fresh, key=lambda name: name.first)


def _learn_abbreviations(found: list[Name], text: str, learned: Learned) -> None:
    for name in found:
        actor = name.of_kind("actor")
        match = _ABBREVIATION.match(text, name.end)
        if actor and match:
            learned.aliases.setdefault(match.group(1), actor)


def _skip_openers(first: int, last: int, tokens: Tokens, grammar: NameGrammar, covered: set[int]) -> int:
    while first < last and first not in covered and tokens.lower[first] in grammar.closed:
        first += 1
    return first


def _uncovered_tail(first: int, last: int, covered: set[int]) -> tuple[int, int]:
    """The part of a capitalised run behind its last known name, as in "Congolese President Félix Tshisekedi"."""
    inside = [index for index in range(first, last) if index in covered]
    return (inside[-1] + 1 if inside else first), last


def _title_before(first: int, last: int, tokens: Tokens, grammar: NameGrammar) -> tuple[tuple[int, int] | None, int]:
    """The span of a title that opens or precedes the run, and where the person's name begins."""
    for length in (3, 2, 1):
        inside = " ".join(tokens.lower[first : first + length])
        if first + length < last and (inside in grammar.titles or inside in grammar.head_titles):
            return (first, first + length), first + length
        if first >= length:
            before = " ".join(tokens.lower[first - length : first])
            if before in grammar.titles or before in grammar.head_titles:
                return (first - length, first), first
    return None, first


def _provisional(surface: str, actor_type: str, learned: Learned, names: Names) -> Entry:
    ident = slug(surface) or "name"
    if ident in names.actors or ident in names.places or ident in names.commodities:
        ident += "-" + actor_type.replace("_", "-")
    learned.rows.setdefault(ident, {"name": surface, "actor_type": actor_type})
    entry = Entry(surface, ident, "actor", "name")
    learned.aliases[surface] = entry
    return entry
