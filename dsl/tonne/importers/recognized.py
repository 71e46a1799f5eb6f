"""Which tool a record is of, by its first line or its outermost keys.

Takes what stands at the head of a record; gives the words for what it looks like, and the command that takes it where there
is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from tonne.importers.reading import Lines, Refused

TOOLS = ("codecarbon", "ecologits", "slurm")
_OURS = {
    "a table of CodeCarbon": "codecarbon",
    "the impacts of EcoLogits": "ecologits",
    "an accounting table of Slurm": "slurm",
}


def _has(*names: str) -> Callable[[str, Collection[str]], bool]:
    return lambda head, cells: set(names) <= set(cells)


# The first that fits is it. `head` is the first line in lower case, `cells` are its cells.
_LOOKS: list[tuple[str, Callable[[str, Collection[str]], bool]]] = [
    ("the impacts of EcoLogits", lambda head, cells: '"gwp"' in head or '"impacts"' in head),
    ("an accounting table of Slurm", lambda head, cells: head.startswith(("jobid|", "jobidraw|")) or "|jobid|" in head),
    ("a log of nvidia-smi", lambda head, cells: "power.draw" in head or "utilization.gpu" in head or " [w]" in head),
    ("a task file of CodeCarbon", _has("task_name", "energy_consumed")),
    ("a table of CodeCarbon", _has("energy_consumed", "emissions", "duration")),
    ("an export of Weights & Biases", lambda head, cells: "__min" in head or " - _step" in head or "_runtime" in cells),
    ("a table of MLflow", lambda head, cells: "run id" in cells or any(c.startswith("metrics.") for c in cells)),
    ("a log of CarbonTracker", lambda head, cells: "carbontracker" in head),
    (
        "a table of the ML CO2 Impact calculator",
        lambda head, cells: "carbon_emitted" in cells or "co2_emitted" in cells or "hardware_type" in cells,
    ),
    ("a table of EcoLogits' calculator", lambda head, cells: any(c.startswith(("gwp", "adpe")) for c in cells)),
    ("a JSON file", lambda head, cells: head.startswith(("{", "["))),
    ("a web page", lambda head, cells: head.startswith(("<!doctype", "<html"))),
    (
        "a scenario of tonne",
        lambda head, cells: re.match(r"(use|run|deployment|measurement|grid) .*\{", head) is not None,
    ),
]


def looks_like(head: str) -> str:
    """What a record with this first line looks like; empty where nothing is known of it."""
    head = head.strip().lower()
    cells = [cell.strip(' "') for cell in re.split(r"[,;\t|]", head)]
    return next((words for words, fits in _LOOKS if fits(head, cells)), "")


def other_tool(lines: Lines, wanted: str, help: str) -> Refused:
    """That a record is none of the tool that was named, and which it looks like."""
    looks = looks_like(lines.first)
    tool = _OURS.get(looks)
    words = f"this looks like {looks}, not {wanted}" if looks and looks not in wanted else f"this is not {wanted}"
    if tool is not None and looks not in wanted:
        file = "-" if lines.name == "standard input" else lines.name
        help = f"`tonne import {tool} {file}`"
    return Refused(lines.refusal(words, 1, help=help))
