"""A declared table of 12 columns, in the manner of `claims` and `evidence`, and a million rows of it.

Only for measuring: it is added to the tables of the process that imports this.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import schemas
from pipeline import contract
from pipeline.codes import Codes, load_codes
from schemas.base import Boolean, Integer, Number, String, Table, facts, field

CODES = Path(__file__).resolve().parents[1] / "data" / "codebook" / "codes.csv"
ROWS = 1_000_000


class Rows(Table):
    """A row that stands for a claim with its evidence."""

    row_id: String = field("Hash.", nullable=False, pattern=r"^rw-[0-9a-f]{16}$")
    record_id: String = field("The record.", nullable=False)
    source_id: String = field("The document.", nullable=False)
    holder_id: String = field("Who holds it.")
    act: String = field("The act.", nullable=False, vocabulary="claim_act")
    certainty: String = field("The certainty.", nullable=False, vocabulary="certainty")
    polarity: String = field("The polarity.", nullable=False, vocabulary="polarity")
    quote: String = field("The words.")
    span_start: Integer = field("Start.", nullable=False, low=0)
    span_end: Integer = field("End.", nullable=False, low=1)
    value: Number = field("A number.", low=0, high=1e9)
    is_inferred: Boolean = field("Whether concluded.", nullable=False)

    class Config:
        metadata = facts(group="benchmark", order=99, key=("row_id",))


TABLE = "rows"
schemas.TABLES[TABLE] = Rows


def codes() -> Codes:
    """The project's code lists."""
    return load_codes(CODES)


def make(bad: int = 0, rows: int = ROWS) -> pa.Table:
    """The table; `bad` of its rows, evenly spread, have one wrong cell: a code, a bound, a number or an id."""
    random = np.random.default_rng(7)
    lists = codes()

    def pick(values: list[str]) -> pa.Array:
        return pa.array(values).take(pa.array(random.integers(0, len(values), rows)))

    hashes = [f"rw-{number * 0x9E3779B97F4A7C15 % 2**64:016x}" for number in range(rows)]
    words = [f"they offered {number} mines, and asked for troops" for number in range(5000)]
    start = random.integers(0, 3000, rows)
    data = pa.table(
        {
            "row_id": pa.array(hashes),
            "record_id": pick([f"tm-{number:016x}" for number in range(200_000)]),
            "source_id": pick([f"source-{number}" for number in range(20_000)]),
            "holder_id": pc.replace_with_mask(
                pick([f"actor-{number}" for number in range(3000)]), pa.array(random.random(rows) < 0.3),
                pa.scalar(None, pa.string()),
            ),
            "act": pick(list(lists.allowed("claim_act"))),
            "certainty": pick(list(lists.allowed("certainty"))),
            "polarity": pick(list(lists.allowed("polarity"))),
            "quote": pick(words),
            "span_start": pa.array(start, pa.int32()),
            "span_end": pa.array(start + 50, pa.int32()),
            "value": pa.array(random.random(rows) * 1e6, mask=random.random(rows) < 0.4),
            "is_inferred": pa.array(random.random(rows) < 0.5),
        }
    )  # fmt: skip
    step = rows // bad if bad else rows + 1
    number = np.arange(rows)
    spoilt = [("act", "Offer"), ("span_start", -1), ("value", float("inf")), ("row_id", "rw-x")]
    for kind, (name, wrong) in enumerate(spoilt if bad else ()):
        mask = pa.array((number % step == 0) & (number // step % len(spoilt) == kind))
        cells = data[name].combine_chunks()
        data = data.set_column(
            data.column_names.index(name), name, pc.if_else(mask, pa.scalar(wrong, cells.type), cells)
        )
    return data.cast(pa.schema([field.remove_metadata().with_nullable(True) for field in contract.arrow_schema(TABLE)]))
