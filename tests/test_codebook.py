"""Every rule of the codebook fires on its positive examples and stays silent on its negative ones."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipeline.codebook import Codebook, Frame, Pattern, TermRule, load_codebook
from pipeline.extract.document import extract_document
from pipeline.proposals import Record
from pipeline.workspace import installed_checkout


@cache
def book() -> Codebook:
    checkout = installed_checkout()
    return load_codebook(checkout.codebook, checkout.registry)


def read(text: str) -> list[Record]:
    """What the rules read, without what weights add."""
    return extract_document("example", text, "2025-03-01", book(), after_rules=lambda _setting, _bargains: None).records


def fits(record: Record, expected: dict[str, Any]) -> bool:
    for key, value in expected.items():
        if key in ("actor", "recipient", "party"):
            if not set(value) <= {actor for role, actor in record.roles if role == key}:
                return False
        elif record.values.get(key) != value:
            return False
    return True


@pytest.mark.parametrize("frame", book().frames, ids=lambda frame: frame.id)
def test_frame_fires_on_its_examples_only(frame: Frame) -> None:
    for example in frame.positive:
        records = read(example["text"])
        expected = dict(example.get("expect", {}))
        told = [r for r in records if r.method == frame.id]
        staged = [r for r in records if "stage" in expected and fits(r, {"stage": expected["stage"]})]
        assert told or staged, example["text"]
        if expected:
            assert any(fits(r, expected) for r in [*told, *staged]), (example, told)
    for text in frame.negative:
        assert not [r for r in read(text) if r.method == frame.id], text


@pytest.mark.parametrize("rule", book().terms, ids=lambda rule: rule.id)
def test_term_rule_fires_on_its_examples_only(rule: TermRule) -> None:
    def terms(text: str) -> list[Record]:
        return [r for r in read(text) if r.table == "terms" and r.values["term_type"] == rule.term_type]

    for text in rule.positive:
        assert terms(text), text
    for text in rule.negative:
        assert not terms(text), text


@pytest.mark.parametrize("pattern", book().patterns, ids=lambda pattern: pattern.id)
def test_pattern_fires_on_its_examples_only(pattern: Pattern) -> None:
    for text in pattern.positive:
        assert [r for r in read(text) if r.method == pattern.id], text
    for text in pattern.negative:
        assert not [r for r in read(text) if r.method == pattern.id], text


def test_every_method_is_a_rule_of_the_codebook() -> None:
    known = {f.id for f in book().frames} | {r.id for r in book().terms} | {p.id for p in book().patterns}
    texts = [example["text"] for frame in book().frames for example in frame.positive]
    texts += [text for rule in book().terms for text in rule.positive]
    texts += [text for pattern in book().patterns for text in pattern.positive]
    assert {record.method for text in texts for record in read(text)} <= known


@pytest.mark.parametrize(
    ("text", "named", "absent"),
    [
        ("Niger signed a deal.", {"NER"}, {"NGA"}),
        ("Nigeria signed a deal.", {"NGA"}, {"NER"}),
        ("Guinea-Bissau signed a deal.", {"GNB"}, {"GIN"}),
        ("Equatorial Guinea signed a deal.", {"GNQ"}, {"GIN"}),
        ("Papua New Guinea signed a deal.", {"PNG"}, {"GIN"}),
        ("South Sudan signed a deal.", {"SSD"}, {"SDN"}),
        ("The Republic of the Congo signed a deal.", {"COG"}, {"COD"}),
        ("The Democratic Republic of the Congo signed a deal.", {"COD"}, {"COG"}),
        ("Fans cheered Michael Jordan in the arena.", set(), {"JOR"}),
        ("Jordan signed a deal.", {"JOR"}, set()),
        ("They ate turkey at the hotel in Mobile.", set(), {"TUR"}),
        ("A Reading resident praised the Deal pier.", set(), {"GBR"}),
    ],
)
def test_ambiguous_names_mean_what_they_say(text: str, named: set[str], absent: set[str]) -> None:
    actors = {record.ref for record in read(text) if record.table == "actors"}
    assert named <= actors
    assert not actors & absent


def test_every_mention_lies_in_the_text() -> None:
    text = "Président Félix Tshisekedi 🙂 said “Rwanda’s army” had attacked Goma.\nM23 denied it."
    for record in read(text):
        for mention in record.mentions:
            assert 0 <= mention.start < mention.end <= len(text)


def test_checkout_holds_the_codebook() -> None:
    assert Path(installed_checkout().codebook / "frames.yaml").is_file()
