"""What a check of the tables found, and how it is told: as text, JSON, GitHub annotations or JUnit XML.

Knows no rule and no file; `pipeline.validate` makes what is shown here.
"""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import groupby

import pyarrow as pa

SHOWN = 10
"""Most issues of one rule that the text report spells out."""
LONGEST = 200
"""Most characters of a value or quote that a report repeats."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _said(description: str) -> dict[str, str]:
    return {"description": description}


@dataclass(frozen=True, slots=True)
class Issue:
    """One row of `issues`."""

    rule_id: str = field(metadata=_said("The rule that was broken."))
    severity: str = field(metadata=_said("error: blocks a release; warning: counted; waived: let pass for a reason."))
    table_name: str = field(metadata=_said("The table; `*` for the tables together."))
    key: str | None = field(metadata=_said("The row's id, or its key's parts joined by `|`."))
    column_name: str | None = field(metadata=_said("The column; null for the row or table as a whole."))
    value: str | None = field(metadata=_said("What stands there, shortened, control characters escaped."))
    message: str = field(metadata=_said("What is wrong with it."))
    source_id: str | None = field(metadata=_said("The document it was read from."))


ISSUES = pa.schema([pa.field(one.name, pa.string(), metadata=dict(one.metadata)) for one in fields(Issue)])
"""The Arrow schema of `issues`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the words behind an issue stand: line of the source's text (from 1), and the quote."""

    source_id: str
    line: int | None
    quote: str


@dataclass(frozen=True, slots=True)
class Known:
    """A rule as people read it; table `*` means any."""

    rule_id: str
    severity: str
    table: str
    description: str
    mend: str


@dataclass(frozen=True)
class Outcome:
    """The outcome of a check.

    issues: sorted, errors before warnings, a bounded number for each rule. counts: rule → all there were. waived: what
    was let pass, counted nowhere; its message ends with the reason. rows: rows of each table. places: where the words behind an issue are. known: the rules by id. not_checked: rule → what it lacked.
    set_aside: path → reason. files: table → its file, as given.
    """

    issues: tuple[Issue, ...]
    counts: Mapping[str, int]
    rows: Mapping[str, int]
    known: Mapping[str, Known]
    waived: tuple[Issue, ...] = ()
    places: Mapping[Issue, Place] = field(default_factory=dict)
    not_checked: Mapping[str, str] = field(default_factory=dict)
    set_aside: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def count(self, severity: str) -> int:
        """How many issues of one severity there were."""
        return sum(count for rule, count in self.counts.items() if self.known[rule].severity == severity)


def clean(text: str | None) -> str | None:
    """`text` on one line and of bounded length, with control characters escaped; null where nothing is left."""
    if not text:
        return None
    shown = _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def as_table(outcome: Outcome) -> pa.Table:
    """The issues as the table `issues`, what was waived at its end."""
    return pa.Table.from_pylist([asdict(issue) for issue in (*outcome.issues, *outcome.waived)], schema=ISSUES)


def summary(outcome: Outcome) -> dict[str, object]:
    """Counts by severity and rule, rows of each table, what was set aside: the metrics of a run."""
    return {
        "errors": outcome.count("error"),
        "warnings": outcome.count("warning"),
        "waived": len(outcome.waived),
        "rules": dict(sorted(outcome.counts.items())),
        "rows": dict(outcome.rows),
        "set_aside": dict(sorted(outcome.set_aside.items())),
        "not_checked": dict(sorted(outcome.not_checked.items())),
    }


