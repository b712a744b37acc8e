"""What every table declaration is made of: the base classes, `field()`, column types and table facts.

A table is a pandera `DataFrameModel`. Its columns, their types, descriptions, units, vocabularies and
references are declared here and in the sibling modules and nowhere else; `pipeline.contract` derives the rest.
"""

from dataclasses import dataclass
from typing import Annotated, Any, cast

import pandas as pd
import pandera.pandas as pa
import pyarrow

String = Annotated[pd.ArrowDtype, pyarrow.string()]
Integer = Annotated[pd.ArrowDtype, pyarrow.int32()]
Number = Annotated[pd.ArrowDtype, pyarrow.float64()]
Boolean = Annotated[pd.ArrowDtype, pyarrow.bool_()]
Date = Annotated[pd.ArrowDtype, pyarrow.date32()]

SLUG = r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$"
"""Ids a person chose: `COD`, `m23`, `cod-goma`."""


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What a table is, beside its columns.

    group: registry, documents, propositions or stance.
    key: the columns that identify a row in the published table.
    natural_key: the parts hashed into the id, or () where ids are chosen by people. A plain part is a column;
        `@actor`, `@recipient`, `@party` are the sorted participants of that role; `@source` is the source's id.
    prefix: what stands before the hash.
    source_unless: columns that, all known (a date: to the day), identify the record without its source.
    symmetric: codes of the column named first whose subject and object may be swapped.
    """

    group: str
    order: int
    key: tuple[str, ...]
    natural_key: tuple[str, ...] = ()
    prefix: str = ""
    source_unless: tuple[str, ...] = ()
    symmetric: tuple[str, ...] = ()


def facts(**values: Any) -> dict[str, Any]:
    """A table's facts in the form that pandera's `Config.metadata` holds; arguments as in `TableFacts`."""
    return {"table": TableFacts(**values)}


class Table(pa.DataFrameModel):
    """A table of the dataset; subclasses declare columns and, in `Config.metadata`, their `facts`."""

    class Config:
        strict = True
        coerce = False

    @classmethod
    def meta(cls) -> TableFacts:
        """The table's facts. Raises `TypeError` where a table declares none."""
        metadata = getattr(cls.Config, "metadata", None) or {}
        if "table" not in metadata:
            raise TypeError(f"{cls.__name__} declares no facts in Config.metadata")
        return cast(TableFacts, metadata["table"])


def field(
    description: str,
    *,
    nullable: bool = True,
    vocabulary: str | None = None,
    refers_to: tuple[str, ...] = (),
    unit: str | None = None,
    pattern: str | None = None,
    edtf: bool = False,
    low: float | None = None,
    high: float | None = None,
    derived: bool = False,
    deprecated: str | None = None,
) -> Any:
    """Declare a column.

    vocabulary: name of its code list in `data/codebook/codes.csv`. refers_to: tables whose ids it may hold.
    unit: what numbers count. pattern: an RE2 regular expression for the whole value. edtf: an EDTF date.
    low, high: inclusive bounds. derived: computed by the pipeline from other cells, so it needs no evidence.
    deprecated: what to use instead of a column that a later version removes; a version that says so must come first.
    """
    metadata = {
        "vocabulary": vocabulary,
        "refers_to": refers_to,
        "unit": unit,
        "pattern": pattern,
        "edtf": edtf,
        "low": low,
        "high": high,
        "derived": derived,
        "deprecated": deprecated,
    }
    return pa.Field(description=description, nullable=nullable, metadata=metadata)


class Proposition(Table):
    """A table of propositions: adds the standing, which is computed from the row's claims."""

    status: String = field("Where the claims leave the proposition.", nullable=False, vocabulary="status", derived=True)
    realis: String = field(
        "Whether the strongest supporting claim speaks of it as actual, planned or hypothetical; null without one.",
        vocabulary="realis",
        derived=True,
    )
    n_sources: Integer = field("Documents with a claim on it.", nullable=False, unit="documents", low=1, derived=True)
    n_origins: Integer = field(
        "Independent origins among them: copies of one dispatch, interview or document count once.",
        nullable=False,
        unit="origins",
        low=1,
        derived=True,
    )
    n_for: Integer = field("Claims with positive polarity.", nullable=False, unit="claims", low=0, derived=True)
    n_against: Integer = field("Claims with negative polarity.", nullable=False, unit="claims", low=0, derived=True)
    first_said: String = field(
        "Earliest date of a claim on it (the publication's where the claim has none).", edtf=True, derived=True
    )
    last_said: String = field("Latest date of a claim on it.", edtf=True, derived=True)
    review: String = field(
        "Whether the row was read against its sources.", nullable=False, vocabulary="review", derived=True
    )
    reviewed_by: String = field("Who reviewed it: a machine reviewer's name, or a person's.", derived=True)
