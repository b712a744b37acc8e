"""Waivers: `data/waivers.yaml`, findings that are let pass for a while, each with a reason and an end.

An entry names a rule, the key of the finding, a reason, and the first version that must do without it. It expires by
version and not by date, so that a checkout of an old tag passes its gate for ever. What was waived stays in the
issues of a release, where `rsb verify` finds it again. Judges no finding.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline.marked import MarkedFile, Node

WAIVED = "waived"
"""The severity under which `issues` lists what was let pass."""
_KEYS = ("rule", "key", "column", "reason", "expires")
_VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Waiver:
    """One entry; without a column it lets the rule's findings on the whole row pass. line: where it stands."""

    rule_id: str
    key: str
    reason: str
    column: str | None = None
    expires: str | None = None
    line: int | None = None

    def covers(self, rule_id: str, key: str, column: str | None) -> bool:
        """Whether a finding is the one that is let pass."""
        return (self.rule_id, self.key) == (rule_id, key) and self.column in (None, column)

    def has_expired(self, version: str) -> bool:
        """Whether the release in the works must do without it."""
        return self.expires is not None and _numbers(version) >= _numbers(self.expires)


def load_waivers(path: Path, known: Collection[str]) -> tuple[Waiver, ...]:
    """The entries of the file; none where there is no file. known: the rules that can be waived.

    Raises `RsbError` with all problems, each with its line.
    """
    if not path.exists():
        return ()
    file = MarkedFile(path)
    read = [_read_entry(file, node, known) for node in file.items(file.root, "the file")]
    file.raise_problems()
    return tuple(read)


def _read_entry(file: MarkedFile, node: Node, known: Collection[str]) -> Waiver:
    needed = tuple(key for key in _KEYS if key != "column")
    entry = file.mapping(node, "a waiver", allowed=_KEYS, needed=needed)
    told = {key: file.text(entry.get(key), key) for key in _KEYS}
    rule_id, expires = told["rule"] or "", told["expires"] or ""
    if rule_id and rule_id not in known:
        mend = "name a rule of the codebook; structure and waivers themselves are never waived"
        file.complain(entry["rule"], f"no rule that can be waived is called {rule_id}", column="rule", mend=mend)
    if expires and not _VERSION.fullmatch(expires):
        mend = "write the first version that must do without it, such as 2027.1.0"
        file.complain(entry["expires"], f"{expires!r} is no version", column="expires", mend=mend)
    line = node.start_mark.line + 1
    return Waiver(rule_id, told["key"] or "", told["reason"] or "", told["column"], expires, line)


def waivers_among(issues: pa.Table) -> tuple[Waiver, ...]:
    """What the issues of a release say was let pass."""
    names = ("rule_id", "key", "column_name", "message", "severity")
    rows = issues.select(names).to_pylist() if set(names) <= set(issues.column_names) else []
    return tuple(
        Waiver(row["rule_id"], row["key"] or "", row["message"] or "", row["column_name"])
        for row in rows
        if row["severity"] == WAIVED
    )


def find_waiver(waivers: Sequence[Waiver], rule_id: str, key: str, column: str | None) -> Waiver | None:
    """The first waiver that covers a finding."""
    return next((waiver for waiver in waivers if waiver.covers(rule_id, key, column)), None)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split("."))) if _VERSION.fullmatch(version) else ()
