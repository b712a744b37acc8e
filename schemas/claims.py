"""Who says so, and who denies it."""

from schemas.base import String, Table, facts, field


class Claims(Table):
    """Somebody's stance on one proposition, as one document reports it (FactBank certainty and polarity)."""

    claim_id: String = field("Hash of the natural key.", nullable=False, pattern=r"^cl-[0-9a-f]{16}$", derived=True)
    record_id: String = field(
        "The proposition.", nullable=False, refers_to=("deals", "terms", "events", "figures", "relations")
    )
    source_id: String = field("The document that reports the claim.", nullable=False, refers_to=("sources",))
    holder_id: String = field("Whose claim it is; null for the publication's own.", refers_to=("actors",))
    act: String = field("What the holder does in making it.", nullable=False, vocabulary="claim_act")
    certainty: String = field("The holder's certainty.", nullable=False, vocabulary="certainty")
    polarity: String = field(
        "For, against or unknown, by the holder's commitment.", nullable=False, vocabulary="polarity"
    )
    realis: String = field("Actual, planned or hypothetical.", nullable=False, vocabulary="realis")
    said: String = field("When it was said; null where the text does not tell.", edtf=True)
    responds_to_id: String = field("The claim it answers.", refers_to=("claims",))

    class Config:
        metadata = facts(
            group="stance",
            order=11,
            key=("claim_id",),
            prefix="cl",
            natural_key=("record_id", "source_id", "holder_id", "act", "polarity", "said"),
        )
