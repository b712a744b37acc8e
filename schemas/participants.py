"""Who takes part in deals and events."""

from schemas.base import String, Table, facts, field


class Participants(Table):
    """An actor's role in a deal (party, mediator) or an event (actor, recipient, victim, mediator)."""

    record_id: String = field("The deal or event.", nullable=False, refers_to=("deals", "events"))
    role: String = field("The part played.", nullable=False, vocabulary="role")
    actor_id: String = field("Who plays it.", nullable=False, refers_to=("actors",))

    class Config:
        metadata = facts(group="propositions", order=10, key=("record_id", "role", "actor_id"))
