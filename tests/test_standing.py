from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.standing import standing_of

SOURCES: dict[str, dict[str, str | None]] = {
    "a": {"published": "2025-03-10", "origin": "AFP"},
    "b": {"published": "2025-03-12", "origin": "AFP"},
    "c": {"published": None, "origin": None},
}


def claim(
    act: str = "state", polarity: str = "pos", certainty: str = "CT", **more: str | None
) -> dict[str, str | None]:
    told = {"act": act, "polarity": polarity, "certainty": certainty, "realis": "actual", "source_id": "a"}
    return {**told, "said": None, **more}


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ([claim()], "asserted"),
        ([claim("accuse")], "alleged"),
        ([claim("accuse"), claim("allege", certainty="PS")], "alleged"),
        ([claim("accuse"), claim("confirm")], "asserted"),
        ([claim("accuse"), claim("deny", "neg")], "contested"),
        ([claim("deny", "neg")], "denied"),
        ([claim(certainty="PS"), claim(certainty="U")], "unconfirmed"),
        ([claim(certainty="PS"), claim()], "asserted"),
        ([claim(polarity="unk")], "unconfirmed"),
        ([claim(polarity="unk"), claim("deny", "neg")], "denied"),
    ],
)
def test_status_follows_from_who_is_for_and_against(claims: list[dict[str, str | None]], status: str) -> None:
    assert standing_of(claims, SOURCES)["status"] == status


def test_realis_is_that_of_the_strongest_claim_in_favour() -> None:
    weak, strong = claim(certainty="PS"), claim(realis="hypothetical")
    assert standing_of([weak, strong], SOURCES)["realis"] == "hypothetical"
    assert standing_of([strong, claim(realis="planned")], SOURCES)["realis"] == "planned"
    assert standing_of([claim("deny", "neg")], SOURCES)["realis"] is None


def test_copies_of_one_dispatch_are_one_origin() -> None:
    found = standing_of([claim(), claim(source_id="b"), claim(source_id="c")], SOURCES)
    assert (found["n_sources"], found["n_origins"], found["n_for"], found["n_against"]) == (3, 2, 3, 0)


def test_dates_are_when_it_was_said_else_when_it_was_published() -> None:
    found = standing_of([claim(said="2025-03"), claim(source_id="b"), claim(source_id="c")], SOURCES)
    assert (found["first_said"], found["last_said"]) == ("2025-03", "2025-03")
    found = standing_of([claim(said="2025-03-01"), claim(source_id="b")], SOURCES)
    assert (found["first_said"], found["last_said"]) == ("2025-03-01", "2025-03-12")


def test_dates_without_a_year_are_not_dated() -> None:
    found = standing_of([claim(said="XXXX-03-01"), claim(source_id="c")], SOURCES)
    assert (found["first_said"], found["last_said"]) == (None, None)


EVERY_CLAIM = [
    claim(act, polarity, certainty, source_id=source, said=said)
    for (act, polarity), certainty, source, said in product(
        (("state", "pos"), ("accuse", "pos"), ("deny", "neg"), ("state", "unk")),
        ("CT", "PS"),
        "abc",
        (None, "2025", "2025-01", "2025-01-01", "XXXX-05"),
    )
]


@given(st.lists(st.sampled_from(EVERY_CLAIM), max_size=5), st.randoms())
def test_the_order_of_claims_does_not_matter(claims: list[dict[str, str | None]], random: Random) -> None:
    shuffled = list(claims)
    random.shuffle(shuffled)
    assert standing_of(shuffled, SOURCES) == standing_of(claims, SOURCES)
