"""The views that a release ships: the joins that most readers would write, written once, in SQLite's SQL.

A view repeats a table's columns by `*`, so a new column in `schemas/` appears in it without a change here. Views
take nothing away but what their description says.
"""

from dataclasses import dataclass

TALK = ("AGREE", "CONSULT", "SUPPORT", "REQUEST", "ACCUSE", "REJECT", "THREATEN")
"""PLOVER event types that are speech: what somebody says, not what somebody does on the ground."""


@dataclass(frozen=True, slots=True)
class View:
    """A view: its name, what a row is, and its query."""

    name: str
    description: str
    query: str


def _joined_names(record: str, role: str) -> str:
    """The names of a record's participants in one role, in alphabetical order."""
    return (
        "(SELECT group_concat(name, '; ') FROM (SELECT DISTINCT a.name FROM participants p JOIN actors a"
        f" ON a.actor_id = p.actor_id WHERE p.record_id = {record} AND p.role = '{role}' ORDER BY a.name))"
    )


def _holders(record: str) -> str:
    """Who makes the claims on a record: names, or the publisher where the publication speaks for itself."""
    return (
        "(SELECT group_concat(holder, '; ') FROM (SELECT DISTINCT coalesce(a.name, s.publisher, s.source_id) AS holder"
        " FROM claims c JOIN sources s ON s.source_id = c.source_id LEFT JOIN actors a ON a.actor_id = c.holder_id"
        f" WHERE c.record_id = {record} ORDER BY holder))"
    )


