import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline import contract, edtf
from pipeline.codes import Codes
from pipeline.release.formats import sqlite_bytes
from pipeline.release.views import TALK, VIEWS

Rows = list[dict[str, Any]]
Query = Callable[..., list[tuple[Any, ...]]]

ACTORS: Rows = [
    {"actor_id": "COD", "name": "DR Congo"},
    {"actor_id": "RWA", "name": "Rwanda"},
    {"actor_id": "USA", "name": "United States"},
    {"actor_id": "m23", "name": "M23"},
]
DATA: dict[str, Rows] = {
    "actors": ACTORS,
    "places": [{"place_id": "cod-goma", "name": "Goma", "country": "COD", "latitude": -1.68, "longitude": 29.22}],
    "commodities": [{"commodity_id": "cobalt", "name": "cobalt"}],
    "sources": [
        {"source_id": "s1", "publisher": "Post", "title": "One", "published": "2025-03-10"},
        {"source_id": "s2", "publisher": "Wire", "title": "Two", "published": "2025-03-11"},
        {"source_id": "s3", "publisher": "Else", "title": "Three", "published": "2025-03-12"},
    ],
    "deals": [
        {"deal_id": "d1", "title": "Minerals for security", "deal_type": "resource_for_security"},
        {"deal_id": "d2", "title": "The model", "deal_type": "other"},
    ],
    "terms": [
        {
            "term_id": "t1", "deal_id": "d1", "term_type": "mine_access", "act": "offer",
            "giver_id": "COD", "receiver_id": "USA", "commodity_id": "cobalt", "place_id": "cod-goma",
            "status": "asserted",
        },
        {"term_id": "t2", "deal_id": "d1", "term_type": "troop_deployment", "act": "request", "giver_id": "USA"},
    ],
    "events": [
        {"event_id": "e1", "event_type": "ASSAULT", "date": "2025-01-27", "place_id": "cod-goma"},
        {"event_id": "e2", "event_type": "CONSULT", "date": "2025-01"},
        {"event_id": "e3", "event_type": "AID", "date": "XXXX-01"},
        {"event_id": "e4", "event_type": "MOBILIZE", "date": "2024-12-30/2025-01-05"},
        {"event_id": "e5", "event_type": "COERCE", "date": "2025-02-01/2025-02-03"},
        {"event_id": "e6", "event_type": "ACCUSE", "date": "2024"},
        {"event_id": "e7", "event_type": "PROTEST", "date": "2020/2024"},
    ],
    "relations": [
        {"relation_id": "r1", "subject_id": "RWA", "predicate": "supports", "object_id": "m23", "status": "contested"},
        {"relation_id": "r2", "subject_id": "d1", "predicate": "modelled_on", "object_id": "d2"},
        {"relation_id": "r3", "subject_id": "m23", "predicate": "present_in", "object_id": "cod-goma"},
        {
            "relation_id": "r4", "subject_id": "m23", "predicate": "exploits", "commodity_id": "cobalt",
            "place_id": "cod-goma",
        },
    ],
    "figures": [
        {"figure_id": "f1", "measure": "deaths", "about_id": "e1", "value": 100.0, "low": 100.0, "high": 100.0},
        {"figure_id": "f2", "measure": "deaths", "about_id": "e1", "value": 120.0, "low": 110.0, "high": 150.0},
        {"figure_id": "f3", "measure": "deaths", "about_id": "e1", "low": 1.0, "high": 9e9, "realis": "hypothetical"},
        {"figure_id": "f4", "measure": "injured", "about_id": "e1", "value": 5.0, "low": 5.0},
        {"figure_id": "f5", "measure": "deaths", "about_id": "e5", "value": 7.0, "low": 7.0, "bound": "more_than", "unit": "persons"},
    ],
    "participants": [
        {"record_id": "e1", "role": "actor", "actor_id": "m23"},
        {"record_id": "e1", "role": "actor", "actor_id": "RWA"},
        {"record_id": "e1", "role": "recipient", "actor_id": "COD"},
        {"record_id": "e2", "role": "mediator", "actor_id": "USA"},
    ],
    "claims": [
        {"claim_id": "c1", "record_id": "t1", "source_id": "s1", "holder_id": "COD"},
        {"claim_id": "c2", "record_id": "t1", "source_id": "s2"},
        {"claim_id": "c3", "record_id": "t1", "source_id": "s2", "holder_id": "COD"},
        {"claim_id": "c4", "record_id": "r1", "source_id": "s1", "holder_id": "RWA", "polarity": "neg"},
        {"claim_id": "c5", "record_id": "d1", "source_id": "s1"},
        {"claim_id": "c6", "record_id": "e1", "source_id": "s1"},
        {"claim_id": "c7", "record_id": "f1", "source_id": "s2"},
        {"claim_id": "c8", "record_id": "e2", "source_id": "s3"},
        {"claim_id": "c9", "record_id": "e1", "source_id": "s2"},
        {"claim_id": "ca", "record_id": "r4", "source_id": "s3"},
        {"claim_id": "cb", "record_id": "f5", "source_id": "s3"},
    ],
}  # fmt: skip


def filled(table: str, row: dict[str, Any], codes: Codes) -> dict[str, Any]:
    """The row with something in each required cell, and the days that its date means."""
    given = dict(row)
    if "date" in row:
        given |= {"date_earliest": edtf.earliest(row["date"]), "date_latest": edtf.latest(row["date"])}
    for column in contract.columns(table):
        if not column.nullable and column.name not in given:
            empty = {"string": "x", "int32": 1, "bool": False}[str(column.arrow_type)]
            given[column.name] = codes.allowed(column.vocabulary)[0] if column.vocabulary else empty
    return {"realis": "actual", **given}


