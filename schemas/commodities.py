"""What is bargained with: minerals, fuels and groups of them."""

from schemas.base import SLUG, String, Table, facts, field


class Commodities(Table):
    """A mineral, a fuel, or a group of them."""

    commodity_id: String = field("Readable id.", nullable=False, pattern=SLUG)
    name: String = field("Common English name.", nullable=False)
    commodity_type: String = field("Kind of commodity.", nullable=False, vocabulary="commodity_type")
    hs2022: String = field(
        "Heading or subheading of the Harmonized System 2022 for its raw form; null where not verified.",
        pattern=r"^[0-9]{4}([0-9]{2})?$",
    )
    parent_id: String = field("The group it belongs to.", refers_to=("commodities",))

    class Config:
        metadata = facts(group="registry", order=3, key=("commodity_id",))
