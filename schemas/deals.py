"""The bargains."""

from schemas.base import SLUG, Proposition, String, facts, field


class Deals(Proposition):
    """A bargain sought, offered, negotiated, made, refused or ended between parties (`participants`)."""

    deal_id: String = field("Registry slug, or hash of source, type and parties.", nullable=False, pattern=SLUG)
    title: String = field("Short name for a reader: the registry's where it has one, else the parties.", derived=True)
    deal_type: String = field("What is exchanged for what.", nullable=False, vocabulary="deal_type")
    stage: String = field("How far it got by the latest text that tells; null where none does.", vocabulary="stage")
    stage_date: String = field("When it reached that stage.", edtf=True)
    opened: String = field("When it was first sought or offered.", edtf=True)
    signed: String = field("When it was signed.", edtf=True)
    pax_id: String = field("Agreement id of the PA-X Peace Agreements Database.", pattern=r"^[0-9]+$", derived=True)

    class Config:
        metadata = facts(
            group="propositions",
            order=5,
            key=("deal_id",),
            prefix="dl",
            natural_key=("@source", "deal_type", "@party"),
        )
