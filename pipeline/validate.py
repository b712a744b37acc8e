"""The gate: structure, then rules, and what they found as issues, a report and an exit code.

Structure comes from the declarations in `schemas/` (columns, types, nulls, codes, patterns, bounds). Rules run only
on tables whose structure holds, since they trust it. However many rows are bad, the report stays bounded. It mends
nothing.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import contract, store
from pipeline.codebook import load_names
from pipeline.codes import Codes, load_codes
from pipeline.errors import RsbError
from pipeline.issues import Issue, Known, Outcome, Place, as_table, clean, summary
from pipeline.progress import track
from pipeline.proposals import ROLE, WHOLE
from pipeline.rules import ANY, RULES, Context, Finding, Tables, key_of
from pipeline.workspace import Workspace, find_workspace, installed_checkout

LIMIT = contract.N_FAILURE_CASES
"""Most issues of one rule that are kept; the rest is counted."""
LAST = "warnings:max"
"""The rule that counts what the others found."""

STRUCTURE = {
    "structure:missing-table": ("Every declared table is there.", "add the table, with no rows where it has none"),
    "structure:missing-column": ("A table has every declared column.", "add the column"),
    "structure:extra-column": (
        "A table has only declared columns, each once.",
        "remove the column, or declare it in schemas/",
    ),
    "structure:order": ("Columns stand in the declared order.", "put them in the order of the codebook"),
    "structure:type": ("A column has its declared type.", "write values of that type; leave unknown cells empty"),
    "structure:null": ("A required column has no empty cell.", "fill the cell, or take the row out"),
    "structure:code": (
        "A coded cell holds a code of its vocabulary, in the same case.",
        "use a code of codes.csv, or add the code there",
    ),
    "structure:pattern": ("A cell has the declared form.", "write it as the codebook says"),
    "structure:low": ("A number is not below the declared bound.", "correct the number"),
    "structure:high": ("A number is not above the declared bound.", "correct the number"),
    "structure:finite": ("A number is finite.", "leave the cell empty"),
}
"""The checks of structure: what each asks, and the mend."""


def known_rules() -> dict[str, Known]:
    """Everything that is checked, by id: structure, then rules."""
    known = {name: Known(name, "error", ANY, text, mend) for name, (text, mend) in STRUCTURE.items()}
    rules = {
        rule.rule_id: Known(rule.rule_id, rule.severity, rule.table, rule.description, rule.mend)
        for rule in RULES.values()
    }
    return known | rules


def catalogue() -> list[tuple[str, str, str, str]]:
    """(id, severity, table, description) of everything that is checked, for the codebook."""
    return [(rule.rule_id, rule.severity, rule.table, rule.description) for rule in known_rules().values()]


class _Ledger:
    """Counts all findings of each rule and keeps as many as `LIMIT`."""

    def __init__(self) -> None:
        self.known = known_rules()
        self.counts: Counter[str] = Counter()
        self.findings: dict[str, list[Finding]] = {}

    def add(self, rule_id: str, findings: Iterable[Finding], uncounted: int = 0) -> None:
        """Take the findings of one rule, and a number of others that are not spelt out."""
        kept = self.findings.setdefault(rule_id, [])
        for finding in findings:
            self.counts[rule_id] += 1
            if len(kept) < LIMIT:
                kept.append(finding)
        self.counts[rule_id] += uncounted

    def n_warnings(self) -> int:
        return sum(count for rule, count in self.counts.items() if self.known[rule].severity == "warning")


def check(data: Mapping[str, pa.Table], context: Context, *, due: Iterable[str] = contract.table_names()) -> Outcome:
    """Check tables: first their structure, then the rules for which all that they read is there.

    due: the tables that must be there. Never raises for what the tables hold.
    """
    ledger = _Ledger()
    absent = [table for table in due if table not in data]
    ledger.add("structure:missing-table", (Finding("", "is missing", table=table) for table in absent))
    sound = {table: found for table, found in data.items() if _structure_holds(table, found, context.codes, ledger)}
    tables = Tables(sound)
    there = {*sound, *(name for name in ("texts", "names") if getattr(context, name) is not None)}
    not_checked = {}
    for rule in track(sorted(RULES.values(), key=lambda rule: rule.rule_id == LAST), "validate"):
        needed = rule.reads if rule.table == ANY else (rule.table, *rule.reads)
        if lacking := [name for name in needed if name not in there]:
            not_checked[rule.rule_id] = ", ".join(lacking)
        else:
            ledger.add(rule.rule_id, rule.check(tables, replace(context, n_warnings=ledger.n_warnings())))
    places = _issues(ledger, tables, context.texts or {})
    return Outcome(
        issues=tuple(places),
        counts={rule: count for rule, count in ledger.counts.items() if count},
        rows={table: len(found) for table, found in data.items()},
        known=ledger.known,
        places={issue: place for issue, place in places.items() if place},
        not_checked=not_checked,
        set_aside={entry["path"]: entry["reason"] for entry in context.set_aside},
    )


# --- structure ------------------------------------------------------------------------------------------------------


def _structure_holds(table: str, data: pa.Table, codes: Codes, ledger: _Ledger) -> bool:
    """Whether the table is as declared; what is not goes into the ledger."""
    named, declared = data.column_names, contract.column_names(table)
    found = [
        *((name, "structure:extra-column", "stands more than once") for name in named if named.count(name) > 1),
        *((name, "structure:extra-column", "is not declared") for name in named if name not in declared),
        *((name, "structure:missing-column", "is missing") for name in declared if name not in named),
    ]
    shared = [name for name in named if name in declared]
    for name, due in zip(shared, (name for name in declared if name in named), strict=False):
        if name != due:
            found.append((due, "structure:order", "stands in another place than declared"))
            break
    for name, rule_id, message in dict.fromkeys(found):
        ledger.add(rule_id, [Finding("", message, name, table=table)])
    sound = not found
    for column in contract.columns(table):
        if named.count(column.name) == 1:
            sound = _cells_hold(table, data, column, codes, ledger) and sound
    return sound


def _cells_hold(table: str, data: pa.Table, column: contract.Column, codes: Codes, ledger: _Ledger) -> bool:
    """Whether the cells of one column are as declared; what is not goes into the ledger."""
    cells = data[column.name]
    if cells.type != column.arrow_type:
        ledger.add("structure:type", [_wrong_type(table, data, column.name)])
        return False
    sound = True
    for rule_id, wrong, message in _asked_of(column, cells, codes):
        count = pc.sum(wrong).as_py()
        if count:
            rows = pc.indices_nonzero(wrong)[:LIMIT].to_pylist()
            ledger.add(rule_id, _at(table, data, rows, column.name, message), count - len(rows))
            sound = False
    return sound


def _asked_of(column: contract.Column, cells: pa.ChunkedArray, codes: Codes) -> Iterator[tuple[str, Any, str]]:
    """(rule, which cells break it, message) of everything that is declared of a column's cells.

    Arrow kernels, since they see a million rows in milliseconds; the tests hold that they find what pandera finds.
    """
    if not column.nullable:
        yield "structure:null", pc.is_null(cells), "is required"
    if column.vocabulary:
        allowed = pa.array(codes.allowed(column.vocabulary)).cast(cells.type)
        unknown = pc.and_(pc.is_valid(cells), pc.invert(pc.is_in(cells, value_set=allowed)))
        yield "structure:code", unknown, f"is no code of {column.vocabulary}"
    if column.pattern:
        matches = pc.match_substring_regex(cells, f"^(?:{column.pattern})$")
        yield "structure:pattern", pc.invert(matches), f"does not have the form {column.pattern}"
    if pa.types.is_floating(cells.type):
        yield "structure:finite", pc.invert(pc.is_finite(cells)), "is not finite"
    if column.low is not None:
        yield "structure:low", pc.less(cells, column.low), f"is below {column.low:g}"
    if column.high is not None:
        yield "structure:high", pc.greater(cells, column.high), f"is above {column.high:g}"


def _wrong_type(table: str, data: pa.Table, column: str) -> Finding:
    """One finding for a column of another type, with a value that the declared type cannot hold where there is one."""
    declared = contract.arrow_schema(table).field(column).type
    cells = data[column]
    message = f"is {cells.type}, not {declared}"
    if pa.types.is_string(cells.type):
        for row, cell in enumerate(cells):
            try:
                cell.cast(declared)
            except pa.ArrowInvalid:
                (found,) = _at(table, data, [row], column, message)
                return found
    return Finding("", message, column, table=table)


def _at(table: str, data: pa.Table, rows: list[int], column: str, message: str) -> Iterator[Finding]:
    for row in data.take(pa.array(rows[:LIMIT], pa.int64())).to_pylist():
        value = None if row[column] is None else contract.canonical(row[column])
        yield Finding(key_of(table, row), message, column, value, table=table)


# --- issues ---------------------------------------------------------------------------------------------------------


def _issues(ledger: _Ledger, tables: Tables, texts: Mapping[str, str]) -> dict[Issue, Place | None]:
    """The kept findings as issues, sorted, each with the words behind it where evidence has them."""
    found: dict[Issue, Place | None] = {}
    for rule_id, findings in ledger.findings.items():
        rule = ledger.known[rule_id]
        for finding in findings:
            table = finding.table or rule.table
            place = _place(table, finding, tables, texts)
            source = finding.source_id or (place.source_id if place else None)
            issue = Issue(
                rule_id,
                rule.severity,
                table,
                key=clean(finding.key),
                column_name=clean(finding.column),
                value=clean(finding.value),
                message=clean(finding.message) or "",
                source_id=clean(source),
            )
            found[issue] = place
    return dict(sorted(found.items(), key=lambda item: _order(item[0])))


def _order(issue: Issue) -> tuple[bool, str, str, str, str, str, str]:
    rest = (issue.key or "", issue.column_name or "", issue.value or "", issue.message)
    return (issue.severity != "error", issue.rule_id, issue.table_name, *rest)


def _place(table: str, finding: Finding, tables: Tables, texts: Mapping[str, str]) -> Place | None:
    """The span that shows the finding's cell best: the cell's own, else the row's, else any of the record."""
    record, wanted = finding.key, finding.column
    if table == "participants":
        record, _, actor = finding.key.split("|")
        wanted = ROLE + actor
    own = tables.by_id("evidence").get(record) if table == "evidence" else None
    spans = [own] if own else tables.evidence.get(record, [])
    if not spans:
        return None
    best = min(
        spans,
        key=lambda span: (
            span["column_name"] != wanted,
            span["column_name"] != WHOLE,
            span["source_id"],
            span["span_start"],
        ),
    )
    text = texts.get(best["source_id"])
    line = None if text is None else text.count("\n", 0, best["span_start"]) + 1
    return Place(best["source_id"], line, clean(best["quote"]) or "")


