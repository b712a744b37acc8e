"""First contact: the extractor as it stands, on annotated documents that it has not met and that need not be ours.

Outside the DAG. The texts are found by a folder, so that what may not be part of the project can still be measured
on. `reports/first_contact.csv` keeps each batch's figures once, with the hash of the rules that reached them.
"""

import csv
import hashlib
import io
import unicodedata
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from pipeline import store
from pipeline.assemble import Basis
from pipeline.codebook import load_codebook
from pipeline.coded import Span, occurrences, read_folder, text_hash
from pipeline.codes import Codes
from pipeline.errors import RsbError
from pipeline.evaluate import check_gold, evaluate
from pipeline.extract.document import extract_document
from pipeline.ingest import Document, read_document
from pipeline.proposals import Proposals
from pipeline.registry import Registry, load_registry
from pipeline.workspace import Workspace

RECORD = "first_contact.csv"
COLUMNS = (
    "date",
    "batch",
    "rules",
    "documents",
    "table",
    "gold",
    "proposed",
    "matched",
    "precision",
    "recall",
    "f1",
    "extra",
)
"""Of lenient matches; `extra`: proposed rows without a match, per gold row."""


def run(workspace: Workspace, gold: Path, texts: Path) -> dict[str, Any]:
    """The evaluation of the documents in `texts` that a file of `gold` annotates.

    Raises `RsbError` where there is no gold, or a document of it is not in `texts`.
    """
    codebook = load_codebook(workspace.codebook, workspace.registry)
    registry = load_registry(workspace.registry, codebook.codes)
    documents, annotated = read_annotated(gold, texts, registry, codebook.codes)
    if not documents:
        raise RsbError("there is no gold", path=gold, mend="annotate <source_id>.yaml files there by hand")
    sources = {ident: document.source for ident, document in documents.items()}
    held = {ident: document.text for ident, document in documents.items()}
    basis = Basis(sources, held, registry, codebook.codes, codebook.names)
    check_gold(annotated, basis)
    proposals = [
        extract_document(ident, held[ident], source["published"], codebook, source["publisher"])
        for ident, source in sources.items()
    ]
    return evaluate(annotated, proposals, basis)


def read_annotated(
    gold: Path, texts: Path, registry: Registry, codes: Codes
) -> tuple[dict[str, Document], list[Proposals]]:
    """The documents in `texts` that a file of `gold` annotates, and the annotations.

    Raises `RsbError` where a document is not in `texts`, or an annotation does not hold.
    """
    documents = {path.stem: _find_document(path, texts, codes) for path in sorted(gold.glob("*.yaml"))}
    held = {ident: document.text for ident, document in documents.items()}
    return documents, read_folder(gold, held, registry, codes)


def seal(workspace: Workspace, gold: Path, texts: Path, folder: Path) -> int:
    """Write the files of `gold` to `folder` with spans and the text's hash in place of quotes; returns how many.

    What is written holds no sentence of a text, so that annotations of texts that are not ours can be kept.
    Raises `RsbError` where a document is not in `texts`, or a quote not in its document.
    """
    codebook = load_codebook(workspace.codebook, workspace.registry)
    paths = sorted(gold.glob("*.yaml"))
    for path in paths:
        text = _find_document(path, texts, codebook.codes).text
        top = yaml.safe_load(path.read_text(encoding="utf-8"))
        records = [_sealed(entry, Span(0, len(text)), text, path) for entry in top.pop("records", None) or []]
        whole = {"source": top.pop("source"), "text_sha256": text_hash(text), **top, "records": records}
        shown = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)
        store.write_text(folder / path.name, shown)
    return len(paths)


def _sealed(entry: Mapping[str, Any], around: Span, text: str, path: Path) -> dict[str, Any]:
    """A record or claim with spans for its passage and its quotes."""

    def span(quote: Any, within: Span) -> Span:
        wanted, nth = (quote["quote"], int(quote.get("nth", 1))) if isinstance(quote, dict) else (quote, 1)
        starts = occurrences(text, unicodedata.normalize("NFC", str(wanted)), within)
        if len(starts) < nth:
            raise RsbError(f"“{wanted}” is not in the text", path=path, mend="quote the text character by character")
        return Span(starts[nth - 1], starts[nth - 1] + len(unicodedata.normalize("NFC", str(wanted))))

    def told(quote: Any, within: Span) -> Any:
        if isinstance(quote, list):
            return [told(one, within) for one in quote]
        found = span(quote, within)
        return f"{found.start}-{found.end}"

    within = span(entry["within"], Span(0, len(text))) if "within" in entry else around
    sealed = {**entry, "quotes": {name: told(quote, within) for name, quote in entry.get("quotes", {}).items()}}
    if "within" in entry:
        sealed["within"] = f"{within.start}-{within.end}"
    if "claims" in entry:
        sealed["claims"] = [_sealed(claim, within, text, path) for claim in entry["claims"]]
    return sealed


def _find_document(gold: Path, texts: Path, codes: Codes) -> Document:
    """The document in a folder that a file of annotations is about. Raises `RsbError` where there is none."""
    found = sorted(path for path in texts.rglob(f"{gold.stem}.*") if path.suffix in (".md", ".txt", ".html"))
    if not found:
        raise RsbError(
            f"no text of {gold.stem}",
            path=texts,
            mend="give the folder that holds the texts; they are not part of the project",
        )
    return read_document(found[0], codes)


def record(workspace: Workspace, batch: str, report: Mapping[str, Any], day: date) -> Path:
    """Append a batch's figures to `reports/first_contact.csv`; returns its path.

    Raises `RsbError` where the batch stands there already: contact is made once.
    """
    path = workspace.reports / RECORD
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines())) if path.is_file() else [list(COLUMNS)]
    if any(row[1] == batch for row in rows[1:]):
        raise RsbError(
            f"{batch} has been met before", path=path, mend="record a batch once, before anything is learned from it"
        )
    rules = _hash_of_rules(workspace.codebook)
    for table, scores in report["tables"].items():
        told = scores["lenient"]
        counts = [told["n_gold"], told["n_system"], told["n_matched"]]
        figures = [told["precision"], told["recall"], told["f1"], told["extra_per_gold"]]
        rows.append([day.isoformat(), batch, rules, report["n_documents"], table, *counts, *map(_shown, figures)])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    store.write_text(path, text.getvalue())
    return path


def _shown(share: float | None) -> str:
    return "" if share is None else f"{share:.3f}"


def _hash_of_rules(codebook: Path) -> str:
    held = hashlib.sha256()
    for path in sorted(codebook.iterdir()):
        held.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return held.hexdigest()[:16]