def as_text(outcome: Outcome) -> str:
    """The report for people: by rule, worst first."""
    lines: list[str] = []
    for rule_id, issues in groupby(outcome.issues, key=lambda issue: issue.rule_id):
        rule, found = outcome.known[rule_id], list(issues)
        lines.append(f"{rule.severity.upper()}  {rule_id}  ({outcome.counts[rule_id]})  {rule.description}")
        for issue in found[:SHOWN]:
            lines += _told(issue, outcome.places.get(issue))
        rest = outcome.counts[rule_id] - min(len(found), SHOWN)
        lines += [f"  … and {rest} more"] if rest else []
        lines += [f"  mend: {rule.mend}", ""]
    if outcome.waived:
        lines.append(f"Waived ({len(outcome.waived)}):")
        lines += [line for issue in outcome.waived for line in _told(issue, outcome.places.get(issue))]
        lines.append("")
    if outcome.not_checked:
        lines.append(f"Not checked here, for want of what they read ({len(outcome.not_checked)}):")
        lines += [f"  {rule_id}: no {lacking}" for rule_id, lacking in sorted(outcome.not_checked.items())]
        lines.append("")
    rows = sum(outcome.rows.values())
    tables = "1 table" if len(outcome.rows) == 1 else f"{len(outcome.rows)} tables"
    lines.append(f"{tables}, {rows} rows: {outcome.count('error')} errors, {outcome.count('warning')} warnings")
    return "\n".join(lines) + "\n"


def _told(issue: Issue, place: Place | None) -> list[str]:
    row = issue.table_name if issue.key is None else f"{issue.table_name} {issue.key}"
    cell = f"  {issue.column_name}" if issue.column_name else ""
    value = f" = {issue.value}" if issue.value is not None else ""
    lines = [f"  {row}{cell}{value}: {issue.message}"]
    if place:
        line = f", line {place.line}" if place.line else ""
        lines.append(f"    {place.source_id}{line}: “{place.quote}”")
    elif issue.source_id:
        lines.append(f"    {issue.source_id}")
    return lines


def as_json(outcome: Outcome) -> str:
    """One JSON object: the summary, and the issues with the line and quote behind them."""
    issues = []
    for issue in (*outcome.issues, *outcome.waived):
        place = outcome.places.get(issue)
        told = {"line": place.line, "quote": place.quote} if place else {"line": None, "quote": None}
        issues.append({**asdict(issue), **told, "mend": outcome.known[issue.rule_id].mend})
    return json.dumps({**summary(outcome), "issues": issues}, ensure_ascii=False, indent=2) + "\n"


def as_github(outcome: Outcome) -> str:
    """Workflow commands that GitHub shows as annotations."""
    lines = []
    for issue in outcome.issues:
        place = outcome.places.get(issue)
        cell = " ".join(part for part in (issue.table_name, issue.key, issue.column_name) if part)
        value = f" = {issue.value}" if issue.value is not None else ""
        words = f" ({place.source_id}: “{place.quote}”)" if place else ""
        file = outcome.files.get(issue.table_name, "")
        properties = ([f"file={_property(file)}"] if file else []) + [f"title={_property(issue.rule_id)}"]
        lines.append(f"::{issue.severity} {','.join(properties)}::{_data(f'{cell}{value}: {issue.message}{words}')}\n")
    return "".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def as_junit(outcome: Outcome) -> str:
    """JUnit XML: a test case for each rule; errors fail it, warnings are its output."""
    suite = ET.Element("testsuite", name="rsb validate", tests=str(len(outcome.known)))
    found = {rule: list(issues) for rule, issues in groupby(outcome.issues, key=lambda issue: issue.rule_id)}
    suite.set("failures", str(sum(outcome.known[rule].severity == "error" for rule in found)))
    suite.set("errors", "0")
    suite.set("skipped", str(len(outcome.not_checked)))
    for rule in outcome.known.values():
        case = ET.SubElement(suite, "testcase", classname=rule.table, name=rule.rule_id)
        if rule.rule_id in outcome.not_checked:
            ET.SubElement(case, "skipped", message=f"no {outcome.not_checked[rule.rule_id]}")
        elif issues := found.get(rule.rule_id):
            told = "\n".join(line for issue in issues for line in _told(issue, outcome.places.get(issue)))
            message = f"{rule.description} ({outcome.counts[rule.rule_id]})"
            if rule.severity == "error":
                ET.SubElement(case, "failure", message=message, type=rule.rule_id).text = told
            else:
                ET.SubElement(case, "system-out").text = f"{message}\n{told}"
    ET.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"


FORMATS: Mapping[str, Callable[[Outcome], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
    "junit": as_junit,
}
"""The forms in which `rsb validate` tells an outcome."""
