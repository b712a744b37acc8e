"""Whether a release folder is what it says it is, told from the folder alone.

Files against checksums and index, tables against the declarations in `schema.json`, Parquet against CSV and SQLite,
quotes against texts, rows against the rules that need nothing else. Nearly the same checks stand between a freshly
built release and its place. Reads only.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import contract, store, validate
from pipeline.codes import load_codes
from pipeline.compare import Description, read_description, same_declarations
from pipeline.errors import RsbError
from pipeline.release.manifest import INDEX, SUMS, files_in, read_index, read_sums, sha256_of
from pipeline.rules import Context
from pipeline.waivers import waivers_among

MOST_SHOWN = 5
"""Most rows that one problem names."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about a file of a release that is not as it should be."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


@dataclass
class Release:
    """A release folder under check; `checked` counts what was looked at."""

    folder: Path
    index: Mapping[str, Any]
    checked: dict[str, int] = field(default_factory=dict)

    @cached_property
    def description(self) -> Description:
        """The declarations the release ships."""
        return read_description(self.folder / "schema.json")

    @cached_property
    def tables(self) -> store.Tables:
        """The Parquet tables named in the index."""
        told = self.index["tables"]
        return {table: store.read_parquet(self.folder / entry["parquet"]) for table, entry in told.items()}

    @cached_property
    def texts(self) -> dict[str, str]:
        """The texts the release ships, by source."""
        paths = sorted((self.folder / "text").glob("*.txt"))
        return {path.stem: path.read_bytes().decode("utf-8") for path in paths}


Check = Callable[[Release], Iterator[Problem]]


def verify(folder: Path, checks: Sequence[Check] | None = None) -> tuple[Release, list[Problem]]:
    """Check a release folder, by default for everything. Raises `RsbError` where it is no release at all."""
    release = Release(folder, read_index(folder))
    problems: list[Problem] = []
    for check in ALL_CHECKS if checks is None else checks:
        try:
            problems += check(release)
        except RsbError as error:
            name = error.path.relative_to(folder).as_posix() if isinstance(error.path, Path) else str(folder)
            problems.append(Problem(name, error.problem))
        except (OSError, ValueError, LookupError, TypeError, AttributeError, sqlite3.Error, pa.ArrowException) as error:
            # A damaged file may fail anywhere; whatever it is, the release cannot be trusted.
            problems.append(Problem(folder.name, f"{check.__name__.replace('_', ' ')} failed: {error}"))
    return release, list(dict.fromkeys(problems))


def check_files(release: Release) -> Iterator[Problem]:
    """Every file listed and none extra, in both lists, with the checksums told."""
    sums = dict(read_sums(release.folder))
    present = set(files_in(release.folder)) - {SUMS}
    yield from (Problem(path, "listed, but not there") for path in sorted(sums.keys() - present))
    yield from (Problem(path, "there, but not listed in SHA256SUMS") for path in sorted(present - sums.keys()))
    told = {entry["path"]: (entry["sha256"], entry["bytes"]) for entry in release.index["files"]}
    for path in sorted((told.keys() ^ sums.keys()) - {INDEX}):
        yield Problem(path, f"not in both {SUMS} and {INDEX}")
    for path in sorted(sums.keys() & present):
        if sha256_of(release.folder / path) != sums[path]:
            yield Problem(path, "the checksum differs: the file was changed or damaged")
        elif path in told and told[path] != (sums[path], (release.folder / path).stat().st_size):
            yield Problem(path, f"{INDEX} tells another size or checksum")
    release.checked["files"] = len(present) + 1


def check_declarations(release: Release) -> Iterator[Problem]:
    """Every table as declared in `schema.json`: columns, types, nulls, keys, codes."""
    if release.description["version"] != release.index["version"]:
        yield Problem("schema.json", f"tells version {release.description['version']}, not {release.index['version']}")
    if release.description["schema_version"] != release.index["schema_version"]:
        yield Problem("schema.json", "tells another schema_version than the index")
    for table, facts in release.description["tables"].items():
        path = f"parquet/{table}.parquet"
        if table not in release.tables:
            yield Problem(path, "the table is declared, but not in the index")
            continue
        data = release.tables[table]
        declared = [(column["name"], column["arrow_type"]) for column in facts["columns"]]
        if declared != [(column.name, str(column.type)) for column in data.schema]:
            yield Problem(path, "columns or types are not those declared")
            continue
        yield from _check_cells(path, data, facts, release.description["codes"])


def _check_cells(path: str, data: pa.Table, facts: Description, codes: Mapping[str, list[str]]) -> Iterator[Problem]:
    for column in facts["columns"]:
        values = data.column(column["name"])
        if not column["nullable"] and values.null_count:
            yield Problem(path, f"{column['name']} has {values.null_count} empty cells and must have none")
        if column["vocabulary"]:
            allowed = pa.array(codes[column["vocabulary"]], pa.string())
            unknown = set(pc.unique(values.cast(pa.string())).drop_null().to_pylist()) - set(allowed.to_pylist())
            if unknown:
                yield Problem(path, f"{column['name']} has unknown codes: {_some(sorted(unknown))}")
    repeated = data.num_rows - data.group_by(facts["key"]).aggregate([]).num_rows
    if repeated:
        yield Problem(path, f"{repeated} rows repeat the key of another ({', '.join(facts['key'])})")


