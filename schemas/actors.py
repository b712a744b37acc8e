"""Who acts: states, organisations, groups, persons in a public role, populations."""

from schemas.base import SLUG, Boolean, String, Table, facts, field


class Actors(Table):
    """An actor that records name: a state, an organisation, an armed group, a person in a public role."""

    actor_id: String = field("Readable id; ISO 3166-1 alpha-3 for states.", nullable=False, pattern=SLUG)
    name: String = field("Common English short form.", nullable=False)
    actor_type: String = field("Kind of actor.", nullable=False, vocabulary="actor_type")
    country: String = field("ISO 3166-1 alpha-3 of the country it is of (Kosovo XKX).", pattern=r"^[A-Z]{3}$")
    wikidata: String = field("Wikidata item.", pattern=r"^Q[1-9][0-9]*$")
    ucdp_actor_id: String = field("Actor id of the UCDP Actor Dataset.", pattern=r"^[0-9]+$")
    cow_code: String = field("Correlates of War country number.", pattern=r"^[0-9]+$")
    parent_id: String = field("The actor it belongs to or serves.", refers_to=("actors",))
    is_provisional: Boolean = field("Learned from a text and not yet curated.", nullable=False)

    class Config:
        metadata = facts(group="registry", order=1, key=("actor_id",))
