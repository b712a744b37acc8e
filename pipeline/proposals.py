"""What proposers (the extractor, hand coding) hand to `assemble`: records with local references and spans.

A record's values use registry ids, or local references (`#name`) to other records of the same document. Gold is
annotated in the same form. Ids, standing and merging come later, in `assemble`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import RsbError

LOCAL = "#"
"""What a local reference begins with."""
CODED = "coded"
"""The method of hand-coded records."""
WHOLE = "*"
"""The column of a mention for a record as a whole."""
ROLE = "role:"
"""What the column of a mention for a participant begins with; the actor's id follows."""
UNNAMED = "unnamed"
"""The actor that stands for a holder whom the text does not identify."""
REVIEWS = ("unreviewed", "accepted", "corrected")
"""The codes of `review`, each stronger than those before it."""
CLAIM_PARTS = {"cue": None, "holder": "holder_id", "content": None}
"""Columns of mentions that only claims have, each with the cell it grounds."""


@dataclass(slots=True)
class Mention:
    """A span of the text (code points, half-open) that grounds `column` of a record."""

    column: str
    start: int
    end: int
    inferred: bool = False


@dataclass(slots=True)
class Record:
    """One proposed row.

    ref: `#name` for propositions and claims; for actors, places and commodities the id itself.
    values: column → value, without id and derived columns. roles: (role, actor id) of a deal or event.
    method: the rule's id, `coded`, or a model's name.
    """

    ref: str
    table: str
    values: dict[str, Any]
    roles: list[tuple[str, str]] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    method: str = ""


@dataclass(slots=True)
class Proposals:
    """All that one proposer says of one document.

    complete: whether it read the whole document and left out nothing that belongs in the tables, so that what others
    find there is not in it. review, reviewed_by: how its records were read against the document, and by whom.
    """

    source_id: str
    records: list[Record]
    complete: bool = False
    review: str = REVIEWS[0]
    reviewed_by: str | None = None


def to_json(proposals: Proposals) -> str:
    """One line of JSON; `from_json` reads it back."""
    records = [
        {
            "ref": record.ref,
            "table": record.table,
            "values": record.values,
            "roles": [list(role) for role in record.roles],
            "mentions": [[m.column, m.start, m.end, m.inferred] for m in record.mentions],
            "method": record.method,
        }
        for record in proposals.records
    ]
    line = {"source_id": proposals.source_id, "records": records, **_standing(proposals)}
    return json.dumps(line, ensure_ascii=False, sort_keys=True)


def _standing(proposals: Proposals) -> dict[str, Any]:
    """What is said of the records together, as far as anything is."""
    told = {"complete": proposals.complete, "review": proposals.review, "reviewed_by": proposals.reviewed_by}
    return {name: value for name, value in told.items() if value not in (False, None, REVIEWS[0])}


def from_json(line: str) -> Proposals:
    """The proposals of one line that `to_json` wrote."""
    loaded = json.loads(line)
    records = [
        Record(
            ref=entry["ref"],
            table=entry["table"],
            values=entry["values"],
            roles=[(role, actor) for role, actor in entry["roles"]],
            mentions=[Mention(*mention) for mention in entry["mentions"]],
            method=entry["method"],
        )
        for entry in loaded.pop("records")
    ]
    return Proposals(loaded.pop("source_id"), records, **loaded)


def read_proposals(path: Path) -> list[Proposals]:
    """All proposals of a file with one document a line. Raises `RsbError`, with the line, where one is malformed."""
    content = path.read_text(encoding="utf-8").removesuffix("\n")
    proposals = []
    for number, line in enumerate(content.split("\n") if content else (), start=1):
        try:
            proposals.append(from_json(line))
        except (ValueError, KeyError, TypeError) as error:
            told = f"no proposals of a document: {type(error).__name__}: {error}"
            raise RsbError(told, path=path, line=number, mend="run `rsb extract`") from None
    return proposals


def dump_proposals(proposals: Iterable[Proposals]) -> str:
    """The text of such a file, documents sorted by id."""
    return "".join(to_json(one) + "\n" for one in sorted(proposals, key=lambda p: p.source_id))
