"""The codebook and the registry, loaded and compiled for the extractor; unknown codes and malformed rules are errors.

What a rule means is data (`data/codebook/*.yaml`, `data/registry/*.csv`); this module checks it against the code
lists, expands the forms of its words, and builds the indexes that make matching independent of the number of rules.
"""

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.codes import Codes, load_codes
from pipeline.errors import RsbError, together
from pipeline.extract.names import NameGrammar, Names
from pipeline.registry import load_registry
from pipeline.rulefile import Entry, check_shape, load_entry, load_rules
from pipeline.weights import Weights, load_weights

SLOTS = frozenset(
    [
        "subject",
        "object",
        "second",
        "with",
        "to",
        "against",
        "from",
        "on",
        "of",
        "by",
        "between",
        "for",
        "over",
        "in",
        "into",
        "at",
        "about",
        "upon",
        "toward",
        "towards",
        "around",
        "near",
        "behind",
        "within",
        "as",
    ]
)


@dataclass(frozen=True, slots=True)
class Frame:
    """One rule of `frames.yaml`: what its verbs and nouns mean, and where their participants stand.

    heads: nouns of which a verb's object must be one (`<deal>`, `<place>`: any of the kind), where it has an object.
    partnered: told only of two or more participants.
    """

    id: str
    event: str | None
    verbs: tuple[str, ...]
    nouns: tuple[str, ...]
    actor: tuple[str, ...]
    recipient: tuple[str, ...]
    mutual: bool
    actor_types: frozenset[str]
    object_types: frozenset[str]
    relation: str | None
    term: Mapping[str, str] | None
    stage: str | None
    claim: Mapping[str, str] | None
    realis: str | None
    heads: frozenset[str]
    partnered: bool
    positive: tuple[Mapping[str, Any], ...]
    negative: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TermRule:
    """One rule of `terms.yaml`; phrases are sequences of alternatives (`<resource>` and `<commodity>` are classes).

    gives, gets: verbs whose subject gives, or receives, what the term names. does, objects: verbs whose subject gives it by
    acting on one of these nouns ("lifts sanctions"; `<resource>` as in phrases). owner_gets: whether the one whose it is
    receives it ("the DRC's defence capabilities"), not gives it ("its mines").
    """

    id: str
    term_type: str
    phrases: tuple[tuple[frozenset[str], ...], ...] = ()
    gives: frozenset[str] = frozenset()
    gets: frozenset[str] = frozenset()
    does: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()
    owner_gets: bool = False
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pattern:
    """One construction of `patterns.yaml`: what the extractor reads that no word of a frame or term rule tells."""

    id: str
    reads: str
    positive: tuple[str, ...]
    negative: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of `measures.yaml`."""

    measure: str
    unit: str
    nouns: frozenset[str]
    verbs: frozenset[str]


@dataclass
class Codebook:
    """Everything the extractor knows that is not in the text."""

    codes: Codes
    names: Names
    frames: tuple[Frame, ...]
    terms: tuple[TermRule, ...]
    deals: Mapping[str, Any]
    measures: Mapping[str, Any]
    grammar: Mapping[str, Any]
    patterns: tuple[Pattern, ...]
    weights: Weights
    closed: Mapping[str, str] = field(init=False)
    verb_forms: Mapping[str, tuple[str, str]] = field(init=False)
    noun_forms: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        closed: dict[str, str] = {}
        for letter in "JSIDQPBHOXTCRW":
            for word in self.grammar["classes"][letter]:
                closed[word] = letter
        closed["that"] = "S"
        self.closed = closed
        verbs = {verb.split(" ")[0] for frame in self.frames for verb in frame.verbs}
        verbs |= {verb.split(" ")[0] for rule in self.terms for verb in rule.gives | rule.gets | rule.does}
        nouns = {noun.split(" ")[-1] for frame in self.frames for noun in frame.nouns}
        nouns |= {head for frame in self.frames for head in frame.heads if not head.startswith("<")}
        nouns |= {noun for rule in self.terms for noun in rule.objects if not noun.startswith("<")}
        nouns |= set(self.deals["nouns"]) | set(self.deals["back_references"])
        verbs |= (
            set(self.grammar["light_verbs"]) | set(self.deals["verbs_of_likeness"]) | set(self.deals["contain_verbs"])
        )
        verbs |= set(self.deals["exchange_verbs"]) | set(self.grammar["meeting_verbs"])
        verbs |= {verb.partition(" ")[0] for verb in self.grammar["implicative_verbs"] + self.grammar["failing_verbs"]}
        # Of closed classes only adverbs and prepositions may be verbs: "vowed to back the rebels", "has given".
        self.verb_forms = {form: pair for form, pair in _verb_forms(verbs).items() if closed.get(form, "R") in "RI"}
        self.noun_forms = _noun_forms(nouns)

    @cached_property
    def open(self) -> Mapping[str, str]:
        """word → class letter of the open classes, from the Brill lexicon that textblob ships."""
        return _load_pos_lexicon()

    @cached_property
    def frames_by_verb(self) -> Mapping[str, tuple[tuple[str, Frame], ...]]:
        """lemma → (particle, frame)."""
        index: dict[str, list[tuple[str, Frame]]] = {}
        for frame in self.frames:
            for verb in frame.verbs:
                lemma, _, particle = verb.partition(" ")
                index.setdefault(lemma, []).append((particle, frame))
        return {lemma: tuple(pairs) for lemma, pairs in index.items()}

    @cached_property
    def frames_by_noun(self) -> Mapping[str, tuple[tuple[str, Frame], ...]]:
        """last word of a noun → (words before it, frame)."""
        index: dict[str, list[tuple[str, Frame]]] = {}
        for frame in self.frames:
            for noun in frame.nouns:
                before, _, head = noun.rpartition(" ")
                index.setdefault(head, []).append((before, frame))
        return {noun: tuple(pairs) for noun, pairs in index.items()}

    @cached_property
    def terms_by_word(self) -> Mapping[str, tuple[tuple[tuple[frozenset[str], ...], TermRule], ...]]:
        """The first literal word of a phrase → (phrase, rule), longest phrases first."""
        index: dict[str, list[tuple[tuple[frozenset[str], ...], TermRule]]] = {}
        for rule in self.terms:
            for phrase in rule.phrases:
                for word in phrase[0]:
                    index.setdefault(word, []).append((phrase, rule))
        return {word: tuple(sorted(pairs, key=lambda pair: -len(pair[0]))) for word, pairs in index.items()}

    @cached_property
    def terms_by_verb(self) -> Mapping[str, tuple[TermRule, bool]]:
        """lemma → (rule, whether its subject gives)."""
        gets = {verb: (rule, False) for rule in self.terms for verb in rule.gets}
        return gets | {verb: (rule, True) for rule in self.terms for verb in rule.gives}

    @cached_property
    def deeds_by_verb(self) -> Mapping[str, tuple[tuple[str, TermRule], ...]]:
        """lemma → (particle, rule), for verbs that tell a term of some objects."""
        index: dict[str, list[tuple[str, TermRule]]] = {}
        for rule in self.terms:
            for verb in sorted(rule.does):
                lemma, _, particle = verb.partition(" ")
                index.setdefault(lemma, []).append((particle, rule))
        return {lemma: tuple(pairs) for lemma, pairs in index.items()}

    @cached_property
    def deal_words(self) -> frozenset[str]:
        """Words that tell what a bargain is about."""
        return frozenset(word for row in self.deals["types"] for word in row["words"])

    @cached_property
    def exchanges(self) -> Mapping[str, tuple[list[str], ...]]:
        """The opening word of an exchange phrase → the phrases' words, longest first."""
        index: dict[str, list[list[str]]] = {}
        for phrase in sorted((p.split() for p in self.deals["exchange"]), key=len, reverse=True):
            index.setdefault(phrase[0], []).append(phrase)
        return {word: tuple(phrases) for word, phrases in index.items()}

    @cached_property
    def particles(self) -> frozenset[str]:
        """Words that make a verb of the rules another verb ("call for")."""
        verbs = {verb for frame in self.frames for verb in frame.verbs}
        verbs |= {verb for rule in self.terms for verb in rule.does}
        return frozenset(verb.partition(" ")[2] for verb in verbs if " " in verb)

    @cached_property
    def negations(self) -> frozenset[str]:
        """Words that negate a verb group."""
        return frozenset(self.grammar["negations"])

    @cached_property
    def clause_prepositions(self) -> frozenset[str]:
        """Prepositions that may open a clause."""
        return frozenset(self.grammar["clause_prepositions"])

    @cached_property
    def object_control(self) -> frozenset[str]:
        """Verbs whose infinitive the object would do ("asked Russia to send")."""
        return frozenset(self.grammar["object_control"])

    @cached_property
    def speech(self) -> frozenset[str]:
        """Verbs of saying."""
        return frozenset(self.grammar["speech"]) | {
            verb.partition(" ")[0] for frame in self.frames if frame.claim is not None for verb in frame.verbs
        }

    @cached_property
    def inverting(self) -> frozenset[str]:
        """Verbs behind which a speaker may stand ("…, said the minister")."""
        return frozenset(self.grammar["inverting"])

    @cached_property
    def offices(self) -> frozenset[str]:
        """Nouns of an office that may be for something ("minister of", "secretary of")."""
        return frozenset(self.grammar["office_titles"]) | {"chief", "head", "director", "president"}

    @cached_property
    def bounds(self) -> frozenset[str]:
        """Words before a number that bound it ("at least")."""
        return frozenset(self.grammar["bounds"])

    @cached_property
    def dative(self) -> frozenset[str]:
        """Verbs that take whom before what ("gave Turkey rights")."""
        return frozenset(self.grammar["dative_verbs"])

    @cached_property
    def collective(self) -> frozenset[str]:
        """Nouns that make one group with the name before them ("M23 fighters")."""
        return (
            self.heads["group_heads"]
            | self.heads["military_heads"]
            | self.heads["state_heads"]
            | self.heads["company_heads"]
        )

    @cached_property
    def modifying(self) -> frozenset[str]:
        """Participles that modify the collective noun behind them ("armed groups")."""
        return frozenset(self.grammar["modifying"])

    @cached_property
    def light_verbs(self) -> frozenset[str]:
        """Verbs that lend their subject to an event noun ("launched an attack")."""
        return frozenset(self.grammar["light_verbs"])

    @cached_property
    def heads(self) -> Mapping[str, frozenset[str]]:
        """Noun lists of the grammar by name."""
        keys = (
            "state_heads",
            "military_heads",
            "company_heads",
            "group_heads",
            "people_heads",
            "unnamed_heads",
            "governing",
            "time_nouns",
            "accusation_nouns",
            "meeting_verbs",
            "lead_titles",
            "member_titles",
            "office_titles",
            "second_words",
            "former_words",
            "stationing_verbs",
            "owned_nouns",
            "opponents",
            "part_nouns",
            "state_firm_words",
            "troop_nouns",
            "part_heads",
        )
        return {key: frozenset(self.grammar[key]) for key in keys}

    @cached_property
    def measure_rules(self) -> tuple[Measure, ...]:
        """The measures, in the order in which they are tried."""
        return tuple(
            Measure(row["measure"], row["unit"], frozenset(row["nouns"]), frozenset(row["verbs"]))
            for row in self.measures["measures"]
        )

    @cached_property
    def name_grammar(self) -> NameGrammar:
        """What `grammar.yaml` says of names."""
        heads = {head: kind for kind, words in self.grammar["name_heads"].items() for head in words}
        guarded = self.grammar["guarded_names"]
        return NameGrammar(
            head_titles=frozenset(self.grammar["titles"]["head"]),
            titles=frozenset(self.grammar["titles"]["other"]),
            heads=heads,
            guarded=frozenset(guarded["names"]),
            near={name: frozenset(words) for name, words in guarded["near"].items()},
            closed=frozenset(self.closed),
            common=self.open.keys() | self.verb_forms.keys() | self.noun_forms.keys(),
            calendar=frozenset(self.grammar["calendar"]),
            region_adjectives=frozenset(self.grammar["region_adjectives"]),
            appositives={noun: kind for kind, nouns in self.grammar["appositives"].items() for noun in nouns},
            armed_modifiers=frozenset(self.grammar["armed_modifiers"]),
            place_heads={noun: kind for kind, nouns in self.grammar["place_heads"].items() for noun in nouns},
            organs=self.heads["state_heads"],
            directions=frozenset(self.grammar["directions"]),
            locative=frozenset(self.grammar["locative"]),
            parts=frozenset(self.grammar["parts"]),
            motion=frozenset(self.grammar["motion"]),
            named_after=frozenset(self.grammar["named_after"]),
            numerals=frozenset(word for word, letter in self.open.items() if letter == "#"),
            offices=frozenset(self.grammar["office_titles"]),
            speech=frozenset(form for form in self.verb_forms if self.verb_forms[form][0] in self.speech),
        )

    @cached_property
    def abbreviations(self) -> frozenset[str]:
        """Words whose full stop ends no sentence."""
        return frozenset(self.grammar["abbreviations"])


