"""Everything that follows from a table's declaration in `schemas/`.

Arrow schema and column order, Data Package resource and Table Schema, SQLite DDL, the pandera schema with its
code lists, the natural key and the id hashed from it, and a content hash that no writer's version changes.
Knows no files.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from typing import Any

import pandera.pandas as pandera
import pyarrow as pa

from pipeline import edtf
from pipeline.codes import Codes
from schemas import TABLES
from schemas.base import Table, TableFacts

Row = Mapping[str, Any]
SEPARATOR = "\x1f"
N_FAILURE_CASES = 1000
"""Most failures that one pandera check hands on, so that a report stays bounded."""

_TABLE_SCHEMA_TYPES = {
    "string": "string",
    "int32": "integer",
    "double": "number",
    "bool": "boolean",
    "date32[day]": "date",
}
_PARSERS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": lambda text: {"true": True, "false": False}[text],
    "date": date.fromisoformat,
}
# Python reads more than a CSV reader elsewhere would: "1_000", other scripts' digits, "20250304".
_FORMS = {
    "integer": r"-?[0-9]{1,10}",
    "number": r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?",
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
}
_SQLITE_TYPES = {"string": "TEXT", "int32": "INTEGER", "double": "REAL", "bool": "INTEGER", "date32[day]": "TEXT"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column as declared; `arrow_type` is its Arrow type, the rest as in `schemas.base.field`."""

    name: str
    arrow_type: pa.DataType
    description: str
    nullable: bool
    vocabulary: str | None
    refers_to: tuple[str, ...]
    unit: str | None
    pattern: str | None
    edtf: bool
    low: float | None
    high: float | None
    derived: bool
    deprecated: str | None = None


def table_names() -> tuple[str, ...]:
    """The tables' names, each after those it refers to."""
    return tuple(TABLES)


def facts(table: str) -> TableFacts:
    """Key, natural key and id prefix of a table."""
    return TABLES[table].meta()


def describe(table: str) -> str:
    """The first line of the table's docstring."""
    return (TABLES[table].__doc__ or "").strip().splitlines()[0]


@cache
def columns(table: str) -> tuple[Column, ...]:
    """The table's columns in published order: its own as declared, then those it inherits."""
    model = TABLES[table]
    declared = model.to_schema().columns
    order: dict[str, None] = {}
    for owner in model.__mro__:
        if issubclass(owner, Table):
            order.update(dict.fromkeys(name for name in vars(owner).get("__annotations__", {}) if name in declared))
    found = []
    for name in order:
        spec = declared[name]
        metadata = dict(spec.metadata or {})
        found.append(
            Column(
                name=name,
                arrow_type=spec.dtype.type.pyarrow_dtype,
                description=str(spec.description),
                nullable=bool(spec.nullable),
                **metadata,
            )
        )
    return tuple(found)


def column_names(table: str) -> tuple[str, ...]:
    """The names of `columns(table)`."""
    return tuple(column.name for column in columns(table))


def id_column(table: str) -> str | None:
    """The column that holds the row's id; None for tables without one (aliases, participants)."""
    key = facts(table).key
    return key[0] if len(key) == 1 else None


