"""What the GitHub workflows call is there, and nothing in them can change under them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from pipeline.cli import main

ROOT = Path(__file__).parent.parent
PATHS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def steps(path: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def scripts(path: Path) -> str:
    return "\n".join(step["run"] for step in steps(path) if "run" in step)


def test_there_are_workflows() -> None:
    assert [path.stem for path in PATHS] == ["ci", "release"]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_actions_are_pinned_and_no_secret_is_read(path: Path) -> None:
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+\.\d+\.\d+", action) for action in used), used
    assert "secrets." not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_no_script_takes_in_what_an_event_says(path: Path) -> None:
    """A branch or title can hold a command: it reaches a script as a variable only."""
    assert "${{" not in scripts(path)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_commands_called_are_there(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"\bmake (?:-C \S+ )?([\w./]+)", scripts(path))
    assert targets
    assert all(re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE) for target in targets), targets
    for verb, rest in re.findall(r"\bbin/rsb (\w+)(.*)", scripts(path)):
        shown = CliRunner().invoke(main, [verb, "--help"])
        assert shown.exit_code == 0, verb
        for option in re.findall(r"--[\w-]+", rest):
            assert option in shown.output, (verb, option)
