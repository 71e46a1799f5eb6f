"""The published record as one page: `python docs/site/record.py` writes docs/record.md.

Takes the pages of `scenarios/published/` and judges them as `tonne audit` does; a test fails when the page is another.
"""

from __future__ import annotations

import os
from pathlib import Path

from tonne.audit import audit
from tonne.report.audit import as_markdown

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "record.md"
_INTRODUCTION = """\
# The published record

What the literature on the carbon of language models prints, and what follows from its own inputs. Each source has a page in
`scenarios/published/`: what it states stands there as facts in its own terms, what it prints as
claims. This page is their audit, written by `make record`; `tonne audit scenarios/published` prints the same.

- **holds**: the printed figure follows from the printed inputs.
- **within rounding**: it follows from some inputs that are printed the same way, not from these to the digit.
- **refuted**: from neither. That is said of two numbers on paper, and of nobody's honesty: most are slips, and most are
  small. The page of the source says what is known of each.
- **not comparable**: the two sides are different kinds of thing, or the source leaves out what the figure rests on.

A likely cause is what the program finds by itself: a slip that would have printed the very number. Where it finds none,
the page of the source may know more. [Digits and verdicts](language.md#13-digits-and-verdicts) has the rules, and
[Audit a paper](howto/audit-a-paper.md) says how to add a source.

"""


def record() -> str:
    """The text of the page."""
    files = sorted(path for path in (ROOT / "scenarios" / "published").iterdir() if path.suffix in (".md", ".tonne"))
    before = Path.cwd()
    os.chdir(ROOT)  # names of files are relative to it
    try:
        return _INTRODUCTION + as_markdown(
            audit([file.relative_to(ROOT) for file in files]), link=lambda file: f"../{file}"
        )
    finally:
        os.chdir(before)


if __name__ == "__main__":
    PAGE.write_text(record(), encoding="utf-8")
