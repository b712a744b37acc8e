"""Documents per second and core: the extractor beside spaCy's small-model architecture on the same texts.

spaCy runs tok2vec (width 96, depth 4), tagger, parser and named entities with random weights: what a trained small
model costs, without its download; what it finds is noise and is not looked at. Each distinct text of the folder is
read once a round; loading the codebook or the model is nobody's time. Articles are counted as 370 words. Budget: 500
articles a second, 20 times spaCy.

Run: `make benchmarks`, or `.venv/bin/python benchmarks/extraction.py --corpus FOLDER` (by default data/sources).
"""

import argparse
import json
import sys
from pathlib import Path

from _measure import ROOT, SPACY, WORK, report, run, show

TEXTS = WORK / "texts.json"
WORDS = 370


def prepare(corpus: str) -> list[int]:
    """Write the distinct texts of the folder's documents."""
    from pipeline.codes import load_codes
    from pipeline.errors import RsbError
    from pipeline.ingest import read_document

    codes, texts = load_codes(ROOT / "data" / "codebook" / "codes.csv"), {}
    for path in sorted(Path(corpus).rglob("*")):
        if path.suffix in (".md", ".txt", ".html") and path.name != "README.md":
            try:
                document = read_document(path, codes)
            except RsbError as error:
                print(error, file=sys.stderr)
            else:
                texts[document.text] = document.source["published"]
    WORK.mkdir(parents=True, exist_ok=True)
    TEXTS.write_text(json.dumps(list(texts.items())), encoding="utf-8")
    return [len(texts), sum(len(text.split()) for text in texts)]


def rsb() -> None:
    """The project's extractor."""
    from pipeline.codebook import load_codebook
    from pipeline.extract.document import extract_document
    from pipeline.workspace import Workspace

    space = Workspace(ROOT)
    codebook = load_codebook(space.codebook, space.registry)
    texts = json.loads(TEXTS.read_text(encoding="utf-8"))
    report(lambda: sum(len(extract_document("s", text, day, codebook, None).records) for text, day in texts))


def spacy() -> None:
    """A pipeline of the small model's shape, with as many labels as it has."""
    import spacy

    nlp = spacy.blank("en")
    shape = {"@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": None, "width": 96, "depth": 4, "embed_size": 2000, "window_size": 1, "maxout_pieces": 3, "subword_features": True}  # fmt: skip
    nlp.add_pipe("tok2vec", config={"model": shape})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "*"}
    transitions = {
        "@architectures": "spacy.TransitionBasedParser.v2", "extra_state_tokens": False, "hidden_width": 64,
        "maxout_pieces": 2, "use_upper": True, "nO": None, "tok2vec": listener,
    }  # fmt: skip
    tags = {"@architectures": "spacy.Tagger.v2", "nO": None, "normalize": False, "tok2vec": listener}
    for name, model, labels in (
        ("tagger", tags, 50),
        ("parser", {**transitions, "state_type": "parser"}, 45),
        ("ner", {**transitions, "state_type": "ner"}, 18),
    ):
        pipe = nlp.add_pipe(name, config={"model": model})
        for number in range(labels):
            pipe.add_label(f"L{number}")
    nlp.initialize()
    texts = [text for text, _ in json.loads(TEXTS.read_text(encoding="utf-8"))]
    report(lambda: sum(len(document.ents) for document in nlp.pipe(texts, batch_size=32)), rounds=2)


def main() -> None:
    """Measure both and print articles per second."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--corpus", default=str(ROOT / "data" / "sources"), help="folder of documents")
    count, words = run("prepare", options.parse_args().corpus).told
    rows: list[list[object]] = []
    for name, environment in (("rsb", None), ("spacy", SPACY)):
        seconds, megabytes, _ = run(name, environment=environment)
        rows.append([name, count, words, seconds, words / WORDS / seconds, round(megabytes)])
    columns = ["contender", "texts", "words", "s", "articles/s", "peak MB"]
    show(f"Extraction, ratio {float(rows[0][4]) / float(rows[1][4]):.1f}", columns, rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["prepare"]:
        report(lambda: prepare(sys.argv[2]), rounds=1)
    elif sys.argv[1:] == ["rsb"]:
        rsb()
    elif sys.argv[1:] == ["spacy"]:
        spacy()
    else:
        main()
