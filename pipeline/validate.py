"""The gate: structure, then rules, and what they found as issues, a report and an exit code.

Structure comes from the declarations in `schemas/` (columns, types, nulls, codes, patterns, bounds). Rules run only
on tables whose structure holds, since they trust it. However many rows are bad, the report stays bounded. It mends
nothing.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import contract, store
from pipeline.assertions import Profile, profile, read_assertions, suggest
from pipeline.codebook import load_names
from pipeline.codes import Codes, load_codes
from pipeline.errors import RsbError
from pipeline.extract.names import Names
from pipeline.issues import Issue, Known, Outcome, Place, as_table, clean, summary
from pipeline.progress import track
from pipeline.proposals import ROLE, WHOLE
from pipeline.registry import LEARNED, NAMED, Registry
from pipeline.registry import TABLES as REGISTRY_TABLES
from pipeline.rules import ANY, RULES, Context, Finding, Rule, Tables, key_of
from pipeline.waivers import WAIVED, Waiver, find_waiver, load_waivers, waivers_among
from pipeline.workspace import Workspace, find_workspace, installed_checkout

LIMIT = contract.N_FAILURE_CASES
"""Most issues of one rule that are kept; the rest is counted."""
LAST = ("waiver:needed", "warnings:max")
"""The rules that look at what the others found, in the order in which they run."""

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


def waivable() -> list[str]:
    """The rules that a waiver may name: structure, on which all rules rest, and what guards waivers are not among them."""
    return [rule_id for rule_id in RULES if not rule_id.startswith("waiver:")]


class _Ledger:
    """Counts all findings of each rule and keeps as many as `LIMIT`; sets aside what is waived."""

    def __init__(self, waivers: Sequence[Waiver] = ()) -> None:
        self.known = known_rules()
        self.counts: Counter[str] = Counter()
        self.findings: dict[str, list[Finding]] = {}
        self.waived: list[tuple[Waiver, Finding]] = []
        self._waivers = {waiver.rule_id: [w for w in waivers if w.rule_id == waiver.rule_id] for waiver in waivers}

    def add(self, rule_id: str, findings: Iterable[Finding], uncounted: int = 0) -> None:
        """Take the findings of one rule, and a number of others that are not spelt out."""
        kept = self.findings.setdefault(rule_id, [])
        waivers = self._waivers.get(rule_id, ())
        for finding in findings:
            waiver = find_waiver(waivers, rule_id, finding.key, finding.column) if waivers else None
            if waiver:
                self.waived.append((waiver, finding))
                continue
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
    ledger = _Ledger([waiver for waiver in context.waivers if not waiver.has_expired(context.version)])
    absent = [table for table in due if table not in data]
    ledger.add("structure:missing-table", (Finding("", "is missing", table=table) for table in absent))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        sound = {
            table: found for table, found in data.items() if _structure_holds(table, found, context.codes, ledger, pool)
        }
    tables = Tables(sound)
    there = {*sound, *(name for name in ("texts", "names") if getattr(context, name) is not None)}
    not_checked: dict[str, str] = {}
    for rule in track(sorted(RULES.values(), key=_turn), "validate"):
        needed = rule.reads if rule.table == ANY else (rule.table, *rule.reads)
        if lacking := [name for name in needed if name not in there]:
            not_checked[rule.rule_id] = ", ".join(lacking)
            continue
        idle = _idle(context.waivers, ledger, not_checked) if rule.rule_id in LAST else ()
        told = replace(context, n_warnings=ledger.n_warnings(), idle_waivers=idle)
        ledger.add(rule.rule_id, rule.check(tables, told))
    kept = [(rule_id, finding) for rule_id, findings in ledger.findings.items() for finding in findings]
    places = _issues(kept, ledger.known, tables, context.texts or {})
    passed = [(w.rule_id, replace(f, message=f"{f.message} (waived: {w.reason})")) for w, f in ledger.waived]
    severe = {rule_id: replace(rule, severity=WAIVED) for rule_id, rule in ledger.known.items()}
    waived = _issues(passed, severe, tables, context.texts or {})
    return Outcome(
        issues=tuple(places),
        counts={rule: count for rule, count in ledger.counts.items() if count},
        rows={table: len(found) for table, found in data.items()},
        known=ledger.known,
        waived=tuple(waived),
        places={issue: place for issue, place in {**places, **waived}.items() if place},
        not_checked=not_checked,
        set_aside={entry["path"]: entry["reason"] for entry in context.set_aside},
    )


def _turn(rule: Rule) -> int:
    return LAST.index(rule.rule_id) if rule.rule_id in LAST else -1


def _idle(waivers: Iterable[Waiver], ledger: _Ledger, not_checked: Mapping[str, str]) -> tuple[Waiver, ...]:
    """The entries of `data/waivers.yaml` whose rule ran and found no such thing."""
    used = {id(waiver) for waiver, _ in ledger.waived}
    expected = (w for w in waivers if w.line and w.rule_id not in not_checked and w.rule_id not in LAST)
    return tuple(waiver for waiver in expected if id(waiver) not in used)


# --- structure ------------------------------------------------------------------------------------------------------


def _structure_holds(table: str, data: pa.Table, codes: Codes, ledger: _Ledger, pool: Executor) -> bool:
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
    once = [column for column in contract.columns(table) if named.count(column.name) == 1]
    # Arrow's kernels let other threads run, so columns of one table are checked beside each other too.
    wrong = pool.map(lambda column: list(_wrong_cells(table, data, column, codes)), once)
    sound = not found
    for rule_id, findings, uncounted in chain.from_iterable(wrong):
        ledger.add(rule_id, findings, uncounted)
        sound = False
    return sound


def _wrong_cells(
    table: str, data: pa.Table, column: contract.Column, codes: Codes
) -> Iterator[tuple[str, list[Finding], int]]:
    """(rule, findings, how many more) for each thing that is not as declared in the cells of one column."""
    cells = data[column.name]
    if cells.type != column.arrow_type:
        yield "structure:type", [_wrong_type(table, data, column.name)], 0
        return
    for rule_id, wrong, message in _asked_of(column, cells, codes):
        count = pc.sum(wrong).as_py()
        if count:
            rows = pc.indices_nonzero(wrong)[:LIMIT].to_pylist()
            yield rule_id, list(_at(table, data, rows, column.name, message)), count - len(rows)


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


def _issues(
    found: Iterable[tuple[str, Finding]], known: Mapping[str, Known], tables: Tables, texts: Mapping[str, str]
) -> dict[Issue, Place | None]:
    """Findings (with their rule) as issues, sorted, each with the words behind it where evidence has them."""
    issues: dict[Issue, Place | None] = {}
    for rule_id, finding in found:
        rule = known[rule_id]
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
        issues[issue] = place
    return dict(sorted(issues.items(), key=lambda item: _order(item[0])))


def _order(issue: Issue) -> tuple[bool, str, str, str, str, str, str]:
    rest = (issue.key or "", issue.column_name or "", issue.value or "", issue.message)
    return (issue.severity != "error", issue.rule_id, issue.table_name, *rest)


def _place(table: str, finding: Finding, tables: Tables, texts: Mapping[str, str]) -> Place | None:
    """The span that shows the finding's cell best: the cell's own, else the row's, else any of the record."""
    record, wanted = finding.key, finding.column
    if table == "participants" and finding.key.count("|") == 2:
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
        params=read_assertions(workspace.params),
        version=str(workspace.params.get("version", "")),
        previous=_previous(workspace),
        waivers=load_waivers(workspace.waivers, waivable()),
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
    issues = next((place / "issues.csv" for place in beside if (place / "issues.csv").is_file()), None)
    codes = next((place / "codes.csv" for place in beside if (place / "codes.csv").is_file()), None)
    context = Context(
        codes=load_codes(codes or workspace.codebook / "codes.csv"),
        texts=_read_texts(texts) if texts else None,
        names=names_among(data) or load_names(workspace.registry),
        waivers=waivers_among(store.read_csv_text(issues)) if issues else (),
    )
    return Loaded(data, context, due, files)


