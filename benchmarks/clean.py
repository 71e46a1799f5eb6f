"""An environment that holds tonne and what it needs, and nothing that tests or a developer brought.

pint and lark import what optional libraries they find, and modules without bytecode are imported 3 to 9 times slower; so
start-up is measured here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent


@contextmanager
def clean_environment(*more: str) -> Iterator[tuple[Path, dict[str, str]]]:
    """The folder of the programs of a new environment, and the variables to run them with; `more` is installed too."""
    with tempfile.TemporaryDirectory() as name:
        print("installing tonne into a new environment …", file=sys.stderr, flush=True)
        home = Path(name) / "venv"
        venv.create(home, with_pip=True)
        programs = home / ("Scripts" if os.name == "nt" else "bin")
        install = [programs / "python", "-m", "pip", "install", "--quiet", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, str(ROOT), *more], check=True)
        left_out = ("PYTHON", "TONNE", "COVERAGE")
        variables = {key: value for key, value in os.environ.items() if not key.startswith(left_out)}
        yield programs, {**variables, "TONNE_CACHE_DIR": str(Path(name) / "cache")}
