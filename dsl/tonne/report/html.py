"""Reports as HTML, for a notebook or a page: the parts that a terminal is given, as tables and lists with their marks.

Takes what `tables`, `diagnostics` and `explanation` make, so that whatever they learn to show is shown here too; gives one
`div` without scripts, classes or fonts of its own, whose colours can be read on white and on black. Text stays text: the
elements are written by the standard library, which escapes whatever a file may contain.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, tostring

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.terminal_theme import TerminalTheme
from rich.text import Text
from rich.tree import Tree

Part = RenderableType | Element

_GREY = (128, 128, 128)
# Black, red, green, yellow, blue, magenta, cyan, white: each half-way between a light and a dark page.
_THEME = TerminalTheme(
    _GREY,
    _GREY,
    [_GREY, (214, 60, 60), (34, 139, 84), (168, 118, 0), (63, 122, 214), (176, 80, 196), (0, 134, 150), _GREY],
)
_CELL = "padding:0.1em 0.9em 0.1em 0;white-space:pre-line"
_PAGE = ":root{color-scheme:light dark}body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:80em;padding:0 1em}"
_PRE = "margin:0.4em 0;line-height:1.25;white-space:pre;overflow-x:auto"


def to_html(parts: Iterable[Part]) -> str:
    """The parts one below the other."""
    root = Element("div")
    _add(root, parts)
    return tostring(root, encoding="unicode", method="html")


def page(title: str, parts: Iterable[Part]) -> str:
    """A page of its own."""
    root = Element("html", lang="en")
    head = SubElement(root, "head")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "meta", name="viewport", content="width=device-width")
    SubElement(head, "title").text = title
    SubElement(head, "style").text = _PAGE
    body = SubElement(root, "body")
    SubElement(body, "h1").text = title
    _add(body, parts)
    return f"<!doctype html>\n{tostring(root, encoding='unicode', method='html')}\n"


def preformatted(text: Text) -> Element:
    """Text whose columns matter, such as a diagnostic with the lines that it speaks of."""
    element = Element("pre", style=_PRE)
    _write(element, text)
    return element


def folded(summary: str, parts: Iterable[Part], *, is_open: bool = False) -> Element:
    """Parts that a reader opens when they are wanted."""
    element = Element("details", {"open": "open"} if is_open else {})
    SubElement(element, "summary").text = summary
    _add(element, parts)
    return element


def _add(parent: Element, parts: Iterable[Part]) -> None:
    for part in parts:
        if isinstance(part, Element):
            parent.append(part)
        elif isinstance(part, Table):
            parent.append(_table(part))
        elif isinstance(part, Tree):
            _branch(SubElement(parent, "ul", style="margin:0;padding-left:1.2em"), part)
        elif isinstance(part, Group):
            _add(SubElement(parent, "div", style="margin:0.6em 0"), part.renderables)
        elif str(part):  # an empty text is a blank line of a terminal
            _write(SubElement(parent, "p", style="margin:0.1em 0;white-space:pre-line"), part)


def _table(table: Table) -> Element:
    """A table whose columns and rows have heads, so that a screen reader can say them with each cell."""
    element = Element("table", style="border-collapse:collapse;margin:0.6em 0;color:inherit")
    if table.title:
        caption = SubElement(element, "caption", style="text-align:left;caption-side:top;font-weight:bold")
        _write(caption, table.title)
    if table.show_header:
        row = SubElement(SubElement(element, "thead"), "tr")
        for column in table.columns:
            name = str(column.header)
            tag, scope = ("th", {"scope": "col"}) if name else ("td", {})
            _write(SubElement(row, tag, scope | {"style": f"{_CELL};text-align:{column.justify}"}), name)
    body = SubElement(element, "tbody")
    for cells in zip(*(column.cells for column in table.columns), strict=True):
        row = SubElement(body, "tr")
        for index, (column, cell) in enumerate(zip(table.columns, cells, strict=True)):
            tag, scope = ("td", {}) if index else ("th", {"scope": "row"})
            weight = "" if index else ";font-weight:normal"
            _write(SubElement(row, tag, scope | {"style": f"{_CELL};text-align:{column.justify}{weight}"}), cell)
    return element


def _branch(parent: Element, tree: Tree) -> None:
    item = SubElement(parent, "li", style="white-space:pre-line")
    _write(item, tree.label)
    if tree.children:
        below = SubElement(item, "ul", style="margin:0;padding-left:1.2em")
        for child in tree.children:
            _branch(below, child)


def _write(element: Element, content: RenderableType) -> None:
    """Text into an element that is empty, a `span` for each stretch with a style of its own."""
    if not isinstance(content, Text):
        element.text = str(content)
        return
    styled = content.copy()
    styled.stylize_before(content.style)  # without it, a text in one style is rendered without any
    last: Element | None = None
    for text, style, _ in styled.render(_CONSOLE):
        css = style.get_html_style(_THEME) if style is not None else ""
        link = style.link if style is not None else None
        if link or css:
            last = SubElement(element, "a", {"href": link} if link else {}) if link else SubElement(element, "span")
            last.set("style", css)
            last.text = text
        elif last is None:
            element.text = (element.text or "") + text
        else:
            last.tail = (last.tail or "") + text


# Knows the names of styles; nothing is printed on it.
_CONSOLE = Console(file=io.StringIO(), color_system="truecolor", force_terminal=True, force_jupyter=False)
