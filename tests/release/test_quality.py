from dataclasses import replace
from typing import Any

from pipeline.audit import Verdict
from pipeline.release.contents import Contents
from pipeline.release.documents import readme
from pipeline.release.quality import section


def verdict(record: str, judged: str, version: str = "0.1.0") -> Verdict:
    return Verdict(version, "seed", "terms", record, judged, "", "seen", "machine auditor")


def part(n_gold: int, n_system: int, n_matched: int, **told: Any) -> dict[str, Any]:
    counts = {"n_gold": n_gold, "n_system": n_system, "n_matched": n_matched, "f1": 0.5}
    return {"n_documents": 3, "note": "Machines.", "tables": {"terms": {"strict": counts, "lenient": counts}}, **told}


def test_without_audit_and_gold_the_readme_says_so(contents: Contents) -> None:
    told = readme(contents)
    assert "No audit was made of this release." in told
    assert "There is no gold to measure recall against." in told


def test_an_audit_is_told_with_n_errors_and_interval(contents: Contents) -> None:
    audit = [verdict(f"tm-{number}", "right") for number in range(9)]
    audit += [verdict("tm-a", "wrong"), verdict("tm-b", "unsure")]
    told = readme(replace(contents, audit=audit))
    assert "| `terms` | 10 | 1 | 1 | 90.0 % (59.6–98.2) |" in told
    assert "| all, as drawn | 10 | 1 | 1 | 90.0 % (59.6–98.2) |" in told
    assert "| all, each table by its size | 10 | 1 | 1 | 90.0 % (59.6–98.2) |" in told
    assert "Of 0.1.0, by machine auditor:" in told


def test_the_last_audit_is_told_by_table_and_every_audit_in_a_line() -> None:
    earlier = [verdict("tm-a", "wrong", "10, first"), verdict("tm-b", "right", "10, first")]
    told = section([*earlier, verdict("tm-a", "right", "9, last")], None, {"terms": 5})
    assert "Of 9, last, by machine auditor:" in told
    assert "Of 10, first" not in told
    lines = [line for line in told.splitlines() if line.startswith(("| 9,", "| 10,"))]
    assert [line.split(" | ")[:3] for line in lines] == [["| 10, first", "2", "1"], ["| 9, last", "1", "0"]]


def test_coded_records_and_what_the_extractor_proposes_are_told_apart() -> None:
    stance = {"certainty": {"n_claims": 7, "alpha": 0.812}, "act": {"n_claims": 7, "alpha": None}}
    repeat = part(4, 5, 3, stance=stance)
    told = section([], {**part(20, 10, 5), "coded": part(10, 8, 8), "repeat_coding": repeat}, {})
    assert "Coded records, on gold documents that have them (3):" in told
    assert "| `terms` | 10 | 2 | 80.0 % (49.0–94.3) | 8 | 0 | 100.0 % (67.6–100.0) |" in told
    assert "| `terms` | 20 | 15 | 25.0 % (11.2–46.9) | 10 | 5 | 50.0 % (23.7–76.3) |" in told
    assert "certainty 0.81 (n = 7), act – (n = 7)" in told
    assert "| `terms` | 4 | 5 | 0.50 | 0.50 |" in told


def test_parts_without_documents_are_told_as_absent() -> None:
    told = section([], {**part(20, 10, 5), "coded": None, "repeat_coding": None}, {})
    assert told.count("there are none.") == 1
    assert "No document was annotated twice." in told
