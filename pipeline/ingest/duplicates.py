"""Which texts repeat others: equal but for spacing, or alike in their runs of five words.

Two texts are alike where the Jaccard index of their sets of five-word runs is at least 0.8. Every pair is decided
exactly: the inverted index only leaves out pairs that cannot reach it. Nothing is known of languages or files.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping

RUN = 5
NUMERATOR, DENOMINATOR = 4, 5
"""The threshold 0.8 as a fraction, so that no rounding decides."""


def find_repeats(texts: Mapping[str, str]) -> dict[str, tuple[str, float]]:
    """The ids whose text repeats one that is kept: id → (the kept id, likeness; 1.0 where equal but for spacing).

    texts: id → text. Ids are gone through in their order, so the smaller id is kept.
    """
    runs = {key: _runs(text) for key, text in texts.items()}
    frequency = Counter(run for own in runs.values() for run in own)
    folded: dict[str, str] = {}
    holders: dict[str, list[str]] = defaultdict(list)
    repeats: dict[str, tuple[str, float]] = {}
    for key in sorted(texts):
        same = folded.setdefault(" ".join(texts[key].split()), key)
        if same != key:
            repeats[key] = (same, 1.0)
            continue
        rare = _rarest(runs[key], frequency)
        candidates = sorted({other for run in rare for other in holders[run]})
        alike = next((other for other in candidates if _are_alike(runs[key], runs[other])), None)
        if alike is not None:
            repeats[key] = (alike, _likeness(runs[key], runs[alike]))
            folded[" ".join(texts[key].split())] = alike
            continue
        for run in rare:
            holders[run].append(key)
    return repeats


def _runs(text: str) -> set[str]:
    words = re.findall(r"\w+", text.casefold())
    if not words:
        return set()
    return {" ".join(words[start : start + RUN]) for start in range(max(1, len(words) - RUN + 1))}


def _rarest(runs: set[str], frequency: Mapping[str, int]) -> list[str]:
    """So many of the rarest runs that any text alike must share one of its own rarest with them."""
    needed = -(-NUMERATOR * len(runs) // DENOMINATOR)
    return sorted(runs, key=lambda run: (frequency[run], run))[: len(runs) - needed + 1]


def _are_alike(one: set[str], other: set[str]) -> bool:
    shared = len(one & other)
    return DENOMINATOR * shared >= NUMERATOR * (len(one) + len(other) - shared) and shared > 0


def _likeness(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other)
