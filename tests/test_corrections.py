from pathlib import Path
from typing import Any

import pytest
from tiny import CODES, TEXTS, basis, offer, read_registry, seed_proposals

from pipeline.assemble import Rows, assemble_rows
from pipeline.corrections import Correction, load_corrections
from pipeline.errors import RsbError
from pipeline.proposals import Proposals

TERM = "- {source: seed, table: terms, match: {giver_id: COD}, reason: read again, "


def load(tmp_path: Path, text: str) -> list[Correction]:
    folder = tmp_path / "corrections"
    folder.mkdir(exist_ok=True)
    (folder / "fixes.yaml").write_text(text, encoding="utf-8")
    return load_corrections(folder, TEXTS, read_registry(tmp_path), CODES)


def corrected(tmp_path: Path, text: str, proposals: Proposals | None = None) -> Rows:
    entries = load(tmp_path, text)
    return assemble_rows([proposals or seed_proposals()], basis(read_registry(tmp_path)), entries)


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(RsbError) as error:
        corrected(tmp_path, text)
    return str(error.value)


def term(rows: Rows) -> dict[str, Any]:
    (row,) = rows["terms"]
    return row


def test_a_cell_is_set_with_its_quote_and_the_row_marked(tmp_path: Path) -> None:
    plain = term(assemble_rows([seed_proposals()], basis(read_registry(tmp_path))))
    text = TERM + "set: {act: request}, expect: {act: offer}, quotes: {act: asked for}, reviewed_by: reader 1}"
    rows = corrected(tmp_path, text)
    row = term(rows)
    assert (row["act"], row["review"], row["reviewed_by"]) == ("request", "corrected", "reader 1")
    assert row["term_id"] != plain["term_id"]
    told = [e["quote"] for e in rows["evidence"] if e["record_id"] == row["term_id"] and e["column_name"] == "act"]
    assert told == ["asked for"]


def test_a_new_cell_without_a_quote_is_inferred_from_the_whole(tmp_path: Path) -> None:
    rows = corrected(tmp_path, TERM + "set: {place_id: cod-goma}}")
    (told,) = [e for e in rows["evidence"] if e["column_name"] == "place_id" and e["record_id"].startswith("tm-")]
    assert told["is_inferred"]
    assert told["quote"] == "Congo offered the United States cobalt"


def test_a_cell_is_emptied_with_its_evidence(tmp_path: Path) -> None:
    rows = corrected(tmp_path, TERM + "set: {commodity_id: null}}")
    assert term(rows)["commodity_id"] is None
    assert not [e for e in rows["evidence"] if e["column_name"] == "commodity_id"]


def test_roles_are_set_as_a_whole(tmp_path: Path) -> None:
    text = """- source: seed
  table: deals
  match: {party: [USA, COD]}
  set: {party: [COD, RWA]}
  quotes: {'role:RWA': Rwanda}
  reason: read again
"""
    rows = corrected(tmp_path, text)
    deal = rows["deals"][0]["deal_id"]
    assert [p["actor_id"] for p in rows["participants"] if p["record_id"] == deal] == ["COD", "RWA"]
    assert not [e for e in rows["evidence"] if e["record_id"] == deal and e["column_name"] == "role:USA"]


def test_a_dropped_record_takes_with_it_what_is_nothing_without_it(tmp_path: Path) -> None:
    proposals = seed_proposals()
    event = next(r for r in proposals.records if r.table == "events")
    event.values["deal_id"] = "#d"
    text = "- {source: seed, table: deals, match: {quote: offered}, drop: true, reason: no deal}"
    rows = corrected(tmp_path, text, proposals)
    assert (rows["deals"], rows["terms"]) == ([], [])
    assert [row["deal_id"] for row in rows["events"]] == [None]
    assert len(rows["claims"]) == 1


def test_a_deal_is_linked_to_the_registry(tmp_path: Path) -> None:
    rows = corrected(tmp_path, "- {source: seed, table: deals, match: {stage: offered}, deal: kivu-pact, reason: same}")
    assert rows["deals"][0]["deal_id"] == term(rows)["deal_id"] == "kivu-pact"
    assert rows["deals"][0]["review"] == "corrected"


def test_a_record_read_against_its_source_is_accepted(tmp_path: Path) -> None:
    row = term(corrected(tmp_path, TERM + "accept: true, reviewed_by: reader 1}"))
    assert (row["review"], row["reviewed_by"]) == ("accepted", "reader 1")


def test_corrections_apply_one_after_the_other_and_the_stronger_review_stays(tmp_path: Path) -> None:
    row = term(corrected(tmp_path, TERM + "set: {act: request}}\n" + TERM + "accept: true}"))
    assert (row["act"], row["review"]) == ("request", "corrected")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (TERM.replace("COD", "RWA") + "accept: true}", "matches nothing"),
        (TERM + "set: {act: request}, expect: {act: promise}}", "act is offer, not promise as expected"),
        (TERM + "set: {act: offer}}", "changes nothing any more"),
        (TERM + "set: {act: ask}}", "“ask” is no code of term_act"),
        (TERM + "set: {akt: offer}}", "the cells has no akt"),
        (TERM + "set: {giver_id: nobody}}", "nobody is unknown"),
        (TERM + "set: {act: request}, quotes: {act: begged}}", "“begged” is not in the text"),
        (TERM + "set: {act: request}, quotes: {date: asked}}", "is quoted but not set"),
        (TERM + "set: {act: request}, drop: true}", "one of set, drop, deal, accept is due"),
        (TERM + "drop: yes}", "drop is true or not there"),
        (TERM + "deal: kivu-pact}", "only deals are linked"),
        (TERM.replace("reason: read again, ", "") + "drop: true}", "lacks reason"),
        (TERM.replace("seed", "gone") + "drop: true}", "there is no document gone"),
        (TERM.replace("terms", "evidence") + "drop: true}", "records of evidence cannot be corrected"),
    ],
)
def test_an_entry_that_is_wrong_or_no_longer_needed_is_told_with_its_line(
    tmp_path: Path, entry: str, told: str
) -> None:
    message = refused(tmp_path, "# fixes\n" + entry)
    assert "fixes.yaml:2" in message
    assert told in message


def test_a_correction_of_what_is_set_aside_is_no_longer_needed(tmp_path: Path) -> None:
    ground, entries = basis(read_registry(tmp_path)), load(tmp_path, TERM + "drop: true}")
    with pytest.raises(RsbError, match="seed is completely coded"):
        assemble_rows([seed_proposals(), Proposals("seed", [], complete=True)], ground, entries)
    own = Proposals("seed", offer("seed", "coded"), complete=True)
    assert assemble_rows([seed_proposals(), own], ground, entries)["terms"] == []


def test_a_folder_without_corrections_changes_nothing(tmp_path: Path) -> None:
    assert load_corrections(tmp_path / "none", TEXTS, read_registry(tmp_path), CODES) == []
