"""A tiny valid dataset, written by hand: one document, one of each proposition, a denial."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import settings

from pipeline import contract, edtf
from pipeline.codes import Codes, load_codes
from pipeline.extract.names import Names
from pipeline.registry import Registry
from pipeline.standing import standing_of
from pipeline.workspace import Workspace

# No test is timed: a busy machine is no fault of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

SOURCE = "kivu-post-2025-03"
OFFER = (
    "The Democratic Republic of the Congo offered the United States access to its cobalt mines on 4 March 2025, "
    "and asked for troops in return."
)
CAPTURE = "M23 captured Goma on 27 January 2025."
DEATHS = "More than 7,000 people have been killed."
CHARGE = "Congo accused Rwanda of supporting M23, which Kigali denied."
TEXT = f"{OFFER}\n\n{CAPTURE} {DEATHS} {CHARGE}"

COD, USA = "Democratic Republic of the Congo", "United States"
CLAIM = {"act": "state", "certainty": "CT", "polarity": "pos", "realis": "actual", "source_id": SOURCE}

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="session")
def codes() -> Codes:
    return load_codes(Path(__file__).parent.parent / "data" / "codebook" / "codes.csv")


@pytest.fixture
def texts() -> dict[str, str]:
    return {SOURCE: TEXT}


@pytest.fixture(scope="session")
def names(tiny_tables: dict[str, pa.Table]) -> Names:
    """The tiny dataset's own registry, compiled."""
    tables = tiny_tables
    return Names(
        Registry(
            actors=tuple(tables["actors"].to_pylist()),
            places=tuple(tables["places"].to_pylist()),
            commodities=tuple(tables["commodities"].to_pylist()),
            aliases=tuple(tables["aliases"].to_pylist()),
        )
    )