# --- loading and saving ---------------------------------------------------------------------------------------------


class Loaded(NamedTuple):
    """What is to be checked. due: the tables that must be there; files: table → the file it came from."""

    data: store.Tables
    context: Context
    due: tuple[str, ...]
    files: dict[str, str]


def run(workspace: Workspace) -> Outcome:
    """Check the workspace's tables and write the issues and the report, errors or not.

    Raises `RsbError` where there is nothing to check or an input cannot be read.
    """
    loaded = load_workspace(workspace)
    outcome = replace(check(loaded.data, loaded.context, due=loaded.due), files=loaded.files)
    with store.replacing_folder(workspace.interim / "issues") as folder:
        store.write_plain_parquet(folder / "issues.parquet", as_table(outcome))
    report = json.dumps(summary(outcome), ensure_ascii=False, indent=2) + "\n"
    store.write_text(workspace.reports / "validation.json", report)
    return outcome


def check_path(path: Path) -> Outcome:
    """Check a folder of tables, a release folder or one file of a table, in a workspace or outside.

    Raises `RsbError` where there are no tables or a file cannot be read.
    """
    loaded = load_path(path)
    return replace(check(loaded.data, loaded.context, due=loaded.due), files=loaded.files)


def load_workspace(workspace: Workspace) -> Loaded:
    """The tables of `assemble`, with texts, registry, codes, parameters and what was set aside."""
    data, files = _read_folder(workspace.tables, mend="run `rsb assemble`, or `rsb run` for all stages")
    context = Context(
        codes=load_codes(workspace.codebook / "codes.csv"),
        texts=_read_texts(workspace.documents / "text"),
        names=load_names(workspace.registry),
        params=_assertions(workspace),
        set_aside=_read_set_aside(workspace.documents / "set_aside.json"),
    )
    return Loaded(data, context, contract.table_names(), files)


