"""What one document says: the answer of `rsb read`, whose JSON is a contract that tools outside rely on.

The document is read by itself: no other document, coded record or correction has a part in it. Writes nothing; how
an answer is told to people stands in `tell`.
"""

import json
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipeline import contract
from pipeline.assemble import Basis, assemble_rows, flatten, learned_names, ungrounded
from pipeline.codebook import Codebook, load_codebook
from pipeline.coded import CLAIMS
from pipeline.corrections import dropped
from pipeline.errors import RsbError, defect
from pipeline.extract.document import extract_document
from pipeline.ingest import Document, read_document
from pipeline.proposals import Proposals
from pipeline.registry import NAMED, Registry, load_registry
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

    def read(self, given: str) -> tuple[dict[str, Any], list[str]]:
        """The answer for the file at the path `given`, and warnings: on its front matter, and on what was left out.

        Where the file gives no document, the answer has an `error` instead.
        """
        try:
            document = read_document(Path(given), self.codebook.codes)
            rows, left_out = self._rows(document)
        except RsbError as error:
            return {"path": given, "error": str(error)}, []
        except Exception as error:  # one document must not keep the others from being answered
            if sys.flags.dev_mode:
                raise
            return {"path": given, "error": str(defect(error))}, []
        tables = {name: rows[name] for name in contract.table_names() if name not in LEFT_OUT}
        answer = {"path": given, "source": _plain(document.source), "text": document.text, "tables": tables}
        return answer, [*document.warnings, *(f"{given}: {line}" for line in left_out)]

    def _rows(self, document: Document) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
        ident, source, text = document.source_id, document.source, document.text
        proposals = extract_document(ident, text, source["published"], self.codebook, source["publisher"])
        basis = Basis({ident: source}, {ident: text}, self.registry, self.codebook.codes, self.codebook.names)
        grounded, left_out = keep_grounded(proposals, basis)
        return assemble_rows([grounded], basis, closed=False), left_out


def keep_grounded(proposals: Proposals, basis: Basis) -> tuple[Proposals, list[str]]:
    """The proposals of a document that follow from its text, without what is nothing without the others.

    The pipeline stops at a proposal that does not, and the rule is mended; here there is nobody to mend it, and an
    empty slot is better than a wrong one. Gives also a line for each that is left out.
    """
    proposed = flatten([proposals], basis)
    learned = learned_names(proposed)[proposals.source_id]
    found = {number: list(ungrounded(one, basis, learned)) for number, one in enumerate(proposed)}
    lost = {number for number, problems in found.items() if problems}
    told = [
        f"{proposed[number].record.table} by {proposed[number].record.method} left out: {column}: {problem}"
        for number in sorted(lost)
        for column, problem in found[number][:1]
    ]
    names = {proposed[number].record.ref for number in lost if proposed[number].record.table in NAMED}
    lost |= {number for number, one in enumerate(proposed) if names & {actor for _, actor in one.record.roles}}
    while lost:
        proposed = dropped(proposed, lost)
        said = {one.record.values.get("record_id") for one in proposed if one.record.table == CLAIMS}
        lost = {
            number
            for number, one in enumerate(proposed)
            if one.record.table in contract.proposition_tables() and one.record.ref not in said
        }
    return Proposals(proposals.source_id, [one.record for one in proposed]), told


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its days as text, as JSON has them."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def to_line(answer: dict[str, Any]) -> bytes:
    """One line of JSON in UTF-8; a byte of a path that is not UTF-8 stands there as an escaped lone surrogate."""
    return json.dumps(answer, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")
