"""What numbers count: who was hurt, behind an aside or "of", and what resources are worth."""

from functools import cache

import pytest

from pipeline.codebook import Codebook, load_codebook
from pipeline.extract.document import extract_document
from pipeline.weights import Weights
from pipeline.workspace import installed_checkout


@cache
def book() -> Codebook:
    checkout = installed_checkout()
    loaded = load_codebook(checkout.codebook, checkout.registry)
    loaded.weights = Weights()
    return loaded


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The attack left 20 people dead and 35 wounded in Goma.", {("deaths", 20.0), ("injured", 35.0)}),
        ("M23 rebels abducted 130 patients in Goma.", {("abducted", 130.0)}),
        ("Some 7,000 people, most of them civilians, have been killed by the M23.", {("deaths", 7000.0)}),
        ("Dozens of soldiers were wounded in Mali.", {("injured", 12.0)}),
        ("Dozens of soldiers fought in Mali.", {("troops", 12.0)}),
        ("Ukraine's minerals are worth $24 trillion.", {("resource_value", 24e12)}),
        ("Ukraine's army is worth $24 million.", {("money", 24e6)}),
    ],
)
def test_a_number_counts_what_the_words_around_it_tell(text: str, told: set[tuple[str, float]]) -> None:
    figures = [r.values for r in extract_document("new", text, None, book()).records if r.table == "figures"]
    assert {(one["measure"], one.get("value", one.get("low"))) for one in figures} == told
