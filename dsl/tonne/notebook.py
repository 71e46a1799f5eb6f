"""Scenarios in a notebook: `%load_ext tonne`, then cells that begin with `%%tonne`.

A cell is a scenario of its own. It may use the library and the files of the working folder, which is the notebook's. What is
wrong in it is shown where its result would be; there is no traceback.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments

from tonne.api.result import Checked, Result
from tonne.api.scenario import loads


def load_ipython_extension(shell: InteractiveShell) -> None:
    """What `%load_ext tonne` calls."""
    shell.register_magics(TonneMagics)


@magics_class
class TonneMagics(Magics):
    """The cell magic."""

    @magic_arguments()
    @argument("-o", "--output", metavar="NAME", help="bind the result to this name")
    @argument("--check", action="store_true", help="check the cell without evaluating it")
    @argument("--set", action="append", default=[], metavar="PATH=VALUE", help="bind a field or a let anew")
    @cell_magic
    def tonne(self, line: str, cell: str) -> Result | Checked:
        """Run the scenario in this cell.

        Examples: `%%tonne`, `%%tonne -o result`, `%%tonne --check`, `%%tonne --set "chat.requests=1B request/day"`.
        """
        try:
            words = shlex.split(line)  # IPython's own splitting keeps the quotes of `--set "a.energy=3 MWh"`
        except ValueError as error:
            raise UsageError(f"{line}: {error}") from error
        wanted = self.tonne.parser.parse_args(words)
        if wanted.output is not None and not wanted.output.isidentifier():
            raise UsageError(f"`{wanted.output}` is no name; write for example `%%tonne -o result`")
        overrides = {}
        for text in wanted.set:
            path, equals, value = text.partition("=")
            if not equals:
                raise UsageError(f"`{text}` has no `=`; write for example `--set pretrain.pue=1.2`")
            overrides[path] = value
        assert self.shell is not None
        scenario = loads(cell, overrides, folder=Path.cwd(), name="cell")
        result = scenario.check() if wanted.check else scenario.run()
        if wanted.output is not None:
            self.shell.user_ns[wanted.output] = result
        return result
