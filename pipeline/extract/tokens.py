"""Text → tokens and sentences in one pass: parallel lists, offsets in code points, the text never changed."""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<number>\d+(?:[.,]\d+)*)"
    r"|(?P<initials>(?:[A-Z]\.){2,})"
    r"|(?P<possessive>['’]s(?!\w)|(?<=s)['’](?=\s))"
    r"|(?P<word>[^\W\d_]+(?:['’](?!s\b)[^\W\d_]+)*\d*[^\W\d_]*)"
    r"|(?P<line>\n+)"
    r"|(?P<mark>[^\w\s]|_)"
)
_CONTRACTION = re.compile(
    r"(?i:(do|does|did|is|are|was|were|has|have|had|ca|wo|would|could|should|must|might|need|ai|sha)(n['’]t)"
    r"|(i|you|he|she|it|we|they|there|who|that|what)(['’](?:re|ve|ll|d|m)))"
)
"""A verb with "not" or a pronoun with a verb, written as one word: two tokens, as in the Penn Treebank."""
LONGEST = 300
"""Tokens after which a sentence is cut: no prose goes on so long, and the work per sentence grows faster than it."""
_CLOSERS = frozenset("\"'”’»)]")
_OPENERS = frozenset("\"'“‘«([")


@dataclass(slots=True)
class Tokens:
    """Parallel lists over tokens; `kind` is the name of the pattern's group. `sentences`: (first, end) tokens.

    `lower`: in lower case, its apostrophes straight.
    """

    start: list[int]
    end: list[int]
    word: list[str]
    lower: list[str]
    kind: list[str]
    sentences: list[tuple[int, int]]


def tokenise(text: str, abbreviations: Container[str], starters: Container[str]) -> Tokens:
    """Tokens and sentences of `text`.

    abbreviations: lower-case words after which a full stop ends no sentence. starters: lower-case words that, when
    capitalised after initials ("U.S. The"), begin a new sentence.
    """
    start: list[int] = []
    end: list[int] = []
    word: list[str] = []
    kind: list[str] = []
    breaks: set[int] = set()
    for match in _TOKEN.finditer(text):
        group = match.lastgroup or "mark"
        if group == "line":
            if start and (len(match.group()) > 1 or _ends_block(word[-1], text, match.end())):
                breaks.add(len(start))
            continue
        for first, last in _parts(match):
            start.append(first)
            end.append(last)
            word.append(text[first:last])
            kind.append(group)
    lower = [w.lower().replace("’", "'") for w in word]
    tokens = Tokens(start, end, word, lower, kind, [])
    tokens.sentences = _sentences(tokens, breaks, abbreviations, starters)
    return tokens


def _parts(match: re.Match[str]) -> tuple[tuple[int, int], ...]:
    """The spans of a match's tokens: one, or the two of a contraction."""
    contracted = _CONTRACTION.fullmatch(match.group()) if match.lastgroup == "word" else None
    if contracted is None:
        return (match.span(),)
    parted = match.start() + len(contracted.group(1) or contracted.group(3))
    return (match.start(), parted), (parted, match.end())


def _ends_block(last: str, text: str, following: int) -> bool:
    """Whether a single line end closes a sentence: not where a line was only wrapped."""
    rest = text[following : following + 40].lstrip()
    return last in '.!?:”"' or not rest or not rest[0].islower()


def _sentences(
    tokens: Tokens, breaks: set[int], abbreviations: Container[str], starters: Container[str]
) -> list[tuple[int, int]]:
    found = []
    first = 0
    count = len(tokens.word)
    index = 0
    while index < count:
        index += 1
        if index in breaks or _is_stop(tokens, index - 1, count, abbreviations, starters):
            while (
                index < count and index not in breaks and tokens.word[index] in _CLOSERS and _is_attached(tokens, index)
            ):
                index += 1
            found.append((first, index))
            first = index
    if first < count:
        found.append((first, count))
    return [part for sentence in found for part in _cut(*sentence)]


def _cut(first: int, last: int) -> Iterator[tuple[int, int]]:
    """A sentence, or its stretches of `LONGEST` tokens where it is longer."""
    for start in range(first, last, LONGEST):
        yield start, min(start + LONGEST, last)


def _is_attached(tokens: Tokens, index: int) -> bool:
    return tokens.start[index] == tokens.end[index - 1]


def _is_stop(tokens: Tokens, index: int, count: int, abbreviations: Container[str], starters: Container[str]) -> bool:
    word = tokens.word[index]
    after = index + 1
    while after < count and tokens.word[after] in _CLOSERS and _is_attached(tokens, after):
        after += 1
    following = tokens.word[after] if after < count else ""
    if tokens.kind[index] == "initials":
        return following[:1].isupper() and tokens.lower[after] in starters if following else False
    if word in "!?":
        return not following or following[:1].isupper() or following in _OPENERS
    if word != ".":
        return False
    if after < count and tokens.start[after] == tokens.end[after - 1]:
        return False
    previous = tokens.lower[index - 1] if index else ""
    if previous in abbreviations or (len(previous) == 1 and previous.isalpha() and tokens.word[index - 1].isupper()):
        return False
    return not following or not following[:1].islower()
