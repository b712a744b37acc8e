"""The documents of a release: README, codebook, data package, citation, and the declarations as data.

Every column, key and code in them is taken from the declarations; this module holds only the prose around them.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from pipeline import codes, contract, store, validate
from pipeline.release import findings, quality
from pipeline.release.contents import Contents
from pipeline.release.croissant import croissant
from pipeline.release.views import TALK, VIEWS

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"


def write_documents(folder: Path, contents: Contents) -> None:
    """Write documents, pictures and texts into `folder`, where the CSV files and the database lie already."""
    store.write_bytes(folder / "codes.csv", contents.codes_csv)
    store.write_text(folder / "schema.json", _json(contents.schema))
    store.write_text(folder / "codebook.md", codebook(contents))
    package = data_package(folder, contents)
    store.write_text(folder / "datapackage.json", _json(package))
    store.write_text(folder / "croissant.json", _json(croissant(folder, package)))
    store.write_text(folder / "CITATION.cff", citation(contents))
    found = findings.find(folder / "rsb.sqlite")
    for one in found:
        if one.rows:
            store.write_text(folder / one.path, one.picture())
    store.write_text(folder / "README.md", readme(contents, found))
    for source, text in contents.shared_texts.items():
        store.write_text(folder / "text" / f"{source}.txt", text)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


# Codebook


def codebook(contents: Contents) -> str:
    """`codebook.md`: every table, view and rule."""
    pages = [
        contract.codebook_page(table, contents.codes) + _chapter(contents.chapters.get(table, ""))
        for table in contract.table_names()
    ]
    since = "What changed since the previous release, a row for each row or cell; without rows where there is none."
    found = "What the checks found in this release (`issues.csv`)."
    pages += [_plain_page("changes", since, contents.changes), _plain_page("issues", found, contents.issues)]
    return "\n".join([_codebook_head(contents), *pages, _views_page(), _rules_page()])


def _chapter(text: str) -> str:
    """A chapter as part of its table's page: without its title, headings a step lower, links to other chapters' tables."""
    body = text.partition("\n")[2].replace("\n## ", "\n### ")
    return _LINK.sub(r"(#\1)", body)


_LINK = re.compile(r"\((\w+)\.md\)")


def _codebook_head(contents: Contents) -> str:
    tables = "\n".join(f"- [`{table}`](#{table}): {contract.describe(table)}" for table in contract.table_names())
    return f"""# Codebook of {contents.facts["title"]}

Release {contents.version}, schema {contents.schema["schema_version"]}. {contents.facts["description"]}

A row of `deals`, `terms`, `events`, `figures` or `relations` is a proposition. Each row of `claims` is somebody's
stance on one proposition, as one document reports it: an allegation and its denial are one proposition with two
claims. Each row of `evidence` leads from one cell to the characters it was read from. `participants` holds who takes
part in deals and events.

