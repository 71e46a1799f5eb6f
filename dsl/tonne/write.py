"""A file written whole or not at all.

Takes a path and the text that its file shall hold, with its own line ends and byte order mark. The text is written beside
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


def write_atomically(path: Path, text: str) -> None:
    """Put a text in the place of what a file holds; an OSError says why not, and then the file is as it was."""
    target = path.resolve()
    status = target.stat()
    if not status.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "it is read-only")
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(descriptor)
        beside.chmod(stat.S_IMODE(status.st_mode))
        with contextlib.suppress(PermissionError):  # only root may give a file away
            os.chown(beside, status.st_uid, status.st_gid)
        beside.replace(target)
    except BaseException:
        beside.unlink()
        raise