def load_codebook(codebook: Path, registry: Path) -> Codebook:
    """Read and compile `data/codebook/` and `data/registry/`.

    Raises `RsbError`, with file, line and rule, for malformed YAML, unknown keys or codes, a repeated id, or a rule without
    a positive and a negative example.
    """
    codes = load_codes(codebook / "codes.csv")
    return Codebook(
        codes=codes,
        names=load_names(registry),
        frames=_load_frames(codebook / "frames.yaml", codes),
        terms=_load_terms(codebook / "terms.yaml", codes),
        deals=_load_deals(codebook / "deals.yaml", codes),
        measures=_load_measures(codebook / "measures.yaml", codes),
        grammar=load_entry(codebook / "grammar.yaml"),
        patterns=_load_patterns(codebook / "patterns.yaml"),
        weights=load_weights(codebook / "weights.csv"),
    )


def load_names(registry: Path) -> Names:
    """The registry's names, compiled."""
    return Names(load_registry(registry))


def _load_deals(path: Path, codes: Codes) -> Entry:
    loaded = load_entry(path)
    for row in loaded["types"]:
        _check_code(codes, "deal_type", row["deal_type"], row)
    for stage in loaded["stage_order"]:
        _check_code(codes, "stage", stage, loaded)
    return loaded


def _load_measures(path: Path, codes: Codes) -> Entry:
    loaded = load_entry(path)
    for row in loaded["measures"]:
        if problems := check_shape(row, Measure):
            raise together(problems)
        _check_code(codes, "measure", row["measure"], row)
        _check_code(codes, "unit", row["unit"], row)
    return loaded


