"""Where things happen or lie."""

from schemas.base import SLUG, Integer, Number, String, Table, facts, field


class Places(Table):
    """A place that records name, from a country down to a mine."""

    place_id: String = field("Readable id; `cod-country` for a country as a place.", nullable=False, pattern=SLUG)
    name: String = field("Common English name.", nullable=False)
    place_type: String = field("Kind of place.", nullable=False, vocabulary="place_type")
    country: String = field("ISO 3166-1 alpha-3; null for a region of several.", pattern=r"^[A-Z]{3}$")
    iso_3166_2: String = field("ISO 3166-2 code of a first-level division.", pattern=r"^[A-Z]{2}-[A-Z0-9]{1,3}$")
    geonames_id: Integer = field("GeoNames feature id.", low=1)
    latitude: Number = field("Latitude of a point in it (WGS 84).", unit="degrees north", low=-90, high=90)
    longitude: Number = field("Longitude of a point in it (WGS 84).", unit="degrees east", low=-180, high=180)
    parent_id: String = field("The place it lies in.", refers_to=("places",))

    class Config:
        metadata = facts(group="registry", order=2, key=("place_id",))
