"""Text → records: the embedded, deterministic extractor. Knows no files and no tables' formats.

`document.extract_document` runs one pass per concern over one text: tokens and sentences, names, word classes, groups,
clauses, frames, figures, bargains, claims. What a rule means is in the codebook; how a sentence is built is here.
"""
