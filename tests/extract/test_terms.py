"""Undertakings: who gives what to whom, where several act together."""

from functools import cache

import pytest

from pipeline.codebook import Codebook, load_codebook
from pipeline.extract.document import extract_document
from pipeline.workspace import installed_checkout


@cache
def book() -> Codebook:
    checkout = installed_checkout()
    return load_codebook(checkout.codebook, checkout.registry)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "Rwanda and Mali signed a security pact in May under which both countries will share intelligence.",
            {("intelligence", "RWA", "MLI"), ("intelligence", "MLI", "RWA")},
        ),
        (
            "Rwanda and Mali signed a security pact. Under it Rwanda will provide military training to Mali.",
            {("military_training", "RWA", "MLI")},
        ),
    ],
)
def test_what_two_undertake_together_is_given_by_each_to_the_other(text: str, told: set[tuple[str, ...]]) -> None:
    records = extract_document("new", text, None, book(), after_rules=lambda _setting, _bargains: None).records
    terms = [record.values for record in records if record.table == "terms"]
    assert {(term["term_type"], term["giver_id"], term["receiver_id"]) for term in terms} == told
