"""YAML written by people, read as nodes that know their lines, so that every complaint can say where.

Scalars are taken as the text that stands there: `NO` is not false, and `2025-03-17` is no date object; what a
text means is for the column it fills. Problems are collected and raised together.
"""

from collections.abc import Collection
from pathlib import Path

import yaml

from pipeline.errors import RsbError, not_utf8, together

Node = yaml.Node
DEEPEST = 100
"""Most levels of nodes."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def yaml_files(folder: Path) -> list[Path]:
    """The YAML files of a folder, by name; a README and hidden files may stand beside them.

    Raises `RsbError` for any other file, which nobody would read.
    """
    paths = sorted(path for path in folder.glob("*") if path.is_file() and not path.name.startswith((".", "README")))
    for path in paths:
        if path.suffix != ".yaml":
            raise RsbError("is not read: its name does not end in .yaml", path=path, mend="rename it, or move it away")
    return paths


class MarkedFile:
    """One YAML file; `root` is its top node. Raises `RsbError` where it cannot be read or is not YAML."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[RsbError] = []
        try:
            text = path.read_text(encoding="utf-8")
            _refuse_depths(text, path)
            root = yaml.compose(text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
            told = f"is not YAML: {error.problem}"
            mend = "quote values that hold a colon or begin with a sign, and indent by blanks"
            raise RsbError(told, path=path, line=line, column=column, mend=mend) from None
        except UnicodeDecodeError as error:
            raise not_utf8(path, error) from None
        except yaml.YAMLError as error:
            raise RsbError(f"is not YAML: {error}", path=path, mend="save it as UTF-8 text") from None
        except OSError as error:
            told = f"cannot be read: {(error.strerror or str(error)).lower()}"
            raise RsbError(told, path=path, mend="restore it from the project's history") from None
        if root is None:
            raise RsbError("is empty", path=path, line=1, mend="fill it, or delete it")
        self.root: Node = root

    def complain(self, node: Node, problem: str, *, column: str | None = None, mend: str | None = None) -> None:
        """Note a problem at a node."""
        line = node.start_mark.line + 1
        self.problems.append(RsbError(problem, path=self.path, line=line, column=column, mend=mend))

    def raise_problems(self) -> None:
        """Raise what was noted, if anything was."""
        if self.problems:
            raise together(self.problems)

    def mapping(
        self, node: Node, what: str, *, allowed: Collection[str] | None = None, needed: Collection[str] = ()
    ) -> dict[str, Node]:
        """The entries of a mapping; null counts as empty. Complains of another kind of node and of wrong keys."""
        if is_null(node):
            return {}
        if not isinstance(node, yaml.MappingNode):
            self.complain(node, f"{what} must be a mapping", mend="write `key: value` lines")
            return {}
        found: dict[str, Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name in found:
                self.complain(key, f"{name} stands twice in {what}", mend="delete one")
            elif allowed is not None and name not in allowed:
                self.complain(key, f"{what} has no {name}", mend=f"use {', '.join(sorted(allowed))}")
            else:
                found[name] = value
        for name in needed:
            if name not in found or is_null(found[name]):
                self.complain(node, f"{what} lacks {name}", mend=f"add `{name}: …`")
        return found

    def items(self, node: Node | None, what: str) -> list[Node]:
        """The members of a list; none for null or an absent node. Complains of another kind of node."""
        if node is None or is_null(node):
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.complain(node, f"{what} must be a list", mend="begin each member with a dash")
            return []
        return list(node.value)

    def text(self, node: Node | None, what: str) -> str | None:
        """The text of a scalar; None for null or an absent node. Complains of another kind of node."""
        if node is None or is_null(node):
            return None
        if not isinstance(node, yaml.ScalarNode):
            self.complain(node, f"{what} must be one value", mend="write the value, without brackets or dashes")
            return None
        return str(node.value)


def _refuse_depths(text: str, path: Path) -> None:
    """Raise where the nodes are nested so deeply that composing them would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark else None
            told = "is not YAML that is read here: nested too deeply"
            raise RsbError(told, path=path, line=line, mend="write it in fewer levels")


def is_null(node: Node) -> bool:
    """Whether a node is null: written so, or left out after its key."""
    return node.tag == "tag:yaml.org,2002:null"