def load_path(path: Path) -> Loaded:
    """The tables under `path`; codes and texts from beside them where they are there."""
    try:
        workspace = find_workspace()
    except RsbError:
        workspace = installed_checkout()
    if not path.exists():
        raise RsbError("there is no such file or folder", path=path, mend="name a table's file, or a folder of tables")
    due = contract.table_names()
    if path.is_file():
        folder, due = path.parent, (path.stem,)
        data, files = _read_file(path)
    else:
        folder = path / "parquet" if (path / "parquet").is_dir() else path
        data, files = _read_folder(folder, mend="name a folder with parquet or csv files called after the tables")
    beside = (folder, folder.parent)
    texts = next((place / "text" for place in beside if (place / "text").is_dir()), None)
    if texts is None and folder.resolve() == workspace.tables:
        texts = workspace.documents / "text"
    codes = next((place / "codes.csv" for place in beside if (place / "codes.csv").is_file()), None)
    context = Context(
        codes=load_codes(codes or workspace.codebook / "codes.csv"),
        texts=_read_texts(texts) if texts else None,
        names=load_names(workspace.registry),
    )
    return Loaded(data, context, due, files)


def _read_file(path: Path) -> tuple[store.Tables, dict[str, str]]:
    table = path.stem
    if table not in contract.table_names():
        names = ", ".join(contract.table_names())
        raise RsbError(f"no table is called {table}", path=path, mend=f"name the file after its table: {names}")
    if path.suffix == ".parquet":
        return {table: store.read_parquet(path)}, {table: str(path)}
    if path.suffix == ".csv":
        return {table: store.read_csv_as_found(path, table)}, {table: str(path)}
    raise RsbError("is neither a Parquet file nor a CSV", path=path, mend="give a .parquet or .csv file, or a folder")


