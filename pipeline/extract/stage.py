"""The stage `extract`: documents → proposals, one line of `proposals.jsonl` for each document.

Every document is read on its own, so the result does not depend on the others. Nothing is merged or judged here.
"""

from pipeline import store
from pipeline.assemble import load_documents
from pipeline.codebook import load_codebook
from pipeline.extract.document import extract_document
from pipeline.progress import track
from pipeline.proposals import Proposals, dump_proposals
from pipeline.workspace import Workspace

FILE = "proposals.jsonl"


def run(workspace: Workspace) -> list[Proposals]:
    """Extract all documents of the workspace and write the proposals; returns them, documents in order of id.

    Raises `RsbError` where there are no documents, or the codebook or the registry is broken.
    """
    sources, texts = load_documents(workspace)
    codebook = load_codebook(workspace.codebook, workspace.registry)
    proposals = [
        extract_document(
            source_id, texts[source_id], sources[source_id]["published"], codebook, sources[source_id]["publisher"]
        )
        for source_id in track(sorted(sources), "extract")
    ]
    with store.replacing_folder(workspace.proposals) as fresh:
        store.write_text(fresh / FILE, dump_proposals(proposals))
    return proposals
