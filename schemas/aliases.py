"""How actors, places, commodities and deals are called."""

from schemas.base import String, Table, facts, field


class Aliases(Table):
    """A name, beside its canonical one, by which a text may mean an actor, place, commodity or deal."""

    alias: String = field("The name as written, without an article.", nullable=False)
    target_id: String = field("What it means.", nullable=False, refers_to=("actors", "places", "commodities", "deals"))
    alias_type: String = field("Kind of name.", nullable=False, vocabulary="alias_type")
    valid_from: String = field("First date on which it has this meaning.", edtf=True)
    valid_to: String = field("Last date on which it has this meaning.", edtf=True)

    class Config:
        metadata = facts(group="registry", order=12, key=("alias", "target_id", "alias_type", "valid_from"))
