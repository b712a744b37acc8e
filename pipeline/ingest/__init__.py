"""Reading documents: one reader for each source format behind `read_document`, and the stage `ingest`.

A reader is a module of this package that has `SUFFIXES` and `read(content, path)`; dropping it in is all it takes.
Every file of the folder gives a document or is set aside with a reason; only files whose names begin with a dot
are passed over. Nothing is fetched, and no text is altered beyond NFC and line ends.
"""

import importlib
import json
import pkgutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from pipeline import contract, store
from pipeline.codes import Codes, load_codes
from pipeline.errors import RsbError
from pipeline.ingest.document import Document, NotReadError, Page, Reason, make_document, shown
from pipeline.ingest.duplicates import find_repeats
from pipeline.progress import track
from pipeline.workspace import Workspace, installed_checkout

__all__ = ["Document", "NotReadError", "Reason", "SetAside", "ingest_folder", "read_document", "run", "suffixes"]

Reader = Callable[[bytes, Path], Page]


@dataclass(frozen=True, slots=True, order=True)
class SetAside:
    """A file that gave no document: its path in the folder, the reason's code, and what exactly is the matter."""

    path: str
    reason: str
    detail: str


@cache
def _readers() -> dict[str, Reader]:
    """suffix → reader, from the modules of this package that have `SUFFIXES`."""
    found: dict[str, Reader] = {}
    for module in pkgutil.iter_modules(__path__):
        declared = importlib.import_module(f"{__name__}.{module.name}")
        if hasattr(declared, "SUFFIXES"):
            found.update(dict.fromkeys(declared.SUFFIXES, declared.read))
    return found


def suffixes() -> tuple[str, ...]:
    """The endings of the files that can be read, in order."""
    return tuple(sorted(_readers()))


def default_codes(workspace: Workspace | None = None) -> Codes:
    """The code lists of the workspace; without one, those of the installed checkout."""
    return load_codes((workspace or installed_checkout()).codebook / "codes.csv")


def read_document(path: Path, codes: Codes | None = None) -> Document:
    """The document in one file, with warnings about stated values that do not fit.

    codes: the code lists to check values against; default those of the installed checkout.
    Raises `NotReadError`, an `RsbError` with a `reason`, where the file gives no document.
    """
    content = _content(path)
    reader = _readers().get(path.suffix.lower())
    if reader is None:
        problem = f"unknown format {shown(Path(path.suffix))!r}" if path.suffix else "no ending that tells its format"
        raise NotReadError(Reason.UNKNOWN_FORMAT, problem, path=path, mend=f"use one of {', '.join(suffixes())}")
    return make_document(path, reader(content, path), codes or default_codes())


def _content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise NotReadError(Reason.UNREADABLE, "a folder, not a file", path=path, mend="give the files in it")
        if path.is_symlink() and not path.exists():
            raise NotReadError(Reason.UNREADABLE, "a link to a file that does not exist", path=path)
        if path.exists() and not path.is_file():
            raise NotReadError(Reason.UNREADABLE, "not a regular file", path=path)
        return path.read_bytes()
    except OSError as error:
        problem = f"cannot be read: {(error.strerror or 'unknown error').lower()}"
        raise NotReadError(Reason.UNREADABLE, problem, path=path) from None


def ingest_folder(folder: Path, codes: Codes | None = None) -> tuple[list[Document], list[SetAside]]:
    """The documents of the files in `folder`, by id, and the files that were set aside, by path.

    Of files with one id, the one whose name sorts lower is kept; of texts that repeat one another, the one with the
    smaller id. Raises `RsbError` where the folder is missing or holds nothing to read.
    """
    paths = _listed(folder)
    lists = codes or default_codes()
    documents: list[Document] = []
    aside: list[SetAside] = []
    for path in track(paths, "ingest"):
        try:
            documents.append(read_document(path, lists))
        except NotReadError as error:
            aside.append(_set_aside(path, error))
    kept, named_twice = _one_for_each_id(documents)
    kept, repeated = _one_for_each_text(kept)
    aside = sorted(aside + named_twice + repeated)
    if len(paths) != len(kept) + len(aside):
        raise RsbError(f"{len(paths)} files were read, but {len(kept)} kept and {len(aside)} set aside", path=folder)
    return sorted(kept, key=lambda document: document.source_id), aside


def _listed(folder: Path) -> list[Path]:
    mend = f"put documents there ({', '.join(suffixes())}), or use rsb add"
    try:
        paths = sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=lambda path: path.name)
    except OSError as error:
        problem = f"cannot list this folder: {(error.strerror or 'unknown error').lower()}"
        raise RsbError(problem, path=shown(folder), mend=mend) from None
    if not paths:
        raise RsbError("no document in this folder", path=shown(folder), mend=mend)
    return paths


def _set_aside(path: Path, error: NotReadError) -> SetAside:
    place = "" if error.line is None else f"line {error.line}"
    if error.column is not None:
        place += f", column {error.column}"
    detail = f"{place}: {error.problem}" if place else error.problem
    return SetAside(shown(Path(path.name)), error.reason, detail)


def _one_for_each_id(documents: list[Document]) -> tuple[list[Document], list[SetAside]]:
    kept: dict[str, Document] = {}
    aside = []
    for document in documents:
        # Without regard to case, since each id is also a file's name.
        holder = kept.setdefault(document.source_id.casefold(), document)
        if holder is not document:
            detail = f"its id {document.source_id} is that of {shown(Path(holder.path.name))}, which was kept"
            aside.append(SetAside(shown(Path(document.path.name)), Reason.DUPLICATE_ID, detail))
    return list(kept.values()), aside


def _one_for_each_text(documents: list[Document]) -> tuple[list[Document], list[SetAside]]:
    repeats = find_repeats({document.source_id: document.text for document in documents})
    aside = []
    for document in documents:
        if document.source_id in repeats:
            other, likeness = repeats[document.source_id]
            how = "the same text as" if likeness == 1.0 else f"{likeness:.0%} of its runs of five words shared with"
            aside.append(SetAside(shown(Path(document.path.name)), Reason.DUPLICATE, f"{how} {other}, which was kept"))
    return [document for document in documents if document.source_id not in repeats], aside


def run(workspace: Workspace) -> tuple[list[Document], list[SetAside]]:
    """The stage: `data/sources` → `data/interim/documents`; gives back what was kept and what was set aside.

    Raises `RsbError` where no file gives a document; the previous output then stays.
    """
    documents, aside = ingest_folder(workspace.sources, default_codes(workspace))
    if not documents:
        told = "; ".join(f"{entry.path}: {entry.detail}" for entry in aside[:3])
        problem = f"none of the {len(aside)} files gives a document ({told})"
        raise RsbError(problem, path=workspace.sources, mend="mend one of them, or use rsb add")
    with store.replacing_folder(workspace.documents) as fresh:
        rows = [document.source for document in documents]
        store.write_parquet(fresh / "sources.parquet", "sources", contract.to_arrow("sources", rows))
        entries = json.dumps([asdict(entry) for entry in aside], ensure_ascii=False, indent=1)
        store.write_text(fresh / "set_aside.json", entries + "\n")
        for document in documents:
            store.write_text(fresh / "text" / f"{document.source_id}.txt", document.text)
    return documents, aside