def _check_code(codes: Codes, vocabulary: str, code: str, row: Entry) -> None:
    if code not in codes.by_vocabulary[vocabulary]:
        raise row.problem(f"{code!r} is no code of {vocabulary}", mend="use a code of codes.csv, or add it there")


def _load_frames(path: Path, codes: Codes) -> tuple[Frame, ...]:
    frames = []
    for row in load_rules(path, Frame):
        coded = [
            ("event_type", row.get("event")),
            ("predicate", row.get("relation")),
            ("stage", row.get("stage")),
            ("realis", row.get("realis")),
        ]
        coded += [("term_act", row["term"]["act"])] if "term" in row else []
        if "claim" in row:
            coded += [
                ("claim_act", row["claim"]["act"]),
                ("certainty", row["claim"]["certainty"]),
                ("polarity", row["claim"]["polarity"]),
            ]
        coded += [("actor_type", code) for key in ("actor_types", "object_types") for code in row.get(key, ())]
        for vocabulary, code in coded:
            if code is not None:
                _check_code(codes, vocabulary, code, row)
        slots = (*row.get("actor", ["subject"]), *row.get("recipient", ["object"]))
        for slot in slots:
            if slot not in SLOTS:
                raise row.problem(f"unknown slot {slot!r}", mend=f"use one of {', '.join(sorted(SLOTS))}")
        frames.append(
            Frame(
                id=row["id"],
                event=row.get("event"),
                verbs=tuple(row.get("verbs", ())),
                nouns=tuple(row.get("nouns", ())),
                actor=tuple(row.get("actor", ["subject"])),
                recipient=tuple(row.get("recipient", ["object"])),
                mutual=row.get("mutual") == "true",
                actor_types=frozenset(row.get("actor_types", ())),
                object_types=frozenset(row.get("object_types", ())),
                relation=row.get("relation"),
                term=row.get("term"),
                stage=row.get("stage"),
                claim=row.get("claim"),
                realis=row.get("realis"),
                heads=frozenset(row.get("heads", ())),
                partnered=row.get("partnered") == "true",
                positive=tuple(row["positive"]),
                negative=tuple(row["negative"]),
            )
        )
    return tuple(frames)


