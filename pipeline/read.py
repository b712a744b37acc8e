"""What one document says: the answer of `rsb read`, whose JSON is a contract that tools outside rely on.

The document is read by itself: no other document, coded record or correction has a part in it. Writes nothing; how
an answer is told to people stands in `tell`.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipeline import contract
from pipeline.assemble import Basis, assemble_rows
from pipeline.codebook import Codebook, load_codebook
from pipeline.errors import RsbError
from pipeline.extract.document import extract_document
from pipeline.ingest import Document, read_document
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

    def read(self, given: str) -> tuple[dict[str, Any], list[str]]:
        """The answer for the file at the path `given`, and warnings on its front matter.

        Where the file gives no document, the answer has an `error` instead.
        """
        try:
            document = read_document(Path(given), self.codebook.codes)
            rows = self._rows(document)
        except RsbError as error:
            return {"path": given, "error": str(error)}, []
        tables = {name: rows[name] for name in contract.table_names() if name not in LEFT_OUT}
        answer = {"path": given, "source": _plain(document.source), "text": document.text, "tables": tables}
        return answer, list(document.warnings)

    def _rows(self, document: Document) -> dict[str, list[dict[str, Any]]]:
        ident, source, text = document.source_id, document.source, document.text
        proposals = extract_document(ident, text, source["published"], self.codebook, source["publisher"])
        basis = Basis({ident: source}, {ident: text}, self.registry, self.codebook.codes, self.codebook.names)
        return assemble_rows([proposals], basis, closed=False)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its days as text, as JSON has them."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def to_line(answer: dict[str, Any]) -> bytes:
    """One line of JSON in UTF-8; a byte of a path that is not UTF-8 stands there as an escaped lone surrogate."""
    return json.dumps(answer, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")
