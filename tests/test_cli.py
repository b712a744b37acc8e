"""What every command keeps: help with an example, exit codes, and one clear message for whatever is broken."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from tiny import SEED, seed_proposals, write_registry

from pipeline import info
from pipeline.cli import main
from pipeline.proposals import dump_proposals
from pipeline.workspace import installed_checkout

COMMANDS = sorted(main.commands)
STAGES = ["ingest", "extract", "assemble", "evaluate", "compare", "validate", "release"]
ANYWHERE = {"read", "verify", "diff"}
"""The commands that need no workspace; `validate` needs none with a path."""

EVENT = """source: seed
coder: a test
records:
  - ref: e1
    table: events
    event_type: ASSAULT
    place_id: cod-goma
    quotes:
      "*": "shot 20 people in Goma"
      event_type: shot
      place_id: Goma
"""
CORRECTION = """- source: seed
  table: events
  match: {event_type: ASSAULT}
  drop: true
  reason: A test.
"""


def rsb(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def assert_one_clear_message(result: Result, *told: str) -> None:
    assert result.exit_code == 2, result.output
    for part in told:
        assert part in result.stderr
    assert result.stderr.count("rsb: ") == 1
    assert "  mend: " in result.stderr
    assert "Traceback" not in result.output
    assert "a defect of rsb" not in result.output


# --- help -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_says_what_a_command_does_with_examples_that_parse(name: str, flag: str) -> None:
    told = rsb(name, flag)
    assert told.exit_code == 0
    described, _, examples = told.stdout.partition("Example:\n")
    assert len(described.splitlines()[2].strip()) > 20
    lines = [line.strip() for line in examples.splitlines() if line.strip().startswith("rsb ")]
    assert lines
    for line in lines:
        _, command, *arguments = shlex.split(re.split(r"\s{3,}", line)[0])
        assert command == name
        with main.commands[name].make_context(name, arguments) as context:
            assert context.params is not None


def test_the_group_lists_every_command_with_what_it_does() -> None:
    told = rsb("--help")
    assert told.exit_code == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name} +\w.{{20}}", told.stdout, re.M), name
    assert "rsb run" in told.stdout


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"rsb, version \d\S+\n", rsb("--version").stdout)


def test_the_command_line_is_there_at_once() -> None:
    heavy = "('pandas', 'pyarrow', 'pandera', 'dvc', 'numpy', 'lemminflect', 'lxml')"
    code = f"import sys, pipeline.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# --- what cannot be done --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["run", "--fast"],
        ["run", "extra"],
        ["read"],
        ["read", "--json"],
        ["add"],
        ["diff"],
        ["verify"],
        ["publish"],
        ["validate", "--format", "xml"],
        ["validate", "one", "two"],
    ],
    ids=" ".join,
)
def test_bad_arguments_are_told_with_the_usage(arguments: list[str]) -> None:
    result = rsb(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")
    assert "Error: " in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ANYWHERE])
def test_outside_a_workspace_it_cannot_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = {"add": ["a.txt"], "publish": ["0.1.0"], "contact": ["gold", "texts"]}.get(name, [])
    assert_one_clear_message(rsb(name, *arguments), "no workspace here")


@pytest.mark.parametrize("name", [*STAGES, "run"])
def test_an_empty_workspace_has_nothing_to_work_on(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    monkeypatch.chdir(tmp_path)
    assert_one_clear_message(rsb(name), str(tmp_path))


@pytest.mark.parametrize("arguments", [["validate", "{}"], ["verify", "{}"], ["diff", "{}", "{}"]], ids=lambda a: a[0])
@pytest.mark.parametrize("missing", [True, False])
def test_a_folder_without_tables_is_no_success(arguments: list[str], missing: bool, tmp_path: Path) -> None:
    folder = tmp_path / "gone" if missing else tmp_path
    assert_one_clear_message(rsb(*(part.format(folder) for part in arguments)), str(folder))


@pytest.mark.usefixtures("sources_workspace")
def test_a_defect_of_ours_is_told_in_a_line_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise KeyError("no such thing")

    monkeypatch.setattr(info, "describe", fail)
    monkeypatch.chdir(tmp_path)
    result = rsb("info")
    assert result.exit_code == 2
    assert re.match(
        r"rsb: a defect of rsb: KeyError: 'no such thing' \(at test_cli.py:\d+\)\n  mend: .*report", result.stderr
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionError(13, "Permission denied", "a.txt"), "rsb: a.txt: permission denied\n"),
        (OSError(28, "No space left on device"), "rsb: no space left on device\n"),
    ],
)
@pytest.mark.usefixtures("sources_workspace")
def test_what_the_system_refuses_is_told(
    error: OSError, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr(info, "describe", fail)
    monkeypatch.chdir(tmp_path)
    result = rsb("info")
    assert (result.exit_code, result.stderr) == (2, told)


# --- what people break ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small workspace in which every stage up to `validate` can run."""
    root = tmp_path_factory.mktemp("sound")
    data = root / "data"
    (root / "dvc.yaml").write_text("stages: {}\n")
    (root / "params.yaml").write_text("version: 0.1.0\nmin_counts:\n  deals: 1\nmax_warnings: 500\n")
    shutil.copytree(installed_checkout().codebook, data / "codebook")
    write_registry(data / "registry")
    for folder, name, content in (
        ("sources", "seed.txt", SEED),
        ("coded", "seed.yaml", EVENT),
        ("gold", "seed.yaml", EVENT),
        ("corrections", "seed.yaml", CORRECTION),
    ):
        (data / folder).mkdir()
        (data / folder / name).write_text(content, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert rsb("ingest").exit_code == 0
        # What the extractor would find is not the matter here.
        (data / "interim" / "proposals").mkdir()
        (data / "interim" / "proposals" / "proposals.jsonl").write_text(dump_proposals([seed_proposals()]))
        for stage in ("assemble", "evaluate", "compare"):
            result = rsb(stage)
            assert result.exit_code == 0, result.output
        assert rsb("validate").exit_code in (0, 1)
    return root


@pytest.fixture
def workspace(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "workspace"
    shutil.copytree(sound, root)
    monkeypatch.chdir(root)
    return root


BREAKS: list[tuple[str, str, str | None, str, str, str]] = [
    # command, file, what is replaced ("": the end; None: all), by what, where (:N is the end), and what is told
    ("assemble", "data/registry/actors.csv", "", "short,row\n", ":7", "2 cells instead of 8"),
    ("assemble", "data/registry/actors.csv", "actor_id,name", "actor_id,nom", ":1", "columns are actor_id, nom"),
    ("assemble", "data/registry/actors.csv", "", "x-colour,X,other,,,,,,red\n", ":7", "9 cells instead of 8"),
    ("assemble", "data/registry/actors.csv", "", "COD,Congo,state,COD,,,,\n", ":7", "COD stands twice"),
    ("assemble", "data/registry/actors.csv", "", "zed,Zed,warlord,,,,,\n", ":7, column actor_type", "“warlord” is no"),
    ("assemble", "data/registry/actors.csv", "", "zed,,state,,,,,\n", ":7, column name", "empty cell"),
    ("assemble", "data/registry/actors.csv", "", 'zed,"Zed,state,,,,,\n', ":7", "is not CSV"),
    ("assemble", "data/registry/actors.csv", "", "zed,Z\udcff,state,,,,,\n", ":7", "is not UTF-8: byte 0xff"),
    ("assemble", "data/registry/aliases.csv", "", "Zed,COD,name,2025-13,\n", ":5, column valid_from", "“2025-13” is no"),
    ("assemble", "data/registry/aliases.csv", "", "Zed,zed,name,,\n", ":5, column target_id", "zed is no id of"),
    ("assemble", "data/registry/places.csv", "-1.68", "-168", ":3, column latitude", "out of bounds"),
    ("assemble", "data/registry/deals.csv", None, "", ":1", "columns are missing"),
    ("ingest", "data/codebook/codes.csv", "", "a,b\n", ":N", "wrong number of cells"),
    ("ingest", "data/codebook/codes.csv", "code,label", "code,name", ":1", "columns are vocabulary, code, name"),
    ("ingest", "data/codebook/codes.csv", "", "stage,sought,S,S.,RSB,,,,,\n", ":N", "sought stands twice in stage"),
    ("ingest", "data/codebook/codes.csv", "", 'a,"b\n', ":N", "is not CSV"),
    ("extract", "data/codebook/frames.yaml", None, "- id: [\n", ":2, column 1", "is not YAML"),
    ("extract", "data/codebook/frames.yaml", None, "", ":1", "is empty"),
    ("extract", "data/codebook/frames.yaml", None, "a: b\n", ":1", "must be a list of rules"),
    ("extract", "data/codebook/frames.yaml", None, "- a\n", ":1", "this is no rule"),
    ("extract", "data/codebook/frames.yaml", None, "- event: AID\n", ":1", "a rule without an id"),
    ("extract", "data/codebook/frames.yaml", None, "\n- id: x\n  event: NO\n  {E}", ":2", "'NO' is no code of event"),
    ("extract", "data/codebook/frames.yaml", None, "\n- id: x\n  verbs: hit\n  {E}", ":2", "verbs must be a list"),
    ("extract", "data/codebook/frames.yaml", None, "- id: x\n  hue: red\n  {E}", ":1", "there is no key hue"),
    ("extract", "data/codebook/frames.yaml", None, "- id: x\n  {E}- id: x\n  {E}", ":4", "stands in line 1 too"),
    ("extract", "data/codebook/frames.yaml", None, "- id: x\n  id: y\n  {E}", ":2", "id stands twice"),
    ("extract", "data/codebook/frames.yaml", None, "- {id: x, positive: [a]}\n", ":1", "has no negative example"),
    ("extract", "data/codebook/frames.yaml", None, "- id: x\n  term: {}\n  {E}", ":2", "act is missing"),
    ("extract", "data/codebook/terms.yaml", None, "- id: x\n  {E}", ":1", "term_type is missing"),
    ("extract", "data/codebook/patterns.yaml", None, "- id: x\n  reads: [a]\n  {E}", ":1", "reads must be one value"),
    ("extract", "data/codebook/measures.yaml", "measures:", "measure:", ":", "measures is missing"),
    ("extract", "data/codebook/measures.yaml", "measure: deaths", "measure: death", ":", "'death' is no code of measure"),
    ("extract", "data/codebook/deals.yaml", "deal_type: ceasefire", "deal_type: truce", ":", "'truce' is no code of"),
    ("extract", "data/codebook/grammar.yaml", None, "titles: [a]\n", ":1", "classes is missing"),
    ("extract", "data/codebook/grammar.yaml", None, "titles: a\n", ":1", "titles must be a list"),
    ("assemble", "data/coded/seed.yaml", "records:", "records: [", ":4, column 3", "is not YAML"),
    ("assemble", "data/coded/seed.yaml", "records:", "record:", ":3", "the file has no record"),
    ("assemble", "data/coded/seed.yaml", "table: events", "table: event", ":5, column table", "no records of event"),
    ("assemble", "data/coded/seed.yaml", "event_type: ASSAULT", "event_type: HIT", ":6, column event_type", "“HIT” is no"),
    ("assemble", "data/coded/seed.yaml", "place_id: Goma", "place_id: Gomo", ":11, column place_id", "not in the text"),
    ("assemble", "data/coded/seed.yaml", None, "text\n", ":1", "the file must be a mapping"),
    ("assemble", "data/coded/seed.txt", None, "text\n", "", "is not read"),
    ("assemble", "data/coded/else.yaml", None, EVENT, "", "there is no document else"),
    ("assemble", "data/corrections/seed.yaml", "  reason: A test.\n", "", ":1", "a correction lacks reason"),
    ("assemble", "data/corrections/seed.yaml", "ASSAULT", "AID", ":1", "this correction matches nothing"),
    ("assemble", "data/corrections/seed.yaml", None, "a: b\n", ":1", "the file must be a list"),
    ("assemble", "data/corrections/seed.yml", None, CORRECTION, "", "is not read"),
    ("assemble", "data/interim/proposals/proposals.jsonl", "", "{}\n", ":2", "no proposals of a document"),
    ("evaluate", "data/gold/seed.yaml", "ref: e1", "re: e1", ":4", "a record lacks ref"),
    ("evaluate", "data/gold/seed.yaml", "coder: a test", "coder: [a\n", ":", "is not YAML"),
    ("validate", "params.yaml", "min_counts:", "min_counts: [", ":", "is not YAML"),
    ("validate", "params.yaml", "deals: 1", "dealz: 1", "", "dealz"),
    ("validate", "params.yaml", "500", "many", "", "max_warnings is no number"),
    ("compare", "params.yaml", "version", "versions", "", "version is missing"),
    ("compare", "params.yaml", "0.1.0", "0.1", "", "version is no text"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "name", "old", "new", "place", "told"),
    BREAKS,
    ids=[f"{Path(name).name}: {told}" for _, name, _, _, _, told in BREAKS],
)
def test_what_is_malformed_is_told_with_its_place_and_the_mend(
    workspace: Path, command: str, name: str, old: str | None, new: str, place: str, told: str
) -> None:
    path = workspace / name
    text = path.read_text(encoding="utf-8") if path.exists() and old is not None else ""
    assert (old or "") in text
    new = new.replace("{E}", "positive: [{text: a}]\n  negative: [a]\n")
    broken = text.replace(old, new, 1) if old else text + new
    path.write_bytes(broken.encode("utf-8", "surrogateescape"))
    end = text.count("\n") + 1
    assert_one_clear_message(rsb(command), f"{path}{place.replace('N', str(end))}", told)


def test_malformed_front_matter_sets_the_file_aside_with_its_place(workspace: Path) -> None:
    (workspace / "data" / "sources" / "bad.md").write_text("---\nkind: news\ntitle: a: b\n---\nText.\n")
    (workspace / "data" / "sources" / "odd.md").write_text("---\nkind: gossip\n---\nSome other text.\n")
    result = rsb("ingest")
    assert result.exit_code == 0
    assert "set aside: bad.md: front_matter: line 3, column 9: malformed front matter" in result.stderr
    assert "odd.md:2: kind: 'gossip' is none of news" in result.stderr
    assert "3 files read: 2 kept, 1 set aside" in result.stdout
    told = rsb("info").stdout
    assert "3 read, 2 kept, 1 set aside" in told
    assert "bad.md: line 3, column 9: malformed front matter" in told


def test_every_command_is_a_command_of_the_design() -> None:
    assert set(STAGES) <= set(COMMANDS)
    assert all(isinstance(main.commands[name], click.Command) and main.commands[name].help for name in COMMANDS)
