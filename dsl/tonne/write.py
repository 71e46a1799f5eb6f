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
from pathlib import Path


def write_atomically(path: Path, content: str | bytes) -> None:
    """Put a content in the place of what a file holds, or into a new one; an OSError says why not, and all is as it was."""
    target = path.resolve()
    status = target.stat() if target.exists() else None
    writers = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
    if status is not None and not (status.st_mode & writers and os.access(target, os.W_OK)):
        raise PermissionError(errno.EACCES, "it is read-only")
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(descriptor)
        if status is None:
            beside.chmod(0o666 & ~_umask())
        else:
            beside.chmod(stat.S_IMODE(status.st_mode))
            with contextlib.suppress(PermissionError):  # only root may give a file away
                os.chown(beside, status.st_uid, status.st_gid)
        beside.replace(target)
    except BaseException:
        beside.unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
