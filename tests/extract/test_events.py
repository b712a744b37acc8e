"""Who takes part in what sentences tell."""

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
    ("text", "event_type", "participants"),
    [
        ("Foreign ministers from Rwanda and Uganda met in Goma.", "CONSULT", {"RWA", "UGA"}),
        ("Khalifa Haftar received a Russian deputy defence minister.", "CONSULT", {"khalifa-haftar", "RUS"}),
        ("Mercenaries from Wagner killed civilians near Goma.", "ASSAULT", {"wagner-group"}),
        ("M23 held Goma. The rebels killed civilians near Rutshuru.", "ASSAULT", {"m23"}),
        ("French soldiers in Mali killed civilians near Goma.", "ASSAULT", {"FRA"}),
        (
            "The president of Rwanda, Paul Kagame, met his Ugandan counterpart, Yoweri Museveni, in Goma.",
            "CONSULT",
            {"paul-kagame", "yoweri-museveni"},
        ),
        ("Delegates of the M23 and of the Rwandan government met in Goma.", "CONSULT", {"m23", "RWA"}),
        ("Zambia rejected an Emirati offer.", "REJECT", {"ZMB", "ARE"}),
        ("Kenya condemned Rwanda's attack on Goma.", "ACCUSE", {"KEN", "RWA"}),
        ("Ukraine received missiles from the United States.", "AID", {"USA", "UKR"}),
        ("Kenya welcomed American aid against the M23.", "SUPPORT", {"KEN", "USA"}),
        ("“We will fight Uganda,” Paul Kagame said.", "ASSAULT", {"RWA", "UGA"}),
    ],
)
def test_participants_are_those_whom_the_words_mean(text: str, event_type: str, participants: set[str]) -> None:
    records = extract_document("new", text, "2025-03-01", book(), after_rules=lambda _setting, _bargains: None).records
    [event] = [r for r in records if r.table == "events" and r.values["event_type"] == event_type]
    assert {actor for _, actor in event.roles} == participants


@pytest.mark.parametrize(
    ("text", "allied"),
    [
        ("Rwanda and Uganda are close allies.", {("RWA", "UGA")}),
        ("Uganda is a close ally of Rwanda.", {("RWA", "UGA")}),
        ("The troops are close to Rwanda and Uganda.", set()),
    ],
)
def test_allies_are_read_from_what_somebody_is(text: str, allied: set[tuple[str, str]]) -> None:
    records = extract_document("new", text, None, book(), after_rules=lambda _setting, _bargains: None).records
    ties = [r.values for r in records if r.table == "relations" and r.values["predicate"] == "allied_with"]
    assert {(tie["subject_id"], tie["object_id"]) for tie in ties} == allied