VIEWS = (
    View(
        "terms_named",
        "Terms with the names of deal, giver, receiver, commodity and place, and the holders of the claims on each.",
        f"""
SELECT t.*, d.title AS deal_title, g.name AS giver_name, r.name AS receiver_name,
  k.name AS commodity_name, p.name AS place_name,
  {_holders("t.term_id")} AS holders
FROM terms t
JOIN deals d ON d.deal_id = t.deal_id
LEFT JOIN actors g ON g.actor_id = t.giver_id
LEFT JOIN actors r ON r.actor_id = t.receiver_id
LEFT JOIN commodities k ON k.commodity_id = t.commodity_id
LEFT JOIN places p ON p.place_id = t.place_id""",
    ),
    View(
        "relations_named",
        "Relations with the names of subject, object, commodity and place, and the holders of the claims on each.",
        f"""
SELECT r.*, coalesce(sa.name, sd.title) AS subject_name, coalesce(oa.name, op.name, od.title) AS object_name,
  k.name AS commodity_name, p.name AS place_name,
  {_holders("r.relation_id")} AS holders
FROM relations r
LEFT JOIN actors sa ON sa.actor_id = r.subject_id
LEFT JOIN deals sd ON sd.deal_id = r.subject_id
LEFT JOIN actors oa ON oa.actor_id = r.object_id
LEFT JOIN places op ON op.place_id = r.object_id
LEFT JOIN deals od ON od.deal_id = r.object_id
LEFT JOIN commodities k ON k.commodity_id = r.commodity_id
LEFT JOIN places p ON p.place_id = r.place_id""",
    ),
    View(
        "claims_named",
        "Claims with the holder's name (the publisher's where the publication speaks for itself), the publication, "
        "and the table, status and a short wording of what is claimed.",
        """
SELECT c.*, coalesce(h.name, s.publisher) AS holder_name, s.publisher, s.title AS source_title, s.published, s.url,
  x.record_table, x.status, x.proposition
FROM claims c
JOIN sources s ON s.source_id = c.source_id
LEFT JOIN actors h ON h.actor_id = c.holder_id
LEFT JOIN (
  SELECT deal_id AS record_id, 'deals' AS record_table, status,
    deal_type || coalesce(': ' || title, '') AS proposition FROM deals
  UNION ALL
  SELECT term_id, 'terms', status, coalesce(giver_name, '?') || ' ' || act || ' ' || term_type || ' to '
    || coalesce(receiver_name, '?') || coalesce(': ' || commodity_name, '') FROM terms_named
  UNION ALL
  SELECT event_id, 'events', status, coalesce(actors, '?') || ' ' || event_type || coalesce(' ' || recipients, '')
    FROM events_flat
  UNION ALL
  SELECT figure_id, 'figures', status, measure || ' ' || bound
    || coalesce(' ' || printf('%.15g', coalesce(value, low, high)), '') || coalesce(' ' || unit, '') FROM figures
  UNION ALL
  SELECT relation_id, 'relations', status, coalesce(subject_name, subject_id) || ' ' || predicate
    || coalesce(' ' || object_name, '') || coalesce(': ' || commodity_name, '') FROM relations_named
) x ON x.record_id = c.record_id""",
    ),
    View(
        "events_flat",
        "Events in one row each: participants by role, place with coordinates, year (null unless one), the precision "
        "of the date on UCDP's scale (1 day, 2 up to 6 days, 3 week, 4 month, 5 year) and deaths. Deaths are those "
        "of figures about the event that somebody reports as actual: the lowest lower and highest upper bound (null "
        "where one is open), and a value only where all figures give the same one.",
        f"""
SELECT e.*, {_joined_names("e.event_id", "actor")} AS actors,
  {_joined_names("e.event_id", "recipient")} AS recipients,
  {_joined_names("e.event_id", "victim")} AS victims,
  {_joined_names("e.event_id", "mediator")} AS mediators,
  p.name AS place_name, p.country, p.latitude, p.longitude,
  CASE WHEN substr(e.date_earliest, 1, 4) = substr(e.date_latest, 1, 4)
    THEN CAST(substr(e.date_earliest, 1, 4) AS INTEGER) END AS year,
  CASE
    WHEN julianday(e.date_latest) - julianday(e.date_earliest) < 1 THEN 1
    WHEN julianday(e.date_latest) - julianday(e.date_earliest) < 6 THEN 2
    WHEN julianday(e.date_latest) - julianday(e.date_earliest) < 7 THEN 3
    WHEN julianday(e.date_latest) - julianday(e.date_earliest) < 31 THEN 4
    WHEN julianday(e.date_latest) - julianday(e.date_earliest) < 366 THEN 5
  END AS date_precision,
  f.deaths_low, f.deaths_value, f.deaths_high
FROM events e
LEFT JOIN places p ON p.place_id = e.place_id
LEFT JOIN (
  SELECT about_id,
    CASE WHEN count(low) = count(*) THEN min(low) END AS deaths_low,
    CASE WHEN count(value) = count(*) AND min(value) = max(value) THEN min(value) END AS deaths_value,
    CASE WHEN count(high) = count(*) THEN max(high) END AS deaths_high
  FROM figures WHERE measure = 'deaths' AND realis = 'actual' GROUP BY about_id
) f ON f.about_id = e.event_id""",
    ),
    View(
        "deal_context",
        "Events and figures that stand in the documents that tell a deal or one of its terms: named in one document, "
        "which says nothing about cause.",
        """
SELECT DISTINCT d.deal_id, d.title AS deal_title, x.source_id, x.record_table, x.record_id, x.record_type, x.told_of,
  p.name AS place_name, x.value, x.low, x.high, x.unit, x.status
FROM deals d
JOIN (
  SELECT record_id AS deal_id, source_id FROM claims
  UNION
  SELECT t.deal_id, c.source_id FROM claims c JOIN terms t ON t.term_id = c.record_id
) told ON told.deal_id = d.deal_id
JOIN (
  SELECT c.source_id, 'events' AS record_table, e.event_id AS record_id, e.event_type AS record_type,
    e.date AS told_of, e.place_id, NULL AS value, NULL AS low, NULL AS high, NULL AS unit, e.status
  FROM claims c JOIN events e ON e.event_id = c.record_id
  UNION
  SELECT c.source_id, 'figures', g.figure_id, g.measure, g.period, g.place_id, g.value, g.low, g.high, g.unit, g.status
  FROM claims c JOIN figures g ON g.figure_id = c.record_id
) x ON x.source_id = told.source_id
LEFT JOIN places p ON p.place_id = x.place_id""",
    ),
    View(
        "events_material",
        f"`events_flat` without talk: leaves out the types {', '.join(TALK)}. Requests and promises inside a bargain "
        "are terms and claims too; count them there.",
        f"""
SELECT * FROM events_flat WHERE event_type NOT IN ({", ".join(f"'{code}'" for code in TALK)})""",
    ),
)
"""Every view. SQLite resolves the names in a view when it is read, so their order does not matter."""


def views_sql() -> str:
    """The text of `views.sql`."""
    head = "-- Views over the tables of rsb.sqlite, where they are built in. SQLite's dialect.\n"
    # The description stands inside the statement, so that SQLite keeps it.
    body = "".join(
        f"\nCREATE VIEW {view.name} AS -- {view.description.replace('`', '')}{view.query};\n" for view in VIEWS
    )
    return head + body
