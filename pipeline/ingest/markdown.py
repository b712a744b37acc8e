"""Markdown with YAML front matter: the text is what follows the front matter and its blank lines.

Front matter stands between two lines `---`, the upper one at the very beginning. Its values are taken as they are
written, so an unquoted date or number is text. Markdown marks are part of the text: nothing is rendered.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from pipeline.ingest.document import Given, NotReadError, Page, Reason, decode, normalise, stated_columns, warning

SUFFIXES = (".md",)

LONGEST = 64 * 1024
"""Most bytes of front matter: more is no description of a document, and costly to parse."""

DEEPEST = 20
"""Most levels of front matter: the parser's time grows with their square."""

_FENCE = "---"
_UNUSED = "id"
"""A key that files of other collections carry; the id here is the file's stem."""


def read(content: bytes, path: Path) -> Page:
    """The page of a Markdown file.

    Raises `NotReadError` where it is not UTF-8, or its front matter is malformed.
    """
    text = normalise(decode(content, path))
    parts = _split(text, path)
    if parts is None:
        return Page(text)
    head, body = parts
    page = Page(body)
    known = {column.name for column in stated_columns()}
    for key, given in parse_front_matter(head, path).items():
        if key in known:
            page.given[key] = given
        elif key != _UNUSED:
            page.warnings.append(warning(path, f"{key}: no such key; ignored", given.line))
    return page


def write(given: Mapping[str, str], text: str) -> str:
    """A Markdown file with `given` as its front matter; a column that is not given stands there as null."""
    values = {column.name: given.get(column.name) for column in stated_columns()}
    head = yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=float("inf"))
    return f"{_FENCE}\n{head}{_FENCE}\n\n{_without_blank_lines(text).rstrip()}\n"


def _split(text: str, path: Path) -> tuple[str, str] | None:
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        return None
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == _FENCE:
            return "\n".join(lines[1:number]), _without_blank_lines("\n".join(lines[number + 1 :]))
    mend = "end the front matter with a line ---, or begin a text without one with a blank line"
    raise NotReadError(Reason.FRONT_MATTER, "the front matter has no end", path=path, line=1, column=1, mend=mend)


def _without_blank_lines(text: str) -> str:
    return re.sub(r"\A(?:[ \t]*\n)+", "", text)


def parse_front_matter(head: str, path: Path) -> dict[str, Given]:
    """The values of front matter by key; `head` is what stands between the fences, from line 2 of the file.

    Raises `NotReadError`, with line and column, where it is too long or deep, not a YAML mapping, or uses anchors.
    """
    if len(head.encode()) > LONGEST:
        raise NotReadError(Reason.FRONT_MATTER, "the front matter is longer than 64 KiB", path=path, line=1, column=1)
    try:
        _refuse_anchors(head, path)
        node = yaml.compose(head, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = f"malformed front matter: {error.problem or error.context}"
        raise _malformed(problem, path, mark.line if mark else 0, mark.column if mark else 0) from None
    except yaml.reader.ReaderError as error:
        before = head[: error.position]
        problem = "malformed front matter: a character that is not allowed"
        raise _malformed(problem, path, before.count("\n"), len(before) - before.rfind("\n") - 1) from None
    except RecursionError:
        raise _malformed("malformed front matter: nested too deeply", path, 0, 0) from None
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise _malformed(
            "the front matter is not a list of `key: value` lines", path, node.start_mark.line, node.start_mark.column
        )
    found: dict[str, Given] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else "?"
        if name in found:
            raise _malformed(
                f"the key {name} stands twice in the front matter", path, key.start_mark.line, key.start_mark.column
            )
        found[name] = Given(_plain(value), key.start_mark.line + 2)
    return found


def _plain(node: yaml.Node) -> object:
    """A scalar as it is written (`no` stays "no", 2025-03-01 stays a text); None for null; else the node."""
    if not isinstance(node, yaml.ScalarNode):
        return node
    return None if node.tag == "tag:yaml.org,2002:null" else node.value


def _refuse_anchors(head: str, path: Path) -> None:
    depth = 0
    for event in yaml.parse(head, Loader=yaml.SafeLoader):
        mark = event.start_mark
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if mark and depth > DEEPEST:
            raise _malformed("malformed front matter: nested too deeply", path, mark.line, mark.column)
        if mark and (isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None)):
            raise _malformed("front matter with an anchor or alias is not read", path, mark.line, mark.column)


def _malformed(problem: str, path: Path, line: int, column: int) -> NotReadError:
    """line, column: counted from zero in what stands between the fences."""
    mend = "write `key: value` lines, with a value that holds a colon or quote in quotes"
    return NotReadError(Reason.FRONT_MATTER, problem, path=path, line=line + 2, column=column + 1, mend=mend)
