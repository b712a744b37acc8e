"""Where things are, and the facts and parameters that hold for the dataset as a whole.

The workspace is the nearest folder upward with a `dvc.yaml`. The registry and the codebook of the checkout that
this package is installed from serve commands that need no workspace.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import RsbError, not_utf8

CHECKOUT = Path(__file__).resolve().parent.parent


class Settings(dict[str, Any]):
    """What a file of settings holds; asking it for a key that it lacks raises an `RsbError` with its path."""

    def __init__(self, path: Path, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.path = path

    def __missing__(self, key: str) -> Any:
        raise RsbError(f"{key} is missing", path=self.path, mend=f"add {key}")


@dataclass(frozen=True)
class Workspace:
    """The folders and files of one checkout; `root` holds `dvc.yaml`."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def sources(self) -> Path:
        return self.data / "sources"

    @property
    def registry(self) -> Path:
        return self.data / "registry"

    @property
    def codebook(self) -> Path:
        return self.data / "codebook"

    @property
    def coded(self) -> Path:
        return self.data / "coded"

    @property
    def corrections(self) -> Path:
        return self.data / "corrections"

    @property
    def waivers(self) -> Path:
        return self.data / "waivers.yaml"

    @property
    def gold(self) -> Path:
        return self.data / "gold"

    @property
    def gold_outside(self) -> Path:
        """Annotations of articles that are not part of the project, a folder a batch."""
        return self.data / "gold_outside"

    @property
    def gold_passes(self) -> tuple[Path, Path]:
        """Annotations by one annotator each, blind to one another, of which `gold` was adjudicated: first, second."""
        return self.data / "gold_first", self.data / "gold_second"

    @property
    def audit(self) -> Path:
        """Records of audits: rows of a release read against their source."""
        return self.data / "audit"

    @property
    def chapters(self) -> Path:
        """Chapters of the codebook, one a table, written by hand."""
        return self.root / "docs" / "codebook"

    @property
    def baseline(self) -> Path:
        return self.data / "baseline"

    @property
    def interim(self) -> Path:
        return self.data / "interim"

    @property
    def documents(self) -> Path:
        """Output of `ingest`: `sources.parquet`, `set_aside.json` and `text/<source_id>.txt`."""
        return self.interim / "documents"

    @property
    def proposals(self) -> Path:
        """Output of `extract`: `proposals.jsonl`, one document a line."""
        return self.interim / "proposals"

    @property
    def tables(self) -> Path:
        """Output of `assemble`: the tables as Parquet."""
        return self.interim / "tables"

    @property
    def changes(self) -> Path:
        """Output of `compare`: `changes.parquet` and `schema.json`."""
        return self.interim / "changes"

    @property
    def release(self) -> Path:
        return self.data / "release"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def releases(self) -> Path:
        """The register of published versions: `index.json` and `<version>.json`."""
        return self.root / "releases"

    @property
    def published(self) -> Path:
        """Where `publish` puts the files of each version; not in git."""
        return self.data / "published"

    @cached_property
    def facts(self) -> Settings:
        """The dataset-level facts of `data/dataset.toml`. Raises `RsbError` where it is missing or malformed."""
        path = self.data / "dataset.toml"
        try:
            return Settings(path, tomllib.loads(path.read_text(encoding="utf-8")))
        except tomllib.TOMLDecodeError as error:
            # The message ends with the place: "… (at line 3, column 7)".
            problem, _, place = str(error).partition(" (at ")
            found = re.match(r"line (\d+), column (\d+)", place)
            line, column = (int(found[1]), int(found[2])) if found else (None, None)
            raise RsbError(f"is not TOML: {problem}", path=path, line=line, column=column, mend=_AS_BEFORE) from None
        except UnicodeDecodeError as error:
            raise not_utf8(path, error) from None
        except OSError as error:
            raise _unreadable(path, error) from None

    @cached_property
    def params(self) -> Settings:
        """The parameters of `params.yaml`. Raises `RsbError` where it is missing or malformed."""
        path = self.root / "params.yaml"
        try:
            loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
            raise RsbError(
                f"is not YAML: {error.problem}", path=path, line=line, column=column, mend=_AS_BEFORE
            ) from None
        except UnicodeDecodeError as error:
            raise not_utf8(path, error) from None
        except yaml.YAMLError as error:
            raise RsbError(f"is not YAML: {error}", path=path, mend="save it as UTF-8 text") from None
        except OSError as error:
            raise _unreadable(path, error) from None
        if not isinstance(loaded, dict):
            raise RsbError("is no mapping of `key: value`", path=path, line=1, mend="write `version: 0.1.0`")
        if not isinstance(loaded.get("version", ""), str):
            raise RsbError("version is no text", path=path, mend='write `version: "0.1.0"`')
        return Settings(path, loaded)


_AS_BEFORE = "write it as the lines around it are written"


def _unreadable(path: Path, error: OSError) -> RsbError:
    told = (error.strerror or str(error)).lower()
    return RsbError(f"cannot be read: {told}", path=path, mend="restore it from the project's history")


def find_workspace(start: Path | None = None) -> Workspace:
    """The workspace that `start` (default: the current folder) lies in.

    Raises `RsbError` where no folder upward holds a `dvc.yaml`.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "dvc.yaml").is_file():
            return Workspace(folder)
    raise RsbError(
        f"no workspace here: neither {here} nor a folder above it holds a dvc.yaml",
        mend="change into a checkout of the project",
    )


def installed_checkout() -> Workspace:
    """The checkout this package runs from, whose registry and codebook serve outside a workspace."""
    return Workspace(CHECKOUT)