def _load_terms(path: Path, codes: Codes) -> tuple[TermRule, ...]:
    rules = []
    for row in load_rules(path, TermRule):
        _check_code(codes, "term_type", row["term_type"], row)
        phrases = tuple(tuple(_alternatives(word) for word in _split_phrase(phrase)) for phrase in row["phrases"])
        rules.append(
            TermRule(
                row["id"],
                row["term_type"],
                phrases,
                frozenset(row.get("gives", ())),
                frozenset(row.get("gets", ())),
                frozenset(row.get("does", ())),
                frozenset(row.get("objects", ())),
                bool(row.get("owner_gets")),
                tuple(row["positive"]),
                tuple(row["negative"]),
            )
        )
    return tuple(rules)


def _load_patterns(path: Path) -> tuple[Pattern, ...]:
    return tuple(
        Pattern(row["id"], row["reads"], tuple(row["positive"]), tuple(row["negative"]))
        for row in load_rules(path, Pattern)
    )


def _split_phrase(phrase: str) -> list[str]:
    # Hyphens are tokens of their own in the text; a phrase need not say so.
    return re.findall(r"[^\s-]+|-", phrase)


def _alternatives(word: str) -> frozenset[str]:
    return frozenset(word.split("|"))


_IRREGULAR = {"go": ("goes", "went", "gone", "going")}


