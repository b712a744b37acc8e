"""The reviewed part of a release: its records that were read against their source, and what these need.

A reviewed record is held where every record that it, its participants or its claims point to is held too. With it
come its participants, claims and evidence, and of registry and sources what these name. Changes no cell.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import contract, store
from pipeline.proposals import REVIEWS
from pipeline.release.contents import Contents
from pipeline.release.register import REVIEWED

OWNER = "record_id"


def reviewed_part(contents: Contents) -> Contents | None:
    """The contents cut down to what was reviewed; None where nothing was."""
    rows = {table: data.to_pylist() for table, data in contents.tables.items()}
    held = _held_records(rows)
    if not held:
        return None
    ids = held | {row["claim_id"] for row in rows["claims"] if row[OWNER] in held}
    ids = _with_named(rows, ids)
    tables = {
        table: data.filter(pa.array([_is_held(table, row, ids) for row in rows[table]], pa.bool_()))
        for table, data in contents.tables.items()
    }
    return replace(
        contents,
        tables=tables,
        channel=REVIEWED,
        changes=_about(contents.changes, "record_id", tables),
        issues=_about(contents.issues, "key", tables),
        texts={source: text for source, text in contents.texts.items() if source in ids},
        delta="",
    )


Table = dict[str, list[dict[str, Any]]]


def _held_records(rows: Table) -> set[str]:
    """The reviewed propositions that point to no other: as many as there are."""
    owners = {row["claim_id"]: row[OWNER] for row in rows["claims"]}
    points: list[tuple[str, str]] = []
    held: set[str] = set()
    for table in contract.proposition_tables():
        own = contract.facts(table).key[0]
        owners |= {row[own]: row[own] for row in rows[table]}
        held |= {row[own] for row in rows[table] if row["review"] != REVIEWS[0]}
    for table in (*contract.proposition_tables(), "participants", "claims"):
        own = OWNER if table in ("participants", "claims") else contract.facts(table).key[0]
        points += [(row[own], owners[to]) for row in rows[table] for to in _named(table, row) if to in owners]
    while lost := {record for record, to in points if record in held and to not in held}:
        held -= lost
    return held


def _with_named(rows: Table, ids: set[str]) -> set[str]:
    """`ids` with the registry rows and sources that their rows name, and the parents of these."""
    ids = set(ids)
    while True:
        found = {
            to
            for table, some in rows.items()
            if table != "aliases"
            for row in some
            if _is_held(table, row, ids)
            for to in _named(table, row)
        }
        if found <= ids:
            return ids
        ids |= found


def _is_held(table: str, row: dict[str, Any], ids: set[str]) -> bool:
    """Whether a row's own id is held, or for one without, or evidence, the id that it belongs to."""
    if table == "aliases":
        return row["target_id"] in ids
    own = contract.id_column(table)
    return row[OWNER if own is None or table == "evidence" else own] in ids


def _named(table: str, row: dict[str, Any]) -> Iterator[str]:
    return (row[column.name] for column in contract.columns(table) if column.refers_to and row[column.name])


def _about(data: pa.Table, column: str, tables: store.Tables) -> pa.Table:
    """The rows about ids that are held."""
    keys = [rows.column(own).combine_chunks() for table, rows in tables.items() if (own := contract.id_column(table))]
    return data.filter(pc.is_in(data[column], value_set=pa.concat_arrays(keys)))
