"""Train the weights of the extractor on coded documents.

Outside the DAG. Learns from the completely coded documents that have no gold, and, where TEXTS is the folder of the
documents of `data/gold_outside`, from those batches; writes `data/codebook/weights.csv`. The same input gives the same
file. What it reaches is measured by `rsb evaluate` on gold it has not learned from, and by `rsb contact`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import store
from pipeline.assemble import load_documents
from pipeline.codebook import Codebook, load_codebook
from pipeline.coded import read_folder
from pipeline.contact import read_annotated
from pipeline.errors import RsbError
from pipeline.extract.acts import act_features
from pipeline.extract.bargains import Bargains
from pipeline.extract.candidates import Candidate, candidates, clause_telling, participants, telling
from pipeline.extract.countries import country_features
from pipeline.extract.counts import count_features, counted
from pipeline.extract.document import extract_document, read_names
from pipeline.extract.numbers import Quantity
from pipeline.extract.setting import Setting
from pipeline.extract.terms import act_told
from pipeline.extract.trained import ROLES, TYPE_COLUMNS, role_features, stance_told
from pipeline.progress import track
from pipeline.proposals import WHOLE, Record
from pipeline.registry import load_registry
from pipeline.weights import ALWAYS, Model, render_weights
from pipeline.workspace import Workspace

SEEN = 2
"""How many units must have a feature for it to be weighed."""
EXAMPLES = 4
"""How many units must tell a type for it to be learned."""
STRENGTH = 0.3
"""Inverse strength of the L2 penalty: the smaller, the nearer to 0 the weights."""
LEAST = 0.1
"""Smaller weights are left out: five of six, for a change of average precision of .01 at most."""
OUTSIDE = 2.0
"""How much an article outside the project counts beside a digest: there are fewer, and they are what is met."""
STEPS, STILL = 300, 1e-3
"""How many steps a regression takes at most, and the change of a weight at which it has come to rest."""


@dataclass(slots=True)
class Document:
    """A text with what coders read in it. weight: how much it counts."""

    source_id: str
    text: str
    source: Mapping[str, Any]
    records: Sequence[Record]
    weight: float = 1.0


@dataclass(slots=True)
class Examples:
    """Features of each example, its labels, and how much it counts."""

    features: list[tuple[str, ...]] = field(default_factory=list)
    labels: list[frozenset[tuple[str, str]]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(self, features: Iterable[str], labels: Iterable[tuple[str, str]], weight: float) -> None:
        """Add one."""
        self.features.append(tuple(dict.fromkeys(features)))
        self.labels.append(frozenset(labels))
        self.weights.append(weight)

    def only(self, kept: Sequence[bool]) -> "Examples":
        """Some of them."""
        return Examples(
            list(compress(self.features, kept)), list(compress(self.labels, kept)), list(compress(self.weights, kept))
        )


def train(documents: Iterable[Document], codebook: Codebook) -> dict[Model, dict[str, float]]:
    """The weights of all types and roles, learned from documents."""
    units, numbers, countries, acts = Examples(), Examples(), Examples(), Examples()
    roles = {table: Examples() for table in ROLES}
    for document in documents:
        _collect(document, codebook, units, roles, numbers, acts)
        _collect_countries(document, codebook, countries)
    models: dict[Model, dict[str, float]] = {}
    whole = Design.of(units)
    for table in track(list(TYPE_COLUMNS), "train"):
        telling = [any(of == table for of, _ in labels) for labels in units.labels]
        if sum(telling) < EXAMPLES:
            continue
        models["table", table, ""] = whole.learn(telling)
        models |= {("type", *label): weights for label, weights in _learn_all(units.only(telling), table)}
        models |= {("role", *label): weights for label, weights in _learn_all(roles[table], table)}
    models |= {("measure", *label): weights for label, weights in _learn_all(numbers, "figures")}
    models |= {("act", *label): weights for label, weights in _learn_all(acts, "terms")}
    models |= {("place", *label): weights for label, weights in _learn_all(countries, "places")}
    return models


# --- examples -------------------------------------------------------------------------------------------------------


def _collect(
    document: Document,
    codebook: Codebook,
    units: Examples,
    roles: Mapping[str, Examples],
    numbers: Examples,
    acts: Examples,
) -> None:
    told = [record for record in document.records if record.table in TYPE_COLUMNS]
    figures = [record for record in document.records if record.table == "figures"]

    def note(setting: Setting, bargains: Bargains) -> None:
        rows = [record for record in told if _lies_in(record, setting)]
        found = list(candidates(setting, bargains))
        by_unit: dict[int, list[Record]] = {}
        for record in rows:
            told_by = telling(_tells(record), found, setting, noun_first=record.table == "terms")
            if told_by is None:
                continue
            by_unit.setdefault(told_by.at, []).append(record)
            if record.table == "terms":
                acts.add(*_act_told(record, told_by, setting, bargains), document.weight)
        for candidate in found:
            here = by_unit.get(candidate.at, [])
            kinds = {(record.table, _kind(record, codebook)) for record in here}
            units.add(candidate.features, kinds, document.weight)
            for table, kind in sorted(kinds):
                same = [r for r in here if r.table == table and _kind(r, codebook) == kind]
                for actor, features in participants(candidate, setting):
                    part = {(table, role) for record in same for role in _roles_of(actor.id, record)}
                    roles[table].add(role_features(kind, features), part, document.weight)
        for number in counted(setting):
            measures = {("figures", str(r.values["measure"])) for r in figures if _gives(r, number.quantity)}
            numbers.add(count_features(number, setting), measures, document.weight)

    extract_document(
        document.source_id, document.text, document.source["published"], codebook, document.source["publisher"], note
    )


def _collect_countries(document: Document, codebook: Codebook, countries: Examples) -> None:
    told = {record.ref for record in document.records if record.table == "places"}
    names, _, tokens = read_names(document.text, document.source["published"], codebook)
    for place, features in country_features(names, tokens, codebook.names).items():
        countries.add(features, [("places", "")] if place in told else [], document.weight)


def _act_told(
    record: Record, candidate: Candidate, setting: Setting, bargains: Bargains
) -> tuple[Iterator[str], list[tuple[str, str]]]:
    """The features and the label of the act of a coded undertaking."""
    kind = str(record.values["term_type"])
    here = (t for t in bargains.terms if t.sentence == setting.out.sentence and t.rule.term_type == kind)
    ruled = next(((term.act, term.stance) for term in here), None)
    if ruled is None:
        clause = clause_telling(candidate, setting.sentence)
        ruled = act_told(stance_told(candidate, setting), clause, setting, bargains)
    return act_features(candidate, kind, *ruled, setting, bargains), [("terms", str(record.values["act"]))]


def _gives(record: Record, quantity: Quantity) -> bool:
    """Whether a figure is what a number of the text gives: by its words, and its value or lower bound."""
    spans = [m for m in record.mentions if m.column in ("value", "low", "high")]
    if not any(m.start < quantity.end and quantity.start < m.end for m in spans):
        return False
    low = quantity.low if quantity.low is not None else quantity.value
    value, least = (record.values.get(column) for column in ("value", "low"))
    return (value is not None and value == quantity.value) or (least is not None and least == low)


def _kind(record: Record, codebook: Codebook) -> str:
    """A record's type; a registered deal has it in the registry."""
    told = record.values.get(TYPE_COLUMNS[record.table])
    return str(told or codebook.names.deals[str(record.values["deal_id"])]["deal_type"])