def _verb_forms(lemmas: set[str]) -> dict[str, tuple[str, str]]:
    """form → (lemma, tag); VBDN for a form that is both past and participle."""
    from lemminflect import getInflection

    forms: dict[str, tuple[str, str]] = {}
    for lemma in sorted(lemmas):
        for tag in ("VB", "VBZ", "VBD", "VBN", "VBG"):
            for form in getInflection(lemma, tag=tag) or (lemma,) if tag == "VB" else getInflection(lemma, tag=tag):
                known = forms.get(form)
                if known is None or (known[0] != lemma and form == lemma):
                    forms[form] = (lemma, tag)
                elif known == (lemma, "VBD") and tag == "VBN":
                    forms[form] = (lemma, "VBDN")
    return forms


def _noun_forms(nouns: set[str]) -> dict[str, str]:
    from lemminflect import getInflection

    forms: dict[str, str] = {}
    for noun in sorted(nouns):
        forms[noun] = noun
        for form in getInflection(noun, tag="NNS"):
            forms.setdefault(form, noun)
    return forms


_POS_LETTERS = {
    "NN": "N", "NNS": "N", "JJ": "J", "JJR": "J", "JJS": "J", "VB": "V", "VBP": "V", "VBZ": "V", "VBD": "V",
    "VBN": "E", "VBG": "G", "RB": "R", "RBR": "R", "RBS": "R", "IN": "I", "CD": "#", "MD": "X", "DT": "D", "UH": "R",
}  # fmt: skip


def _load_pos_lexicon() -> dict[str, str]:
    spec = importlib.util.find_spec("textblob")
    if spec is None or not spec.submodule_search_locations:
        raise RsbError("the part-of-speech lexicon is missing", mend="install the packages of requirements.lock")
    path = Path(spec.submodule_search_locations[0]) / "en" / "en-lexicon.txt"
    lexicon: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, _, tag = line.partition(" ")
        letter = _POS_LETTERS.get(tag.partition(" ")[0])
        if letter and word.islower():
            lexicon[word] = letter
    return lexicon
