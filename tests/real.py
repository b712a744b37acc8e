"""A workspace of the project's own registry, codebook and some of its sources, whose stages run in this process."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from tiny import NOTHING_ASSERTED

from pipeline import assemble, compare, ingest, release, validate
from pipeline.extract import stage as extract
from pipeline.workspace import Workspace, installed_checkout

SOURCES = (
    "afp-sudan-gold-uae-2025-03", "aljazeera-drc-us-minerals-2025-03", "caliber-sudan-russia-naval-base-2025-12",
    "eurasiareview-ukraine-us-fund-2025-04", "lincolndaily-trump-saudi-defense-2017-04",
    "moscowtimes-venezuela-arms-loan", "reuters-ecuador-china-oil-2013-11", "standardke-uae-sudan-gold-swissaid-2025",
    "telegraphindia-rwanda-drc-peace-2025-06", "whitehouse-us-australia-deals-2025-10",
)  # fmt: skip
"""Sources in which denials, ranges, dates without a year, sums of money and two-sided terms are told."""

STAGES: Mapping[str, Callable[[Workspace], Any]] = {
    "ingest": ingest.run,
    "extract": extract.run,
    "assemble": assemble.run,
    "compare": compare.run,
    "validate": validate.run,
    "release": release.run,
}


def output_of(workspace: Workspace, stage: str) -> Path:
    """The folder that a stage writes."""
    folders = {
        "ingest": workspace.documents,
        "extract": workspace.proposals,
        "assemble": workspace.tables,
        "compare": workspace.changes,
        "validate": workspace.interim / "issues",
        "release": workspace.release,
    }
    return folders[stage]


def make_workspace(root: Path, sources: Iterable[str]) -> Workspace:
    """A workspace in which no stage has run."""
    made, project = Workspace(root), installed_checkout()
    for part in ("registry", "codebook"):
        shutil.copytree(project.data / part, made.data / part)
    for folder in (made.sources, made.coded, made.corrections, made.baseline):
        folder.mkdir()
    shutil.copy(project.data / "dataset.toml", made.data)
    (made.root / "dvc.yaml").touch()
    (made.root / "params.yaml").write_text(yaml.safe_dump({"version": "0.1.0", **NOTHING_ASSERTED}))
    for source in sources:
        shutil.copy(project.sources / f"{source}.md", made.sources)
    return made


def make_complete(root: Path, sources: Iterable[str]) -> Workspace:
    """A workspace in which every stage has run."""
    made = make_workspace(root, sources)
    for run in STAGES.values():
        run(made)
    return made


def contents_of(folder: Path) -> dict[str, bytes]:
    """Path → bytes of every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