def _tells(record: Record) -> tuple[int, int]:
    """The span that tells a record's type, else the whole of it."""
    typed = [m for m in record.mentions if m.column == TYPE_COLUMNS[record.table]]
    whole = [m for m in record.mentions if m.column == WHOLE]
    first = (typed or whole or record.mentions)[0]
    return first.start, first.end


def _lies_in(record: Record, setting: Setting) -> bool:
    return setting.sentence.start <= _tells(record)[0] < setting.sentence.end


def _roles_of(actor: str, record: Record) -> Iterator[str]:
    for role in ROLES[record.table]:
        if (role, actor) in record.roles or record.values.get(role) == actor:
            yield role


# --- regression -----------------------------------------------------------------------------------------------------


def _learn_all(examples: Examples, table: str) -> Iterator[tuple[tuple[str, str], dict[str, float]]]:
    """The weights of each label of a table that has examples enough."""
    counts = Counter(label for labels in examples.labels for label in labels if label[0] == table)
    often = sorted(label for label, count in counts.items() if count >= EXAMPLES)
    if not often:
        return
    design = Design.of(examples)
    for label in often:
        yield label, design.learn([label in labels for labels in examples.labels])


@dataclass(slots=True)
class Design:
    """Examples as a regression takes them: names and matrix of the features seen often enough, and what each counts."""

    names: list[str]
    matrix: "Matrix"
    weight: np.ndarray

    @classmethod
    def of(cls, examples: Examples) -> "Design":
        """From examples, of which there is one at least."""
        seen = Counter(feature for features in examples.features for feature in features)
        names = [ALWAYS, *sorted(feature for feature, count in seen.items() if count >= SEEN)]
        number = {name: column for column, name in enumerate(names)}
        rows = [[0, *(number[f] for f in features if f in number)] for features in examples.features]
        return cls(names, Matrix.of(rows, len(names)), np.array(examples.weights))

    def learn(self, wanted: Sequence[bool]) -> dict[str, float]:
        """The weight of each feature for telling the examples that are wanted from the others."""
        learned = regress(self.matrix, np.array(wanted, dtype=float), self.weight, STRENGTH)
        pairs = zip(self.names, learned, strict=True)
        return {name: float(weight) for name, weight in pairs if name == ALWAYS or abs(weight) >= LEAST}


