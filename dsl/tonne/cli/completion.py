"""`tonne completion`: what the shell needs to complete commands, files, names and paths."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command(
    epilog="""\b
Where to put it:
  bash   tonne completion bash > ~/.local/share/bash-completion/completions/tonne
  zsh    tonne completion zsh > ~/.zfunc/_tonne
         with these lines in ~/.zshrc:  fpath=(~/.zfunc $fpath)
                                        autoload -Uz compinit && compinit
  fish   tonne completion fish > ~/.config/fish/completions/tonne.fish
Make the folder first where there is none (mkdir -p), and open a new shell.

\b
To try it in this shell only:
  eval "$(tonne completion bash)"
  eval "$(tonne completion zsh)"       after compinit
  tonne completion fish | source"""
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    It is for bash (4.4 or newer), zsh and fish, and completes commands, options, files, diagnostic codes, the names of
    the library, and in `tonne explain FILE` the paths of that file.
    """
    made = get_completion_class(shell)
    root = context.find_root()
    name = root.info_name or "tonne"
    assert made is not None  # click has all three
    click.echo(made(root.command, {}, name, f"_{name.upper()}_COMPLETE").source())
