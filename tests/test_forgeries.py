"""Small lies in a release made of real sources: each is noticed by a named rule, also when all files agree with it.

`benchmarks/forgeries.py` tells them in the whole release, and counts.
"""

import random
from pathlib import Path

import pyarrow as pa
import pytest
from forgeries import FORGERIES, careful, rows_of, tables_of
from real import SOURCES, STAGES, make_workspace

from pipeline import compare, release, validate
from pipeline.codebook import load_names
from pipeline.codes import load_codes
from pipeline.compare import prove
from pipeline.delta import Delta, as_rows, dump_delta
from pipeline.issues import as_table
from pipeline.release.contents import Contents
from pipeline.release.verify import verify
from pipeline.rules import Context
from pipeline.workspace import Workspace

GROUND = {"evidence:grounded"}
STANDING = {"standing:recomputed"}
SPAN = {"evidence:words", "string:clean", "evidence:grounded", "evidence:span"}
CODE = {"structure:code"}
CLEAN = {"string:clean"}

NOTICED: dict[str, tuple[set[str], set[str]]] = {
    "flip_a_digit": (GROUND, GROUND),
    "change_a_unit": (GROUND, GROUND),
    "swap_giver_and_receiver": (GROUND, GROUND),
    "drop_a_denial": (STANDING, set()),
    "drop_a_claim": (STANDING, set()),
    "turn_a_denial": ({"claim:deny-negative"}, {"claim:deny-negative"}),
    "turn_a_statement": ({"claim:negation"}, {"claim:negation"}),
    "make_a_denial_a_statement": (STANDING, set()),
    "move_a_span_by_one": (SPAN, SPAN),
    "orphan_a_key": ({"reference:resolves"}, {"reference:resolves"}),
    "duplicate_an_id": ({"id:unique"}, {"id:unique"}),
    "shift_a_date": (GROUND, GROUND),
    "invent_a_year": (GROUND, GROUND),
    "invent_a_best_estimate": ({"figure:bound"}, {"figure:bound"}),
    "make_a_range_exact": (GROUND, GROUND),
    "change_the_case_of_a_code": (CODE, CODE),
    "smuggle_a_line_end": (CLEAN, CLEAN),
    "smuggle_a_control_character": (CLEAN, CLEAN),
    "count_one_origin_twice": (STANDING, set()),
    "give_a_copy_an_origin_of_its_own": ({"source:copies"}, {"source:copies"}),
}
"""Kind → rules of which one notices it, told plainly and told with care; where care leaves nothing to a rule, the
history has to (`compare.prove`), or the lie is undone by the care itself."""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The project's stages up to `compare`, run on some of its sources."""
    made = make_workspace(tmp_path_factory.mktemp("real"), SOURCES)
    for stage in ("ingest", "extract", "assemble", "compare"):
        STAGES[stage](made)
    return made


@pytest.fixture(scope="module")
def context(workspace: Workspace) -> Context:
    """What the gate has beside the tables."""
    texts = {path.stem: path.read_bytes().decode() for path in (workspace.documents / "text").iterdir()}
    return Context(load_codes(workspace.codebook / "codes.csv"), texts=texts, names=load_names(workspace.registry))


@pytest.fixture(scope="module")
def honest(workspace: Workspace, context: Context) -> Contents:
    """The release of the real sources."""
    from pipeline import store

    issues = workspace.interim / "issues"
    issues.mkdir()
    tables = store.read_tables(workspace.tables)
    store.write_plain_parquet(issues / "issues.parquet", as_table(validate.check(tables, context)))
    return release.load(workspace)


def found(tables: dict[str, pa.Table], context: Context) -> set[str]:
    return set(validate.check(tables, context).counts)


def forged(honest: Contents, kind: str, trial: int, *, with_care: bool) -> dict[str, pa.Table]:
    rows = rows_of(honest.tables)
    assert FORGERIES[kind].forge(rows, random.Random(f"{kind} {trial}"), honest.texts), "nothing to forge"
    if with_care:
        careful(rows)
    return tables_of(rows)


def test_the_honest_release_is_sound_and_care_changes_nothing(honest: Contents, context: Context) -> None:
    assert not {issue.rule_id for issue in validate.check(honest.tables, context).issues if issue.severity == "error"}
    rows = rows_of(honest.tables)
    careful(rows)
    assert tables_of(rows) == tables_of(rows_of(honest.tables))


def test_every_kind_has_a_rule() -> None:
    assert set(NOTICED) == set(FORGERIES)
    assert {rule for both in NOTICED.values() for rules in both for rule in rules} <= set(validate.known_rules())


@pytest.mark.parametrize("kind", FORGERIES)
def test_a_lie_is_noticed_by_a_named_rule(honest: Contents, context: Context, kind: str) -> None:
    for trial in range(2):
        assert NOTICED[kind][0] & found(forged(honest, kind, trial, with_care=False), context), f"trial {trial}"


@pytest.mark.parametrize("kind", [kind for kind, (_, careful_too) in NOTICED.items() if careful_too])
def test_a_lie_is_noticed_though_ids_and_standing_agree_with_it(honest: Contents, context: Context, kind: str) -> None:
    rules = found(forged(honest, kind, 0, with_care=True), context)
    assert NOTICED[kind][1] & rules
    assert not rules & STANDING, "care was taken"


@pytest.mark.parametrize("kind", ["drop_a_denial", "drop_a_claim", "make_a_denial_a_statement"])
def test_what_no_rule_can_see_in_a_release_its_history_tells(honest: Contents, kind: str) -> None:
    keys = compare.keys_of(honest.schema)
    before = {table: as_rows(data, keys[table]) for table, data in honest.tables.items()}
    delta = dump_delta(
        {t: Delta(rows.columns, {}, [], []) for t, rows in before.items()}, since="0.1.0", version="0.2.0"
    )
    assert prove(before, before, delta, honest.changes) == []
    now = forged(honest, kind, 0, with_care=True)
    problems = prove(before, {table: as_rows(data, keys[table]) for table, data in now.items()}, delta, honest.changes)
    assert any("gone, and no entry of changes says so" in problem for problem in problems)


@pytest.mark.parametrize("kind", ["flip_a_digit", "drop_a_denial", "count_one_origin_twice"])
def test_a_release_whose_files_all_agree_with_a_lie_does_not_verify(
    honest: Contents, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tables = forged(honest, kind, 0, with_care=False)
    changed = Contents(**{**{f: getattr(honest, f) for f in honest.__dataclass_fields__}, "tables": tables})
    assert release.build(tmp_path, changed) == [], "checksums, CSV, Parquet and SQLite agree"
    problems = [str(problem) for problem in verify(tmp_path)[1]]
    assert any(rule in problem for rule in NOTICED[kind][0] for problem in problems)
