"""Small lies in a real release, and which rule notices them.

Each kind of `tests/forgeries.py` is told some times over, at random places. `plain`: one row is changed, and every file
and checksum of the release is made anew, so that Parquet, CSV, SQLite, index and sums agree. `careful`: besides, all
ids are hashed anew, references follow, derived days and standing are recomputed. Asked are the rules that a reader has
with `rsb verify`, without registry and history (`verify`), and those of the gate (`gate`); and whether the proof that
the published delta leads to these tables fails (`history`). Told for each: how often, and by which rules.

Run: `.venv/bin/python benchmarks/forgeries.py [TRIALS [KIND …]]` after `rsb run` (by default 10 trials of every kind).
"""

import random
import sqlite3
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from _measure import ROOT, show

sys.path.insert(0, str(ROOT / "tests"))

from forgeries import FORGERIES, careful, rows_of, tables_of

from pipeline import release, validate
from pipeline.compare import Version, keys_of, prove
from pipeline.delta import Delta, as_rows, dump_delta
from pipeline.release.contents import Contents
from pipeline.release.publish import load_release
from pipeline.release.verify import verify
from pipeline.rules import Context
from pipeline.workspace import Workspace

SHOWN = 3


def errors_of(contents: Contents, context: Context) -> set[str]:
    """The rules that the gate finds broken, warnings too."""
    return set(validate.check(contents.tables, context).counts)


def verified(contents: Contents) -> set[str]:
    """The rules that `rsb verify` names on a release whose files all agree with the lie; other checks in brackets."""
    with tempfile.TemporaryDirectory(prefix="rsb-forged-") as name:
        folder = Path(name)
        try:
            release.build(folder, contents)
        except (sqlite3.IntegrityError, KeyError):  # The database, or a picture, has no place for it.
            return {"(cannot be written)"}
        told = [problem.message.split(" ")[0].removesuffix(":") for problem in verify(folder)[1]]
    return {rule if rule in known else "(formats)" for rule in told}


known = set(validate.known_rules())


def main(trials: int, chosen: list[str]) -> None:
    """Forge, ask, and print the table."""
    workspace = Workspace(ROOT)
    honest = load_release(workspace.release, workspace.facts)
    context = validate.load_workspace(workspace).context
    context = replace(context, params={})
    base = errors_of(honest, context)
    keys = keys_of(honest.schema)
    before = {table: as_rows(data, keys[table]) for table, data in honest.tables.items()}
    nothing = {table: Delta(rows.columns, {}, [], []) for table, rows in before.items()}
    delta = dump_delta(nothing, since="0", version="1")
    rows: list[list[object]] = []
    for name, kind in ((name, FORGERIES[name]) for name in chosen or FORGERIES):
        for care in (False, True):
            found: dict[str, Counter[str]] = {"verify": Counter(), "gate": Counter()}
            noticed, told = Counter[str](), 0
            for trial in range(trials):
                forged = rows_of(honest.tables)
                if not kind.forge(forged, random.Random(f"{name} {trial}"), honest.texts):
                    continue
                if care:
                    careful(forged)
                contents = replace(honest, tables=tables_of(forged))
                told += 1
                broken = {"gate": errors_of(contents, context) - base}
                # Writing and verifying a whole release takes seconds, so the first trials have to do.
                broken["verify"] = verified(contents) - base if trial < 2 else set()
                for who, rules in broken.items():
                    found[who].update(rules)
                    noticed[who] += bool(rules)
                now = Version({table: as_rows(data, keys[table]) for table, data in contents.tables.items()}, {})
                noticed["history"] += bool(prove(before, now.tables, delta, honest.changes))
            asked = min(told, 2)
            by = ", ".join(rule for rule, _ in found["gate"].most_common(SHOWN))
            counted = [f"{noticed[who]}/{of}" for who, of in (("gate", told), ("verify", asked), ("history", told))]
            rows.append([f"{name.replace('_', ' ')}, {'careful' if care else 'plain'}", *counted, by or "–"])
            print(rows[-1], file=sys.stderr)
    columns = ["lie", "gate", "verify", "history", "rules, most often first"]
    show("Forgeries noticed", columns, rows)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10, sys.argv[2:])
