"""The weights by which the extractor reads what no rule has words for: `weights.csv` of the codebook, and its use.

One logistic regression a type or role, over features that are strings and there or not. `pipeline.train` writes the
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
"""model: `unit` (label: a type) or `role` (label: a column or role). An empty feature is always there."""
ALWAYS = ""
Label = tuple[str, str]
Vector = np.ndarray[tuple[int], np.dtype[np.float64]]
Model = tuple[str, str, str]
"""Model, table and label."""


@dataclass(slots=True)
class Weights:
    """Feature → its weight for each label, for units; label → feature → weight, for participants."""

    labels: tuple[Label, ...] = ()
    units: Mapping[str, Vector] = field(default_factory=dict)
    roles: Mapping[Label, Mapping[str, float]] = field(default_factory=dict)

    def likely_units(self, features: Iterable[str], least: float) -> Iterator[tuple[Label, float]]:
        """The (table, type)s that a unit with these features tells with a probability of `least` or more."""
        totals = np.zeros(len(self.labels))
        for feature in dict.fromkeys((ALWAYS, *features)):
            told = self.units.get(feature)
            if told is not None:
                totals += told
        for label in np.flatnonzero(totals >= math.log(least / (1 - least))):
            yield self.labels[label], likelihood(float(totals[label]))

    def likely_role(self, table: str, role: str, features: Iterable[str]) -> float:
        """The probability that a participant with these features has a role; 0 without weights for it."""
        weights = self.roles.get((table, role))
        if weights is None:
            return 0.0
        return likelihood(sum(weights.get(feature, 0.0) for feature in dict.fromkeys((ALWAYS, *features))))


def likelihood(score: float) -> float:
    """The probability that a score of a logistic regression stands for."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def load_weights(path: Path) -> Weights:
    """The weights of a file; none where there is no file. Raises `RsbError` where a line is malformed."""
    if not path.is_file():
        return Weights()
    units: dict[str, list[tuple[int, float]]] = {}
    roles: dict[Label, dict[str, float]] = {}
    labels: dict[Label, int] = {}
    with path.open(encoding="utf-8", newline="") as file:
        try:
            rows = csv.reader(file)
            if tuple(next(rows, ())) != COLUMNS:
                raise ValueError(f"the columns are not {', '.join(COLUMNS)}")
            for model, table, label, feature, weight in rows:
                if model == "unit":
                    number = labels.setdefault((table, label), len(labels))
                    units.setdefault(feature, []).append((number, float(weight)))
                elif model == "role":
                    roles.setdefault((table, label), {})[feature] = float(weight)
                else:
                    raise ValueError(f"there is no model “{model}”")
        except UnicodeDecodeError as error:
            raise not_utf8(path, error) from None
        except ValueError as error:
            raise RsbError(str(error), path=path, line=rows.line_num, mend="run `rsb train`") from None
    return Weights(tuple(labels), {feature: _vector(pairs, len(labels)) for feature, pairs in units.items()}, roles)


def _vector(pairs: Iterable[tuple[int, float]], length: int) -> Vector:
    vector = np.zeros(length)
    for number, weight in pairs:
        vector[number] += weight
    return vector


def render_weights(models: Mapping[Model, Mapping[str, float]]) -> str:
    """The text of the file that gives these weights back, three decimals each, what is 0 left out."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for model in sorted(models):
        rounded = {feature: round(weight, 3) for feature, weight in models[model].items()}
        writer.writerows((*model, feature, f"{rounded[feature]:g}") for feature in sorted(rounded) if rounded[feature])
    return text.getvalue()