def names_among(data: Mapping[str, pa.Table]) -> Names | None:
    """What names mean by the tables themselves, which hold the registry; None where one is missing or ill-formed."""
    shapes = {table: data[table].schema for table in REGISTRY_TABLES if table in data}
    if not all(table in shapes and shapes[table].equals(contract.arrow_schema(table)) for table in REGISTRY_TABLES):
        return None
    rows = {table: data[table].to_pylist() for table in REGISTRY_TABLES}
    rows["actors"] = [row for row in rows["actors"] if not row[LEARNED]]
    hashed = f"{contract.facts('deals').prefix}-"
    rows["deals"] = [row for row in rows["deals"] if not row["deal_id"].startswith(hashed)]
    ids = {row[contract.facts(table).key[0]] for table in (*NAMED, "deals") for row in rows[table]}
    return Names(
        Registry(
            actors=tuple(rows["actors"]),
            places=tuple(rows["places"]),
            commodities=tuple(rows["commodities"]),
            aliases=tuple(row for row in rows["aliases"] if row["target_id"] in ids),
            deals=tuple(row for row in rows["deals"] if row["title"]),
        )
    )


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


def _previous(workspace: Workspace) -> Profile | None:
    """The totals of the last published version; None where there is none."""
    paths = {table: workspace.baseline / f"{table}.csv" for table in contract.table_names()}
    tables = {table: store.read_csv_text(path) for table, path in paths.items() if path.is_file()}
    return profile(tables) if tables else None


def suggest_assertions(workspace: Workspace) -> str:
    """What `params.yaml` could assert of the workspace's tables. Raises `RsbError` where there are none."""
    return suggest(profile(_read_folder(workspace.tables, mend="run `rsb run`")[0]))
