"""What happened, in PLOVER's types."""

from schemas.base import Date, Integer, Proposition, String, facts, field


class Events(Proposition):
    """Something actors did to, for or with others (`participants`); talk counts, see `events_material`."""

    event_id: String = field("Hash of the natural key.", nullable=False, pattern=r"^ev-[0-9a-f]{16}$", derived=True)
    event_type: String = field("PLOVER event type.", nullable=False, vocabulary="event_type")
    violence_type: Integer = field(
        "UCDP type of organised violence: 1 state-based, 2 non-state, 3 one-sided.", vocabulary="violence_type"
    )
    date: String = field("When it happened.", edtf=True)
    date_earliest: Date = field("First day that `date` may mean; null where the year is unknown.", derived=True)
    date_latest: Date = field("Last day that `date` may mean; null where the year is unknown.", derived=True)
    place_id: String = field("Where it happened.", refers_to=("places",))
    deal_id: String = field("The deal it is part of.", refers_to=("deals",))

    class Config:
        metadata = facts(
            group="propositions",
            order=7,
            key=("event_id",),
            prefix="ev",
            natural_key=("event_type", "@actor", "@recipient", "date", "place_id", "@source"),
            source_unless=("date", "place_id"),
        )
