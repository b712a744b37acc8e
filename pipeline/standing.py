"""Where its claims leave a proposition: status, realis, counts and the dates between which it was said.

Pure: rows in, columns out. `assemble` writes the standing with it and the gate recomputes it. It does not judge
who is right, and it does not touch `review`, which is a reader's.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline import edtf

Row = Mapping[str, Any]

_CERTAINTIES = ("CT", "PR", "PS", "U")
_REALIS = ("actual", "planned", "hypothetical")
_ALLEGING = frozenset({"allege", "accuse"})
_UNSURE = frozenset({"PR", "PS", "U"})


def standing_of(claims: Sequence[Row], sources: Mapping[str, Row]) -> dict[str, Any]:
    """The standing columns of a proposition on which `claims` (rows of `claims`) were made.

    sources: rows of `sources` by id; a claim's source that is not among them counts as an origin of its own. The
    order of claims does not matter.
    """
    in_favour = [claim for claim in claims if claim["polarity"] == "pos"]
    against = [claim for claim in claims if claim["polarity"] == "neg"]
    documents = {claim["source_id"] for claim in claims}
    dates = {claim.get("said") or sources.get(claim["source_id"], {}).get("published") for claim in claims}
    return {
        "status": _status(in_favour, against),
        "realis": _realis(in_favour),
        "n_sources": len(documents),
        "n_origins": len({sources.get(document, {}).get("origin") or document for document in documents}),
        "n_for": len(in_favour),
        "n_against": len(against),
        "first_said": _first(date for date in dates if date),
        "last_said": _last(date for date in dates if date),
    }


def _status(in_favour: Sequence[Row], against: Sequence[Row]) -> str:
    if against:
        return "contested" if in_favour else "denied"
    if not in_favour:
        return "unconfirmed"
    if all(claim["act"] in _ALLEGING for claim in in_favour):
        return "alleged"
    if all(claim["certainty"] in _UNSURE for claim in in_favour):
        return "unconfirmed"
    return "asserted"


def _realis(in_favour: Sequence[Row]) -> str | None:
    if not in_favour:
        return None
    strongest = min(
        in_favour, key=lambda claim: (_CERTAINTIES.index(claim["certainty"]), _REALIS.index(claim["realis"]))
    )
    return str(strongest["realis"])


def _first(dates: Iterable[str]) -> str | None:
    # A day and its month may start alike: the shorter span, then the text, decides, so that order never does.
    known = [(start, edtf.latest(text) or start, text) for text in dates if (start := edtf.earliest(text))]
    return min(known)[2] if known else None


def _last(dates: Iterable[str]) -> str | None:
    known = [(end, edtf.earliest(text) or end, text) for text in dates if (end := edtf.latest(text))]
    return max(known)[2] if known else None