@dataclass(slots=True)
class Matrix:
    """Rows of zeros and ones: the columns that are one, row by row, and where each row begins. Each row has column 0."""

    columns: np.ndarray
    starts: np.ndarray
    rows: np.ndarray
    width: int

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], width: int) -> "Matrix":
        """From the columns of each row."""
        lengths = np.array([len(row) for row in rows])
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        columns = np.array([column for row in rows for column in row])
        return cls(columns, starts, np.repeat(np.arange(len(rows)), lengths), width)

    def times(self, vector: np.ndarray) -> np.ndarray:
        """Each row's sum of the vector."""
        return np.add.reduceat(vector[self.columns], self.starts)

    def gathered(self, vector: np.ndarray) -> np.ndarray:
        """Each column's sum of the vector."""
        return np.bincount(self.columns, weights=vector[self.rows], minlength=self.width)


def regress(matrix: Matrix, wanted: np.ndarray, weight: np.ndarray, strength: float) -> np.ndarray:
    """The weights of a logistic regression with an L2 penalty; column 0 bears none.

    Accelerated proximal gradient (FISTA; Beck and Teboulle 2009) with restarts (O'Donoghue and Candès 2015).
    """
    # A row of r ones bounds the curvature by r / 4 along each of its columns: a step of its own for each column.
    step = 4 / np.maximum(matrix.gathered(weight * np.bincount(matrix.rows)), 1)
    beta = np.zeros(matrix.width)
    beta[0] = np.log((weight @ wanted + 1) / (weight @ (1 - wanted) + 1))
    ahead, pace = beta.copy(), 1.0
    shrink = 1 + step / strength
    shrink[0] = 1
    for _ in range(STEPS):
        error = weight * (1 / (1 + np.exp(-np.clip(matrix.times(ahead), -30, 30))) - wanted)
        fresh = (ahead - step * matrix.gathered(error)) / shrink
        faster = (1 + np.sqrt(1 + 4 * pace * pace)) / 2
        change = fresh - beta
        if (ahead - fresh) @ change > 0:
            faster = 1.0
        ahead, beta, pace = fresh + (pace - 1) / faster * change, fresh, faster
        if np.abs(change).max() < STILL:
            break
    return beta


def read_documents(workspace: Workspace, codebook: Codebook, texts: Path | None) -> list[Document]:
    """The completely coded documents that have no gold, and the outside batches whose texts lie in `texts`."""
    registry = load_registry(workspace.registry, codebook.codes)
    sources, held = load_documents(workspace)
    gold = {path.stem for path in workspace.gold.glob("*.yaml")}
    coded = read_folder(workspace.coded, held, registry, codebook.codes)
    found = [
        Document(one.source_id, held[one.source_id], sources[one.source_id], one.records)
        for one in coded
        if one.complete and one.source_id not in gold
    ]
    if texts is None:
        return found
    for batch in sorted(path for path in workspace.gold_outside.iterdir() if path.is_dir()):
        documents, annotated = read_annotated(batch, texts, registry, codebook.codes)
        for one in annotated:
            document = documents[one.source_id]
            found.append(Document(one.source_id, document.text, document.source, one.records, OUTSIDE))
    return found


def run(workspace: Workspace, texts: Path | None) -> str:
    """Train on a workspace and write the weights; returns what was learned, in a line.

    texts: the folder of the documents of `data/gold_outside`, or None to learn from coded documents alone.
    Raises `RsbError` where there is nothing to learn from, or a document is not in `texts`.
    """
    codebook = load_codebook(workspace.codebook, workspace.registry)
    documents = read_documents(workspace, codebook, texts)
    if not documents:
        raise RsbError("there is nothing to learn from", path=workspace.coded, mend="code documents completely")
    models = train(documents, codebook)
    path = workspace.codebook / "weights.csv"
    store.write_text(path, render_weights(models))
    return (
        f"{sum(map(len, models.values()))} weights of {len(models)} models, from {len(documents)} documents, in {path}"
    )
