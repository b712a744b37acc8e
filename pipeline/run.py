"""`rsb run`: all stages through DVC, then a closing summary of what was made."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from pipeline import store
from pipeline.errors import RsbError
from pipeline.progress import say
from pipeline.workspace import Workspace

SUMMARISED = ("sources", "deals", "terms", "events", "figures", "relations", "claims", "evidence")


def run(workspace: Workspace) -> bool:
    """Reproduce all stages; False where `validate` found errors. Raises `RsbError` where a stage cannot run."""
    binaries = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}", "DVC_NO_ANALYTICS": "1"}
    say("running the stages")
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "repro"],
        cwd=workspace.root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return True
    if "failed to reproduce 'validate'" in done.stderr:
        return False
    raise RsbError(
        f"a stage could not run:\n{done.stdout}{done.stderr}", mend="mend what the stage names, and run again"
    )


def summarise(workspace: Workspace) -> Iterator[str]:
    """What was made, line by line."""
    report = json.loads((workspace.reports / "validation.json").read_text(encoding="utf-8"))
    for table in SUMMARISED:
        yield f"{table:<10} {store.read_parquet(workspace.tables / f'{table}.parquet').num_rows:>6}"
    yield f"{'issues':<10} {report['errors']:>6} errors, {report['warnings']} warnings"
    aside = report["set_aside"]
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(aside.items())) or "nothing"
    yield f"set aside  {reasons}"
    release = workspace.release.relative_to(workspace.root)
    yield f"files      {release}"
    yield f'load       pd.read_parquet("{release}/parquet/terms.parquet", dtype_backend="pyarrow")'
