"""`croissant.json` (Croissant 1.1): the release as loaders of machine learning read it.

Derived from the Data Package, so that no table, column, type or key is named twice. Each record set reads the
table's Parquet file where there is one, since its cells carry their types; otherwise its CSV. What Croissant has no
words for (required cells, patterns, code lists) stays in the Data Package.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Json = dict[str, Any]

CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
DATA_TYPES = {
    "string": "sc:Text",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
}
"""Table Schema's types in Croissant's words."""
MEDIA_TYPES = {
    ".csv": "text/csv",
    ".parquet": "application/x-parquet",
    ".sqlite": "application/vnd.sqlite3",
}
"""The files that hold data."""
_TERMS = (
    "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileObject",
    "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
    "parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator",
    "source", "subField", "transform",
)  # fmt: skip
CONTEXT: Json = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{term: f"cr:{term}" for term in _TERMS},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}
"""The words of Croissant 1.1, which each file has to repeat."""


def croissant(folder: Path, package: Mapping[str, Any]) -> Json:
    """The content of `croissant.json` for the data files of `folder`, which `package`, a Data Package, describes."""
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in MEDIA_TYPES]
    names = {path.relative_to(folder).as_posix(): path for path in files}
    creators = [contributor["title"] for contributor in package["contributors"]]
    stated = {"url": package.get("homepage"), "datePublished": package.get("created")}
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": package["name"],
        "alternateName": package["title"],
        "description": package["description"],
        "version": package["version"],
        "license": [entry["path"] for entry in package["licenses"]],
        "creator": [{"@type": "sc:Organization", "name": name} for name in creators],
        "keywords": package["keywords"],
        "citeAs": f"{', '.join(creators)}: {package['title']}, release {package['version']}",
        **{name: value for name, value in stated.items() if value},
        "distribution": [_file_object(name, path) for name, path in names.items()],
        "recordSet": [_record_set(resource, _source(resource, names)) for resource in package["resources"]],
    }


def _file_object(name: str, path: Path) -> Json:
    content = path.read_bytes()
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": path.name,
        "contentUrl": name,
        "contentSize": f"{len(content)} B",
        "encodingFormat": MEDIA_TYPES[path.suffix],
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _source(resource: Mapping[str, Any], names: Mapping[str, Path]) -> str:
    parquet = f"parquet/{resource['name']}.parquet"
    return parquet if parquet in names else str(resource["path"])


def _record_set(resource: Mapping[str, Any], source: str) -> Json:
    table, schema = resource["name"], resource["schema"]
    # A reference leads to a field of another record set; one to the same table makes loaders run in a circle.
    targets = {
        key["fields"][0]: f"{key['reference']['resource']}/{key['reference']['fields'][0]}"
        for key in schema.get("foreignKeys", ())
        if key["reference"]["resource"]
    }
    described = {"description": resource["description"]} if "description" in resource else {}
    key = [{"@id": f"{table}/{column}"} for column in schema.get("primaryKey", ())]
    return {
        "@type": "cr:RecordSet",
        "@id": table,
        "name": table,
        **described,
        **({"key": key} if key else {}),
        "field": [_field(table, field, source, targets.get(field["name"])) for field in schema["fields"]],
    }


def _field(table: str, field: Mapping[str, Any], source: str, target: str | None) -> Json:
    described = {"description": field["description"]} if "description" in field else {}
    return {
        "@type": "cr:Field",
        "@id": f"{table}/{field['name']}",
        "name": field["name"],
        **described,
        "dataType": DATA_TYPES[field["type"]],
        "source": {"fileObject": {"@id": source}, "extract": {"column": field["name"]}},
        **({"references": {"field": {"@id": target}}} if target else {}),
    }
