"""A tiny registry and two tiny documents, shared by the tests of what comes between proposals and tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.assemble import Basis
from pipeline.assertions import ASSERTED
from pipeline.codes import Codes, load_codes
from pipeline.proposals import Mention, Proposals, Record
from pipeline.registry import Registry, load_registry

CODES: Codes = load_codes(Path(__file__).parent.parent / "data" / "codebook" / "codes.csv")

NOTHING_ASSERTED: dict[str, Any] = {key: {} for key in ASSERTED} | {"max_warnings": 10**6}
"""Parameters under which no total is too small or too large."""

FILES = {
    "actors": """actor_id,name,actor_type,country,wikidata,ucdp_actor_id,cow_code,parent_id
COD,DR Congo,state,COD,,,,
USA,United States,state,USA,,,,
RWA,Rwanda,state,RWA,,,,
fardc,Congolese army,military,COD,,,,COD
unnamed,unnamed holder,other,,,,,
""",
    "places": """place_id,name,place_type,country,iso_3166_2,geonames_id,latitude,longitude,parent_id
cod-country,DR Congo,country,COD,,,,,
cod-goma,Goma,settlement,COD,,,-1.68,29.22,cod-country
""",
    "commodities": """commodity_id,name,commodity_type,hs2022,parent_id
minerals,minerals,group,,
cobalt,cobalt,metal_ore,2605,minerals
""",
    "aliases": """alias,target_id,alias_type,valid_from,valid_to
Congo,COD,name,,
Congolese army,fardc,name,,
Kivu pact,kivu-pact,name,,
""",
    "deals": """deal_id,title,deal_type,pax_id
kivu-pact,Kivu pact,security_pact,123
""",
}

SEED = "Congo offered the United States cobalt and asked for troops. Rwanda denied it.\nThe Kivu Front shot 20 people in Goma."
ECHO = "Congo offered the United States cobalt, a daily says. The Kivu pact was signed by Congo and Rwanda."
TEXTS = {"seed": SEED, "echo": ECHO}
SOURCES: dict[str, dict[str, Any]] = {
    "seed": {
        "source_id": "seed",
        "published": "2025-03-01",
        "origin": "wire",
        "sha256": "0" * 64,
        "n_chars": len(SEED),
    },
    "echo": {
        "source_id": "echo",
        "published": "2025-03-05",
        "origin": "wire",
        "sha256": "1" * 64,
        "n_chars": len(ECHO),
    },
}
STATED = {"act": "state", "certainty": "CT", "polarity": "pos", "realis": "actual"}


def write_registry(folder: Path, **changed: str) -> Path:
    """Write the tiny registry, with other text for some files."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, text in {**FILES, **changed}.items():
        (folder / f"{table}.csv").write_text(text, encoding="utf-8")
    return folder


def read_registry(folder: Path) -> Registry:
    return load_registry(write_registry(folder / "registry"), CODES)


def basis(registry: Registry) -> Basis:
    return Basis(SOURCES, TEXTS, registry, CODES)


def record(
    source: str,
    ref: str,
    table: str,
    values: Mapping[str, Any],
    quotes: Mapping[str, str],
    roles: Mapping[str, list[str]] | None = None,
    method: str = "rule:x",
) -> Record:
    """A record whose mentions are looked up in the text of its source."""
    text = TEXTS[source]
    mentions = [Mention(column, text.index(quote), text.index(quote) + len(quote)) for column, quote in quotes.items()]
    cast = [(role, actor) for role, actors in (roles or {}).items() for actor in actors]
    return Record(ref, table, dict(values), cast, mentions, method)


def claim(source: str, ref: str, about: str, cue: str, method: str = "rule:x", **values: Any) -> Record:
    quotes = {"cue": cue, **({"holder": values.pop("holder")} if "holder" in values else {})}
    return record(source, ref, "claims", {"record_id": about, **STATED, **values}, quotes, method=method)


def offer(source: str, method: str = "rule:x", **changed: Any) -> list[Record]:
    """A deal between Congo and the United States, with the offer of cobalt."""
    quote = "Congo offered the United States cobalt"
    deal = record(
        source,
        "#d",
        "deals",
        {"deal_type": "resource_for_security", "stage": "offered", **changed},
        {"*": quote, "deal_type": quote, "stage": "offered", "role:COD": "Congo", "role:USA": "United States"},
        {"party": ["COD", "USA"]},
        method,
    )
    term = record(
        source,
        "#t",
        "terms",
        {
            "deal_id": "#d", "term_type": "mine_access", "act": "offer",
            "giver_id": "COD", "receiver_id": "USA", "commodity_id": "cobalt",
        },
        {
            "*": quote, "term_type": "cobalt", "act": "offered", "giver_id": "Congo",
            "receiver_id": "United States", "commodity_id": "cobalt",
        },
        method=method,
    )  # fmt: skip
    told = [claim(source, "#c1", "#d", "offered", method), claim(source, "#c2", "#t", "offered", method)]
    return [deal, term, *told]


def shooting(method: str = "rule:y") -> list[Record]:
    """An attack by a group that the registry does not know."""
    line = "The Kivu Front shot 20 people in Goma"
    return [
        record(
            "seed", "kivu-front", "actors", {"name": "Kivu Front", "actor_type": "armed_group"}, {"name": "Kivu Front"}
        ),
        record(
            "seed",
            "#e",
            "events",
            {"event_type": "ASSAULT", "place_id": "cod-goma"},
            {"*": line, "event_type": "shot", "place_id": "Goma", "role:kivu-front": "Kivu Front"},
            {"actor": ["kivu-front"]},
            method,
        ),
        claim("seed", "#ce", "#e", "shot", method),
    ]


def seed_proposals() -> Proposals:
    """All of the document `seed`: the offer, its denial, the attack."""
    denial = claim("seed", "#c3", "#t", "denied", holder_id="RWA", holder="Rwanda", act="deny", polarity="neg")
    denial.values["responds_to_id"] = "#c2"
    return Proposals("seed", [*offer("seed"), denial, *shooting()])


def echo_proposals() -> Proposals:
    return Proposals("echo", offer("echo"))
