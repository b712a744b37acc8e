from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import RsbError
from pipeline.weights import COLUMNS, Weights, likelihood, load_weights, render_weights

HEADER = ",".join(COLUMNS) + "\n"
models = st.dictionaries(
    st.one_of(
        st.tuples(st.just("table"), st.sampled_from(["events", "terms"]), st.just("")),
        st.tuples(
            st.sampled_from(["type", "role"]), st.sampled_from(["events", "terms"]), st.sampled_from(["AID", "loan"])
        ),
    ),
    st.dictionaries(st.text('abc:|,"“é', max_size=6), st.integers(-9999, 9999).map(lambda n: n / 1000), min_size=1),
)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "weights.csv"
    path.write_text(text, encoding="utf-8")
    return path


@given(models=models)
def test_what_is_written_is_read_again(
    models: dict[tuple[str, str, str], dict[str, float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = written(tmp_path_factory.mktemp("weights"), render_weights(models))
    assert render_weights(_models(load_weights(path))) == path.read_text(encoding="utf-8")


def _models(weights: Weights) -> dict[tuple[str, str, str], dict[str, float]]:
    found: dict[tuple[str, str, str], dict[str, float]] = {}
    for model, table, scores in (("table", "", weights.tables), *(("type", t, s) for t, s in weights.types.items())):
        for feature, row in scores.rows.items():
            for label, weight in zip(scores.labels, scores.matrix[row], strict=True):
                name = (model, table, label) if model == "type" else (model, label, "")
                found.setdefault(name, {})[feature] = float(weight)
    return found | {model: dict(told) for model, told in weights.single.items()}


def test_a_unit_tells_a_type_where_it_tells_its_table_and_of_that_the_type(tmp_path: Path) -> None:
    text = "table,events,,,-1\ntable,events,,lemma:help,3\ntype,events,AID,,-1\ntype,events,AID,lemma:help,4\n"
    weights = load_weights(written(tmp_path, HEADER + text + "type,events,ASSAULT,,-4\ntable,terms,,,-4\n"))
    [(label, likely)] = weights.likely_units(["lemma:help", "unknown"], 0.5)
    assert label == ("events", "AID")
    assert likely == pytest.approx(likelihood(2) * likelihood(3))
    assert not list(weights.likely_units([], 0.1))


def test_a_table_without_types_tells_nothing(tmp_path: Path) -> None:
    weights = load_weights(written(tmp_path, HEADER + "table,events,,,9\n"))
    assert not list(weights.likely_units([], 0.1))


def test_a_feature_counts_once(tmp_path: Path) -> None:
    text = "table,events,,a,2\ntype,events,AID,a,3\nrole,events,actor,a,2\n"
    weights = load_weights(written(tmp_path, HEADER + text))
    [(_, likely)] = weights.likely_units(["a", "a"], 0.5)
    assert likely == pytest.approx(likelihood(2) * likelihood(3))
    assert weights.likely(("role", "events", "actor"), ["a", "a"]) == pytest.approx(likelihood(2))


def test_without_a_file_nothing_is_likely(tmp_path: Path) -> None:
    weights = load_weights(tmp_path / "weights.csv")
    assert not list(weights.likely_units(["a"], 0.01))
    assert weights.likely(("role", "events", "actor"), ["a"]) == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("model,table\n", "the columns are not"),
        (HEADER + "type,events,AID,a,much\n", "could not convert"),
        (HEADER + "type,events,AID,a\n", "not enough values"),
        (HEADER + "word,events,AID,a,1\n", "no model “word”"),
    ],
)
def test_a_broken_file_is_told_with_the_mend(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(RsbError, match=told) as caught:
        load_weights(written(tmp_path, text))
    assert "rsb train" in str(caught.value)


@given(st.floats(-1e6, 1e6))
def test_a_likelihood_is_a_probability_that_grows_with_its_score(score: float) -> None:
    assert 0 < likelihood(score) < 1
    assert likelihood(score) <= likelihood(score + 1)
