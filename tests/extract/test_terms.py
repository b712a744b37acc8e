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
        (
            "Rwanda is offering the United States access to cobalt deposits in exchange for military equipment.",
            {("mine_access", "RWA", "USA"), ("arms_or_equipment", "USA", "RWA")},
        ),
        (
            "The Taliban signed a contract with a Chinese company to extract oil from the Amu Darya basin.",
            {("mine_access", "taliban", "chn-companies")},
        ),
        ("Nicaragua has granted a Russian company three mining concessions.", {("concession", "NIC", "RUS")}),
        ("The junta in Mali has handed Nordgold a licence for a gold mine.", {("concession", "MLI", "nordgold")}),
    ],
)
def test_who_gives_what_to_whom_and_what_two_undertake_together(text: str, told: set[tuple[str, ...]]) -> None:
    records = extract_document("new", text, None, book(), after_rules=lambda _setting, _bargains: None).records
    terms = [record.values for record in records if record.table == "terms"]
    assert {(term["term_type"], term["giver_id"], term["receiver_id"]) for term in terms} == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "Mali pays Wagner in gold for its protection.",
            {("payment", "MLI", "wagner-group"), ("protection_service", "wagner-group", "MLI")},
        ),
        (
            "Niger would swap its uranium for Iranian drones.",
            {("offtake", "NER", "IRN"), ("arms_or_equipment", "IRN", "NER")},
        ),
        (
            "China will build roads in Guinea in exchange for bauxite.",
            {("infrastructure", "CHN", "GIN"), ("offtake", "GIN", "CHN")},
        ),
        (
            "Washington made its military aid to Kyiv conditional on access to Ukraine's minerals.",
            {("military_aid", "USA", "UKR"), ("mine_access", "UKR", "USA")},
        ),
        (
            "Kinshasa's offer of cobalt access in return for American help against the M23 stands.",
            {("mine_access", "COD", "USA"), ("military_aid", "USA", "COD")},
        ),
        (
            "Turkey will train Somali troops in return for a share of Somalia's offshore oil.",
            {("military_training", "TUR", "SOM"), ("mine_access", "SOM", "TUR")},
        ),
        (
            "If Washington sends troops, Kinshasa will open its mines to American companies.",
            {("troop_deployment", "USA", "COD"), ("mine_access", "COD", "usa-companies")},
        ),
        (
            "Under the deal, Russia gets a naval base and Sudan receives arms.",
            {("base_access", "SDN", "RUS"), ("arms_or_equipment", "RUS", "SDN")},
        ),
        (
            "Myanmar's junta pays for Russian jets with rare earths.",
            {("payment", "MMR", "RUS"), ("arms_or_equipment", "RUS", "MMR")},
        ),
        ("Angola is repaying Chinese loans with oil.", {("offtake", "AGO", "CHN")}),
        ("Mali's sale of gold to Russia drew criticism.", {("offtake", "MLI", "RUS")}),
        (
            "Rwanda and the United States signed an agreement in Washington that gives American companies access to cobalt mines.",
            {("mine_access", "RWA", "usa-companies")},
        ),
        (
            "India and Argentina signed a contract. KABIL will invest about $24 million over five years.",
            {("investment", "kabil", "ARG")},
        ),
        ("The United Arab Emirates has denied sending weapons to Mali.", set()),
        ("Rwanda and Mali agreed to a truce after weeks of mediation.", set()),
        ("Rwanda and Mali signed a deal. The measures include a ban on imports of gold.", set()),
        (
            "Mali gave Russia a gold mine as collateral for a loan.",
            {("mine_access", "MLI", "RUS"), ("loan", "RUS", "MLI")},
        ),
        ("Rwanda received a warm welcome in Mali in return.", set()),
        ("Companies linked to Wagner mine gold in Sudan.", set()),
        ("Ukraine paid tribute to American soldiers for their support.", set()),
        (
            "Washington made military aid to Ukraine contingent on access to its minerals.",
            {("military_aid", "USA", "UKR"), ("mine_access", "UKR", "USA")},
        ),
        (
            "Russia gave Mali's junta weapons and instructors in return for gold.",
            {("arms_or_equipment", "RUS", "MLI"), ("military_training", "RUS", "MLI"), ("offtake", "MLI", "RUS")},
        ),
        ("Mali declined to give Russia access to gold.", {("mine_access", "MLI", "RUS")}),
    ],
)
def test_what_stands_on_the_two_sides_of_an_exchange_goes_opposite_ways(text: str, told: set[tuple[str, ...]]) -> None:
    records = extract_document("new", text, None, book(), after_rules=lambda _setting, _bargains: None).records
    terms = [record.values for record in records if record.table == "terms"]
    assert {(term["term_type"], term["giver_id"], term["receiver_id"]) for term in terms} == told


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("Rwanda gave the United States access to its minerals.", "provide"),
        ("Rwanda is ready to give the United States access to its minerals.", "offer"),
        ("Rwanda is not ready to give the United States access to its minerals.", "refuse"),
        ("Rwanda has vowed to give the United States access to its minerals.", "promise"),
    ],
)
def test_what_is_still_to_come_is_not_provided(text: str, act: str) -> None:
    records = extract_document("new", text, None, book(), after_rules=lambda _setting, _bargains: None).records
    assert {record.values["act"] for record in records if record.table == "terms"} == {act}
