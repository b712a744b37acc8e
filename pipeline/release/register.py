"""The register of published versions, `releases/`: `index.json` and a manifest for each entry. It only grows.

Each entry pins its manifest by checksum, and the manifest each file, so a version cannot change unnoticed. Knows
nothing of how releases are made or checked.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import store
from pipeline.compare import dump_json
from pipeline.errors import RsbError

CANDIDATE, REVIEWED = "candidate", "reviewed"
CHANNELS = (CANDIDATE, REVIEWED)
"""Any green run; only the records that were read against their source."""


@dataclass(frozen=True, slots=True)
class Register:
    """The entries of `index.json`, oldest first."""

    path: Path
    entries: tuple[dict[str, Any], ...] = ()

    def newest(self, channel: str) -> str | None:
        """The version that a channel holds now; None where it holds none."""
        return next((str(e["version"]) for e in reversed(self.entries) if e.get("channel") == channel), None)

    def folder(self, name: str) -> str | None:
        """The folder below `data/published` of a version, its tag, a channel or `latest`; None where nothing is meant."""
        if name in (*CHANNELS, "latest"):
            channel = CANDIDATE if name == "latest" else name
            version = self.newest(channel)
            return folder_name(version, channel) if version else None
        version, _, channel = name.removeprefix("v").partition("-")
        known = {(entry["version"], entry.get("channel")) for entry in self.entries}
        return folder_name(version, channel or CANDIDATE) if (version, channel or CANDIDATE) in known else None


def folder_name(version: str, channel: str) -> str:
    """What a version's files and manifest are called."""
    return version if channel == CANDIDATE else f"{version}-{channel}"


def read_register(folder: Path) -> Register:
    """The register; empty where nothing was published. Raises `RsbError` where it is broken or a manifest was changed."""
    path = folder / "index.json"
    if not path.exists():
        return Register(path)
    try:
        entries = tuple(dict(entry) for entry in json.loads(path.read_text(encoding="utf-8"))["versions"])
        manifests = [(folder / Path(entry["manifest"]).name, entry["sha256"]) for entry in entries]
        _ = [entry["version"] for entry in entries]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise RsbError(f"cannot read the register: {error!r}", path=path, mend="restore it from git") from error
    for manifest, digest in manifests:
        if not manifest.is_file() or hashlib.sha256(manifest.read_bytes()).hexdigest() != digest:
            told = "the manifest of a published version is missing or was changed"
            raise RsbError(told, path=manifest, mend="restore it from git: a published version never changes")
    return Register(path, entries)


def add_entries(register: Register, manifests: Mapping[str, Mapping[str, Any]]) -> None:
    """Enter versions whose manifests (by file name) are written already."""
    entries = list(register.entries)
    for name, told in manifests.items():
        entry = {fact: told[fact] for fact in ("version", "schema_version", "channel")}
        digest = hashlib.sha256(dump_json(told).encode()).hexdigest()
        entries.append({**entry, "manifest": name, "sha256": digest})
    grown = Register(register.path, tuple(entries))
    channels = {channel: grown.newest(channel) for channel in CHANNELS}
    content = {"versions": entries, "latest": grown.newest(CANDIDATE), "channels": channels}
    store.write_text(register.path, dump_json(content))