An empty cell means unknown. `NA` is a text (Namibia's two-letter code, for one), not a missing value. Columns marked
as derived are computed by the pipeline from other cells. Dates are in EDTF (ISO 8601-2): `2025-03` is a month,
`2025-03/..` an open interval, `XXXX-01` a January of an unknown year. A year that no text gives is never filled in.

Spans count Unicode code points of `text/<source_id>.txt`, from 0, the end exclusive: in Python `text[start:end]`.

**Talk and deeds.** `events` holds speech beside deeds. The view `events_material` leaves talk out:
{", ".join(TALK)}.
A request made in a bargain is a term, a claim and an event at once; count one of them.

Tables:

{tables}
"""


def _plain_page(name: str, description: str, data: pa.Table) -> str:
    lines = [f"## {name}", "", description, "", "| column | type | meaning |", "|---|---|---|"]
    lines += [
        f"| `{field.name}` | {field.type} | {(field.metadata or {}).get(b'description', b'').decode()} |"
        for field in data.schema
    ]
    return "\n".join(lines) + "\n"


def _views_page() -> str:
    lines = ["## Views", "", "Built into `rsb.sqlite`; their SQL is in `views.sql`.", ""]
    lines += [f"- `{view.name}`: {view.description}" for view in VIEWS]
    return "\n".join(lines) + "\n"


def _rules_page() -> str:
    lines = [
        "## Rules",
        "",
        "What every table was checked for. A release holds nothing that breaks a rule of severity `error`; what",
        "breaks a `warning` is listed in `issues.csv`.",
        "",
        "| rule | severity | table | what it asks |",
        "|---|---|---|---|",
    ]
    for rule_id, severity, table, description in validate.catalogue():
        told = description.replace("|", "\\|")
        lines.append(f"| `{rule_id}` | {severity} | {table.replace('*', 'all')} | {told} |")
    return "\n".join(lines) + "\n"


# Data Package


def data_package(folder: Path, contents: Contents) -> dict[str, Any]:
    """`datapackage.json` (Data Package v2): the CSV files of `folder`, described.

    `homepage` and `created` (a day) are told where `data/dataset.toml` states them; nothing here looks at a clock.
    """
    facts = contents.facts
    resources = [contract.data_resource(table, contents.codes) for table in contract.table_names()]
    resources += [
        _plain_resource("changes", "csv/changes.csv", contents.changes.schema),
        _plain_resource("issues", "issues.csv", contents.issues.schema),
        _plain_resource("codes", "codes.csv", pa.schema([(name, pa.string()) for name in codes.COLUMNS])),
    ]
    return {
        "$schema": PROFILE,
        "name": facts["name"],
        "title": facts["title"],
        "description": facts["description"],
        "version": contents.version,
        **{name: str(facts[name]) for name in ("homepage", "created") if name in facts},
        "keywords": facts["keywords"],
        "licenses": [{"name": facts["license"], "path": facts["license_url"]}],
        "contributors": [{"title": creator, "roles": ["creator"]} for creator in facts["creators"]],
        "resources": [_measured(folder, resource) for resource in resources],
    }


def _plain_resource(name: str, path: str, schema: pa.Schema) -> dict[str, Any]:
    fields = [
        {"name": field.name, "type": "string"}
        | ({"description": field.metadata[b"description"].decode()} if field.metadata else {})
        for field in schema
    ]
    return {
        "name": name,
        "type": "table",
        "path": path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {"fields": fields, "missingValues": [""]},
    }


def _measured(folder: Path, resource: dict[str, Any]) -> dict[str, Any]:
    content = (folder / resource["path"]).read_bytes()
    return {**resource, "bytes": len(content), "hash": f"sha256:{hashlib.sha256(content).hexdigest()}"}


# Citation and README


def citation(contents: Contents) -> str:
    """`CITATION.cff`."""
    facts = contents.facts
    told = {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, please cite it with its version.",
        "type": "dataset",
        "title": facts["title"],
        "version": contents.version,
        "abstract": facts["description"],
        "authors": [{"name": creator} for creator in facts["creators"]],
        "keywords": facts["keywords"],
        "license": facts["license"],
    }
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=110)


def readme(contents: Contents, found: Sequence[findings.Found] = ()) -> str:
    """`README.md` of the release: where it comes from, what it holds and says, how good it is, how to load it."""
    facts, tables = contents.facts, contents.tables
    counts = "\n".join(f"| `{table}` | {tables[table].num_rows:,} | {contract.describe(table)} |" for table in tables)
    shared, held = len(contents.shared_texts), tables["sources"].num_rows
    return f"""# {facts["title"]}, release {contents.version}

{facts["description"]}

{_origin(contents)}

[Findings](#findings) · [Quality](#quality) · [Load it](#load-it) · [What lies here](#what-lies-here)

| table | rows | a row is |
|---|---:|---|
{counts}

Schema {contents.schema["schema_version"]}. Licence of the data: {facts["license"]} ({facts["license_url"]}).

{findings.section(found)}
{quality.section(contents.audit, contents.evaluation, {table: tables[table].num_rows for table in tables})}
## Load it

Python (the argument keeps whole numbers with gaps whole, and dates dates):

    import pandas as pd
    terms = pd.read_parquet("parquet/terms.parquet", dtype_backend="pyarrow")

From CSV, all as text, so that codes keep their zeros:

    terms = pd.read_csv("csv/terms.csv", dtype=str, keep_default_na=False, na_values=[""])

R:

    terms <- arrow::read_parquet("parquet/terms.parquet")
    terms <- readr::read_csv("csv/terms.csv", na = "", col_types = readr::cols(.default = "c"))

Stata (all as text, so that codes keep their zeros; `destring` what counts):

    import delimited using "csv/terms.csv", varnames(1) bindquotes(strict) encoding("utf-8") stringcols(_all) clear

DuckDB:

    SELECT * FROM 'parquet/terms.parquet';

mlcroissant:

    records = mlcroissant.Dataset("croissant.json").records("terms")

SQLite, with names beside the ids:

    sqlite3 rsb.sqlite "SELECT * FROM terms_named"

In the CSV files an empty field is a missing value and `NA` is text. A cell that begins with `=`, `+`, `-` or `@` is
left as it is and counted in `index.json`: import the files as text rather than open them in a spreadsheet unread.

## What lies here

- `parquet/`, `csv/`: the tables, the same cell by cell; `rsb.sqlite`: the tables with keys and views; `views.sql`
- `figures/`: the pictures above
- `codebook.md`: every column, code, view and rule; `codes.csv`: every code list with crosswalks
- `text/`: {shared} of {held} texts, those that their origin or licence lets us pass on
- `changes` (in `csv/` and `parquet/`): what changed since the previous release; `issues.csv`: what the checks found
- `schema.json`, `datapackage.json`, `croissant.json`, `index.json`, `SHA256SUMS`: declarations and files, for programs
- `CITATION.cff`: how to cite. Name the version.

**Corrections.** {_contact(contents)}

`sha256sum --check SHA256SUMS` tests the files; `rsb verify .` tests the contents too.
"""


def _contact(contents: Contents) -> str:
    """Where to object to a row."""
    home = contents.facts.get("homepage")
    place = f" ({home})" if home else ""
    return (
        "Who finds a row wrong, or is named in one and objects, opens an issue in the tracker of the project's "
        f"repository{place}, with the row's id."
    )


def _origin(contents: Contents) -> str:
    """The statement of origin, as the tables bear it out."""
    reviewed = _reviewers(contents)
    tail = f" Rows are marked as reviewed by: {', '.join(reviewed)}." if reviewed else " None names one."
    return (
        "**Where this comes from.** Evidence spans point into our digests, the texts in `text/`; the publication "
        "itself is at the `url` of its source. Digests, coding and review were made by machine, and no person has "
        f"reviewed a row unless its `reviewed_by` names one.{tail} A claim says who holds something, not that it is so."
    )


def _reviewers(contents: Contents) -> list[str]:
    columns = (data.column("reviewed_by") for data in contents.tables.values() if "reviewed_by" in data.column_names)
    return sorted({name for column in columns for name in column.to_pylist() if name is not None})
