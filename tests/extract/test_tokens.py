import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.tokens import LONGEST, Tokens, tokenise

ABBREVIATIONS = {"mr", "gen", "jan", "no"}
STARTERS = {"the", "it", "he"}


def read(text: str) -> Tokens:
    return tokenise(text, ABBREVIATIONS, STARTERS)


def words(text: str) -> list[str]:
    return read(text).word


def sentences(text: str) -> list[str]:
    tokens = read(text)
    return [text[tokens.start[first] : tokens.end[end - 1]] for first, end in tokens.sentences]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Côte d’Ivoire", ["Côte", "d’Ivoire"]),
        ("Rwanda’s army", ["Rwanda", "’s", "army"]),
        ("Rwanda's army", ["Rwanda", "'s", "army"]),
        ("the rebels’ mines", ["the", "rebels", "’", "mines"]),
        ("the U.S. army", ["the", "U.S.", "army"]),
        ("a $24tn offer", ["a", "$", "24", "tn", "offer"]),
        ("€40m", ["€", "40", "m"]),
        ("7,000 or 8.5", ["7,000", "or", "8.5"]),
        ("M23 and C5+1", ["M23", "and", "C5", "+", "1"]),
        ("Su-25", ["Su", "-", "25"]),
        ("Rwanda-backed", ["Rwanda", "-", "backed"]),
        ("“cobalt”", ["“", "cobalt", "”"]),
        ("🇨🇩🤝 gold", ["🇨", "🇩", "🤝", "gold"]),
        ("a_b", ["a", "_", "b"]),
        ("السودان, 2025", ["السودان", ",", "2025"]),
        ("don’t, can't, N’Djamena’s", ["do", "n’t", ",", "ca", "n't", ",", "N’Djamena", "’s"]),
        ("They've won; I’m in", ["They", "'ve", "won", ";", "I", "’m", "in"]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_a_text_falls_into_tokens(text: str, told: list[str]) -> None:
    assert words(text) == told


def test_offsets_count_code_points() -> None:
    text = "🤝 Félix Tshisekedi’s “offer”"
    tokens = read(text)
    assert [(word, start) for word, start in zip(tokens.word, tokens.start, strict=True)] == [
        ("🤝", 0), ("Félix", 2), ("Tshisekedi", 8), ("’s", 18), ("“", 21), ("offer", 22), ("”", 27),
    ]  # fmt: skip
    assert tokens.kind == ["mark", "word", "word", "possessive", "mark", "word", "mark"]
    assert tokens.lower[1] == "félix"


@pytest.mark.parametrize(
    "told",
    [
        ["Congo asked.", "Rwanda denied it."],
        ["Gen. Muhoozi spoke for Mr. Museveni.", "He left."],
        ["The U.S. army left.", "It stayed."],
        ["They met in the U.S.", "The talks failed."],
        ["J. Kabila came back."],
        ["It paid $1.5 million.", "Nobody knew."],
        ["“We refuse.”", "He left."],
        ["(It failed.)", "They left."],
        ["Who pays?", "Nobody!", "Yes."],
        ["It was signed on 4 Jan. 2025 in Goma."],
        ["Did it work?"],
        ["No end here"],
        ["The U.S. Army left state.gov alone."],
        ["In the U.S. the talks failed."],
        ["Who pays?", "“Nobody,” he said."],
        ["He left.", '"We stay."'],
    ],
)
def test_a_text_falls_into_sentences(told: list[str]) -> None:
    assert sentences(" ".join(told)) == told


def test_a_question_mark_inside_a_sentence_ends_none() -> None:
    assert sentences("Yahoo! said so.") == ["Yahoo! said so."]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A headline\n\nCongo asked", ["A headline", "Congo asked"]),
        ("Congo asked the\nstates for troops", ["Congo asked the\nstates for troops"]),
        ("A headline\nCongo asked", ["A headline", "Congo asked"]),
        ("a headline:\ncongo asked", ["a headline:", "congo asked"]),
        ("congo asked\n\nand so on", ["congo asked", "and so on"]),
        ("Two points:\n- gold", ["Two points:", "- gold"]),
        ("\n\nCongo\n", ["Congo"]),
    ],
)
def test_an_empty_line_ends_a_sentence_and_a_wrapped_line_does_not(text: str, told: list[str]) -> None:
    assert sentences(text) == told


TEXTS = st.text(max_size=80) | st.lists(
    st.sampled_from(["Congo", "U.S.", "Gen.", "$24tn", "7,000", "’s", "rebels’", "“", "”", ".", "?", "\n", "\n\n", " ", "é", "🤝", "the", "The", "M23", ")", "("]),
    max_size=30,
).map("".join)  # fmt: skip


@given(TEXTS)
def test_every_token_is_the_text_of_its_span_and_nothing_but_blanks_lies_between(text: str) -> None:
    tokens = read(text)
    assert [text[a:b] for a, b in zip(tokens.start, tokens.end, strict=True)] == tokens.word
    assert [word.lower().replace("’", "'") for word in tokens.word] == tokens.lower
    ends = [0, *tokens.end]
    between = [text[a:b] for a, b in zip(ends, [*tokens.start, len(text)], strict=True)]
    assert "".join(between).strip() == ""
    assert all(tokens.word)


@given(TEXTS)
def test_sentences_part_the_tokens_without_a_gap(text: str) -> None:
    tokens = read(text)
    assert all(first < end for first, end in tokens.sentences)
    covered = [index for first, end in tokens.sentences for index in range(first, end)]
    assert covered == list(range(len(tokens.word)))


@given(TEXTS)
def test_what_stands_behind_an_empty_line_changes_nothing_before_it(text: str) -> None:
    text = unicodedata.normalize("NFC", text).rstrip()
    alone, followed = read(text), read(f"{text}\n\nCongo")
    assert followed.word[: len(alone.word)] == alone.word
    assert followed.start[: len(alone.word)] == alone.start
    assert followed.word[len(alone.word) :] == ["Congo"]


def test_a_sentence_without_end_is_cut() -> None:
    read = tokenise("gold, " * 1000, frozenset(), frozenset())
    assert max(last - first for first, last in read.sentences) == LONGEST
    assert [token for first, last in read.sentences for token in range(first, last)] == list(range(2000))
