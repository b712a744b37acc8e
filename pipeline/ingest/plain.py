"""Plain text: the whole file is the text, and it states nothing about its publication."""

from pathlib import Path

from pipeline.ingest.document import Page, decode

SUFFIXES = (".txt",)


def read(content: bytes, path: Path) -> Page:
    """The page of a plain text file. Raises `NotReadError` where it is not UTF-8."""
    return Page(decode(content, path))
