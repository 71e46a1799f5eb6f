"""What is costly to work out again, kept in the user's cache folder: parsing tables, trees, unit tables, bibliographies.

Takes a name, the texts that a value follows from and how to make it; gives the value. Never the only copy of anything: an
entry that is missing, damaged, of another version or somebody else's is made anew, and a folder that cannot be written is
passed over in silence. Entries are written whole and put in place at once, so that two processes never see half of one.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from tonne.source import SourceFile

T = TypeVar("T")

# Names the folder; empty: nothing is kept.
FOLDER = "TONNE_CACHE_DIR"
# Entries of one name that are kept; of more, those that were used longest ago go.
MOST_ENTRIES = 100
# A larger entry is not kept.
MOST_BYTES = 4_000_000
_DIGEST = 16
_OTHER_CLASSES = {("fractions", "Fraction"), ("builtins", "frozenset"), ("builtins", "set")}


def cached(
    name: str,
    texts: Sequence[str],
    make: Callable[[], T],
    *,
    source: SourceFile | None = None,
    worth_keeping: Callable[[T], bool] = lambda value: True,
) -> T:
    """The value that `make` gives for these texts, from the cache where it is there.

    `source` is the file that the value points into: it is not kept but put back, so that an entry serves every file of
    the same text. What `make` raises is raised.
    """
    folder = cache_folder()
    path = folder / f"{name}-{_key(texts)}" if folder is not None else None
    if path is not None:
        try:
            return _read(path, source)  # type: ignore[no-any-return]
        except Exception:  # missing, damaged, unreadable, or made by another program: each is made anew
            pass
    value = make()
    if path is not None and worth_keeping(value):
        _write(path, name, value, source)
    return value


def cache_folder() -> Path | None:
    """Where entries are; None when nothing is to be kept, or when the folder belongs to somebody else."""
    named = os.environ.get(FOLDER)
    if named is None:
        import platformdirs

        named = platformdirs.user_cache_dir("tonne", appauthor=False)
    folder = Path(named)
    if not folder.is_absolute():  # empty, or a home that is not known
        return None
    try:
        owner = folder.stat().st_uid
    except FileNotFoundError:
        return folder
    except OSError:
        return None
    return folder if not hasattr(os, "getuid") or owner == os.getuid() else None


@lru_cache(maxsize=1)
def _version() -> bytes:
    """Changes with this program's code and with Python's version, so that no entry outlives what made it."""
    package = Path(__file__).parent
    stamps = [repr(sys.version_info)]
    for folder in (package, package / "syntax"):
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith((".py", ".lark")):
                    status = entry.stat()
                    stamps.append(f"{folder.name}/{entry.name} {status.st_mtime_ns} {status.st_size}")
    return "\n".join(sorted(stamps)).encode()


def _key(texts: Sequence[str]) -> str:
    digest = hashlib.blake2b(_version(), digest_size=_DIGEST)
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, source: SourceFile | None) -> None:
        super().__init__(file, protocol=5)
        self.source = source

    def persistent_id(self, obj: Any) -> str | None:
        if isinstance(obj, SourceFile):
            if obj is not self.source:
                raise pickle.PicklingError("a value that points into another file cannot be kept")
            return "source"
        return None


class _Unpickler(pickle.Unpickler):
    """Makes values of this program and nothing else, whatever stands in the file."""

    def __init__(self, file: io.BytesIO, source: SourceFile | None) -> None:
        super().__init__(file)
        self.source = source

    def persistent_load(self, pid: Any) -> SourceFile | None:
        return self.source

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _OTHER_CLASSES or module.startswith("tonne."):
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is nothing that is kept")


def _read(path: Path, source: SourceFile | None) -> Any:
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + _DIGEST + 1)
    digest, payload = data[:_DIGEST], data[_DIGEST:]
    if hashlib.blake2b(payload, digest_size=_DIGEST).digest() != digest:
        raise pickle.UnpicklingError("damaged")
    with suppress(OSError):
        os.utime(path)  # it was used
    return _Unpickler(io.BytesIO(payload), source).load()


def _write(path: Path, name: str, value: Any, source: SourceFile | None) -> None:
    import tempfile

    try:
        buffer = io.BytesIO()
        _Pickler(buffer, source).dump(value)
        payload = buffer.getvalue()
        if len(payload) > MOST_BYTES:
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.blake2b(payload, digest_size=_DIGEST).digest() + payload)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink()
            raise
        _prune(path.parent, name)
    except (OSError, pickle.PicklingError, RecursionError):
        return  # a full disk, a folder without write permission, a tree nested too deep: the next run makes it again


def _prune(folder: Path, name: str) -> None:
    """Removes the entries of a name that were used longest ago, beyond the most that are kept."""
    entries = sorted(folder.glob(f"{name}-*"), key=lambda p: p.stat().st_mtime_ns, reverse=True)
    for old in entries[MOST_ENTRIES:]:
        old.unlink(missing_ok=True)
