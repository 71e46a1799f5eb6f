"""A file written whole or not at all.

Takes a path and what its file shall hold: a text with its own line ends and byte order mark, or bytes. It is written beside
the file and takes its place in one step, so that neither a full disk nor a power cut leaves half a file. A link stays a link;
mode and owner stay. The only module that writes over a user's file; it decides nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path


def write_atomically(path: Path, content: str | bytes) -> None:
    """Put a content in the place of what a file holds, or into a new one; an OSError says why not, and all is as it was."""
    with replacing(path) as beside:
        beside.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to be written that takes the place of another at the end, or is gone where that is not reached."""
    target = path.resolve()
    status = target.stat() if target.exists() else None
    writers = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
    if status is not None and not (status.st_mode & writers and os.access(target, os.W_OK)):
        raise PermissionError(errno.EACCES, "it is read-only")
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=target.suffix[:20], dir=target.parent)
    os.close(descriptor)
    beside = Path(name)
    try:
        yield beside
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        if status is None:
            beside.chmod(0o666 & ~_umask())
        else:
            beside.chmod(stat.S_IMODE(status.st_mode))
            with contextlib.suppress(PermissionError):  # only root may give a file away
                os.chown(beside, status.st_uid, status.st_gid)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
