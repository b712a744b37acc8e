"""The declarations themselves: what every table and column must tell, whatever it is."""

import re
from collections.abc import Callable

import pyarrow as pa
import pytest

from pipeline import contract
from pipeline.codes import Codes
from pipeline.contract import Column

COLUMNS = [(table, column) for table in contract.table_names() for column in contract.columns(table)]


def where(holds: Callable[[Column], bool]) -> list[str]:
    """The columns of which something holds."""
    return [f"{table}.{column.name}" for table, column in COLUMNS if holds(column)]


# SQLite's list of keywords.
KEYWORDS = {
    "abort", "action", "add", "after", "all", "alter", "always", "analyze", "and", "as", "asc", "attach",
    "autoincrement", "before", "begin", "between", "by", "cascade", "case", "cast", "check", "collate", "column",
    "commit", "conflict", "constraint", "create", "cross", "current", "current_date", "current_time",
    "current_timestamp", "database", "default", "deferrable", "deferred", "delete", "desc", "detach", "distinct",
    "do", "drop", "each", "else", "end", "escape", "except", "exclude", "exclusive", "exists", "explain", "fail",
    "filter", "first", "following", "for", "foreign", "from", "full", "generated", "glob", "group", "groups",
    "having", "if", "ignore", "immediate", "in", "index", "indexed", "initially", "inner", "insert", "instead",
    "intersect", "into", "is", "isnull", "join", "key", "last", "left", "like", "limit", "match", "materialized",
    "natural", "no", "not", "nothing", "notnull", "null", "nulls", "of", "offset", "on", "or", "order", "others",
    "outer", "over", "partition", "plan", "pragma", "preceding", "primary", "query", "raise", "range", "recursive",
    "references", "regexp", "reindex", "release", "rename", "replace", "restrict", "returning", "right", "rollback",
    "row", "rows", "savepoint", "select", "set", "table", "temp", "temporary", "then", "ties", "to", "transaction",
    "trigger", "unbounded", "union", "unique", "update", "using", "vacuum", "values", "view", "virtual", "when",
    "where", "window", "with", "without",
}  # fmt: skip


def test_the_thirteen_tables_of_the_design_are_declared() -> None:
    assert sorted(contract.table_names()) == [
        "actors", "aliases", "claims", "commodities", "deals", "events", "evidence", "figures", "participants",
        "places", "relations", "sources", "terms",
    ]  # fmt: skip


def test_every_column_is_described_in_sentences_on_one_line() -> None:
    assert where(lambda column: re.fullmatch(r"\S.*\w.*\.", column.description) is None) == []


def test_every_column_name_fits_stata_and_sql() -> None:
    assert where(lambda column: re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", column.name) is None) == []
    assert where(lambda column: len(column.name) > 32) == []
    assert where(lambda column: column.name in KEYWORDS) == []


def test_every_number_has_a_unit_unless_it_is_a_code_or_an_id() -> None:
    def is_counted(column: Column) -> bool:
        number = pa.types.is_integer(column.arrow_type) or pa.types.is_floating(column.arrow_type)
        return number and column.vocabulary is None and not column.name.endswith("_id")

    assert where(lambda column: (column.unit is not None) != is_counted(column)) == []


def test_every_type_has_a_code_list_and_every_id_a_target_or_a_form() -> None:
    assert where(lambda column: column.name.endswith("_type") and column.vocabulary is None) == []
    # Ids of other datasets are held by their form or their bounds.
    held = where(lambda column: bool(column.refers_to or column.pattern or column.low))
    assert set(where(lambda column: column.name.endswith("_id"))) <= set(held)


def test_every_coded_column_has_a_list_with_label_and_definition_of_each_code(codes: Codes) -> None:
    for _, column in COLUMNS:
        if column.vocabulary is None:
            continue
        listed = codes.by_vocabulary[column.vocabulary]
        assert listed
        assert [code for code, row in listed.items() if not row["label"].strip()] == []
        assert [code for code, row in listed.items() if not row["definition"].strip()] == []
        assert not pa.types.is_integer(column.arrow_type) or [str(int(code)) for code in listed] == list(listed)


def test_no_code_list_is_left_that_nothing_uses(codes: Codes) -> None:
    # Severity is of issues, which are none of the tables.
    assert set(codes.by_vocabulary) == {column.vocabulary for _, column in COLUMNS if column.vocabulary} | {"severity"}


def test_every_reference_points_to_the_id_of_a_declared_table() -> None:
    for table, column in COLUMNS:
        assert len(set(column.refers_to)) == len(column.refers_to)
        for target in column.refers_to:
            key = contract.id_column(target)
            held = next((one for one in contract.columns(target) if one.name == key), None)
            assert held is not None, f"{table}.{column.name} refers to {target}, which has no id"
            assert (held.arrow_type, held.nullable) == (column.arrow_type, False)


@pytest.mark.parametrize("table", contract.table_names())
def test_keys_are_made_of_the_table_s_own_columns(table: str) -> None:
    told = contract.facts(table)
    names = contract.column_names(table)
    parts = [part for part in told.natural_key if not part.startswith("@")]
    assert set(told.key) <= set(names)
    assert set(parts) <= set(names)
    assert set(told.source_unless) <= set(parts)
    assert bool(told.natural_key) == bool(told.prefix)
    assert not set(parts) & {column.name for column in contract.columns(table) if column.derived}


def test_ids_of_the_kinds_of_rows_cannot_be_confused() -> None:
    prefixes = [contract.facts(table).prefix for table in contract.table_names() if contract.facts(table).prefix]
    assert len(set(prefixes)) == len(prefixes)


@pytest.mark.parametrize("table", contract.table_names())
def test_tables_are_plural_described_and_of_a_known_group(table: str) -> None:
    assert table.endswith("s") or table == "evidence"
    assert table not in KEYWORDS
    assert contract.describe(table).endswith(".")
    assert contract.facts(table).group in ("registry", "documents", "propositions", "stance")


def test_tables_stand_after_those_they_refer_to() -> None:
    order = {table: number for number, table in enumerate(contract.table_names())}
    for table, column in COLUMNS:
        assert all(order[target] <= order[table] for target in column.refers_to), f"{table}.{column.name}"


def test_every_proposition_has_the_standing_and_nothing_else_has() -> None:
    standing = {"status", "realis", "n_sources", "n_origins", "n_for", "n_against", "first_said", "last_said", "review", "reviewed_by"}  # fmt: skip
    held = {table for table in contract.table_names() if standing <= set(contract.column_names(table))}
    assert held == set(contract.proposition_tables()) == {"deals", "terms", "events", "figures", "relations"}
    partly = {table for table in contract.table_names() if {"n_sources", "review"} & set(contract.column_names(table))}
    assert partly == held


def test_stance_on_a_proposition_is_declared_once() -> None:
    for column in ("certainty", "polarity", "holder_id", "responds_to_id"):
        assert [table for table, one in COLUMNS if one.name == column] == ["claims"]


def test_a_date_with_days_derived_from_it_is_edtf() -> None:
    for table, column in COLUMNS:
        stem, _, end = column.name.rpartition("_")
        if end in ("earliest", "latest"):
            source = next(one for one in contract.columns(table) if one.name == stem)
            assert source.edtf
            assert column.derived
            assert column.nullable
            assert str(column.arrow_type) == "date32[day]"
