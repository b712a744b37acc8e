"""Numbers that texts give."""

from schemas.base import Date, Number, Proposition, String, facts, field


class Figures(Proposition):
    """A number a text gives, with its bound: deaths, displaced, troops, money, shares, durations."""

    figure_id: String = field("Hash of the natural key.", nullable=False, pattern=r"^fg-[0-9a-f]{16}$", derived=True)
    measure: String = field("What is counted.", nullable=False, vocabulary="measure")
    value: Number = field("The number given; null for a range or a vague quantity.", unit="given by `unit`")
    low: Number = field("Lower bound, where the wording gives one.", unit="given by `unit`")
    high: Number = field("Upper bound, where the wording gives one.", unit="given by `unit`")
    bound: String = field("How the number bounds the quantity.", nullable=False, vocabulary="bound")
    unit: String = field("persons, households, percent, ISO 4217, else UCUM.", vocabulary="unit")
    basis: String = field("Reported, estimate or cumulative.", vocabulary="basis")
    period: String = field("The time it covers.", edtf=True)
    period_earliest: Date = field("First day that `period` may mean; null where the year is unknown.", derived=True)
    period_latest: Date = field("Last day that `period` may mean; null where the year is unknown.", derived=True)
    about_id: String = field("What it is about.", refers_to=("actors", "deals", "terms", "events", "relations"))
    commodity_id: String = field("The commodity it measures.", refers_to=("commodities",))
    place_id: String = field("Where.", refers_to=("places",))

    class Config:
        metadata = facts(
            group="propositions",
            order=9,
            key=("figure_id",),
            prefix="fg",
            natural_key=(
                "measure",
                "about_id",
                "commodity_id",
                "place_id",
                "period",
                "value",
                "low",
                "high",
                "bound",
                "unit",
                "@source",
            ),
            source_unless=("about_id", "period"),
        )
