"""The run of all stages: DVC for real, on tiny stages; and what the project's own stages depend on."""

import ast
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from click.testing import CliRunner, Result
from real import SOURCES
from tiny import NOTHING_ASSERTED

from pipeline import store
from pipeline.cli import main
from pipeline.errors import RsbError
from pipeline.outputs import find_unlike, forget_half_written
from pipeline.run import run
from pipeline.workspace import Workspace, installed_checkout

CHECKOUT = installed_checkout().root
STAGES: dict[str, dict[str, Any]] = yaml.safe_load((CHECKOUT / "dvc.yaml").read_text())["stages"]

MakeWorkspace = Callable[[dict[str, Any]], Workspace]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeWorkspace:
    """Makes a workspace of some stages, in the current folder."""

    def made(stages: dict[str, Any]) -> Workspace:
        (tmp_path / ".dvc").mkdir()
        (tmp_path / ".dvc" / "config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
        (tmp_path / "dvc.yaml").write_text(json.dumps({"stages": stages}))
        (tmp_path / "params.yaml").write_text("version: 0.1.0\n")
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "dataset.toml").write_text('title = "RSB"\n')
        monkeypatch.chdir(tmp_path)
        return Workspace(tmp_path)

    return made


def rsb_run() -> Result:
    return CliRunner().invoke(main, ["run"])


# --- the closing summary --------------------------------------------------------------------------------------------


def test_the_summary_tells_what_was_made_and_what_changed_against_the_run_before(
    make: MakeWorkspace, tables: dict[str, pa.Table]
) -> None:
    copy = {"cmd": "cp -r made data/interim", "deps": ["made"], "outs": ["data/interim/tables"]}
    copy["cmd"] = "mkdir -p data/interim && cp -r made data/interim/tables"
    workspace = make({"assemble": copy})
    made = workspace.root / "made"
    store.write_tables(made, tables)
    store.write_parquet(workspace.documents / "sources.parquet", "sources", tables["sources"])
    aside = [{"path": "b.txt", "reason": "no_text", "detail": "no text in it"}]
    store.write_text(workspace.documents / "set_aside.json", json.dumps(aside))
    store.write_text(workspace.reports / "validation.json", '{"errors": 0, "warnings": 2}')
    result = rsb_run()
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "sources          1",
        "deals            1",
        "terms            1",
        "events           1",
        "figures          1",
        "relations        1",
        "claims           6",
        f"evidence    {tables['evidence'].num_rows:>6}",
        "issues           0 errors, 2 warnings",
        "set aside        1",
        "  b.txt: no_text: no text in it",
        "files      data/release",
        'load       pd.read_parquet("data/release/parquet/terms.parquet", dtype_backend="pyarrow")',
    ]
    assert result.stderr == ""
    assert rsb_run().stdout == result.stdout, "with nothing to do, nothing changed"
    (other,) = tables["events"].to_pylist()
    other["event_id"] = "ev-0123456789abcdef"
    store.write_parquet(made / "events.parquet", "events", pa.Table.from_pylist([other], tables["events"].schema))
    store.write_parquet(made / "terms.parquet", "terms", tables["terms"].slice(0, 0))
    lines = rsb_run().stdout.splitlines()
    assert lines[1:4] == ["deals            1", "terms            0  −1", "events           1  +1 −1"]


# --- failures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "closing"), [(1, "validate found errors: no release was made"), (2, None)])
def test_a_failed_stage_is_told_in_its_own_words(make: MakeWorkspace, code: int, closing: str | None) -> None:
    say = "echo warning: a.md:3: kind; echo the deal of nobody; echo 'mend: name a party' >&2"
    make({"ingest": {"cmd": "echo chatter"}, "validate": {"cmd": f"{say}; exit {code}"}})
    result = rsb_run()
    assert result.exit_code == code
    assert result.stdout == ""
    expected = ["warning: a.md:3: kind", "the deal of nobody", "mend: name a party"]
    assert result.stderr.splitlines() == ([*expected, closing] if closing else ["rsb: validate cannot run", *expected])


def test_a_stage_that_cannot_be_started_is_no_error_in_the_data(make: MakeWorkspace) -> None:
    workspace = make({"validate": {"cmd": "no-such-command"}})
    result = rsb_run()
    assert result.exit_code == 2
    assert "validate cannot run" in result.stderr
    assert "no-such-command" in result.stderr
    assert f"mend: see {workspace.interim / 'run.log'}" in result.stderr


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("dvc.yaml", "stages:\n  a: [1\n", "dvc.yaml"),
        ("dvc.yaml", '{"stages": {"a": {"cmd": "true", "deps": ["gone.txt"]}}}', "gone.txt"),
        ("params.yaml", "version: [\n", "params.yaml:2, column 1: is not YAML"),
        (".dvc/config", "[core\n", "config"),
    ],
)
def test_what_dvc_cannot_read_is_told_in_one_message(make: MakeWorkspace, name: str, content: str, told: str) -> None:
    workspace = make({"a": {"cmd": "true"}})
    (workspace.root / name).write_text(content)
    result = rsb_run()
    assert result.exit_code == 2
    assert told in result.stderr
    assert "mend: " in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) < 12


