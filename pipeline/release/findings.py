"""What the data say: questions, each with a query on `rsb.sqlite`, a picture, and a sentence on its numbers.

Everything is read from the built database, so that a reader who repeats the query sees the same. Nothing here
estimates beyond the documents: they are a selection, and a count of what they tell is no count of the world.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.audit import Score
from pipeline.release import plots
from pipeline.release.quality import interval

Row = Mapping[str, Any]

MOST_ROWS = 15
"""Most rows of a picture; its query gives them all."""

MOST_YEARS = 19
"""Most years, but for the last, that have a column each; earlier ones share the column before."""

STAGES = {
    "sought/offered": ("sought", "offered"),
    "negotiating": ("negotiating",),
    "agreed in principle": ("agreed_in_principle",),
    "signed/in force": ("signed", "ratified", "in_force"),
    "ended": ("suspended", "terminated"),
    "refused": ("refused",),
    "not told": (None,),
}
"""How the pictures group the codes of `stage`."""
_STAGE_COLOURS = dict(
    zip(STAGES, (plots.SKY, plots.YELLOW, plots.ORANGE, plots.GREEN, plots.BLUE, plots.RED, plots.GREY), strict=True)
)
_REACHED = ("agreed in principle", "signed/in force", "ended")
_NOT_NAMED = "not named"
_OPEN = ("at_least", "more_than", "vague")


@dataclass(frozen=True, slots=True)
class Finding:
    """A question: its picture is `figures/<name>.svg`, `caption` says what is counted, `tell` what came out."""

    name: str
    title: str
    caption: str
    query: str
    draw: Callable[[str, Sequence[Row]], str]
    tell: Callable[[Sequence[Row]], str]


@dataclass(frozen=True, slots=True)
class Found:
    """A finding with its rows."""

    finding: Finding
    rows: list[dict[str, Any]]

    @property
    def path(self) -> str:
        """Where its picture lies in the release."""
        return f"figures/{self.finding.name}.svg"

    def picture(self) -> str:
        """The picture as SVG."""
        return self.finding.draw(self.finding.title, self.rows)


def find(database: Path) -> list[Found]:
    """Ask all questions of a release's `rsb.sqlite`."""
    connection = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)
    try:
        connection.row_factory = sqlite3.Row
        return [Found(one, [dict(row) for row in connection.execute(one.query)]) for one in FINDINGS]
    finally:
        connection.close()


def section(found: Sequence[Found]) -> str:
    """The findings as a section of the README; what no row tells has no picture."""
    several = {name: stages for name, stages in STAGES.items() if len(stages) > 1}
    groups = "; ".join(f"{name} is {', '.join(str(stage) for stage in stages)}" for name, stages in several.items())
    return "\n".join([_HEAD.format(groups=groups, most=MOST_ROWS), *(_told(one) for one in found)])


_HEAD = """## Findings

What these documents tell, counted. They are a selection, so that nothing here says how many bargains there are in the
world, and small numbers carry little. Denied bargains are left out. Below each picture stands the query on `rsb.sqlite`
that gives its numbers; a picture shows no more than its {most} largest rows. Stages are grouped: {groups}.
"""


def _told(found: Found) -> str:
    one = found.finding
    picture = f"![{one.title}]({found.path})\n\n{one.tell(found.rows)}" if found.rows else "No row tells of it."
    return f"### {one.title}\n\n{one.caption}\n\n{picture}\n\n```sql\n{one.query.strip()}\n```\n"


# --- pictures -------------------------------------------------------------------------------------------------------


def _by_stage(rows: Sequence[Row], key: str) -> dict[str, dict[str, int]]:
    """label → group of stages → bargains; labels in the order of the rows."""
    group_of = {stage: group for group, stages in STAGES.items() for stage in stages}
    counted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        counted[str(row[key])][group_of[row["stage"]]] += row["bargains"]
    return counted


def _largest(counted: Mapping[str, Mapping[str, int]]) -> list[tuple[str, Mapping[str, int]]]:
    return sorted(counted.items(), key=lambda item: (-sum(item[1].values()), item[0]))[:MOST_ROWS]


def _draw_stages(key: str) -> Callable[[str, Sequence[Row]], str]:
    def draw(title: str, rows: Sequence[Row]) -> str:
        return plots.bars(title, "number of bargains", _largest(_by_stage(rows, key)), _STAGE_COLOURS)

    return draw


def _draw_years(title: str, rows: Sequence[Row]) -> str:
    known = [row for row in rows if row["year"]]
    years = [int(row["year"]) for row in known] or [0]
    first = max(min(years), max(years) - MOST_YEARS)
    label = {year: f"{'≤' if year == first > min(years) else ''}{year}" for year in range(first, max(years) + 1)}
    counted = _by_stage([{**row, "label": label[max(int(row["year"]), first)]} for row in known], "label")
    shown = [(name, counted.get(name, {})) for name in label.values()]
    return plots.columns(title, "number of bargains", shown, _STAGE_COLOURS)


