"""Who holds what a sentence says: speech behind, before and inside it."""

from functools import cache

import pytest

from pipeline.codebook import Codebook, load_codebook
from pipeline.extract.document import extract_document
from pipeline.workspace import installed_checkout


@cache
def book() -> Codebook:
    checkout = installed_checkout()
    return load_codebook(checkout.codebook, checkout.registry)


def holders(text: str, table: str) -> set[str | None]:
    records = extract_document("new", text, None, book(), after_rules=lambda _setting, _bargains: None).records
    rows = {record.ref for record in records if record.table == table}
    assert rows, text
    claims = [record for record in records if record.table == "claims" and record.values["record_id"] in rows]
    return {claim.values.get("holder_id") for claim in claims}


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        ("Russia attacked Ukraine, Reuters reports.", "reuters"),
        ("Russia attacked Ukraine, the news agency Reuters reports.", "reuters"),
        ("Russia attacked Ukraine, Reuters reported on Monday.", "reuters"),
        ("Russia, Reuters reports, has attacked Ukraine.", "reuters"),
        ("“Russia attacked Ukraine,” said Emmanuel Macron.", "emmanuel-macron"),
        ("“Russia attacked Ukraine,” said Emmanuel Macron, “and nobody stopped it.”", "emmanuel-macron"),
        ("Russia attacked Ukraine, said a UN report.", "un"),
        ("Russia attacked Ukraine, say UN experts.", "un"),
        ("Russia attacked Ukraine, as Reuters reported.", "reuters"),
        ("In an interview with Reuters, Emmanuel Macron said Russia attacked Ukraine.", "emmanuel-macron"),
        ("Emmanuel Macron: Russia attacked Ukraine", "emmanuel-macron"),
        ("Russia attacked Ukraine - Emmanuel Macron", "emmanuel-macron"),
        ("Mali: Russia attacked Ukraine", None),
        ("Russia attacked Ukraine despite the reports.", None),
        ("Russia attacked Ukraine, tanks and depots.", None),
    ],
)
def test_speech_told_behind_or_inside_a_sentence_holds_it(text: str, holder: str | None) -> None:
    assert holders(text, "events") == {holder}


def test_a_title_is_the_publications_whoever_speaks() -> None:
    text = "M23 spokesman Willy Ngoma said that Uganda attacked Goma."
    assert holders(text, "events") == {"willy-ngoma"}
    assert holders(text, "relations") == {None}


def test_a_clause_behind_but_is_no_part_of_what_was_asked_for() -> None:
    text = "Kigali asked for weapons, but Uganda attacked Goma."
    assert holders(text, "events") == {None}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Rwanda backs M23, which Kigali denies.", {(None, "pos"), ("RWA", "neg")}),
        ("Rwanda backs M23, according to UN experts, a charge Kigali denies.", {("un", "pos"), ("RWA", "neg")}),
        ("Rwanda backs M23.", {(None, "pos")}),
    ],
)
def test_a_denial_of_what_stands_before_is_a_second_claim(text: str, told: set[tuple[str | None, str]]) -> None:
    records = extract_document("new", text, None, book(), after_rules=lambda _setting, _bargains: None).records
    [tie] = [record for record in records if record.table == "relations"]
    claims = [record.values for record in records if record.table == "claims"]
    assert {(c.get("holder_id"), c["polarity"]) for c in claims if c["record_id"] == tie.ref} == told
