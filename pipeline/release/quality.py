"""The section of the README that says how far its rows may be trusted: audit, gold, repeat coding.

Takes the numbers of `reports/evaluation.json` and of data/audit/ and adds intervals. Measures nothing itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.audit import Estimate, Score, Verdict, by_size, overall, score

Report = Mapping[str, Any]


def section(audit: Sequence[Verdict], evaluation: Report | None, sizes: Mapping[str, int]) -> str:
    """`## Quality` in Markdown. sizes: the rows of each table of the release."""
    parts = [
        "## Quality",
        "Coding, gold and audit are machine-made, and no person has checked them. Intervals are Wilson's, of 95 %; they\n"
        "tell of chance in what was read, not of what all machines misread alike.",
        _audited(audit, sizes),
        *(_evaluated(evaluation) if evaluation else ["There is no gold to measure recall against."]),
    ]
    return "\n\n".join(parts) + "\n"


def _audited(audit: Sequence[Verdict], sizes: Mapping[str, int]) -> str:
    if not audit:
        return "**Audit.** No audit was made of this release."
    head = (
        "**Audit.** Rows read against their source. Rows on which the auditor was unsure are not among those judged; what\n"
        "was found wrong was mended, so that an earlier audit tells of rows as they were."
    )
    rounds = {
        version: [a for a in audit if a.version == version] for version in dict.fromkeys(a.version for a in audit)
    }
    last, verdicts = list(rounds.items())[-1]
    if len(rounds) == 1:
        return f"{head}\n\n{_audit_of(last, verdicts, sizes)}"
    rows = [[version, *_counts(overall(round_))] for version, round_ in rounds.items()]
    earlier = "Round by round, all tables together:\n\n" + _table(
        ["audit", "judged", "wrong", "unsure", "precision"], rows
    )
    return "\n\n".join([head, _audit_of(last, verdicts, sizes), earlier])


def _audit_of(version: str, audit: Sequence[Verdict], sizes: Mapping[str, int]) -> str:
    scores = score(audit)
    rows = [[f"`{table}`", *_counts(one)] for table, one in scores.items()]
    whole = overall(audit)
    rows.append(["all, as drawn", *_counts(whole)])
    weighed = by_size(scores, {table: sizes[table] for table in scores if table in sizes})
    if weighed is not None:
        rows.append(["all, each table by its size", whole.n, whole.n_wrong, whole.n_unsure, interval(weighed)])
    auditors = ", ".join(sorted({one.auditor for one in audit}))
    return f"Of {version}, by {auditors}:\n\n" + _table(["table", "judged", "wrong", "unsure", "precision"], rows)


def _counts(one: Score) -> list[object]:
    return [one.n, one.n_wrong, one.n_unsure, interval(one)]


def _evaluated(evaluation: Report) -> Iterator[str]:
    yield (
        "**Against gold.** Gold was adjudicated from passes of annotation that were blind to each other and to the\n"
        "coding. A match lies in the same sentence and agrees in what matters most of its table; what coders tell and\n"
        "gold leaves out has no match, right or wrong. `reports/evaluation.json` of the project tells the stricter match\n"
        "of whole keys too."
    )
    parts = {
        "Coded records, on gold documents that have them": evaluation.get("coded"),
        "What the extractor proposes by itself, on all gold documents": evaluation,
    }
    for heading, told in parts.items():
        if told is None:
            yield f"{heading}: there are none."
        else:
            head = ["table", "gold rows", "missed", "recall", "rows", "without a match", "precision"]
            rows = [_against(table, modes["lenient"]) for table, modes in told["tables"].items()]
            yield f"{heading} ({told['n_documents']}):\n\n{_table(head, rows)}"
    yield _repeated(evaluation.get("repeat_coding"))


def _against(table: str, counts: Mapping[str, int]) -> list[object]:
    recall, precision = (Score(counts[of], counts["n_matched"]) for of in ("n_gold", "n_system"))
    told = [part for one in (recall, precision) for part in (one.n, one.n_wrong, interval(one))]
    return [f"`{table}`", *told]


def _repeated(told: Report | None) -> str:
    if told is None:
        return "**Repeat coding.** No document was annotated twice."
    rows = [
        [f"`{table}`", modes["strict"]["n_gold"], modes["strict"]["n_system"]]
        + [_two(modes[mode]["f1"]) for mode in ("strict", "lenient")]
        for table, modes in told["tables"].items()
    ]
    alphas = ", ".join(f"{name} {_two(one['alpha'])} (n = {one['n_claims']})" for name, one in told["stance"].items())
    return (
        f"**Repeat coding.** {told['n_documents']} documents were annotated twice. {told['note']}\n"
        f"Krippendorff's alpha (nominal) on the stance of matched claims: {alphas}.\n\n"
        + _table(["table", "first", "second", "F1, same key", "F1, match"], rows)
    )


def interval(one: Score | Estimate) -> str:
    """A share in percent with its interval: small numbers speak through it."""
    if one.share is None or one.interval is None:
        return "–"
    low, high = one.interval
    return f"{100 * one.share:.1f} % ({100 * low:.1f}–{100 * high:.1f})"


def _two(number: float | None) -> str:
    return "–" if number is None else f"{number:.2f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
