"""Documents become sources: `rsb add` writes `data/sources/<id>.md` with front matter, from any readable file.

What the file states is kept, and what the caller states goes before it. What a source is known by must be stated,
be it as unknown. Nothing is overwritten, and nothing is written that `ingest` would set aside. It does not run the
pipeline.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline import store
from pipeline.codes import Codes
from pipeline.errors import RsbError
from pipeline.ingest import default_codes, ingest_folder, read_document
from pipeline.ingest.document import Document, check_value, shown, source_id, stated, stated_columns
from pipeline.ingest.duplicates import find_repeats
from pipeline.ingest.markdown import write
from pipeline.workspace import Workspace

Ask = Callable[[Path, str], str]
"""Asks a person for the value of a column; '' leaves it empty."""

OF_ONE = ("title", "url")
"""What no two documents have in common."""

ASKED = ("title", "publisher", "url", "published")
"""What a source is known by; a person is asked for it where neither the file nor the caller states it."""


def add_documents(
    workspace: Workspace, files: list[Path], values: Mapping[str, str], ask: Ask | None = None
) -> tuple[list[Path], list[str]]:
    """Register `files` as sources; all of them or none.

    values: column of `sources` → text, for every file; '' states that it is unknown. ask: where a person can answer.
    Gives the paths written, and warnings. Raises `RsbError` for a value that does not fit or is not stated, an id
    that is taken, or a file that `ingest` would set aside.
    """
    if len(files) > 1 and (single := [name for name in OF_ONE if values.get(name)]):
        raise RsbError(
            f"one {single[0]} for {len(files)} files", mend=f"add the files one by one, each with its {single[0]}"
        )
    codes = default_codes(workspace)
    _check(values, codes)
    documents = [read_document(path, codes) for path in files]
    _refuse_taken_ids(workspace, documents)
    _refuse_repeats(workspace, documents, codes)
    written = []
    contents = [write(_complete(document, values, codes, ask), document.text) for document in documents]
    for document, content in zip(documents, contents, strict=True):
        target = workspace.sources / f"{document.source_id}.md"
        store.write_text(target, content)
        written.append(target)
    return written, [line for document in documents for line in document.warnings]


def _check(values: Mapping[str, str], codes: Codes) -> dict[str, str]:
    checked = {}
    for column in stated_columns():
        value, problem = check_value(column, values.get(column.name), codes)
        if problem:
            raise RsbError(
                f"{column.name}: {problem}", mend="state it as it is asked for, or as '' where it is unknown"
            )
        if value is not None:
            checked[column.name] = value
    return checked


def _complete(document: Document, values: Mapping[str, str], codes: Codes, ask: Ask | None) -> dict[str, str]:
    complete = {**stated(document.source), **values}
    missing = [name for name in ASKED if name not in complete]
    if missing and not ask:
        flags = ", ".join(f"--{name}" for name in missing)
        mend = f"give {flags}; an empty value, as in --{missing[0]} '', states that it is unknown"
        raise RsbError(f"nothing states its {', '.join(missing)}", path=shown(document.path), mend=mend)
    return _check(complete | {name: ask(document.path, name) for name in missing if ask}, codes)


def _refuse_taken_ids(workspace: Workspace, documents: list[Document]) -> None:
    present = workspace.sources.iterdir() if workspace.sources.is_dir() else ()
    taken = {source_id(path.stem).casefold(): path for path in present if not path.name.startswith(".")}
    for document in documents:
        holder = taken.setdefault(document.source_id.casefold(), document.path)
        if holder is not document.path:
            problem = f"the id {document.source_id} is taken by {holder}"
            raise RsbError(problem, path=document.path, mend="rename your file: its name without the ending is the id")


def _refuse_repeats(workspace: Workspace, documents: list[Document], codes: Codes) -> None:
    texts = {document.source_id: document.text for document in documents}
    if workspace.sources.is_dir() and any(not path.name.startswith(".") for path in workspace.sources.iterdir()):
        present, _ = ingest_folder(workspace.sources, codes)
        texts.update((document.source_id, document.text) for document in present)
    repeats = find_repeats(texts)
    for document in documents:
        alike = {repeats.get(document.source_id, ("", 0.0))[0]}
        alike |= {other for other, (kept, _) in repeats.items() if kept == document.source_id}
        if named := sorted(alike - {""}):
            problem = f"its text repeats {', '.join(named)}"
            raise RsbError(problem, path=document.path, mend="a text stands in the sources once; leave this one out")
