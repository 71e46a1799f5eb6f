"""Records of other tools into scenario text.

Takes the name of a tool and a file that it wrote; gives the text of a scenario in standard form, with a source on each
line, and what has to be said of the record. Units and digits are those of the record: the language converts. Writes no
file.
"""

from __future__ import annotations

from pathlib import Path

from tonne.diagnostic import Diagnostic
from tonne.importers import codecarbon, ecologits, slurm
from tonne.importers.reading import Progress, Refused, record
from tonne.importers.recognized import TOOLS
from tonne.importers.writing import scenario

__all__ = ["TOOLS", "imported"]

_READERS = {"codecarbon": codecarbon.read, "ecologits": ecologits.read, "slurm": slurm.read}


def imported(tool: str, path: Path, runs: str = "", progress: Progress = None) -> tuple[str | None, list[Diagnostic]]:
    """The scenario that a record says, or None and why not.

    `runs` is `list`, `sum`, or what names some of its runs; empty, few are listed and many are summed.
    """
    try:
        with record(path, progress) as lines:
            made = _READERS[tool](lines, runs)
            return scenario(made), list(made.said)
    except Refused as why:
        return None, list(why.found)
