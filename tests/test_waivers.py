from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline import contract, validate
from pipeline.codes import Codes
from pipeline.errors import RsbError
from pipeline.issues import Outcome, as_github, as_json, as_junit, as_table, as_text, summary
from pipeline.rules import Context
from pipeline.waivers import Waiver, load_waivers, waivers_among

Data = dict[str, pa.Table]
REASON = "The announcement names no other party."


@pytest.fixture
def one_party(tables: Data) -> tuple[Data, str]:
    """The tiny dataset with a deal of one party only, and that deal's id."""
    kept = [row for row in tables["participants"].to_pylist() if row["actor_id"] != "USA" or row["role"] != "party"]
    (deal,) = tables["deals"]["deal_id"].to_pylist()
    return {**tables, "participants": contract.to_arrow("participants", kept)}, deal


@pytest.fixture
def check(one_party: tuple[Data, str], codes: Codes, texts: dict[str, str]) -> Callable[..., Outcome]:
    def run(*waivers: Waiver, version: str = "0.1.0", **told: Any) -> Outcome:
        context = Context(codes, texts=texts, waivers=waivers, version=version, **told)
        return validate.check(one_party[0], context)

    return run


def waiver(key: str, **told: Any) -> Waiver:
    return Waiver(
        **{"rule_id": "deal:other-party", "key": key, "reason": REASON, "expires": "0.2.0", "line": 2, **told}
    )


def test_a_waived_finding_is_neither_counted_nor_lost(
    check: Callable[..., Outcome], one_party: tuple[Data, str]
) -> None:
    assert check().counts["deal:other-party"] == 1
    outcome = check(waiver(one_party[1]))
    assert "deal:other-party" not in outcome.counts
    assert outcome.count("warning") == 0
    assert summary(outcome)["waived"] == 1
    (row,) = [row for row in as_table(outcome).to_pylist() if row["severity"] == "waived"]
    assert (row["rule_id"], row["key"]) == ("deal:other-party", one_party[1])
    assert REASON in row["message"]
    assert "Waived (1):" in as_text(outcome)
    assert REASON in as_json(outcome)
    assert REASON not in as_github(outcome) + as_junit(outcome)


def test_a_waiver_lets_errors_pass_too(check: Callable[..., Outcome], one_party: tuple[Data, str]) -> None:
    params = {"max_warnings": 0}
    assert check(params=params).counts["warnings:max"] == 1
    assert "warnings:max" not in check(waiver(one_party[1]), params=params).counts


@pytest.mark.parametrize(("version", "passes"), [("0.1.9", True), ("0.2.0", False), ("2027.1.0", False)])
def test_a_waiver_ends_with_the_version_at_which_it_expires(
    check: Callable[..., Outcome], one_party: tuple[Data, str], version: str, passes: bool
) -> None:
    outcome = check(waiver(one_party[1]), version=version)
    assert ("deal:other-party" not in outcome.counts) is passes
    assert ("waiver:expired" not in outcome.counts) is passes


@pytest.mark.parametrize(
    ("told", "needed"),
    [({}, True), ({"column": "role:COD"}, True), ({"column": "title"}, False), ({"rule_id": "deal:parties"}, False)],
)
def test_a_waiver_that_matches_nothing_is_an_error(
    check: Callable[..., Outcome], one_party: tuple[Data, str], told: dict[str, str], needed: bool
) -> None:
    outcome = check(waiver(one_party[1], **told))
    assert ("waiver:needed" not in outcome.counts) is needed
    assert ("deal:other-party" not in outcome.counts) is needed


def test_a_waiver_of_a_rule_that_cannot_run_here_is_not_called_idle(check: Callable[..., Outcome]) -> None:
    outcome = check(waiver("x", rule_id="evidence:grounded"))
    assert "evidence:grounded" in outcome.not_checked
    assert "waiver:needed" not in outcome.counts


def test_what_a_release_waived_is_let_pass_when_it_is_verified(
    check: Callable[..., Outcome], one_party: tuple[Data, str]
) -> None:
    told = waivers_among(as_table(check(waiver(one_party[1]))))
    outcome = check(*told)
    assert "deal:other-party" not in outcome.counts
    assert "waiver:needed" not in outcome.counts
    assert len(outcome.waived) == 1
    assert waivers_among(as_table(check())) == ()


def test_entries_are_read_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    assert load_waivers(path, validate.waivable()) == ()
    path.write_text("# nothing yet\n[]\n")
    assert load_waivers(path, validate.waivable()) == ()
    path.write_text(
        "# one\n- rule: deal:other-party\n  key: dl-1\n  column: role:COD\n  reason: So it is.\n  expires: 2027.1.0\n"
    )
    (read,) = load_waivers(path, validate.waivable())
    assert read == Waiver("deal:other-party", "dl-1", "So it is.", "role:COD", "2027.1.0", 2)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- {rule: 'deal:other-party', key: k, reason: r}", r"waivers\.yaml:1: a waiver lacks expires"),
        ("- {rule: 'deal:other-party', key: k, expires: 1.0.0}", "lacks reason"),
        ("- {rule: 'deal:nothing', key: k, reason: r, expires: 1.0.0}", "no rule that can be waived"),
        ("- {rule: 'structure:null', key: k, reason: r, expires: 1.0.0}", "no rule that can be waived"),
        ("- {rule: 'waiver:needed', key: k, reason: r, expires: 1.0.0}", "no rule that can be waived"),
        ("- {rule: 'deal:other-party', key: k, reason: r, expires: 2027-01-01}", "is no version"),
        ("- {rule: 'deal:other-party', key: k, reason: r, expires: 1.0.0, until: x}", "has no until"),
        ("rule: x", "must be a list"),
    ],
)
def test_a_malformed_entry_is_told_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_text(text + "\n")
    with pytest.raises(RsbError, match=problem):
        load_waivers(path, validate.waivable())
