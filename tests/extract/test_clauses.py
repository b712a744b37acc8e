"""Clauses: every construction of a verb of the codebook has its subject and its object, whatever the verb."""

from collections.abc import Iterator

import pytest
from lemminflect import getInflection

from pipeline.codebook import Codebook, load_codebook
from pipeline.extract.clauses import Clause, Group, Sentence, parse_sentence
from pipeline.extract.dates import find_times
from pipeline.extract.document import read_names
from pipeline.workspace import installed_checkout

VERBS: tuple[str, ...] = (
    "abduct",
    "accuse",
    "arm",
    "back",
    "blame",
    "bomb",
    "finance",
    "give",
    "grab",
    "help",
    "lease",
)
VERBS += ("license", "mine", "overthrow", "own", "recapture", "shell", "shield", "take", "train", "threaten")
ACTIVE = (
    "Rwanda {VBD} Uganda on Monday.",
    "Rwanda {VBZ} Uganda",
    "Rwanda to {VB} Uganda",
    "Rwanda will soon {VB} Uganda.",
    "Rwanda vowed to {VB} Uganda.",
    "Rwanda did not {VB} Uganda.",
    "Rwanda doesn’t {VB} Uganda.",
    "Rwanda won't {VB} Uganda.",
    "Rwanda is {VBG} Uganda.",
    "Rwanda isn't {VBG} Uganda.",
    "Rwanda has repeatedly {VBN} Uganda.",
    "Rwanda may have {VBN} Uganda.",
    "Did Rwanda {VB} Uganda?",
    "Rwanda, which is rich in gold, {VBD} Uganda.",
    "Rwanda, which lost Goma, {VBD} Uganda.",
    "Rwanda, whose army lost Goma, {VBD} Uganda.",
    "Rwanda, a small neighbour, {VBD} Uganda.",
    "Rwanda, {VBG} Uganda, won the war.",
    "{VBG} Uganda, Rwanda won the war.",
    "After {VBG} Uganda, Rwanda won the war.",
    "Rwanda won by {VBG} Uganda.",
    "Rwanda denied {VBG} Uganda.",
    "Kenya suspected Rwanda of {VBG} Uganda.",
    "Kenya wants Rwanda to {VB} Uganda.",
    "Kenya met Rwanda, which {VBD} Uganda.",
    "Kenya left Uganda, which Rwanda {VBD}.",
    "Kenya said that Rwanda had {VBN} Uganda.",
    "When Rwanda {VBD} Uganda, Kenya spoke.",
    "If Rwanda {VBZ} Uganda, Kenya leaves.",
    "Rwanda hosted and {VBD} Uganda.",
    "“Rwanda {VBD} Uganda,” he said.",
    "Rwanda’s plan to {VB} Uganda failed.",
    "Rwanda is believed to have {VBN} Uganda.",
)
PASSIVE = (
    "Uganda was {VBN} by Rwanda.",
    "Uganda isn’t being {VBN} by Rwanda.",
    "Uganda could be {VBN} by Rwanda.",
    "Uganda, which was reportedly {VBN} by Rwanda, denied it.",
    "{VBN} by Rwanda, Uganda won the war.",
)


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    checkout = installed_checkout()
    return load_codebook(checkout.codebook, checkout.registry)


def parsed(text: str, codebook: Codebook) -> Iterator[Sentence]:
    names, _, tokens = read_names(text, None, codebook)
    times = find_times(text)
    for first, last in tokens.sentences:
        yield parse_sentence(tokens, first, last, [n for n in names if first <= n.first < last], codebook, times)


def inflected(construction: str, verb: str) -> str:
    forms = {tag: getInflection(verb, tag=tag)[0] for tag in ("VB", "VBZ", "VBD", "VBN", "VBG")}
    text = construction.format(**forms)
    return text[0].upper() + text[1:]


def names(groups: list[Group], sentence: Sentence) -> set[str]:
    return {unit.word for group in groups for unit in sentence.units[group.first : group.last] if unit.name}


def telling(construction: str, verb: str, codebook: Codebook) -> tuple[Clause, Sentence]:
    [found] = [
        (clause, sentence)
        for sentence in parsed(inflected(construction, verb), codebook)
        for clause in sentence.clauses
        if clause.lemma == verb
    ]
    return found


@pytest.mark.parametrize("construction", ACTIVE)
def test_who_does_what_to_whom_is_read_in_every_construction(construction: str, codebook: Codebook) -> None:
    for verb in VERBS:
        clause, sentence = telling(construction, verb, codebook)
        assert "Rwanda" in names(clause.subjects, sentence) <= {"Rwanda", "gold", "Goma"}, verb
        assert names(clause.objects, sentence) == {"Uganda"}, verb
        assert not clause.passive, verb


@pytest.mark.parametrize("construction", PASSIVE)
def test_a_passive_has_its_object_as_subject_and_its_actor_behind_by(construction: str, codebook: Codebook) -> None:
    for verb in VERBS:
        clause, sentence = telling(construction, verb, codebook)
        assert clause.passive, verb
        assert names(clause.subjects, sentence) == {"Uganda"}, verb
        agents = [group for preposition, group in clause.phrases if preposition == "by"]
        assert names(agents, sentence) == {"Rwanda"}, verb


@pytest.mark.parametrize("denied", ["did not", "didn’t", "won't", "has never", "is not", "can’t"])
def test_what_is_negated_is_marked(denied: str, codebook: Codebook) -> None:
    form = {"has never": "{VBN}", "is not": "{VBG}"}.get(denied, "{VB}")
    for verb in VERBS:
        clause, _ = telling(f"Rwanda {denied} {form} Uganda.", verb, codebook)
        assert clause.negated, verb


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("Rwanda is not an ally.", True),
        ("Rwanda has no troops in Mali.", True),
        ("No soldiers were sent.", True),
        ("Rwanda is an ally.", False),
        ("Rwanda has troops, not tanks, in Mali.", False),
        ("Rwanda attacked not only Goma.", False),
        ("Rwanda sent no fewer than 20 tanks.", False),
    ],
)
def test_a_negation_may_stand_behind_the_verb_or_in_a_noun_group(text: str, negated: bool, codebook: Codebook) -> None:
    [clause] = [clause for sentence in parsed(text, codebook) for clause in sentence.clauses]
    assert clause.negated is negated


@pytest.mark.parametrize(
    ("text", "verb", "objects"),
    [
        ("The company mining gold in Mali left.", "mine", {"gold"}),
        ("Rebels smuggling coltan left Goma.", "smuggle", {"coltan"}),
    ],
)
def test_participles_and_contractions_open_clauses(text: str, verb: str, objects: set[str], codebook: Codebook) -> None:
    clause, sentence = telling(text, verb, codebook)
    assert names(clause.objects, sentence) == objects
    assert clause.subjects


def test_has_may_be_written_with_the_pronoun(codebook: Codebook) -> None:
    clause, sentence = telling("They've signed it: he’s given Russia the mines.", "give", codebook)
    assert names(clause.second, sentence) == {"Russia"}
    assert not clause.passive
