"""The only module that reads and writes tables: deterministic and atomic.

Tables move as pyarrow. Parquet is written sorted by key, in the declared schema, with fixed options; CSV as UTF-8
without a byte-order mark, `\\n` line ends, strings quoted, null as an empty field. Files appear whole or not at all.
"""

import glob
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from pipeline import contract
from pipeline.errors import RsbError

Tables = dict[str, pa.Table]
INTERIM_LEVEL = 3
RELEASE_LEVEL = 9


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """A new empty folder that takes the place of `target` when the block ends well; else `target` is as it was.

    What a killed process left half done is put right first.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    old = target.with_name(f".{target.name}-old")
    if old.exists() and not target.exists():
        old.rename(target)
    _sweep(target)
    fresh = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
    try:
        yield fresh
        fresh.chmod(0o755)
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        fresh.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _prefix(target: Path) -> str:
    """How the name begins of what is on its way to `target`: it tells the process that writes."""
    return f".{target.name}-{os.getpid()}-"


def _sweep(target: Path) -> None:
    """Remove what processes that are no more left on its way to `target`."""
    for path in target.parent.glob(f".{glob.escape(target.name)}-*-*"):
        found = re.fullmatch(r"([0-9]+)-[^-]+", path.name.removeprefix(f".{target.name}-"))
        if found and not is_alive(int(found[1])):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def is_alive(process: int) -> bool:
    """Whether a process of this number is at work."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with `\\n` line ends, whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    handle, name = tempfile.mkstemp(prefix=_prefix(path), dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def normalise(table: str, data: pa.Table) -> pa.Table:
    """`data` in the declared columns, types and metadata, sorted by key, in one chunk.

    Raises `RsbError` where a column is missing or cannot be cast.
    """
    schema = contract.arrow_schema(table)
    try:
        cast = data.select(schema.names).cast(schema)
    except (KeyError, pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise RsbError(f"{table} does not fit its declaration: {error}") from error
    order = pc.sort_indices(cast, sort_keys=[(name, "ascending") for name in contract.facts(table).key])
    return cast.take(order).combine_chunks().replace_schema_metadata(schema.metadata)


def write_parquet(path: Path, table: str, data: pa.Table, *, level: int = INTERIM_LEVEL) -> None:
    """Write one table as Parquet (zstd)."""
    write_plain_parquet(path, normalise(table, data), level=level)


def write_plain_parquet(path: Path, data: pa.Table, *, level: int = INTERIM_LEVEL) -> None:
    """Write data that is in its final order and schema, but no declared table (changes, issues), as Parquet."""
    sink = pa.BufferOutputStream()
    try:
        pa.parquet.write_table(
            data,
            sink,
            compression="zstd",
            compression_level=level,
            version="2.6",
            data_page_version="1.0",
            use_dictionary=True,
            write_statistics=True,
            store_schema=True,
        )
    except pa.ArrowInvalid as error:
        # A required column with an empty cell: Parquet cannot hold it.
        raise RsbError(f"cannot write this table: {error}", path=path) from error
    write_bytes(path, sink.getvalue().to_pybytes())


def write_csv(path: Path, table: str, data: pa.Table) -> None:
    """Write one table as CSV."""
    write_plain_csv(path, normalise(table, data))


def write_plain_csv(path: Path, data: pa.Table) -> None:
    """Write data that is in its final order and schema, but no declared table (changes, issues), as CSV."""
    sink = pa.BufferOutputStream()
    pa.csv.write_csv(data, sink, pa.csv.WriteOptions(quoting_style="needed"))
    write_bytes(path, sink.getvalue().to_pybytes())


def read_parquet(path: Path) -> pa.Table:
    """Read one Parquet file as it is. Raises `RsbError` where it is missing or broken."""
    try:
        return pa.parquet.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise RsbError(
            f"cannot read this Parquet file: {error}", path=path, mend="make it again, or download it again"
        ) from error


def read_csv(path: Path, table: str) -> pa.Table:
    """Read one CSV in the declared types; an empty field is null, "NA" is text.

    Raises `RsbError` where it is missing, malformed, or holds other columns.
    """
    return read_plain_csv(path, contract.arrow_schema(table))


def read_plain_csv(path: Path, schema: pa.Schema) -> pa.Table:
    """Read one CSV in the types of `schema`, otherwise as `read_csv`."""
    data = _read_cells(path, {field.name: field.type for field in schema})
    missing = [name for name in schema.names if name not in data.column_names]
    extra = [name for name in data.column_names if name not in schema.names]
    if missing or extra:
        told = "; ".join(
            part
            for part in (missing and f"missing {', '.join(missing)}", extra and f"unknown {', '.join(extra)}")
            if part
        )
        raise RsbError(f"wrong columns: {told}", path=path, line=1, mend=f"use {', '.join(schema.names)}")
    try:
        return data.select(schema.names).cast(schema)
    except ValueError as error:
        # A required column with an empty cell.
        raise RsbError(f"cannot read this CSV as declared: {error}", path=path) from error


def read_csv_text(path: Path) -> pa.Table:
    """Read one CSV of any columns with every cell as text, an empty field as null.

    Raises `RsbError` where it is missing or malformed.
    """
    return _read_cells(path, {})


def read_csv_as_found(path: Path, table: str) -> pa.Table:
    """Read one CSV with the columns it has; those that do not hold their declared type, or have none, stay text.

    For checking what others wrote. Raises `RsbError` where the file is missing or malformed.
    """
    data = read_csv_text(path)
    declared = {field.name: field.type for field in contract.arrow_schema(table)}
    for position, name in enumerate(data.column_names):
        with suppress(pa.ArrowInvalid, KeyError):
            data = data.set_column(position, name, data.column(position).cast(declared[name]))
    return data


def _read_cells(path: Path, types: Mapping[str, pa.DataType]) -> pa.Table:
    """All columns of a CSV, as text where `types` names no other."""
    parse = pa.csv.ParseOptions(newlines_in_values=True)
    try:
        with pa.csv.open_csv(path, parse_options=parse) as opened:
            names = opened.schema.names
        convert = pa.csv.ConvertOptions(
            column_types={name: types.get(name, pa.string()) for name in names},
            null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=True,
            true_values=["true", "True", "TRUE", "1"], false_values=["false", "False", "FALSE", "0"],
        )  # fmt: skip
        data = pa.csv.read_csv(path, convert_options=convert, parse_options=parse)
    except (OSError, ValueError) as error:
        # Arrow's own errors and a header that is not UTF-8 are ValueErrors.
        raise RsbError(f"cannot read this CSV: {error}", path=path) from error
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RsbError(f"{', '.join(twice)} stands twice", path=path, line=1, mend="give each column one name")
    return data


def write_tables(folder: Path, tables: Mapping[str, pa.Table]) -> None:
    """Replace `folder` by one with a Parquet file for each table."""
    with replacing_folder(folder) as fresh:
        for table, data in tables.items():
            write_parquet(fresh / f"{table}.parquet", table, data)


def read_tables(folder: Path) -> Tables:
    """All declared tables from a folder of Parquet files. Raises `RsbError` where one is missing."""
    return {table: read_parquet(folder / f"{table}.parquet") for table in contract.table_names()}
