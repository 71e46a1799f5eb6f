"""A record of another tool, read line by line: text in UTF-8, however long the file, in bounded memory.

Gives lines, and diagnostics that point at one of them. What cannot be taken is raised as `Refused`, which does not leave
`tonne.importers`.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tonne.catalogue import Severity
from tonne.diagnostic import Diagnostic, diagnostic
from tonne.library import STDIN, display_name
from tonne.source import SourceFile, Span
from tonne.values import replace

Progress = Callable[[int, int], None] | None

# No tool writes a longer line; what has none of so many bytes is no text.
_LONGEST = 4_000_000
_MB = 1_000_000
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# So many lines are shown of those that a record is refused for.
MOST_REFUSED = 5


class Refused(Exception):
    """A record that cannot be taken, and why."""

    def __init__(self, *found: Diagnostic) -> None:
        self.found = found


class Lines:
    """The lines of a record, each with its line end; `number` is that of the last one that was read."""

    def __init__(self, name: str, file: IO[bytes], size: int, progress: Progress) -> None:
        self.name = name
        self.number = 0
        self.first = ""  # the first line, without its end
        self._file, self._size, self._progress = file, size, progress
        self._done = 0

    def __iter__(self) -> Iterator[str]:
        while data := self._file.readline(_LONGEST):
            self.number += 1
            self._done += len(data)
            if self._progress is not None and self.number % 5_000 == 0:
                self._progress(self._done // _MB, self._size // _MB)
            if self.number == 1:
                data = self._start(data)
            if len(data) == _LONGEST or b"\0" in data:
                raise Refused(self.refusal("this is no text", 0, help="name the file that the tool wrote"))
            try:
                line = data.decode("utf-8")
            except UnicodeDecodeError as error:
                if self.number == 1 and b"\0" in self._file.read(1_000):
                    raise Refused(
                        self.refusal("this is no text", 0, help="name the file that the tool wrote")
                    ) from None
                title = f"byte {error.start + 1} of line {self.number} is not UTF-8"
                help = f"save it as UTF-8, such as with `iconv -f latin1 -t utf-8 {self.name}`"
                raise Refused(self.refusal(title, self.number, data.decode("latin-1"), help=help)) from None
            if self.number == 1:
                self.first = line.rstrip("\r\n")
            yield line

    def _start(self, data: bytes) -> bytes:
        if data.startswith(_UTF16):
            raise Refused(self.refusal("this is UTF-16, as spreadsheets write it", 0, help="save it as UTF-8"))
        return data.removeprefix(b"\xef\xbb\xbf")

    def rows(self, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
        """The rows of a table, blank ones left out, each with the number of its first line."""
        lines = iter(self)
        reader = csv.reader(lines, delimiter=delimiter, strict=True) if delimiter == "," else None
        if reader is None:
            yield from ((self.number, line.rstrip("\r\n").split(delimiter)) for line in lines if line.strip())
            return
        start = 1
        try:
            for row in reader:
                if row:
                    yield start, row
                start = self.number + 1
        except csv.Error as error:
            title = f"a row cannot be read: {str(error).replace('unexpected end of data', 'a quote is not closed')}"
            raise Refused(self.refusal(title, start, help="name the file as the tool wrote it")) from None

    def at(self, line: int, text: str = "", word: str = "") -> Span:
        """A place in the record, with the lines before it blank: positions are true, and no more is kept than one line."""
        text = text.rstrip("\r\n") or (self.first if line == 1 else "")
        source = SourceFile(self.name, "\n" * max(line - 1, 0) + text)
        start = max(line - 1, 0) + max(text.find(word), 0)
        return Span(source, start, start + len(word or text))

    def refusal(self, title: str, line: int, text: str = "", word: str = "", help: str = "") -> Diagnostic:
        return diagnostic("R701", title, self.at(line, text, word), help=help)

    def note(self, title: str, help: str, line: int = 0, text: str = "") -> Diagnostic:
        """Something to be known of the record, or of a line of it."""
        return diagnostic("R702", title, self.at(line, text), help=help)

    def warning(self, title: str, help: str, line: int = 0, text: str = "") -> Diagnostic:
        """The same, of what is left out."""
        return replace(self.note(title, help, line, text), severity=Severity.WARNING)


@contextmanager
def record(path: Path, progress: Progress) -> Iterator[Lines]:
    """A record, open for one reading."""
    if path == STDIN:
        yield Lines("standard input", sys.stdin.buffer, 0, None)
        return
    name = display_name(path)
    try:
        file = path.open("rb")
    except OSError as error:
        span = Span(SourceFile(name, "", path), 0, 0)
        title = f"`{name}` cannot be read: {error.strerror or error}"
        raise Refused(diagnostic("L604", title, span, help="check the path and its permissions")) from None
    with file:
        yield Lines(name, file, path.stat().st_size, progress)


class Counts:
    """What is counted of the lines of a record, each with the first line that it is said of."""

    def __init__(self, one: str, notes: dict[str, tuple[str, str]]) -> None:
        self._one, self._notes = one, notes  # what is counted; words and help by the name of a note
        self._first: dict[str, tuple[int, str]] = {}
        self._count: dict[str, int] = {}

    def add(self, note: str, line: int, cells: list[str]) -> None:
        if note not in self._first:
            self._first[note] = (line, cells_as_line(cells))
        self._count[note] = self._count.get(note, 0) + 1

    def said(self, lines: Lines) -> list[Diagnostic]:
        """A note for each, in the order of `notes`; what is left out is a warning."""
        found = []
        for note, (words, help) in self._notes.items():
            if note in self._count:
                line, text = self._first[note]
                title = f"{counted(self._count[note], self._one)} {words}, the first in line {line}"
                say = lines.warning if words.startswith("left out") else lines.note
                found.append(say(title, help, line, text))
        return found


def cells_as_line(row: list[str]) -> str:
    """A row as one line, as a message shows it."""
    return ",".join(" ".join(cell.split()) for cell in row)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 run`, `3 runs`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
