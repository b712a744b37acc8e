"""What one document says: the answer of `rsb read`, as JSON or for a terminal. Writes nothing."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import contract
from pipeline.assemble import Basis, assemble_rows
from pipeline.codebook import Codebook, load_codebook
from pipeline.errors import RsbError
from pipeline.extract.document import extract_document
from pipeline.ingest import read_document
from pipeline.registry import Registry, load_registry
from pipeline.workspace import Workspace

LEFT_OUT = ("sources", "aliases")
"""Tables that an answer does not hold: the source stands by itself, aliases are the registry's."""


@dataclass(frozen=True, slots=True)
class Reader:
    """The codebook and registry that documents are read with."""

    codebook: Codebook
    registry: Registry

    @classmethod
    def of(cls, workspace: Workspace) -> "Reader":
        """The reader of a workspace. Raises `RsbError` where its codebook or registry is broken."""
        codebook = load_codebook(workspace.codebook, workspace.registry)
        return cls(codebook, load_registry(workspace.registry, codebook.codes))

    def read(self, path: Path) -> tuple[dict[str, Any], list[str]]:
        """The answer for one file, and warnings on its front matter; `error` in the answer where it has no document."""
        try:
            document = read_document(path, self.codebook.codes)
            source = document.source
            ident = source["source_id"]
            proposals = extract_document(ident, document.text, source["published"], self.codebook)
            basis = Basis(
                {ident: source}, {ident: document.text}, self.registry, self.codebook.codes, self.codebook.names
            )
            rows = assemble_rows([proposals], basis, closed=False)
        except RsbError as error:
            return {"path": str(path), "error": str(error)}, []
        tables = {name: rows[name] for name in contract.table_names() if name not in LEFT_OUT}
        plain = {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in source.items()}
        return {"path": str(path), "source": plain, "text": document.text, "tables": tables}, list(document.warnings)


def to_line(answer: dict[str, Any]) -> str:
    """One line of JSON."""
    return json.dumps(answer, ensure_ascii=False, allow_nan=False)


def describe(answer: dict[str, Any]) -> Iterator[str]:
    """The answer for people: each proposition on a line, its claims below it."""
    if "error" in answer:
        yield answer["error"]
        return
    tables = answer["tables"]
    claims: dict[str, list[dict[str, Any]]] = {}
    for claim in tables["claims"]:
        claims.setdefault(claim["record_id"], []).append(claim)
    people: dict[str, list[str]] = {}
    for row in tables["participants"]:
        people.setdefault(row["record_id"], []).append(f"{row['role']} {row['actor_id']}")
    yield f"{answer['source']['source_id']}: " + ", ".join(
        f"{len(rows)} {name}" for name, rows in tables.items() if rows
    )
    for name in ("deals", "terms", "events", "figures", "relations"):
        for row in tables[name]:
            ident = row[contract.facts(name).key[0]]
            yield f"{name.removesuffix('s')} {_values(name, row)} {'; '.join(people.get(ident, []))} [{row['status']}]"
            for claim in claims.get(ident, []):
                holder = claim["holder_id"] or "the publication"
                yield f"    {holder}: {claim['act']} {claim['certainty']} {claim['polarity']} {claim['realis']}"


def _values(name: str, row: dict[str, Any]) -> str:
    shown: Sequence[str] = [c.name for c in contract.columns(name) if not c.derived and row[c.name] is not None]
    return " ".join(
        f"{column.removesuffix('_id')}={row[column]}" for column in shown if column != "deal_id" or name == "deals"
    )
