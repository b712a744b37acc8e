"""What a release is made of: everything `load` gathers and the writers of this package turn into files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from pipeline import store
from pipeline.audit import Verdict
from pipeline.codes import Codes


@dataclass(frozen=True)
class Contents:
    """The tables and all that goes with them.

    schema: the content of `schema.json`. texts: source_id → text, for every source. facts: `data/dataset.toml`.
    delta: the content of `delta.jsonl`; "" where nothing was published before. evaluation: `reports/evaluation.json`,
    where there is gold. audit: what data/audit holds. chapters: table → its chapter of docs/codebook.
    """

    version: str
    tables: store.Tables
    changes: pa.Table
    issues: pa.Table
    schema: dict[str, Any]
    texts: dict[str, str]
    codes: Codes
    codes_csv: bytes
    facts: dict[str, Any]
    delta: str = ""
    channel: str = "candidate"
    evaluation: Mapping[str, Any] | None = None
    audit: Sequence[Verdict] = ()
    chapters: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> store.Tables:
        """The tables that a release ships as Parquet and as CSV: those declared, and `changes`."""
        return {**self.tables, "changes": self.changes}

    @property
    def shared_texts(self) -> dict[str, str]:
        """The texts that their origin or licence lets us pass on."""
        sources = self.tables["sources"].select(["source_id", "text_origin", "license"]).to_pylist()
        return {
            row["source_id"]: self.texts[row["source_id"]]
            for row in sources
            if row["source_id"] in self.texts and may_share(row["text_origin"], row["license"])
        }


def may_share(text_origin: str | None, license_id: str | None) -> bool:
    """Whether a text may be part of a release: a digest of ours, a Creative Commons licence, or the public domain."""
    told = (license_id or "").casefold().replace("-", " ")
    return text_origin == "digest" or told.startswith(("cc0", "cc ", "public domain"))