def _draw_exchange(title: str, rows: Sequence[Row]) -> str:
    cells = {(row["commodity"], row["security"].replace("_", " ")): row["bargains"] for row in rows}
    total: dict[str, int] = defaultdict(int)
    for (commodity, _), count in cells.items():
        total[commodity] += count
    shown = sorted(total, key=lambda name: (name == _NOT_NAMED, -total[name], name))
    shown = shown[: MOST_ROWS - 1] + shown[MOST_ROWS - 1 :][-1:]  # what is not named comes last, and is never cut
    across = sorted({security for _, security in cells})
    every = {(one, other): cells.get((one, other), 0) for one in shown for other in across}
    return plots.matrix(title, "number of bargains with both", every)


def _draw_ranges(axis: str) -> Callable[[str, Sequence[Row]], str]:
    def draw(title: str, rows: Sequence[Row]) -> str:
        shown = [
            plots.Range(row["bargain"], row["lower"], row["best"], row["upper"], row["bound"] in _OPEN)
            for row in rows[:MOST_ROWS]
        ]
        return plots.ranges(title, axis, shown)

    return draw


def _draw_claims(title: str, rows: Sequence[Row]) -> str:
    shown = [
        (row["proposition"].replace("_", " "), {"for": row["n_for"], "against": row["n_against"]})
        for row in rows[:MOST_ROWS]
    ]
    return plots.bars(title, "number of claims", shown, {"for": plots.BLUE, "against": plots.RED}, left=420)


# --- sentences ------------------------------------------------------------------------------------------------------


def _tell_providers(rows: Sequence[Row]) -> str:
    counted = _by_stage(rows, "provider")
    named = ", ".join(f"{label} ({sum(groups.values())})" for label, groups in _largest(counted)[:3])
    return f"{len(counted)} providers of security are named. In most bargains: {named}."


def _tell_years(rows: Sequence[Row]) -> str:
    total, dated = (sum(row["bargains"] for row in some) for some in (rows, [row for row in rows if row["year"]]))
    return f"Of {total} bargains, {dated} have a year; the others are in no column."


def _tell_exchange(rows: Sequence[Row]) -> str:
    pairs = [row for row in rows if row["commodity"] != _NOT_NAMED]
    top = sorted(pairs, key=lambda row: (-row["bargains"], row["commodity"], row["security"]))[:3]
    named = "; ".join(f"{row['commodity']} and {row['security'].replace('_', ' ')} ({row['bargains']})" for row in top)
    once = sum(row["bargains"] == 1 for row in pairs)
    most = f" Most often: {named}." if named else ""
    return f"{len(pairs)} pairs with a named commodity occur, {once} of them in a single bargain.{most}"


def _tell_outcomes(rows: Sequence[Row]) -> str:
    counted = _by_stage(rows, "type").values()
    total = sum(sum(groups.values()) for groups in counted)
    reached = sum(groups.get(group, 0) for groups in counted for group in _REACHED)
    told = interval(Score(total, reached))
    return (
        f"Of {total} bargains that somebody asked for or offered, {reached} were agreed at least in principle: {told}."
    )


def _tell_ranges(rows: Sequence[Row]) -> str:
    lacking = sum(row["upper"] is None for row in rows)
    return f"{len(rows)} bargains stand in a document with such a figure; {lacking} of the figures have no upper bound."


def _tell_claims(rows: Sequence[Row]) -> str:
    several = sum(row["origins"] > 1 for row in rows)
    return f"{len(rows)} propositions have claims for and against them, {several} of them from two origins or more."


# --- the questions --------------------------------------------------------------------------------------------------

_DEATHS, _DISPLACED = ("'deaths'", "'displaced', 'refugees'")


def _range_query(measures: str) -> str:
    return f"""
WITH around AS (
  SELECT DISTINCT c.deal_id, c.deal_title, f.figure_id, f.bound,
    f.low AS lower, f.value AS best, f.high AS upper
  FROM deal_context c
  JOIN figures f ON f.figure_id = c.record_id
  WHERE f.measure IN ({measures}) AND f.realis = 'actual' AND f.status <> 'denied'
    AND c.deal_id IN (SELECT deal_id FROM terms WHERE side = 'security')
), ranked AS (
  SELECT *, row_number() OVER (
    PARTITION BY deal_id ORDER BY coalesce(best, lower, upper) DESC, figure_id) AS size_rank
  FROM around
)
SELECT deal_title AS bargain, lower, best, upper, bound, figure_id
FROM ranked WHERE size_rank = 1
ORDER BY coalesce(best, lower, upper) DESC, deal_title, deal_id"""


