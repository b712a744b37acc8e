import re
import sqlite3
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pipeline.release import plots, save
from pipeline.release.contents import Contents
from pipeline.release.findings import FINDINGS, Found, find, section

SVG = "{http://www.w3.org/2000/svg}"


def found(name: str, *rows: dict[str, object]) -> Found:
    (finding,) = [one for one in FINDINGS if one.name == name]
    return Found(finding, list(rows))


def words(picture: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def test_every_query_in_the_readme_runs_on_the_released_database(release: Path) -> None:
    readme = (release / "README.md").read_text(encoding="utf-8")
    queries = re.findall(r"```sql\n(.*?)\n```", readme, re.DOTALL)
    assert len(queries) == len(FINDINGS)
    connection = sqlite3.connect(release / "rsb.sqlite")
    for query, one in zip(queries, find(release / "rsb.sqlite"), strict=True):
        assert len(connection.execute(query).fetchall()) == len(one.rows)
    connection.close()


def test_the_readme_shows_a_picture_for_each_question_that_has_an_answer(release: Path) -> None:
    readme = (release / "README.md").read_text(encoding="utf-8")
    shown = {path.name for path in (release / "figures").iterdir()}
    assert shown == set(re.findall(r"!\[[^\]]+\]\(figures/([^)]+)\)", readme))
    assert shown
    assert readme.count("No row tells of it.") == len(FINDINGS) - len(shown)


def test_pictures_have_the_same_bytes_again_and_ask_for_nothing_outside(contents: Contents, tmp_path: Path) -> None:
    for name in ("one", "two"):
        save(tmp_path / name, contents)
    for path in (tmp_path / "one" / "figures").iterdir():
        content = path.read_text(encoding="utf-8")
        assert content == (tmp_path / "two" / "figures" / path.name).read_text(encoding="utf-8")
        root = ElementTree.fromstring(content)
        assert (root.get("width"), root.findtext(f"{SVG}title")) == ("800", words(content)[0])
        assert not re.search(r"href|url\(|@import|<image|<style|<script", content)


def test_a_provider_stands_for_its_bodies_and_denied_bargains_are_left_out(release: Path) -> None:
    connection = sqlite3.connect(release / "rsb.sqlite")
    (giver,) = connection.execute("SELECT giver_id FROM terms WHERE giver_id IS NOT NULL").fetchone()
    connection.execute("UPDATE terms SET side = 'security', giver_id = ?", [giver])
    (owner, name) = connection.execute("SELECT actor_id, name FROM actors WHERE actor_id <> ?", [giver]).fetchone()
    connection.execute("UPDATE actors SET parent_id = NULL")
    connection.execute("UPDATE actors SET parent_id = ? WHERE actor_id = ?", [owner, giver])
    query = FINDINGS[0].query
    assert {row[0] for row in connection.execute(query)} == {name}
    connection.execute("UPDATE deals SET status = 'denied'")
    assert connection.execute(query).fetchall() == []
    connection.close()


def test_early_years_share_a_column_and_unknown_ones_have_none() -> None:
    told = (("1951", 1), ("2006", 2), ("2026", 3), (None, 4))
    rows: list[dict[str, object]] = [{"year": year, "stage": "signed", "bargains": count} for year, count in told]
    assert [word for word in words(found("years", *rows).picture()) if "20" in word and len(word) > 3] == [
        "≤2007",
        *(str(year) for year in range(2008, 2027)),
    ]
    assert found("years", *rows).finding.tell(rows) == "Of 10 bargains, 6 have a year; the others are in no column."


def test_years_without_earlier_ones_are_themselves() -> None:
    assert "2024" in words(found("years", {"year": "2024", "stage": None, "bargains": 1}).picture())


def test_an_outcome_is_told_with_its_interval() -> None:
    rows: list[dict[str, object]] = [
        {"type": "base access", "stage": stage, "bargains": count}
        for stage, count in (("sought", 3), ("terminated", 1), (None, 0))
    ]
    told = found("outcomes", *rows).finding.tell(rows)
    assert (
        told
        == "Of 4 bargains that somebody asked for or offered, 1 were agreed at least in principle: 25.0 % (4.6–69.9)."
    )


def test_a_quantity_without_an_upper_bound_has_an_arrow_and_a_value_a_dot() -> None:
    def drawn(**bounds: float) -> tuple[int, int]:
        low, value, high = (bounds.get(name) for name in ("low", "value", "high"))
        row = plots.Range("war", low, value, high, is_open=high is None)
        root = ElementTree.fromstring(plots.ranges("Deaths", "deaths", [row]))
        return len(root.findall(f"{SVG}path")), len(root.findall(f"{SVG}circle"))

    assert drawn(low=7000, value=7000) == (1, 1)
    assert drawn(low=100) == (1, 0)
    assert drawn(low=10, value=20, high=30) == (0, 1)
    assert drawn() == (0, 0)
    assert drawn(value=0, low=0, high=0) == (0, 0)


def test_long_labels_are_cut_and_marks_of_xml_are_escaped() -> None:
    picture = plots.bars("A & B", "n", [("<" + "x" * 200, {"for": 1})], {"for": plots.BLUE})
    assert any(word.startswith("<xxx") and word.endswith("…") for word in words(picture))


def test_two_propositions_of_one_wording_are_two_rows() -> None:
    row = {"record_id": "rl-1", "proposition": "A supports B", "n_for": 2, "n_against": 1, "origins": 2}
    assert words(found("contested", row, {**row, "record_id": "rl-2"}).picture()).count("A supports B") == 2


@pytest.mark.parametrize("most", [0, 1, 6, 7, 35, 999])
def test_axes_have_few_round_ticks_that_reach_the_largest_number(most: int) -> None:
    ticks = plots.round_ticks(most)
    assert ticks[0] == 0
    assert ticks[-1] >= max(most, 1)
    assert len(ticks) <= 8


def test_a_release_that_tells_nothing_still_lists_its_questions() -> None:
    told = section([replace(found(one.name)) for one in FINDINGS])
    assert told.count("No row tells of it.") == len(FINDINGS)
