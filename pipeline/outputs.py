"""Whether the outputs of the stages are what `dvc.lock` says, hashed anew.

DVC believes an object of its cache by its name, and its own notes on files: a damaged object would be restored without
a word. Here every output is read, and what does not agree can be forgotten, with the damaged objects, so that DVC
makes it again. Outputs in no lock are nobody's business.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from pipeline.errors import RsbError

_FOLDER = ".dir"
"""How the hash of a folder ends in the lock."""


def find_unlike(root: Path) -> dict[str, str]:
    """Output → its hash in the lock, for those that are there and hold something else.

    Raises `RsbError` where the lock cannot be read.
    """
    return {path: told for path, told in _locked(root) if (root / path).exists() and _hash(root / path) != told}


def forget(root: Path, unlike: dict[str, str]) -> None:
    """Remove these outputs, and what in DVC's cache does not have the hash that it is named after."""
    for path, told in unlike.items():
        for name in {told, *_members(_cached(root, told))}:
            held = _cached(root, name)
            if held.is_file() and _md5(held) != name.removesuffix(_FOLDER):
                held.unlink()
        if (root / path).is_dir():
            shutil.rmtree(root / path)
        else:
            (root / path).unlink()


def forget_half_written(root: Path) -> list[str]:
    """Remove those files of DVC that a kill left half written, since with them it refuses to start; their names.

    They are `dvc.lock`, whose stages then run anew or come out of the cache, and the list of what is in use.
    """
    readers: dict[str, Callable[[Path], object]] = {
        "dvc.lock": lambda path: list(_outputs_in(path)),
        ".dvc/tmp/rwlock": lambda path: json.loads(path.read_bytes()),
    }
    broken = []
    for name, read in readers.items():
        try:
            read(root / name)
        except FileNotFoundError:
            pass
        except _BROKEN:
            (root / name).unlink()
            broken.append(name)
    return broken


_BROKEN = (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError)


def _outputs_in(path: Path) -> Iterator[tuple[str, str]]:
    """(output, its hash) of each stage in a lock, every one of which has a command."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for stage in yaml.load(path.read_bytes(), Loader=loader)["stages"].values():
        stage["cmd"]
        yield from ((out["path"], out["md5"]) for out in stage.get("outs", ()))


def _locked(root: Path) -> Iterator[tuple[str, str]]:
    path = root / "dvc.lock"
    if not path.is_file():
        return
    try:
        yield from list(_outputs_in(path))
    except _BROKEN as error:
        told = f"is no lock of DVC: {type(error).__name__}"
        raise RsbError(told, path=path, mend="restore it from git, or delete it and run `rsb run`") from None


def _hash(path: Path) -> str:
    """The hash that DVC gives a file, or a folder by the list of its files."""
    if path.is_file():
        return _md5(path)
    files = sorted((file.relative_to(path).as_posix(), file) for file in path.rglob("*") if file.is_file())
    with ThreadPoolExecutor() as pool:
        sums = pool.map(_md5, (file for _, file in files))
        listed = [{"md5": sum_, "relpath": name} for (name, _), sum_ in zip(files, sums, strict=True)]
    return hashlib.md5(json.dumps(listed, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + _FOLDER


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _cached(root: Path, name: str) -> Path:
    return root / ".dvc" / "cache" / "files" / "md5" / name[:2] / name[2:]


def _members(listing: Path) -> list[str]:
    """The hashes that a folder's object lists; none where it is missing or damaged beyond reading."""
    try:
        return [str(entry["md5"]) for entry in json.loads(listing.read_bytes())]
    except (OSError, ValueError, LookupError, TypeError):
        return []
