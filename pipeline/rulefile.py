"""The codebook's YAML files as plain values that know where they stand, checked for their shape.

Every scalar is text: "no" and "on" are words here. What the words mean, and which codes there are, is not its concern.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import RsbError, together
from pipeline.marked import MarkedFile, Node

EXAMPLES = ("positive", "negative")
"""The keys under which a rule has the sentences that its tests read."""
_SHAPES: dict[type, str] = {str: "one value", list: "a list, as in [a, b]", dict: "a mapping of `key: value`"}


class Entry(dict[str, Any]):
    """A mapping of a file; asking it for a key that it lacks raises an `RsbError` with its file and line."""

    def __init__(self, path: Path, line: int, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.path, self.line = path, line

    def __missing__(self, key: str) -> Any:
        raise self.problem(f"{key} is missing", mend=f"add `{key}: …`")

    def problem(self, told: str, *, mend: str | None = None) -> RsbError:
        """What is wrong with this entry, with its id where it has one."""
        rule = f"rule {self['id']}: " if isinstance(self.get("id"), str) else ""
        return RsbError(f"{rule}{told}", path=self.path, line=self.line, mend=mend)


def load_entry(path: Path) -> Entry:
    """The mapping that a file is. Raises `RsbError` where it is none, or not YAML."""
    found = _plain(MarkedFile(path).root, path)
    if not isinstance(found, Entry):
        raise RsbError(f"must be {_SHAPES[dict]}", path=path, line=1, mend="write `key: [a, b]` lines")
    for key, value in found.items():
        if isinstance(value, str):
            raise found.problem(f"{key} must be {_SHAPES[list]}", mend=f"write `{key}: [{value}]`")
    return found


def load_rules(path: Path, declared: type) -> list[Entry]:
    """The rules of a file, whose keys are the fields of the dataclass `declared`.

    Raises `RsbError`, with all problems and their lines, for a rule without an id or with that of another, without
    examples, with a key that is not declared, or with a value of another shape.
    """
    root, mend = MarkedFile(path).root, "begin each rule with `- id: …`"
    if not isinstance(root, yaml.SequenceNode):
        raise RsbError("must be a list of rules", path=path, line=1, mend=mend)
    found: list[Entry] = []
    lines: dict[str, int] = {}
    problems: list[RsbError] = []
    for node in root.value:
        rule = _plain(node, path)
        if not isinstance(rule, Entry):
            problems.append(RsbError("this is no rule", path=path, line=node.start_mark.line + 1, mend=mend))
            continue
        found.append(rule)
        problems += check_shape(rule, declared)
        problems += [
            rule.problem(f"has no {kind} example", mend="add one; the tests run it")
            for kind in EXAMPLES
            if not rule.get(kind)
        ]
        ident = rule.get("id")
        if isinstance(ident, str) and lines.setdefault(ident, rule.line) != rule.line:
            problems.append(rule.problem(f"stands in line {lines[ident]} too", mend="rename or delete one"))
        elif "id" not in rule:
            problems.append(rule.problem("a rule without an id", mend="add `id: …`"))
    if problems:
        raise together(problems)
    return found


def check_shape(entry: Entry, declared: type) -> Sequence[RsbError]:
    """What in an entry does not have the shape of the dataclass `declared`: unknown keys, values of another shape."""
    shapes = {field.name: _shape(str(field.type)) for field in fields(declared)}
    problems = []
    for key, value in entry.items():
        if key not in shapes:
            problems.append(entry.problem(f"there is no key {key}", mend=f"use {', '.join(shapes)}"))
        elif not isinstance(value, shapes[key]):
            told = f"{key} must be {_SHAPES[shapes[key]]}"
            problems.append(entry.problem(told, mend="write it as the entries around it have it"))
    return problems


def _shape(annotation: str) -> type:
    if annotation.startswith(("tuple", "frozenset")):
        return list
    return dict if "Mapping" in annotation else str


def _plain(node: Node, path: Path) -> Any:
    if isinstance(node, yaml.MappingNode):
        line = node.start_mark.line + 1
        values: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in values:
                told = f"{name} stands twice in a mapping"
                raise RsbError(told, path=path, line=key.start_mark.line + 1, mend="delete one")
            values[name] = _plain(value, path)
        return Entry(path, line, values)
    return [_plain(one, path) for one in node.value] if isinstance(node, yaml.SequenceNode) else str(node.value)
