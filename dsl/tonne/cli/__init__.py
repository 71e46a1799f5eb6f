"""The command line: each command is one file, a thin caller of the stages."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """The entry point of `tonne`. Exit codes: 0 fine, 1 an error or a missed requirement, 2 misuse, 70 our own fault."""
    from tonne.cli.commands import tonne

    try:
        tonne(prog_name="tonne")
    except SystemExit:
        raise
    except BrokenPipeError:  # `tonne run … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:  # a full disk, a terminal that went away
        print(f"tonne: cannot write the result: {error.strerror or error}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)
    except Exception as error:
        if os.environ.get("TONNE_DEBUG"):
            raise
        print(f"tonne: internal error: {type(error).__name__}: {error}", file=sys.stderr)
        print(
            "This is a fault of tonne, not of your file. Please report it; TONNE_DEBUG=1 shows the traceback.",
            file=sys.stderr,
        )
        sys.exit(70)
