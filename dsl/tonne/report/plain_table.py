"""The look that all tables share: a line below the head, no frame."""

from __future__ import annotations

from rich import box
from rich.table import Table


def plain_table(title: str) -> Table:
    """An empty table with a title, which may be empty."""
    return Table(
        box=box.SIMPLE_HEAD,
        title=title,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        show_edge=False,
    )
