"""Standing ties: offices, parts and wholes, holdings, wars, told with and without a verb."""

from functools import cache

import pytest

from pipeline.codebook import Codebook, load_codebook
from pipeline.extract.document import extract_document
from pipeline.workspace import installed_checkout


@cache
def book() -> Codebook:
    checkout = installed_checkout()
    return load_codebook(checkout.codebook, checkout.registry)


def ties(text: str) -> set[tuple[str | None, ...]]:
    records = extract_document("new", text, None, book(), after_rules=lambda _setting, _bargains: None).records
    rows = [record.values for record in records if record.table == "relations"]
    return {(row["subject_id"], row["predicate"], row.get("object_id") or row.get("commodity_id")) for row in rows}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Paul Kagame is Rwanda's president.", ("paul-kagame", "leads", "RWA")),
        ("Paul Kagame is the president of Rwanda.", ("paul-kagame", "leads", "RWA")),
        ("Hezbollah leader Naim Qassem spoke.", ("naim-qassem", "leads", "hezbollah")),
        ("Gazprom Neft is a subsidiary of Gazprom.", ("gazprom", "owns", "gazprom-neft")),
        ("The M23, part of the Congo River Alliance, spoke.", ("m23", "member_of", "alliance-fleuve-congo")),
        ("Rwanda is at war with the FDLR.", ("RWA", "fights", "fdlr")),
        ("The Loulo-Gounkoto mine, owned by Barrick, was closed.", ("barrick", "owns", "mli-loulo-gounkoto")),
        ("Barrick owns the Loulo-Gounkoto mine.", ("barrick", "owns", "mli-loulo-gounkoto")),
        ("The United States has about 900 troops in Syria.", ("USA", "present_in", "syr-country")),
        ("China controls 80 percent of the world's cobalt refining.", ("CHN", "dominates", "cobalt")),
        ("Goma is controlled by the M23.", ("m23", "controls", "cod-goma")),
    ],
)
def test_who_holds_leads_or_belongs_to_what(text: str, told: tuple[str, ...]) -> None:
    assert ties(text) == {told}


@pytest.mark.parametrize(
    "text",
    [
        "Paul Kagame is Mali's president's friend.",
        "Paul Kagame is Rwanda's former prime minister.",
        "Rwanda is part of Gazprom.",
        "Paul Kagame is at war with Mali.",
        "China Molybdenum controls 60 percent of the shares in the cobalt mine.",
        "Turkey backs Syrian opposition groups.",
    ],
)
def test_what_is_no_tie_is_none(text: str) -> None:
    assert ties(text) == set()


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        ("Paul Kagame is not Mali's president.", "neg"),
        ("Paul Kagame is Rwanda's president.", "pos"),
        ("Rwanda backs not only the M23 but also Uganda.", "pos"),
        ("France has no fewer than 500 troops in Chad.", "pos"),
        ("France has no troops in Chad.", "neg"),
    ],
)
def test_a_tie_that_is_denied_is_told_as_denied(text: str, polarity: str) -> None:
    records = extract_document("new", text, None, book(), after_rules=lambda _setting, _bargains: None).records
    rows = {record.ref for record in records if record.table == "relations"}
    claims = [record for record in records if record.table == "claims" and record.values["record_id"] in rows]
    assert {claim.values["polarity"] for claim in claims} == {polarity}
