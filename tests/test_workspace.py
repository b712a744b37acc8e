from pathlib import Path

import pytest

from pipeline.errors import RsbError
from pipeline.workspace import Workspace, find_workspace, installed_checkout


def test_the_nearest_folder_upward_with_a_dvc_yaml_is_the_workspace(tmp_path: Path) -> None:
    inner = tmp_path / "one" / "data" / "sources"
    inner.mkdir(parents=True)
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    assert find_workspace(inner).root == tmp_path
    (tmp_path / "one" / "dvc.yaml").write_text("stages: {}\n")
    assert find_workspace(inner).root == tmp_path / "one"


def test_outside_there_is_none_though_the_package_lies_in_one(tmp_path: Path) -> None:
    assert (installed_checkout().root / "dvc.yaml").is_file()
    with pytest.raises(RsbError, match=r"no workspace here.*\n.*mend: "):
        find_workspace(tmp_path)


BROKEN = {
    "params.yaml": {
        "version: 0.1.0\nmax_warnings: [1\n": r"params.yaml:3, column 1: is not YAML",
        "version: 0.1.0\n\tx: 1\n": r"params.yaml:2, column 1: is not YAML",
        "- version\n": r"params.yaml:1: is no mapping",
        "": r"params.yaml:1: is no mapping",
        "version: 0.1\n": r"params.yaml: version is no text",
        "version: \x07\n": r"params.yaml: is not YAML",
    },
    "data/dataset.toml": {
        'title = "RSB\n': r"dataset.toml:1, column 13: is not TOML",
        'title = "RSB"\ntitle = "RSB"\n': r"dataset.toml:2, column 14: is not TOML",
    },
}


@pytest.mark.parametrize(("name", "content"), [(name, content) for name, some in BROKEN.items() for content in some])
def test_broken_parameters_and_facts_are_told_with_their_place_and_mend(
    tmp_path: Path, name: str, content: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    workspace = Workspace(tmp_path)
    with pytest.raises(RsbError, match=BROKEN[name][content]) as caught:
        _ = workspace.params if name == "params.yaml" else workspace.facts
    assert caught.value.mend


@pytest.mark.parametrize("name", BROKEN)
def test_missing_or_undecodable_parameters_and_facts_are_told(tmp_path: Path, name: str) -> None:
    def read() -> object:
        workspace = Workspace(tmp_path)
        return workspace.params if name == "params.yaml" else workspace.facts

    with pytest.raises(RsbError, match="no such file"):
        read()
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b'version = "caf\xe9"\n')
    with pytest.raises(RsbError, match="mend: save it as UTF-8"):
        read()


def test_parameters_and_facts_are_as_written(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "dataset.toml").write_text('title = "Ré"\n', encoding="utf-8")
    (tmp_path / "params.yaml").write_text("version: 0.1.0\nmax_warnings: 5\n")
    workspace = Workspace(tmp_path)
    assert workspace.facts == {"title": "Ré"}
    assert workspace.params == {"version": "0.1.0", "max_warnings": 5}


@pytest.mark.parametrize("name", BROKEN)
def test_a_setting_that_is_missing_is_named_where_it_is_needed(tmp_path: Path, name: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / name).write_text("a = 1\n" if name.endswith("toml") else "a: 1\n")
    workspace = Workspace(tmp_path)
    settings = workspace.params if name == "params.yaml" else workspace.facts
    assert (settings["a"], settings.get("title")) == (1, None)
    with pytest.raises(RsbError, match=f"{Path(name).name}: title is missing\n  mend: add title"):
        settings["title"]
