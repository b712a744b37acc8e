"""The weights by which the extractor reads what no rule has words for: `weights.csv` of the codebook, and its use.

Logistic regressions over features that are strings and there or not. One a table says whether a unit tells anything of
it, one a type which type that is, one a role who has it, one an act whether an undertaking is told so, one a measure
whether a number counts that, and one whether a country that is named is told as a place. `pipeline.train` writes the
file; nobody edits it by hand.
"""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipeline.errors import RsbError, not_utf8

COLUMNS = ("model", "table", "label", "feature", "weight")
"""model: `table` or `place` (no label), `type` (label: a type), `role` (label: a column or role), `act` (label: an act) or
`measure` (label: a measure). An empty feature is always there."""
MODELS = frozenset({"table", "type", "role", "act", "measure", "place"})
ALWAYS = ""
Label = tuple[str, str]
Vector = np.ndarray[tuple[int], np.dtype[np.float64]]
Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Model = tuple[str, str, str]
"""Model, table and label."""


@dataclass(slots=True)
class Scores:
    """Labels, and the weights of features for them: a row of the matrix for each feature, a column for each label."""

    labels: tuple[str, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    matrix: Matrix = field(default_factory=lambda: np.zeros((0, 0)))

    def of(self, features: Iterable[str]) -> Vector:
        """Each label's score for a unit with these features, each given once."""
        rows = self.rows
        told = [row for feature in features if (row := rows.get(feature)) is not None]
        total: Vector = self.matrix[told].sum(axis=0)
        return total


@dataclass(slots=True)
class Weights:
    """What is weighed: whether a unit tells a table, by table its type, and by model a participant, number or country."""

    tables: Scores = field(default_factory=Scores)
    types: Mapping[str, Scores] = field(default_factory=dict)
    single: Mapping[Model, Mapping[str, float]] = field(default_factory=dict)

    def labels(self, model: str, table: str) -> list[str]:
        """The labels that a model of a table has weights for."""
        return [label for of, told, label in self.single if (of, told) == (model, table)]

    def knows(self, feature: str) -> bool:
        """Whether a feature has a weight for whether a unit tells anything, or what."""
        return feature in self.tables.rows or any(feature in scores.rows for scores in self.types.values())

    def likely(self, model: Model, features: Iterable[str]) -> float:
        """The probability that what has these features bears a label (a role, a measure); 0 without weights for it."""
        weights = self.single.get(model)
        if weights is None:
            return 0.0
        return likelihood(sum(weights.get(feature, 0.0) for feature in dict.fromkeys((ALWAYS, *features))))

    def likely_units(self, features: Iterable[str], least: float) -> Iterator[tuple[Label, float]]:
        """The (table, type)s that a unit with these features tells with a probability of `least` or more."""
        if not self.tables.labels:
            return
        told = tuple(dict.fromkeys((ALWAYS, *features)))
        scores = self.tables.of(told)
        for number in np.flatnonzero(scores >= math.log(least / (1 - least))):
            table = self.tables.labels[number]
            if table not in self.types:
                continue
            some, types = likelihood(float(scores[number])), self.types[table]
            found = types.of(told)
            needed = least / some
            enough = math.log(needed / (1 - needed)) if needed < 1 else math.inf
            for kind in np.flatnonzero(found >= enough):
                yield (table, types.labels[kind]), some * likelihood(float(found[kind]))


def likelihood(score: float) -> float:
    """The probability that a score of a logistic regression stands for."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def load_weights(path: Path) -> Weights:
    """The weights of a file; none where there is no file. Raises `RsbError` where a line is malformed."""
    if not path.is_file():
        return Weights()
    models: dict[Model, dict[str, float]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        try:
            rows = csv.reader(file)
            if tuple(next(rows, ())) != COLUMNS:
                raise ValueError(f"the columns are not {', '.join(COLUMNS)}")
            for model, table, label, feature, weight in rows:
                if model not in MODELS:
                    raise ValueError(f"there is no model “{model}”")
                models.setdefault((model, table, label), {})[feature] = float(weight)
        except UnicodeDecodeError as error:
            raise not_utf8(path, error) from None
        except ValueError as error:
            raise RsbError(
                str(error), path=path, line=rows.line_num, mend="delete the file and run `rsb train`"
            ) from None
    typed = sorted({table for model, table, _ in models if model == "type"})
    return Weights(
        _scores({table: weights for (model, table, _), weights in models.items() if model == "table"}),
        {
            table: _scores({kind: w for (model, of, kind), w in models.items() if (model, of) == ("type", table)})
            for table in typed
        },
        {model: weights for model, weights in models.items() if model[0] not in ("table", "type")},
    )


def _scores(models: Mapping[str, Mapping[str, float]]) -> Scores:
    rows: dict[str, int] = {}
    for weights in models.values():
        for feature in weights:
            rows.setdefault(feature, len(rows))
    matrix = np.zeros((len(rows), len(models)))
    for column, weights in enumerate(models.values()):
        matrix[[rows[feature] for feature in weights], column] = list(weights.values())
    return Scores(tuple(models), rows, matrix)


def render_weights(models: Mapping[Model, Mapping[str, float]]) -> str:
    """The text of the file that gives these weights back, two decimals each, what is 0 left out."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for model in sorted(models):
        rounded = {feature: round(weight, 2) for feature, weight in models[model].items()}
        writer.writerows(
            (*model, feature, f"{rounded[feature]:.2f}") for feature in sorted(rounded) if rounded[feature]
        )
    return text.getvalue()