@cache
def arrow_schema(table: str) -> pa.Schema:
    """Arrow schema with descriptions and units as field metadata and the Data Package resource as file metadata."""
    fields = []
    for column in columns(table):
        metadata = {"description": column.description}
        if column.unit:
            metadata["unit"] = column.unit
        if column.vocabulary:
            metadata["vocabulary"] = column.vocabulary
        fields.append(pa.field(column.name, column.arrow_type, nullable=column.nullable, metadata=metadata))
    resource = json.dumps(data_resource(table), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return pa.schema(fields, metadata={"datapackage_resource": resource})


def parse_cell(column: Column, text: str, codes: Codes) -> Any:
    """`text` as a value of the column.

    Raises `ValueError`, saying what is wrong, where it does not fit the declared type, code list, pattern, date
    profile or bounds.
    """
    if text != text.strip() or any(ord(char) < 32 for char in text) or not text:
        raise ValueError("blanks at its ends, a line end or a tab, or nothing at all")
    kind = _TABLE_SCHEMA_TYPES[str(column.arrow_type)]
    try:
        value = _PARSERS[kind](text) if re.fullmatch(_FORMS.get(kind, ".*"), text) else None
        pa.scalar(value, column.arrow_type)
    except (ValueError, KeyError):
        value = None
    if value is None:
        raise ValueError(f"“{text}” is no {kind}")
    if column.vocabulary and text not in codes.allowed(column.vocabulary):
        allowed = codes.allowed(column.vocabulary)
        shown = ", ".join((*allowed[:24], "…") if len(allowed) > 24 else allowed)
        raise ValueError(f"“{text}” is no code of {column.vocabulary} ({shown})")
    if column.pattern and not re.fullmatch(column.pattern, text):
        raise ValueError(f"“{text}” does not have the form {column.pattern}")
    if column.edtf and not edtf.is_edtf(text):
        raise ValueError(f"“{text}” is no EDTF date of the profile in use")
    if kind in ("integer", "number"):
        low, high = column.low, column.high
        if not math.isfinite(value) or (low is not None and value < low) or (high is not None and value > high):
            raise ValueError(f"“{text}” is out of bounds")
    return value


def proposition_tables() -> tuple[str, ...]:
    """The tables whose rows somebody claims: deals, terms, events, figures, relations."""
    return tuple(t for t in table_names() if facts(t).group == "propositions" and id_column(t))


def table_schema(table: str, codes: Codes | None = None) -> dict[str, Any]:
    """Data Package v2 Table Schema; with `codes`, coded columns carry their `enum`."""
    fields = []
    for column in columns(table):
        kind = _TABLE_SCHEMA_TYPES[str(column.arrow_type)]
        entry: dict[str, Any] = {"name": column.name, "type": kind, "description": column.description}
        constraints: dict[str, Any] = {}
        if not column.nullable:
            constraints["required"] = True
        if column.pattern:
            constraints["pattern"] = column.pattern
        if column.low is not None:
            constraints["minimum"] = column.low
        if column.high is not None:
            constraints["maximum"] = column.high
        if column.vocabulary and codes is not None:
            allowed: list[Any] = list(codes.allowed(column.vocabulary))
            constraints["enum"] = [int(code) for code in allowed] if kind == "integer" else allowed
        if constraints:
            entry["constraints"] = constraints
        for extra in ("unit", "vocabulary", "deprecated"):
            if getattr(column, extra):
                entry[extra] = getattr(column, extra)
        if len(column.refers_to) > 1:
            entry["refersTo"] = list(column.refers_to)
        fields.append(entry)
    schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
    key = facts(table).key
    if not any(column.nullable for column in columns(table) if column.name in key):
        schema["primaryKey"] = list(key)
    foreign = [
        {
            "fields": [column.name],
            "reference": {
                "resource": "" if column.refers_to[0] == table else column.refers_to[0],
                "fields": list(facts(column.refers_to[0]).key),
            },
        }
        for column in columns(table)
        if len(column.refers_to) == 1
    ]
    if foreign:
        schema["foreignKeys"] = foreign
    return schema


def data_resource(table: str, codes: Codes | None = None) -> dict[str, Any]:
    """The table's Data Package v2 resource: its CSV, described."""
    return {
        "name": table,
        "type": "table",
        "description": describe(table),
        "path": f"csv/{table}.csv",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": table_schema(table, codes),
    }


def sqlite_ddl(table: str) -> str:
    """`CREATE TABLE` with types, keys, single-target references and each column's description as a comment."""
    model = columns(table)
    lines = []
    for column in model:
        kind = _SQLITE_TYPES[str(column.arrow_type)]
        null = "" if column.nullable else " NOT NULL"
        unit = f" [{column.unit}]" if column.unit else ""
        lines.append((f"  {column.name} {kind}{null}", f"{column.description}{unit}"))
    key = facts(table).key
    constraint = "PRIMARY KEY" if not any(c.nullable for c in model if c.name in key) else "UNIQUE"
    lines.append((f"  {constraint} ({', '.join(key)})", ""))
    for column in model:
        if len(column.refers_to) == 1:
            target = column.refers_to[0]
            lines.append((f"  FOREIGN KEY ({column.name}) REFERENCES {target} ({facts(target).key[0]})", ""))
    body = "\n".join(
        code + ("," if number < len(lines) - 1 else "") + (f" -- {comment}" if comment else "")
        for number, (code, comment) in enumerate(lines)
    )
    return f"CREATE TABLE {table} ( -- {describe(table)}\n{body}\n)"


def codebook_page(table: str, codes: Codes) -> str:
    """The table's codebook page in Markdown: what a row is, its key, each column with type, unit and codes."""
    told = facts(table)
    lines = [
        f"## {table}",
        "",
        (TABLES[table].__doc__ or "").strip(),
        "",
        f"Key: {', '.join(f'`{k}`' for k in told.key)}.",
    ]
    if told.natural_key:
        parts = ", ".join(f"`{part}`" for part in told.natural_key)
        lines.append(f"The id is `{told.prefix}-` and 16 hex digits of the SHA-256 of: {parts}.")
    lines += ["", "| column | type | null | meaning |", "|---|---|---|---|"]
    for column in columns(table):
        meaning = column.description
        if column.unit:
            meaning += f" Unit: {column.unit}."
        if column.vocabulary:
            meaning += f" Codes: {column.vocabulary}."
        if column.refers_to:
            meaning += f" Refers to: {', '.join(column.refers_to)}."
        if column.edtf:
            meaning += " EDTF."
        if column.derived:
            meaning += " Derived."
        if column.deprecated:
            meaning += f" Deprecated: {column.deprecated}"
        kind = _TABLE_SCHEMA_TYPES[str(column.arrow_type)]
        lines.append(f"| `{column.name}` | {kind} | {'yes' if column.nullable else 'no'} | {meaning} |")
    used = list(dict.fromkeys(c.vocabulary for c in columns(table) if c.vocabulary))
    for vocabulary in used:
        lines += ["", f"**{vocabulary}**", ""]
        lines += [
            f"- `{code}` {row['label']}: {row['definition']}" for code, row in codes.by_vocabulary[vocabulary].items()
        ]
    return "\n".join(lines) + "\n"


def pandera_schema(table: str, codes: Codes) -> pandera.DataFrameSchema:
    """The declaration as a pandera schema over ArrowDtype frames, every check named `<kind>:<what>`."""
    declared = TABLES[table].to_schema()
    checked = {}
    for column in columns(table):
        checks = []
        if column.vocabulary:
            allowed: list[Any] = list(codes.allowed(column.vocabulary))
            if pa.types.is_integer(column.arrow_type):
                allowed = [int(code) for code in allowed]
            checks.append(
                pandera.Check.isin(allowed, name=f"code:{column.vocabulary}", n_failure_cases=N_FAILURE_CASES)
            )
        if column.pattern:
            checks.append(pandera.Check.str_matches(column.pattern, name="pattern", n_failure_cases=N_FAILURE_CASES))
        if pa.types.is_floating(column.arrow_type):
            checks.append(
                pandera.Check(lambda s: s.abs() < float("inf"), name="finite", n_failure_cases=N_FAILURE_CASES)
            )
        if column.low is not None:
            checks.append(pandera.Check.ge(column.low, name="low", n_failure_cases=N_FAILURE_CASES))
        if column.high is not None:
            checks.append(pandera.Check.le(column.high, name="high", n_failure_cases=N_FAILURE_CASES))
        checked[column.name] = declared.columns[column.name].set_checks(checks)
    return pandera.DataFrameSchema(checked, strict=True, coerce=False, ordered=True, name=table)


def record_id(table: str, row: Row, *, roles: Mapping[str, Iterable[str]] | None = None, source: str = "") -> str:
    """`<prefix>-<16 hex>`: SHA-256 of the natural key's parts joined by U+001F.

    row: the record's columns. roles: role → actor ids, for keys with participants. source: the document's id, used
    where the key has `@source` and the columns of `source_unless` are not all known.
    """
    told = facts(table)
    roles = roles or {}
    ends = _ordered_ends(told, row)
    parts = []
    for part in told.natural_key:
        if part == "@source":
            located = bool(told.source_unless) and all(
                _is_known(row.get(column), column) for column in told.source_unless
            )
            parts.append("" if located else source)
        elif part.startswith("@"):
            parts.append(" ".join(sorted(set(roles.get(part[1:], ())))))
        else:
            parts.append(canonical(ends.get(part, row.get(part))))
    digest = hashlib.sha256(SEPARATOR.join(parts).encode()).hexdigest()
    return f"{told.prefix}-{digest[:16]}"


def ordered_relation(row: Row) -> dict[str, Any]:
    """The row of `relations`, with the smaller id first where the predicate is symmetric."""
    return {**row, **_ordered_ends(facts("relations"), row)}


def _ordered_ends(told: TableFacts, row: Row) -> dict[str, Any]:
    if row.get("predicate") in told.symmetric and row.get("object_id") is not None:
        first, second = sorted((row["subject_id"], row["object_id"]))
        return {"subject_id": first, "object_id": second}
    return {}


def _is_known(value: object, column: str) -> bool:
    return edtf.is_full_day(str(value)) if column == "date" and value is not None else value is not None


def canonical(value: object) -> str:
    """A value's text in a natural key: '' for null, no `.0` on whole numbers."""
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def content_hash(data: pa.Table) -> str:
    """SHA-256 over names, types and values of a table's columns, the same for every Parquet or CSV writer."""
    digest = hashlib.sha256()
    for name in data.column_names:
        column = data.column(name).combine_chunks()
        digest.update(f"{name}{SEPARATOR}{column.type}{SEPARATOR}{len(column)}{SEPARATOR}".encode())
        values = [canonical(v) if not isinstance(v, float) else repr(v) for v in column.to_pylist()]
        nulls = column.is_null().to_pylist()
        digest.update(
            "".join("-" if null else f"+{len(text)}:{text}" for null, text in zip(nulls, values, strict=True)).encode()
        )
    return digest.hexdigest()


def schema_description(codes: Codes) -> dict[str, Any]:
    """All declarations as plain data (tables, columns, keys, codes), for comparing one version with another."""
    return {
        "tables": {
            table: {
                "key": list(facts(table).key),
                "natural_key": list(facts(table).natural_key),
                "columns": [{**asdict(column), "arrow_type": str(column.arrow_type)} for column in columns(table)],
            }
            for table in table_names()
        },
        "codes": {name: list(members) for name, members in sorted(codes.by_vocabulary.items())},
    }


def to_arrow(table: str, rows: Sequence[Row]) -> pa.Table:
    """Rows as an Arrow table of the declared schema, sorted by key. Raises `pyarrow.ArrowInvalid` for a wrong type."""
    schema = arrow_schema(table)
    key = facts(table).key
    ordered = sorted(rows, key=lambda row: tuple(canonical(row.get(part)) for part in key))
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in ordered], schema=schema)
