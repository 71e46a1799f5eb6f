"""The pages of the documentation site, gathered into one folder for Sphinx: `python docs/site/stage.py build/docs`.

Takes the pages of `docs/`, some from elsewhere in the checkout, scenarios as pages of their own, and the library's
reference made from the library itself. Gives a folder in which every relative link leads to where its target now lies,
with the navigation at the end of the pages that have others below them. A link to what is not on the site is refused.
"""

from __future__ import annotations

import re
import sys
from fnmatch import filter as matching
from pathlib import Path
from posixpath import normpath, relpath

from tonne.report.library_pages import pages as library_pages

ROOT = Path(__file__).resolve().parent.parent.parent

# Pages from outside docs/, by where they lie on the site.
ELSEWHERE = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "README.md": "index.md",  # links alone: the site has an index of its own
    "stdlib/README.md": "library/style.md",
}
# Below which page which others stand, in order. A page that is not there yet is passed over.
NAVIGATION = {
    "index.md": {
        "First steps": ["tutorial.md"],
        "How to": [
            "howto/audit-a-paper.md", "howto/review-a-scenario.md", "howto/carbon-budget.md",
            "howto/say-what-you-do-not-know.md", "howto/compare-options.md",
            "howto/size-a-model.md", "howto/measured-against-estimated.md", "howto/write-a-kind.md",
        ],
        "Reference": [
            "language.md", "library.md", "commands.md", "settings.md", "json.md", "python.md", "errors/README.md",
            "terms.md",
        ],
        "Worked through": [
            "scenarios/inference_aware.md", "scenarios/llama3.md", "scenarios/quickstart.md", "scenarios/uncertain.md",
            "scenarios/measured.md", "scenarios/where_to_train.md", "scenarios/three_regions.md",
        ],
        "The published record": ["record.md", "scenarios/published/*.md"],
        "How it is built": ["architecture.md", "decisions/README.md", "contributing.md", "changelog.md"],
    },
    "library.md": {"": [*(f"library/{name}" for name in library_pages()), "library/style.md"]},
    "errors/README.md": {"": ["errors/[A-Z][0-9]*.md"]},
    "decisions/README.md": {"": ["decisions/[0-9]*.md"]},
}  # fmt: skip
_FENCE = re.compile(r"^```.*?^```[ \t]*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")


def places() -> dict[str, str]:
    """Every file that has a page, by its path in the checkout → its path on the site."""
    pages = [p.relative_to(ROOT).as_posix() for p in sorted((ROOT / "docs").rglob("*.md"))]
    files = sorted((ROOT / "scenarios").rglob("*"))
    scenarios = [p.relative_to(ROOT).as_posix() for p in files if p.suffix in (".tonne", ".md")]
    found = {page: page.removeprefix("docs/") for page in pages} | ELSEWHERE
    return found | {name: name.removesuffix(".tonne").removesuffix(".md") + ".md" for name in scenarios}


def gathered() -> dict[str, str]:
    """The text of every page by its path on the site."""
    where = places()
    made = {f"library/{name}": text for name, text in library_pages().items()}
    for source, target in where.items():
        if source != "README.md":
            made[target] = _linked(_page(ROOT / source), source, where)
    for page, groups in NAVIGATION.items():
        made[page] += "".join(_below(page, caption, names, made) for caption, names in groups.items())
    return made


def _page(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return text if path.suffix == ".md" else f"# {path.name}\n\n```tonne\n{text}```\n"


def _linked(text: str, source: str, where: dict[str, str]) -> str:
    """A page with its links as they are on the site."""
    folder = Path(source).parent.as_posix()

    def link(match: re.Match[str]) -> str:
        path, hash, anchor = match[2].partition("#")
        if not path or "://" in path or path.startswith("mailto:"):
            return match[0]
        target = normpath(f"{folder}/{path}")
        picture = target.startswith("docs/") and (ROOT / target).suffix in (".svg", ".png")
        if target not in where and not picture:
            raise SystemExit(f"{source}: {match[2]} is not on the site")
        place = where.get(target, target.removeprefix("docs/"))
        return f"{match[1]}{relpath(place, Path(where[source]).parent.as_posix() or '.')}{hash}{anchor}{match[3]}"

    pieces, at = [], 0
    for fence in _FENCE.finditer(text):
        pieces += [_LINK.sub(link, text[at : fence.start()]), fence.group()]
        at = fence.end()
    return "".join([*pieces, _LINK.sub(link, text[at:])])


def _below(page: str, caption: str, names: list[str], made: dict[str, str]) -> str:
    """The part of the navigation that stands below a page."""
    folder = Path(page).parent.as_posix()
    options = [":hidden:", ":titlesonly:", *([f":caption: {caption}"] if caption else [])]
    there = [relpath(found, folder) for name in names for found in sorted(matching(made, name))]
    return "\n".join(["", "```{toctree}", *options, *there, "```", ""])


def write(folder: Path) -> None:
    """The pages and pictures, and nothing else; what has not changed is left alone, so that the next build is quick."""
    files = {name: text.encode() for name, text in gathered().items()}
    pictures = [p for p in (ROOT / "docs").rglob("*") if p.suffix in (".svg", ".png") and "site" not in p.parts]
    files |= {p.relative_to(ROOT / "docs").as_posix(): p.read_bytes() for p in pictures}
    for old in folder.rglob("*"):
        if old.is_file() and old.relative_to(folder).as_posix() not in files:
            old.unlink()
    for name, content in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
