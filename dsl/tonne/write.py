"""A file written whole or not at all.

Takes a path and the text that its file shall hold, with its own line ends and byte order mark. The text is written beside
the file and takes its place in one step, so that neither a full disk nor a power cut leaves half a file. A link stays a link,
and the mode stays. The only module that writes a user's file; it decides nothing.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

_MAY_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def write_atomically(path: Path, text: str) -> None:
    """Put a text in the place of what a file holds. An OSError says why not; then the file is as it was."""
    target = path.resolve()
    mode = stat.S_IMODE(target.stat().st_mode)
    if not mode & _MAY_WRITE or not os.access(
        target, os.W_OK
    ):  # to replace it needs no leave; its owner meant otherwise
        raise PermissionError(13, "it is read-only")
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(descriptor)
        beside.chmod(mode)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
