import random

from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.duplicates import RUN, find_repeats

WORDS = (
    "gold",
    "cobalt",
    "tin",
    "coltan",
    "mine",
    "base",
    "port",
    "troops",
    "rebels",
    "talks",
    "deal",
    "offer",
    "army",
    "town",
)
TEXT = " ".join(random.Random(1).choices(WORDS, k=200))


def test_equal_but_for_spacing_is_a_repeat() -> None:
    assert find_repeats({"b": "Rebels  left\n\nGoma. ", "a": "Rebels left Goma."}) == {"b": ("a", 1.0)}


def test_alike_texts_repeat_and_the_smaller_id_is_kept() -> None:
    repeats = find_repeats({"c": TEXT + " and more was said", "b": TEXT, "a": "Something else was written here today."})
    assert list(repeats) == ["c"]
    kept, likeness = repeats["c"]
    assert kept == "b"
    assert 0.8 <= likeness < 1


def test_texts_that_share_half_are_both_kept() -> None:
    assert find_repeats({"a": TEXT, "b": TEXT[: len(TEXT) // 2] + TEXT[::-1][: len(TEXT) // 2]}) == {}


def test_texts_without_words_repeat_only_when_equal() -> None:
    assert find_repeats({"a": "!!!", "b": "???", "c": "!!!"}) == {"c": ("a", 1.0)}


def test_every_repeat_of_one_kept_text_names_it() -> None:
    assert {kept for kept, _ in find_repeats({"a": TEXT, "b": TEXT + " x", "c": TEXT + " x", "d": TEXT}).values()} == {
        "a"
    }


def likeness(one: str, other: str) -> float:
    first, second = (
        {tuple(words[i : i + RUN]) for i in range(max(1, len(words) - RUN + 1))}
        for words in (one.split(), other.split())
    )
    return len(first & second) / len(first | second)


texts = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=14).map(" ".join)


@given(st.dictionaries(st.sampled_from("pqrstuvw"), texts))
def test_the_index_finds_what_comparing_every_pair_finds(texts: dict[str, str]) -> None:
    kept: list[str] = []
    expected = set()
    for key in sorted(texts):
        if any(likeness(texts[key], texts[other]) >= 0.8 for other in kept):
            expected.add(key)
        else:
            kept.append(key)
    assert set(find_repeats(texts)) == expected
