"""Lasting ties between actors, places, commodities and deals."""

from schemas.base import Proposition, String, facts, field


class Relations(Proposition):
    """A lasting tie: supports, fights, controls, exploits, leads; of deals: modelled on."""

    relation_id: String = field("Hash of the natural key.", nullable=False, pattern=r"^rl-[0-9a-f]{16}$", derived=True)
    subject_id: String = field("Who or what stands in the relation.", nullable=False, refers_to=("actors", "deals"))
    predicate: String = field("The relation.", nullable=False, vocabulary="predicate")
    object_id: String = field(
        "To whom or what; null where only a commodity or place is told.", refers_to=("actors", "places", "deals")
    )
    commodity_id: String = field("The commodity concerned.", refers_to=("commodities",))
    place_id: String = field("Where.", refers_to=("places",))
    period: String = field("When it holds.", edtf=True)

    class Config:
        metadata = facts(
            group="propositions",
            order=8,
            key=("relation_id",),
            prefix="rl",
            natural_key=("subject_id", "predicate", "object_id", "commodity_id", "place_id", "period"),
            symmetric=("fights", "allied_with"),
        )