def _read_folder(folder: Path, *, mend: str) -> tuple[store.Tables, dict[str, str]]:
    data: store.Tables = {}
    files: dict[str, str] = {}
    for table in contract.table_names():
        for ending in (".parquet", ".csv"):
            path = folder / f"{table}{ending}"
            if path.is_file():
                found, named = _read_file(path)
                data |= found
                files |= named
                break
    if not data:
        raise RsbError("there are no tables here", path=folder, mend=mend)
    return data, files


def _read_texts(folder: Path) -> dict[str, str]:
    texts = {}
    for path in sorted(folder.glob("*.txt")):
        try:
            texts[path.stem] = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise RsbError(f"cannot read this text: {error}", path=path, mend="run `rsb ingest`") from error
    return texts


def _read_set_aside(path: Path) -> list[dict[str, str]]:
    try:
        return list(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise RsbError(f"cannot read what was set aside: {error}", path=path, mend="run `rsb ingest`") from error


def _assertions(workspace: Workspace) -> dict[str, Any]:
    """The parameters that rules assert. Raises `RsbError` where they are none."""
    path, params = workspace.root / "params.yaml", workspace.params
    counts, most = params.get("min_counts"), params.get("max_warnings")
    if not isinstance(counts, dict) or not all(type(least) is int for least in counts.values()):
        raise RsbError("min_counts is no list of tables with numbers", path=path, mend="write `  deals: 10`")
    if unknown := sorted(set(counts) - set(contract.table_names())):
        raise RsbError(f"min_counts names no table: {', '.join(unknown)}", path=path, mend="correct the name")
    if type(most) is not int:
        raise RsbError("max_warnings is no number", path=path, mend="write `max_warnings: 500`")
    return {"min_counts": counts, "max_warnings": most}
