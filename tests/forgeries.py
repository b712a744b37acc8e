"""Forgeries: one small lie in the tables of a real release, told with more or less care.

A forgery picks rows at random and changes them. `careful` afterwards makes all else consistent with the lie: every id
is hashed anew and every reference follows, derived days and the standing are recomputed. What is left for a rule to
notice is then the lie itself.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline import contract, edtf
from pipeline.standing import standing_of

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Forge = Callable[[Rows, random.Random, dict[str, str]], bool]
"""Changes the rows in place; False where there is nothing that it could be done to."""


@dataclass(frozen=True, slots=True)
class Forgery:
    """A kind of lie, by the words of its function's docstring."""

    name: str
    forge: Forge

    @property
    def description(self) -> str:
        """What is forged."""
        return " ".join((self.forge.__doc__ or "").split())


FORGERIES: dict[str, Forgery] = {}


def forgery(forge: Forge) -> Forge:
    name = forge.__name__
    FORGERIES[name] = Forgery(name, forge)
    return forge


def rows_of(tables: dict[str, pa.Table]) -> Rows:
    return {table: data.to_pylist() for table, data in tables.items()}


def tables_of(rows: Rows) -> dict[str, pa.Table]:
    return {table: contract.to_arrow(table, some) for table, some in rows.items()}


def pick(rows: list[Row], chance: random.Random, fits: Callable[[Row], bool]) -> Row | None:
    fitting = [row for row in rows if fits(row)]
    return chance.choice(fitting) if fitting else None


def said(rows: Rows, record: str, column: str) -> bool:
    """Whether a cell's evidence says its value, rather than having it concluded."""
    spans = [e for e in rows["evidence"] if e["record_id"] == record and e["column_name"] == column]
    return bool(spans) and not all(span["is_inferred"] for span in spans)


# --- the lies -------------------------------------------------------------------------------------------------------


