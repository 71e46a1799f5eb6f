"""The command line: each command is one file, a thin caller of the stages."""

from __future__ import annotations

import gc
import os
import signal
import sys


def main() -> None:
    """The entry point of `tonne`. Exit codes: 0 fine, 1 an error or a missed requirement, 2 misuse, 70 our own fault."""
    gc.set_threshold(200_000)  # a command is short, and what it makes is kept to its end
    if hasattr(signal, "SIGPIPE"):  # `tonne run … | head` ends as `cat … | head` does
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        import click

        from tonne.cli.commands import tonne
        from tonne.formatting import visible
    except KeyboardInterrupt:
        sys.exit(130)
    try:
        sys.exit(tonne.main(prog_name="tonne", standalone_mode=False))
    except SystemExit:
        raise
    except click.Abort:  # Ctrl-C
        sys.exit(130)
    except click.ClickException as error:  # misuse: the words may hold a path or an option as it was typed
        error.message = visible(error.message, kept="\n")  # type: ignore[misc]
        error.show()
        sys.exit(error.exit_code)
    except OSError as error:  # a full disk, a terminal that went away
        print(f"tonne: cannot write the result: {error.strerror or error}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)
    except Exception as error:
        if os.environ.get("TONNE_DEBUG"):
            raise
        print(f"tonne: internal error: {type(error).__name__}: {visible(str(error))}", file=sys.stderr)
        print(
            "This is a fault of tonne, not of your file. Please report it; TONNE_DEBUG=1 shows the traceback.",
            file=sys.stderr,
        )
        sys.exit(70)
