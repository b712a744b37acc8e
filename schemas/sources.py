"""The documents that facts are read from."""

from schemas.base import SLUG, Date, Integer, String, Table, facts, field


class Sources(Table):
    """One document: a publication, and the text of it (or digest of it) that evidence spans index."""

    source_id: String = field("Readable id; the file's stem.", nullable=False, pattern=SLUG)
    url: String = field("Address of the publication.", pattern=r"^https?://[^ ]+$")
    publisher: String = field("Who published it.")
    title: String = field("Title as the publication gives it.")
    published: String = field("Date of publication.", edtf=True)
    published_earliest: Date = field("First day that `published` may mean.", derived=True)
    published_latest: Date = field("Last day that `published` may mean.", derived=True)
    retrieved: String = field("Day on which the publication was read.", edtf=True)
    language: String = field("Language of the text (BCP 47).", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")
    kind: String = field("Kind of publication.", vocabulary="source_kind")
    text_origin: String = field("Whether the text is a digest or the publication itself.", vocabulary="text_origin")
    origin: String = field(
        "Agency, interview or document that the report rests on; null where it is the publisher's own."
    )
    license: String = field("Licence of the text held (SPDX where it has an identifier).")
    sha256: String = field("SHA-256 of the text (UTF-8).", nullable=False, pattern=r"^[0-9a-f]{64}$", derived=True)
    n_chars: Integer = field("Length of the text.", nullable=False, unit="code points", low=1, derived=True)

    class Config:
        metadata = facts(group="documents", order=4, key=("source_id",))
