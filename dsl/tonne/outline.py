"""The paths of a file, from its syntax tree alone: what a shell completes to.

Takes a file, gives names with their fields; of a file with mistakes what can be read. Nothing is resolved.
"""

from __future__ import annotations

from pathlib import Path

from tonne import library
from tonne.files import Files
from tonne.names import LABEL_TYPES
from tonne.syntax import tree


def outline(path: Path) -> dict[str, list[str]]:
    """The instances of a file, its own first and then those that it uses, each with its quantities; lets have none."""
    root = library.project_root(path)
    settings, _ = library.read_settings(root)
    files = Files(root, settings, [])
    entry = files.load(path)
    if entry is None:
        return {}
    everything = [s for scope in files.scopes for s in scope.module.statements]
    kinds = {s.name: s for s in everything if isinstance(s, tree.KindDeclaration)}
    kind_of = {s.name: s.kind for s in everything if isinstance(s, tree.InstanceDeclaration)}
    names: dict[str, list[str]] = {}
    for statement in entry.module.statements:
        if isinstance(statement, tree.InstanceDeclaration):
            names.setdefault(statement.name, _quantities(statement.kind, kinds))
        elif isinstance(statement, tree.Let):
            names.setdefault(statement.name, [])
    for statement in entry.module.statements:
        if isinstance(statement, tree.Use):
            for name, _ in statement.names:
                names.setdefault(name, _quantities(kind_of.get(name, ""), kinds))
    return names


def _quantities(kind: str, kinds: dict[str, tree.KindDeclaration]) -> list[str]:
    fields: dict[str, str] = {}
    seen: set[str] = set()
    while kind in kinds and kind not in seen:
        seen.add(kind)
        fields = {f.name: f.type.word for f in kinds[kind].fields} | fields
        kind = str(kinds[kind].like)
    return [name for name, word in fields.items() if word not in kinds and word not in LABEL_TYPES]