def test_outside_a_checkout_of_git_the_mend_is_named(make: MakeWorkspace) -> None:
    workspace = make({"a": {"cmd": "true"}})
    (workspace.root / ".dvc" / "config").write_text("")
    result = rsb_run()
    assert result.exit_code == 2
    assert "mend: run `git init`" in result.stderr


# --- the lock -------------------------------------------------------------------------------------------------------


def assembled(workspace: Workspace, tables: dict[str, pa.Table]) -> tuple[Path, bytes]:
    """A table that a stage has copied from `made`, and its bytes."""
    store.write_tables(workspace.root / "made", tables)
    store.write_parquet(workspace.documents / "sources.parquet", "sources", tables["sources"])
    store.write_text(workspace.documents / "set_aside.json", "[]")
    assert rsb_run().exit_code == 0
    output = workspace.tables / "deals.parquet"
    return output, output.read_bytes()


def test_a_damaged_object_in_the_cache_of_dvc_is_found_and_its_output_made_again(
    make: MakeWorkspace, tables: dict[str, pa.Table]
) -> None:
    """DVC restores it without a word, and believes from then on that it is right."""
    copy = {"cmd": "mkdir -p data/interim && cp -r made data/interim/tables && echo ran >> ran.txt", "deps": ["made"]}
    workspace = make({"assemble": {**copy, "outs": ["data/interim/tables"]}})
    output, whole = assembled(workspace, tables)
    (held,) = [path for path in Path(".dvc/cache/files").rglob("*") if path.is_file() and path.read_bytes() == whole]
    held.chmod(0o644)
    held.write_bytes(whole[:-1])
    held.chmod(0o444)
    shutil.rmtree(workspace.tables)
    result = rsb_run()
    assert result.exit_code == 0, result.output
    assert "data/interim/tables was not what dvc.lock says" in result.output
    assert (output.read_bytes(), held.read_bytes()) == (whole, whole)
    assert Path("ran.txt").read_text() == "ran\nran\n"


def test_an_output_that_was_tampered_with_is_restored(make: MakeWorkspace, tables: dict[str, pa.Table]) -> None:
    copy = {"cmd": "mkdir -p data/interim && cp -r made data/interim/tables", "deps": ["made"]}
    workspace = make({"assemble": {**copy, "outs": ["data/interim/tables"]}})
    output, whole = assembled(workspace, tables)
    output.chmod(0o644)
    output.write_bytes(whole[:-1])
    os.utime(output, (0, 0))
    assert rsb_run().exit_code == 0
    assert output.read_bytes() == whole


def test_a_broken_lock_of_dvc_is_named(make: MakeWorkspace) -> None:
    workspace = make({})
    for content in ("stages: [", "[]", "stages: {a: {outs: [x]}}"):
        (workspace.root / "dvc.lock").write_text(content)
        with pytest.raises(RsbError, match=r"dvc\.lock"):
            find_unlike(workspace.root)


def test_a_second_run_at_the_same_time_is_refused(make: MakeWorkspace) -> None:
    workspace = make({"a": {"cmd": "touch ran"}})
    workspace.interim.mkdir()
    with (workspace.interim / "run.log").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write(f"run of process {os.getpid()}, since 2026-11-24 10:00:00\n".encode())
        held.flush()
        with pytest.raises(RsbError, match=rf"process {os.getpid()}, since 2026-11-24 10:00:00, is still at work"):
            run(workspace)
    assert not (workspace.root / "ran").exists()


def test_a_lock_of_a_dead_process_is_taken_over(make: MakeWorkspace) -> None:
    workspace = make({"a": {"cmd": "touch ran; exit 1"}})
    log = workspace.interim / "run.log"
    store.write_text(log, "run of process 999999999, since 2026-11-24 10:00:00\nRunning stage 'old':\n")
    assert run(workspace) == (False, ["a found errors: no release was made"])
    assert (workspace.root / "ran").exists()
    assert log.read_text().startswith(f"run of process {os.getpid()}, since ")
    assert "old" not in log.read_text()


@pytest.mark.parametrize(
    ("name", "left"),
    [
        (".dvc/tmp/rwlock", ""),
        (".dvc/tmp/rwlock", '{"/a/b": {"wri'),
        ("dvc.lock", ""),
        ("dvc.lock", "schema: '2.0'\nstages:\n  a:\n    cm"),
        ("dvc.lock", "schema: '2.0'\nstages:\n  a:\n    deps: []\n"),
    ],
)
def test_a_file_of_dvc_that_a_kill_left_half_written_is_in_no_way(make: MakeWorkspace, name: str, left: str) -> None:
    workspace = make({"a": {"cmd": "touch ran; exit 1"}})
    store.write_text(workspace.root / name, left)
    assert forget_half_written(workspace.root) == [name]
    assert forget_half_written(workspace.root) == []


