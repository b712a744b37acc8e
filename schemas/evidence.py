"""From a cell to the characters it was read from."""

from schemas.base import Boolean, Integer, String, Table, facts, field


class Evidence(Table):
    """A span of a document's text that grounds one column of one row."""

    evidence_id: String = field("Hash of the natural key.", nullable=False, pattern=r"^ed-[0-9a-f]{16}$", derived=True)
    record_id: String = field(
        "The row.",
        nullable=False,
        refers_to=("actors", "places", "commodities", "deals", "terms", "events", "figures", "relations", "claims"),
    )
    column_name: String = field(
        "The column; `*` the whole row; `role:<actor_id>` a participant; `cue`, `holder`, `content` of a claim.",
        nullable=False,
    )
    source_id: String = field("The document.", nullable=False, refers_to=("sources",))
    span_start: Integer = field("First character of the span.", nullable=False, unit="code points", low=0)
    span_end: Integer = field("End of the span, exclusive.", nullable=False, unit="code points", low=1)
    quote: String = field("The text of the span. A span never crosses a line end.", nullable=False)
    method: String = field("What proposed it: a rule's id, `coded`, or a model's name.", nullable=False)
    is_inferred: Boolean = field("Concluded from the span rather than said in it.", nullable=False)

    class Config:
        metadata = facts(
            group="stance",
            order=13,
            key=("evidence_id",),
            prefix="ed",
            natural_key=("record_id", "column_name", "source_id", "span_start", "span_end"),
        )
