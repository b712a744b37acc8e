"""Whether a country that a text names is told as a place in it, or only as a state that acts.

Decided once for a text, by weights over all its mentions. Without weights a country is a place where something is or
goes ("in Mali").
"""

from collections.abc import Iterator, Mapping

from pipeline.extract.names import Entry, Name, Names
from pipeline.extract.tokens import Tokens
from pipeline.weights import Weights

LIKELY = 0.4
"""Probability from which a country is a place, chosen on articles left out of training (docs/extraction.md)."""
MODEL = ("place", "places", "")
MANY = 4
"""Counts are told apart up to here."""


def countries_told(names: list[Name], tokens: Tokens, registry: Names, weights: Weights) -> dict[str, list[Name]]:
    """The countries that a text names and tells as places, by place id, with the names that say so.

    A capital, a demonym or a title names no country.
    """
    mentions = _mentions(names, registry)
    found = {}
    for place, features in country_features(names, tokens, registry).items():
        named = [name for name, entry in mentions[place] if entry.alias_type in ("name", "acronym")]
        located = [name for name in named if name.located]
        if named and (weights.likely(MODEL, features) >= LIKELY if MODEL in weights.single else located):
            found[place] = located or named
    return found


def country_features(names: list[Name], tokens: Tokens, registry: Names) -> Mapping[str, tuple[str, ...]]:
    """What is weighed of each country that is named, by place id: how and beside what, how often, what lies in it."""
    mentions = _mentions(names, registry)
    n_all = sum(map(len, mentions.values()))
    inside = [registry.places.get(e.target, {}).get("country") for e in _entries(names, "place", but="-country")]
    groups = [
        row.get("country")
        for e in _entries(names, "actor")
        if (row := registry.actors.get(e.target, {})).get("actor_type") == "armed_group"
    ]
    features: dict[str, tuple[str, ...]] = {}
    for place, named in mentions.items():
        country = named[0][1].target
        found = [feature for name, entry in named for feature in _beside(name, entry, tokens)]
        found += [
            f"country:{country}",
            f"named:{min(len(named), MANY)}",
            f"share:{5 * len(named) // n_all}",
            f"countries:{min(len(mentions), MANY)}",
            f"located:{min(sum(name.located for name, _ in named), MANY)}",
            f"places in it:{min(inside.count(country), MANY)}",
            f"armed groups of it:{country in groups}",
        ]
        features[place] = tuple(dict.fromkeys(found))
    return features


def _mentions(names: list[Name], registry: Names) -> dict[str, list[tuple[Name, Entry]]]:
    """The names of each state that is a country, by place id."""
    found: dict[str, list[tuple[Name, Entry]]] = {}
    for name in names:
        states = [e for e in name.entries if registry.actors.get(e.target, {}).get("actor_type") == "state"]
        place = registry.country_place(states[0].target) if len(states) == 1 else None
        if place is not None:
            found.setdefault(place, []).append((name, states[0]))
    return found


def _entries(names: list[Name], kind: str, but: str | None = None) -> list[Entry]:
    """What names mean, each meaning once, without ids that end in `but`."""
    targets = {e.target: e for name in names for e in name.entries if e.kind == kind}
    return [entry for target, entry in targets.items() if but is None or not target.endswith(but)]


def _beside(name: Name, entry: Entry, tokens: Tokens) -> Iterator[str]:
    def word(at: int) -> str:
        return tokens.lower[at] if 0 <= at < len(tokens.lower) else ""

    yield f"is:{entry.alias_type}"
    yield f"-1:{entry.alias_type}|{word(name.first - 1)}"
    yield f"-2:{word(name.first - 2)} {word(name.first - 1)}"
    yield f"+1:{entry.alias_type}|{word(name.last)}"
    yield f"+2:{word(name.last)} {word(name.last + 1)}"