FINDINGS = (
    Finding(
        "providers",
        "Bargains by provider of security, and how far they got",
        "A bargain counts for each actor that gives, would give or refuses a security term in it; a base is given by "
        "its host. A body counts for the one that it belongs to, as `actors.parent_id` has it.",
        """
WITH RECURSIVE above(actor_id, top_id, height) AS (
  SELECT actor_id, actor_id, 0 FROM actors
  UNION ALL
  SELECT b.actor_id, a.parent_id, b.height + 1 FROM above b JOIN actors a ON a.actor_id = b.top_id
  WHERE a.parent_id IS NOT NULL AND b.height < 9
), belongs AS (
  SELECT actor_id, top_id, max(height) FROM above GROUP BY actor_id
)
SELECT a.name AS provider, d.stage, count(DISTINCT d.deal_id) AS bargains
FROM deals d
JOIN terms t ON t.deal_id = d.deal_id AND t.side = 'security'
JOIN belongs b ON b.actor_id = t.giver_id
JOIN actors a ON a.actor_id = b.top_id
WHERE d.status <> 'denied'
GROUP BY a.actor_id, d.stage
ORDER BY provider, d.stage""",
        _draw_stages("provider"),
        _tell_providers,
    ),
    Finding(
        "years",
        "Bargains by year and stage",
        "The year is that of opening or signature, else that of the stage, else that of the first dated text. The "
        "stage is the last that a text tells, which may have come later.",
        """
WITH dated AS (
  SELECT deal_id, stage, coalesce(
    CASE WHEN opened GLOB '[0-9][0-9][0-9][0-9]*' THEN opened END,
    CASE WHEN signed GLOB '[0-9][0-9][0-9][0-9]*' THEN signed END,
    CASE WHEN stage_date GLOB '[0-9][0-9][0-9][0-9]*' THEN stage_date END,
    first_said) AS known
  FROM deals WHERE status <> 'denied'
)
SELECT substr(known, 1, 4) AS year, stage, count(*) AS bargains
FROM dated GROUP BY year, stage ORDER BY year, stage""",
        _draw_years,
        _tell_years,
    ),
    Finding(
        "exchange",
        "Which commodities stand against which security",
        "Bargains in which one side gives the commodity and another the security. Terms that were refused or taken "
        "back are left out; a commodity may be a group (“minerals”) where the texts name nothing narrower.",
        """
SELECT coalesce(k.name, 'not named') AS commodity, s.term_type AS security, count(DISTINCT r.deal_id) AS bargains
FROM terms r
JOIN terms s ON s.deal_id = r.deal_id AND s.side = 'security'
LEFT JOIN commodities k ON k.commodity_id = r.commodity_id
WHERE r.side = 'resource' AND r.giver_id <> s.giver_id
  AND r.act NOT IN ('refuse', 'withdraw') AND s.act NOT IN ('refuse', 'withdraw')
  AND r.status <> 'denied' AND s.status <> 'denied'
GROUP BY commodity, security ORDER BY commodity, security""",
        _draw_exchange,
        _tell_exchange,
    ),
    Finding(
        "outcomes",
        "How far bargains got that somebody asked for or offered",
        "Bargains with a stage or a term that tells of asking or offering, by type. A bargain whose texts tell of "
        "its signature alone is not among them, so this is no rate of success. Ended ones had been agreed.",
        """
SELECT replace(deal_type, '_', ' ') AS type, stage, count(*) AS bargains
FROM deals
WHERE status <> 'denied' AND (stage IN ('sought', 'offered') OR deal_id IN (
  SELECT deal_id FROM terms WHERE act IN ('request', 'offer')))
GROUP BY type, stage ORDER BY type, stage""",
        _draw_stages("type"),
        _tell_outcomes,
    ),
    Finding(
        "deaths",
        "Deaths reported in the documents that tell a bargain",
        "For each bargain with a security term the largest figure of deaths that one of its documents reports: named "
        "in one document, which says nothing about cause. One figure may stand in several rows, and rows do not add up.",
        _range_query(_DEATHS),
        _draw_ranges("deaths (logarithmic)"),
        _tell_ranges,
    ),
    Finding(
        "displaced",
        "Displacement reported in the documents that tell a bargain",
        "As for deaths: the largest figure of displaced people or refugees.",
        _range_query(_DISPLACED),
        _draw_ranges("displaced people and refugees (logarithmic)"),
        _tell_ranges,
    ),
    Finding(
        "contested",
        "The most contested claims",
        "Propositions with claims for and against, those with most claims on their weaker side before others. A "
        "denial is somebody's word, as the claim is.",
        """
SELECT c.record_id, c.proposition, sum(c.polarity = 'pos') AS n_for, sum(c.polarity = 'neg') AS n_against,
  count(DISTINCT coalesce(s.origin, s.source_id)) AS origins
FROM claims_named c JOIN sources s ON s.source_id = c.source_id
WHERE c.status = 'contested'
GROUP BY c.record_id, c.proposition
ORDER BY min(sum(c.polarity = 'pos'), sum(c.polarity = 'neg')) DESC, count(*) DESC, c.proposition, c.record_id""",
        _draw_claims,
        _tell_claims,
    ),
)
