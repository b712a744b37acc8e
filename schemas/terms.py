"""What one side asks, offers or gives in a deal."""

from schemas.base import Proposition, String, facts, field


class Terms(Proposition):
    """One undertaking in a deal: who would give what to whom, and whether it is asked, offered or agreed."""

    term_id: String = field("Hash of the natural key.", nullable=False, pattern=r"^tm-[0-9a-f]{16}$", derived=True)
    deal_id: String = field("The deal it belongs to.", nullable=False, refers_to=("deals",))
    side: String = field("Resource, security, finance or political.", nullable=False, vocabulary="side", derived=True)
    term_type: String = field("What is given.", nullable=False, vocabulary="term_type")
    act: String = field("How the text presents it.", nullable=False, vocabulary="term_act")
    giver_id: String = field("Who gives or would give.", refers_to=("actors",))
    receiver_id: String = field("Who receives or would receive.", refers_to=("actors",))
    commodity_id: String = field("The commodity; one row each.", refers_to=("commodities",))
    place_id: String = field("Where.", refers_to=("places",))
    date: String = field("When asked, offered or agreed.", edtf=True)

    class Config:
        metadata = facts(
            group="propositions",
            order=6,
            key=("term_id",),
            prefix="tm",
            natural_key=(
                "deal_id",
                "term_type",
                "act",
                "giver_id",
                "receiver_id",
                "commodity_id",
                "place_id",
            ),
        )