@pytest.fixture
def tables(tiny_tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """The tiny dataset, for a test to spoil."""
    return dict(tiny_tables)


@pytest.fixture(scope="session")
def tiny_tables() -> dict[str, pa.Table]:
    rows = _registry_and_source()
    deal = _add(
        rows,
        "deals",
        {"title": "COD and USA", "deal_type": "resource_for_security", "stage": "offered", "opened": "2025-03-04"},
        OFFER,
        {"*": OFFER, "deal_type": "in return", "stage": "offered", "opened": "4 March 2025"},
        roles={"party": {"COD": COD, "USA": USA}},
    )
    _add(
        rows,
        "terms",
        {
            "deal_id": deal, "side": "resource", "term_type": "mine_access", "act": "offer",
            "giver_id": "COD", "receiver_id": "USA", "commodity_id": "cobalt", "date": "2025-03-04",
        },
        OFFER,
        {
            "*": OFFER, "term_type": "access to its cobalt mines", "act": "offered", "giver_id": COD,
            "receiver_id": USA, "commodity_id": "cobalt", "date": "4 March 2025",
        },
        claims=[{"act": "offer", "realis": "planned", "holder_id": "COD", "cue": "offered", "holder": COD}],
    )  # fmt: skip
    _add(
        rows,
        "events",
        {"event_type": "ASSAULT", "date": "2025-01-27", "place_id": "cod-goma"},
        CAPTURE,
        {"*": CAPTURE, "event_type": "captured", "date": "27 January 2025", "place_id": "Goma"},
        roles={"actor": {"m23": "M23"}},
    )
    _add(
        rows,
        "figures",
        {"measure": "deaths", "value": 7000.0, "low": 7000.0, "bound": "more_than", "unit": "persons"},
        DEATHS,
        {"*": DEATHS, "measure": "killed", "bound": "More than", "unit": "people"}
        | dict.fromkeys(("value", "low"), "More than 7,000"),
    )
    _add(
        rows,
        "relations",
        {"subject_id": "RWA", "predicate": "supports", "object_id": "m23"},
        CHARGE,
        {"*": CHARGE, "subject_id": "Rwanda", "predicate": "supporting", "object_id": "M23"},
        claims=[
            {"act": "accuse", "holder_id": "COD", "cue": "accused", "holder": "Congo"},
            {"act": "deny", "polarity": "neg", "holder_id": "RWA", "cue": "denied", "holder": "Kigali"},
        ],
    )
    accusation, denial = (next(c for c in rows["claims"] if c["act"] == act) for act in ("accuse", "deny"))
    denial["responds_to_id"] = accusation["claim_id"]
    return {table: contract.to_arrow(table, rows[table]) for table in contract.table_names()}


def _registry_and_source() -> Rows:
    rows: Rows = {table: [] for table in contract.table_names()}
    rows["actors"] = [
        {"actor_id": key, "name": name, "actor_type": kind, "country": country, "is_provisional": False}
        for key, name, kind, country in (
            ("COD", COD, "state", "COD"),
            ("RWA", "Rwanda", "state", "RWA"),
            ("USA", USA, "state", "USA"),
            ("m23", "M23", "armed_group", "COD"),
        )
    ]
    rows["places"] = [
        {"place_id": "cod-country", "name": COD, "place_type": "country", "country": "COD"},
        {"place_id": "cod-goma", "name": "Goma", "place_type": "settlement", "parent_id": "cod-country"},
    ]
    rows["commodities"] = [{"commodity_id": "cobalt", "name": "cobalt", "commodity_type": "metal_ore"}]
    rows["aliases"] = [
        {"alias": "Congo", "target_id": "COD", "alias_type": "name"},
        {"alias": "Kigali", "target_id": "RWA", "alias_type": "capital"},
    ]
    rows["sources"] = [
        {
            "source_id": SOURCE, "url": "https://example.org/kivu", "publisher": "Kivu Post", "title": "An offer",
            "published": "2025-03-10", "retrieved": "2026-11-23", "language": "en", "kind": "news",
            "text_origin": "digest", "license": "CC-BY-4.0", "n_chars": len(TEXT),
            "sha256": hashlib.sha256(TEXT.encode()).hexdigest(),
        }
    ]  # fmt: skip
    return {table: [_derived(table, row) for row in some] for table, some in rows.items()}


def _add(
    rows: Rows,
    table: str,
    values: Mapping[str, Any],
    within: str,
    quotes: Mapping[str, str],
    roles: Mapping[str, Mapping[str, str]] | None = None,
    claims: Sequence[Mapping[str, str]] = ({},),
) -> str:
    """Add a record with its participants, claims and evidence; quotes are looked up in the sentence `within`."""
    roles = roles or {}
    key = contract.record_id(table, values, roles={role: list(some) for role, some in roles.items()}, source=SOURCE)
    made = []
    for told in claims:
        claim: dict[str, Any] = {**CLAIM, **told, "record_id": key}
        parts: dict[str, str] = {part: claim.pop(part) for part in ("cue", "holder") if part in claim}
        claim["claim_id"] = contract.record_id("claims", claim)
        made.append(claim)
        _ground(rows, claim["claim_id"], within, parts)
    rows["claims"] += made
    for role, some in roles.items():
        rows["participants"] += [{"record_id": key, "role": role, "actor_id": actor} for actor in some]
        _ground(rows, key, within, {f"role:{actor}": quote for actor, quote in some.items()})
    _ground(rows, key, within, quotes)
    standing = standing_of(made, {row["source_id"]: row for row in rows["sources"]})
    whole = {contract.facts(table).key[0]: key, **values, **standing, "review": "unreviewed"}
    rows[table].append(_derived(table, whole))
    return key


def _ground(rows: Rows, record: str, within: str, quotes: Mapping[str, str]) -> None:
    for column, quote in quotes.items():
        start = TEXT.index(quote, TEXT.index(within))
        evidence = {
            "record_id": record, "column_name": column, "source_id": SOURCE, "span_start": start,
            "span_end": start + len(quote), "quote": quote, "method": "coded", "is_inferred": False,
        }  # fmt: skip
        rows["evidence"].append({"evidence_id": contract.record_id("evidence", evidence), **evidence})


def _derived(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with the days that its date means."""
    days = {
        f"{column.name}_{end}": bound(row.get(column.name))
        for column in contract.columns(table)
        for end, bound in (("earliest", edtf.earliest), ("latest", edtf.latest))
        if f"{column.name}_{end}" in contract.column_names(table)
    }
    return {**row, **days}


@pytest.fixture
def sources_workspace(tmp_path: Path) -> Workspace:
    """A workspace with the project's code lists and an empty `data/sources`."""
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / "params.yaml").write_text("version: 0.1.0\n")
    workspace = Workspace(tmp_path)
    workspace.sources.mkdir(parents=True)
    workspace.codebook.mkdir()
    shutil.copy(Path(__file__).parent.parent / "data" / "codebook" / "codes.csv", workspace.codebook)
    return workspace