def test_a_run_goes_on_from_what_a_killed_one_left_of_dvc_s_files(
    make: MakeWorkspace, tables: dict[str, pa.Table]
) -> None:
    workspace = make({"assemble": {"cmd": "mkdir -p data/interim && cp -r made data/interim/tables", "deps": ["made"]}})
    output, whole = assembled(workspace, tables)
    for name in ("dvc.lock", ".dvc/tmp/rwlock"):
        path = workspace.root / name
        path.write_bytes(path.read_bytes()[:-1] if name == ".dvc/tmp/rwlock" else b"stages: [")
    shutil.rmtree(workspace.tables)
    result = rsb_run()
    assert result.exit_code == 0, result.output
    assert "dvc.lock was half written" in result.output
    assert output.read_bytes() == whole


def test_a_stage_that_outlives_its_killed_run_keeps_the_next_one_out(make: MakeWorkspace) -> None:
    workspace = make({"nap": {"cmd": "echo $PPID > dvc.pid; test -e again && exit 1; touch again; sleep 3"}})
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    first = subprocess.Popen([sys.executable, "-m", "pipeline.cli", "run"], cwd=workspace.root, env=environment)
    written = workspace.root / "dvc.pid"
    wait(lambda: written.exists() and bool(written.read_text().strip()))
    first.kill()
    first.wait()
    os.kill(int(written.read_text()), signal.SIGKILL)
    with pytest.raises(RsbError, match=rf"process {first.pid}, since .*, was killed, but a stage"):
        run(workspace)
    written.unlink()
    wait(lambda: is_free(workspace.interim / "run.log"))
    assert run(workspace)[0] is False
    assert written.exists()


def wait(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not ready():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def is_free(path: Path) -> bool:
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


# --- what the project's stages depend on ----------------------------------------------------------------------------

COMMANDS = {
    node.name: node
    for node in ast.parse((CHECKOUT / "pipeline" / "cli.py").read_text()).body
    if isinstance(node, ast.FunctionDef)
}
OF_A_SOURCE = ("sources", "coded", "corrections", "gold", "gold_first", "gold_second")
"""Folders that hold a file for each source; some will do."""
NO_DEPENDENCY = {"pipeline/__init__.py", "pipeline/cli.py"}
"""A docstring, and what only says which function a command calls."""


def imported(tree: ast.AST) -> Iterator[str]:
    """Our modules that are imported anywhere in `tree`, inside functions too, as paths from the checkout."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            path = name.replace(".", "/")
            if name.startswith(("pipeline", "schemas")):
                yield from (one for one in (f"{path}.py", f"{path}/__init__.py") if (CHECKOUT / one).is_file())


def modules_of(command: str) -> set[str]:
    """Every module of ours that a command needs, directly or not."""
    found: set[str] = set()
    due = set(imported(COMMANDS[command]))
    while due:
        path = due.pop()
        found.add(path)
        due |= set(imported(ast.parse((CHECKOUT / path).read_text(encoding="utf-8")))) - found
    return found - NO_DEPENDENCY


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_modules_that_its_command_imports_and_on_no_other(stage: str) -> None:
    modules = modules_of(STAGES[stage]["cmd"].removeprefix("rsb "))
    code = [dep for dep in STAGES[stage]["deps"] if not dep.startswith(("data/", "docs/", "reports/"))]
    missing = {path for path in modules if not any(path == dep or path.startswith(f"{dep}/") for dep in code)}
    idle = {dep for dep in code if not any(path == dep or path.startswith(f"{dep}/") for path in modules)}
    assert (missing, idle) == (set(), set()), f"dvc.yaml: {stage}"
    assert len(modules) > 5


def test_every_stage_runs_with_nothing_but_what_it_depends_on(tmp_path: Path) -> None:
    made = tmp_path / "made"
    for stage, declared in STAGES.items():
        folder = tmp_path / stage
        for dep in [*declared["deps"], *NO_DEPENDENCY, "dvc.yaml"]:
            copy(made if dep.startswith("data/interim/") else CHECKOUT, dep, folder)
        for path in (folder / "data").rglob("*"):
            if path.parts[-2] in OF_A_SOURCE and path.stem not in (*SOURCES, "README"):
                path.unlink()
        listed = {"version": "0.1.0", **NOTHING_ASSERTED}
        params = {name: listed[name] for name in declared.get("params", ())}
        (folder / "params.yaml").write_text(yaml.safe_dump(params))
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", *declared["cmd"].split()[1:]],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        # Errors that the gate finds in today's data are for `rsb run` to tell.
        assert done.returncode in (0, 1), f"{stage}: {done.stderr}"
        for out in declared.get("outs", ()):
            if (folder / out).exists():
                copy(folder, out, made)


def copy(source: Path, relative: str, target: Path) -> None:
    whole = target / relative
    whole.parent.mkdir(parents=True, exist_ok=True)
    if (source / relative).is_dir():
        shutil.copytree(source / relative, whole, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    else:
        shutil.copy(source / relative, whole)