def check_formats(release: Release) -> Iterator[Problem]:
    """Parquet equal to CSV cell by cell, a CSV line for each row, rows and content as the index tells."""
    for table, told in release.index["tables"].items():
        data = release.tables[table]
        if data.num_rows != told["rows"]:
            yield Problem(told["parquet"], f"{data.num_rows} rows, where the index tells {told['rows']}")
        if contract.content_hash(data) != told["content_hash"]:
            yield Problem(told["parquet"], "the content is not that of the index")
        path = release.folder / told["csv"]
        if store.read_plain_csv(path, data.schema) != data:
            yield Problem(told["csv"], "not equal to the Parquet file")
        content = path.read_bytes()
        if content.count(b"\n") != data.num_rows + 1 or b"\r" in content:
            yield Problem(told["csv"], "not one line for each row: a cell holds a line end")
    release.checked["tables"] = len(release.index["tables"])


def check_evidence(release: Release) -> Iterator[Problem]:
    """Every text as its source tells, and every quote the span it names, for the texts that are here."""
    texts = release.texts
    sources = release.tables["sources"].select(["source_id", "sha256", "n_chars"]).to_pylist()
    known = {row["source_id"]: row for row in sources}
    for source, text in texts.items():
        told = known.get(source)
        if told is None:
            yield Problem(f"text/{source}.txt", "no source has this id")
        elif told["sha256"] != hashlib.sha256(text.encode()).hexdigest() or told["n_chars"] != len(text):
            yield Problem(f"text/{source}.txt", "not the text that `sources` tells")
    names = ["evidence_id", "source_id", "span_start", "span_end", "quote"]
    columns = [release.tables["evidence"].column(name).to_pylist() for name in names]
    held = [row for row in zip(*columns, strict=True) if row[1] in texts]
    wrong = [key for key, source, start, end, quote in held if texts[source][start:end] != quote]
    if wrong:
        yield Problem("parquet/evidence.parquet", f"{len(wrong)} quotes are not the span they name: {_some(wrong)}")
    release.checked["spans"] = len(held)
    release.checked["spans without text"] = len(columns[0]) - len(held)


def check_sqlite(release: Release) -> Iterator[Problem]:
    """A sound database with the same tables, whose references resolve and whose views can be read."""
    path = release.folder / "rsb.sqlite"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        for (message,) in connection.execute("PRAGMA integrity_check"):
            if message != "ok":
                yield Problem(path.name, message)
        dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
        if dangling:
            tables = sorted({f"{table} to {target}" for table, _, target, _ in dangling})
            yield Problem(path.name, f"{len(dangling)} references have no target: {_some(tables)}")
        found = dict(connection.execute("SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view')"))
        for table in release.description["tables"]:
            if table not in found:
                yield Problem(path.name, f"has no table {table}")
        for name, kind in sorted(found.items()):
            (rows,) = connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()
            if kind == "table" and (name not in release.tables or rows != release.tables[name].num_rows):
                yield Problem(path.name, f"{name} has {rows} rows, unlike the Parquet file")
    finally:
        connection.close()


def check_rules(release: Release) -> Iterator[Problem]:
    """The rules of `validate`, where the release has the declarations of this installation."""
    codes = load_codes(release.folder / "codes.csv")
    if not same_declarations(release.description, contract.schema_description(codes)):
        release.checked["rules (other schema version than this installation's)"] = 0
        return
    waivers = waivers_among(store.read_csv_text(release.folder / "issues.csv"))
    tables = {table: release.tables[table] for table in contract.table_names()}
    names = validate.names_among(tables)
    context = Context(codes=codes, texts=release.texts, names=names, waivers=waivers)
    outcome = validate.check(tables, context)
    for issue in outcome.issues:
        if issue.severity == "error":
            row = f"{issue.key} " if issue.key else ""
            yield Problem(f"parquet/{issue.table_name}.parquet", f"{issue.rule_id}: {row}{issue.message}")
    release.checked["rules"] = len(outcome.known) - len(outcome.not_checked)
    if outcome.waived:
        release.checked["waived findings"] = len(outcome.waived)


SELF_CHECKS: tuple[Check, ...] = (check_files, check_declarations, check_formats, check_evidence, check_sqlite)
"""What a release must pass before it takes its place; the rules have been run on its tables by then."""

ALL_CHECKS: tuple[Check, ...] = (*SELF_CHECKS, check_rules)


def _some(names: list[str]) -> str:
    more = len(names) - MOST_SHOWN
    return ", ".join(names[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def summarise(release: Release, problems: list[Problem]) -> str:
    """The result in a few lines: each problem, then what was checked."""
    lines = [str(problem) for problem in problems]
    counted = ", ".join(f"{count:,} {what}" for what, count in release.checked.items())
    verdict = "verified" if not problems else f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return "\n".join([*lines, f"release {release.index['version']}: {verdict} ({counted})"])