@pytest.fixture
def query(codes: Codes, tmp_path: Path) -> Iterator[Query]:
    tables: dict[str, pa.Table] = {
        table: contract.to_arrow(table, [filled(table, row, codes) for row in DATA.get(table, [])])
        for table in contract.table_names()
    }
    path = tmp_path / "x.sqlite"
    path.write_bytes(sqlite_bytes(tables))
    connection = sqlite3.connect(path)
    yield lambda sql, *values: connection.execute(sql, values).fetchall()
    connection.close()


def test_terms_named(query: Query) -> None:
    sql = "SELECT deal_title, giver_name, receiver_name, commodity_name, place_name, status, holders FROM terms_named"
    assert query(f"{sql} ORDER BY term_id") == [
        ("Minerals for security", "DR Congo", "United States", "cobalt", "Goma", "asserted", "DR Congo; Wire"),
        ("Minerals for security", "United States", None, None, None, "asserted", None),
    ]


def test_relations_named(query: Query) -> None:
    sql = "SELECT subject_name, object_name, commodity_name, place_name, status, holders FROM relations_named"
    assert query(f"{sql} ORDER BY relation_id") == [
        ("Rwanda", "M23", None, None, "contested", "Rwanda"),
        ("Minerals for security", "The model", None, None, "asserted", None),
        ("M23", "Goma", None, None, "asserted", None),
        ("M23", None, "cobalt", "Goma", "asserted", "Else"),
    ]


def test_claims_named(query: Query) -> None:
    sql = "SELECT claim_id, holder_name, source_title, record_table, status, proposition FROM claims_named"
    assert query(f"{sql} ORDER BY claim_id") == [
        ("c1", "DR Congo", "One", "terms", "asserted", "DR Congo offer mine_access to United States: cobalt"),
        ("c2", "Wire", "Two", "terms", "asserted", "DR Congo offer mine_access to United States: cobalt"),
        ("c3", "DR Congo", "Two", "terms", "asserted", "DR Congo offer mine_access to United States: cobalt"),
        ("c4", "Rwanda", "One", "relations", "contested", "Rwanda supports M23"),
        ("c5", "Post", "One", "deals", "asserted", "resource_for_security: Minerals for security"),
        ("c6", "Post", "One", "events", "asserted", "M23; Rwanda ASSAULT DR Congo"),
        ("c7", "Wire", "Two", "figures", "asserted", "deaths exact 100"),
        ("c8", "Else", "Three", "events", "asserted", "? CONSULT"),
        ("c9", "Wire", "Two", "events", "asserted", "M23; Rwanda ASSAULT DR Congo"),
        ("ca", "Else", "Three", "relations", "asserted", "M23 exploits: cobalt"),
        ("cb", "Else", "Three", "figures", "asserted", "deaths more_than 7 persons"),
    ]
    assert query("SELECT publisher, published, url FROM claims_named WHERE claim_id = 'c1'") == [
        ("Post", "2025-03-10", None)
    ]


def test_events_flat_has_participants_and_place(query: Query) -> None:
    sql = "SELECT actors, recipients, victims, mediators, place_name, country, latitude, longitude FROM events_flat"
    assert query(f"{sql} WHERE event_id = 'e1'") == [
        ("M23; Rwanda", "DR Congo", None, None, "Goma", "COD", -1.68, 29.22)
    ]
    assert query(f"{sql} WHERE event_id = 'e2'") == [(None, None, None, "United States", *[None] * 4)]


def test_events_flat_has_year_and_precision_only_where_they_are_known(query: Query) -> None:
    assert query("SELECT event_id, year, date_precision FROM events_flat ORDER BY event_id") == [
        ("e1", 2025, 1),  # one day
        ("e2", 2025, 4),  # January: 31 days
        ("e3", None, None),  # the year is unknown
        ("e4", None, 3),  # seven days over New Year
        ("e5", 2025, 2),  # three days
        ("e6", 2024, 5),  # a leap year
        ("e7", None, None),  # longer than a year
    ]


def test_events_flat_sums_up_deaths_without_inventing_an_estimate(query: Query) -> None:
    sql = "SELECT event_id, deaths_low, deaths_value, deaths_high FROM events_flat WHERE event_id IN ('e1', 'e2', 'e5')"
    assert query(f"{sql} ORDER BY event_id") == [
        ("e1", 100.0, None, 150.0),  # two figures that differ; the hypothetical one does not count
        ("e2", None, None, None),
        ("e5", 7.0, 7.0, None),  # open above
    ]


def test_deal_context_holds_what_stands_in_the_documents_of_a_deal(query: Query) -> None:
    sql = "SELECT deal_id, source_id, record_table, record_id, record_type, place_name, value FROM deal_context"
    assert sorted(query(sql)) == [
        ("d1", "s1", "events", "e1", "ASSAULT", "Goma", None),
        ("d1", "s2", "events", "e1", "ASSAULT", "Goma", None),
        ("d1", "s2", "figures", "f1", "deaths", None, 100.0),
    ]


def test_events_material_leaves_talk_out(query: Query, codes: Codes) -> None:
    assert query("SELECT event_id FROM events_material ORDER BY event_id") == [
        ("e1",),
        ("e3",),
        ("e4",),
        ("e5",),
        ("e7",),
    ]
    assert set(TALK) < set(codes.allowed("event_type"))


@pytest.mark.parametrize("view", [view.name for view in VIEWS])
def test_a_view_has_one_row_for_each_row_it_names(query: Query, view: str) -> None:
    first = query(f"SELECT * FROM {view} LIMIT 1")
    assert first
    base = {"terms_named": "terms", "relations_named": "relations", "claims_named": "claims", "events_flat": "events"}
    if view in base:
        assert query(f"SELECT count(*) FROM {view}") == query(f"SELECT count(*) FROM {base[view]}")