@forgery
def flip_a_digit(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """A digit of a figure, in all its numbers that are equal."""
    row = pick(rows["figures"], chance, lambda r: bool(r["value"]) and said(rows, r["figure_id"], "value"))
    if not row:
        return False
    digits = list(contract.canonical(row["value"]))
    place = chance.choice([at for at, digit in enumerate(digits) if digit.isdigit()])
    digits[place] = chance.choice([digit for digit in "123456789" if digit != digits[place]])
    new, old = float("".join(digits)), row["value"]
    for column in ("value", "low", "high"):
        row[column] = new if row[column] == old else row[column]
    return True


@forgery
def change_a_unit(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """Another unit, one that fits the measure where there is one."""
    others = {
        "persons": "households",
        "USD": "EUR",
        "EUR": "USD",
        "percent": "persons",
        "a": "mo",
        "t": "kg",
        "km2": "ha",
    }
    row = pick(rows["figures"], chance, lambda r: r["unit"] in others and said(rows, r["figure_id"], "unit"))
    if row:
        row["unit"] = others[row["unit"]]
    return bool(row)


@forgery
def swap_giver_and_receiver(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """Who gives and who gets."""

    def fits(row: Row) -> bool:
        return None not in (row["giver_id"], row["receiver_id"]) and any(
            said(rows, row["term_id"], column) for column in ("giver_id", "receiver_id")
        )

    row = pick(rows["terms"], chance, fits)
    if row:
        row["giver_id"], row["receiver_id"] = row["receiver_id"], row["giver_id"]
    return bool(row)


@forgery
def drop_a_denial(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """A denial, with all its evidence."""
    return drop(rows, chance, lambda claim: claim["act"] == "deny")


@forgery
def drop_a_claim(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """A claim that is not the only one, with all its evidence."""
    held = [claim["record_id"] for claim in rows["claims"]]
    return drop(rows, chance, lambda claim: held.count(claim["record_id"]) > 1)


def drop(rows: Rows, chance: random.Random, fits: Callable[[Row], bool]) -> bool:
    row = pick(rows["claims"], chance, fits)
    if row:
        key = row["claim_id"]
        rows["claims"].remove(row)
        rows["evidence"][:] = [span for span in rows["evidence"] if span["record_id"] != key]
        for claim in rows["claims"]:
            claim["responds_to_id"] = None if claim["responds_to_id"] == key else claim["responds_to_id"]
    return bool(row)


@forgery
def turn_a_denial(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """The polarity of a denial."""
    return turn(pick(rows["claims"], chance, lambda claim: claim["act"] == "deny"))


@forgery
def turn_a_statement(rows: Rows, chance: random.Random, texts: dict[str, str]) -> bool:
    """The polarity of a positive claim, said in a line without any negation."""
    negating = re.compile(r"\b(no|not|never|den|reject|refus|fail|without)|n[’']t", re.IGNORECASE)
    spans: dict[str, list[Row]] = {}
    for span in rows["evidence"]:
        spans.setdefault(span["record_id"], []).append(span)

    def fits(claim: Row) -> bool:
        where = [*spans.get(claim["claim_id"], []), *spans.get(claim["record_id"], [])]
        lines = [line_of(texts[s["source_id"]], s["span_start"]) for s in where if s["source_id"] in texts]
        return claim["polarity"] == "pos" and bool(lines) and not any(negating.search(line) for line in lines)

    return turn(pick(rows["claims"], chance, fits))


def turn(claim: Row | None) -> bool:
    if claim:
        claim["polarity"] = {"pos": "neg", "neg": "pos"}[claim["polarity"]]
    return bool(claim)


def line_of(text: str, place: int) -> str:
    return text[text.rfind("\n", 0, place) + 1 :].partition("\n")[0]


@forgery
def make_a_denial_a_statement(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """A denial becomes a statement of the same."""
    row = pick(rows["claims"], chance, lambda claim: claim["act"] == "deny")
    if row:
        row["act"], row["polarity"] = "state", "pos"
    return bool(row)


@forgery
def move_a_span_by_one(rows: Rows, chance: random.Random, texts: dict[str, str]) -> bool:
    """Both ends of a span, and the quote with them."""
    row = pick(rows["evidence"], chance, lambda span: span["source_id"] in texts)
    if row:
        step = 1 if row["span_end"] < len(texts[row["source_id"]]) else -1
        row["span_start"], row["span_end"] = row["span_start"] + step, row["span_end"] + step
        row["quote"] = texts[row["source_id"]][row["span_start"] : row["span_end"]]
    return bool(row)


@forgery
def orphan_a_key(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """A row that others point to is gone."""
    targets = {claim["record_id"] for claim in rows["claims"]}
    table, column = chance.choice([("events", "event_id"), ("figures", "figure_id"), ("relations", "relation_id")])
    row = pick(rows[table], chance, lambda r: r[column] in targets)
    if row:
        rows[table].remove(row)
    return bool(row)


@forgery
def duplicate_an_id(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """A record stands twice, once with other words."""
    row = pick(rows["events"], chance, lambda _: True)
    if row:
        rows["events"].append({**row, "review": "accepted"})
    return bool(row)


@forgery
def shift_a_date(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """A day, month or year that its quote says, by one."""
    return redate(rows, chance, r"\d", lambda date: re.sub(r"\d(?!.*\d)", lambda d: str((int(d[0]) + 1) % 10), date))


@forgery
def invent_a_year(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """A year where none is told."""
    return redate(rows, chance, "XXXX", lambda date: date.replace("XXXX", "2025"))


def redate(rows: Rows, chance: random.Random, holds: str, change: Callable[[str], str]) -> bool:
    cells = [
        (row, column)
        for table, column in (("events", "date"), ("figures", "period"), ("deals", "opened"), ("deals", "signed"))
        for row in rows[table]
        if row[column] and re.search(holds, row[column]) and edtf.is_edtf(change(row[column]))
    ]
    cells = [cell for cell in cells if said(rows, next(iter(cell[0].values())), cell[1])]
    if cells:
        row, column = chance.choice(cells)
        row[column] = change(row[column])
    return bool(cells)


@forgery
def invent_a_best_estimate(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """A value where the text gives a range or says "hundreds"."""
    row = pick(rows["figures"], chance, lambda r: r["value"] is None and r["low"] is not None)
    if row:
        row["value"] = row["low"] if row["high"] is None else (row["low"] + row["high"]) / 2
    return bool(row)


@forgery
def make_a_range_exact(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """A best estimate with the bound, the other numbers and the evidence that would go with it."""
    row = pick(rows["figures"], chance, lambda r: r["value"] is None and r["low"] and said(rows, r["figure_id"], "low"))
    if row:
        row["value"] = row["low"] if row["high"] is None else (row["low"] + row["high"]) / 2
        row["bound"], row["low"], row["high"] = "exact", None, None
        for span in [s for s in rows["evidence"] if s["record_id"] == row["figure_id"]]:
            if span["column_name"] in ("low", "high"):
                rows["evidence"].remove(span)
            if span["column_name"] == "low":
                rows["evidence"].append({**span, "column_name": "value"})
    return bool(row)


@forgery
def change_the_case_of_a_code(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """A code in another case."""
    table = chance.choice([t for t in contract.proposition_tables() if rows[t]])
    column = chance.choice([c.name for c in contract.columns(table) if c.vocabulary and c.name != "status"])
    row = pick(rows[table], chance, lambda r: isinstance(r[column], str) and r[column].swapcase() != r[column])
    if row:
        row[column] = row[column].swapcase()
    return bool(row)


@forgery
def smuggle_a_line_end(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """A line end in a title or a name."""
    return smuggle(rows, chance, chance.choice(["\n", "\r", "\u2028"]))


@forgery
def smuggle_a_control_character(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """A control character in a title or a name."""
    return smuggle(rows, chance, chance.choice(["\x00", "\x1b", "\x7f", "\x9b", "\t"]))


def smuggle(rows: Rows, chance: random.Random, mark: str) -> bool:
    table, column = chance.choice([("sources", "publisher"), ("actors", "name"), ("places", "name")])
    row = pick(rows[table], chance, lambda r: bool(r[column]) and len(r[column]) > 2)
    if row:
        place = chance.randrange(1, len(row[column]))
        row[column] = row[column][:place] + mark + row[column][place:]
    return bool(row)


@forgery
def count_one_origin_twice(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """One more origin of a record than its sources have."""
    row = pick(rows[chance.choice(["deals", "events", "relations"])], chance, lambda r: r["n_origins"] is not None)
    if row:
        row["n_origins"] += 1
    return bool(row)


@forgery
def give_a_copy_an_origin_of_its_own(rows: Rows, chance: random.Random, _: dict[str, str]) -> bool:
    """A dispatch that another publisher prints under its title, as if both had it from themselves."""
    row = pick(rows["sources"], chance, lambda r: bool(r["title"] and r["publisher"]))
    other = pick(rows["sources"], chance, lambda r: r is not row and r["publisher"] != (row or {}).get("publisher"))
    if row and other:
        row["origin"] = other["origin"] = None
        other["title"], other["published"] = row["title"], row["published"]
    return bool(row and other)


# --- care -----------------------------------------------------------------------------------------------------------


def careful(rows: Rows, *, standing: bool = True) -> None:
    """Make everything that can be recomputed agree with the rows as they are now."""
    for table, some in rows.items():
        for row in some:
            row.update(derived_days(table, row))
    new: dict[str, str] = {}
    sources: dict[str, list[str]] = {}
    roles: dict[str, dict[str, list[str]]] = {}
    for claim in rows["claims"]:
        sources.setdefault(claim["record_id"], []).append(claim["source_id"])
    for row in rows["participants"]:
        roles.setdefault(row["record_id"], {}).setdefault(row["role"], []).append(row["actor_id"])
    # Figures and relations may be about records, and terms are of deals: these come after what they name.
    for table in ("deals", "events", "relations", "terms", "figures", "claims", "evidence"):
        column = contract.facts(table).key[0]
        for row in rows[table]:
            follow(table, row, new)
            old = row[column]
            if table == "deals" and not old.startswith("dl-"):
                continue
            candidates = [
                contract.record_id(table, row, roles=roles.get(old, {}), source=source)
                for source in sorted(sources.get(old, [""]))
            ]
            row[column] = old if old in candidates else candidates[0]
            new[old] = row[column]
    for row in rows["participants"]:
        follow("participants", row, new)
    for claim in rows["claims"]:
        follow("claims", claim, new)
    if standing:
        restand(rows)


def restand(rows: Rows) -> None:
    held: dict[str, list[Row]] = {}
    for claim in rows["claims"]:
        held.setdefault(claim["record_id"], []).append(claim)
    sources = {row["source_id"]: row for row in rows["sources"]}
    for table in contract.proposition_tables():
        for row in rows[table]:
            row.update(standing_of(held.get(row[contract.facts(table).key[0]], []), sources))


def follow(table: str, row: Row, new: dict[str, str]) -> None:
    for column in contract.columns(table):
        if column.refers_to and row[column.name] in new:
            row[column.name] = new[row[column.name]]


def derived_days(table: str, row: Row) -> Iterator[tuple[str, Any]]:
    for column in contract.columns(table):
        for ending, bound in (("_earliest", edtf.earliest), ("_latest", edtf.latest)):
            if column.derived and column.name.endswith(ending):
                yield column.name, bound(row[column.name.removesuffix(ending)])
