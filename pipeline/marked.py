"""YAML written by people, read as nodes that know their lines, so that every complaint can say where.

Scalars are taken as the text that stands there: `NO` is not false, and `2025-03-17` is no date object; what a
text means is for the column it fills. Problems are collected and raised together.
"""

from collections.abc import Collection
from pathlib import Path

import yaml

from pipeline.errors import RsbError, together

Node = yaml.Node
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class MarkedFile:
    """One YAML file; `root` is its top node. Raises `RsbError` where it cannot be read or is not YAML."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[RsbError] = []
        try:
            root = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
            told = f"is not YAML: {error.problem}"
            mend = "quote values that hold a colon or begin with a sign, and indent by blanks"
            raise RsbError(told, path=path, line=line, column=column, mend=mend) from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise RsbError(f"is not YAML: {error}", path=path, mend="save it as UTF-8 text") from None
        except OSError as error:
            raise RsbError(f"cannot be read: {error.strerror}", path=path) from None
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
            self.complain(node, f"{what} must be a mapping of `key: value`")
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
            self.complain(node, f"{what} must be a list")
            return []
        return list(node.value)

    def text(self, node: Node | None, what: str) -> str | None:
        """The text of a scalar; None for null or an absent node. Complains of another kind of node."""
        if node is None or is_null(node):
            return None
        if not isinstance(node, yaml.ScalarNode):
            self.complain(node, f"{what} must be one value")
            return None
        return str(node.value)


def is_null(node: Node) -> bool:
    """Whether a node is null: written so, or left out after its key."""
    return node.tag == "tag:yaml.org,2002:null"
