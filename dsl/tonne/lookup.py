"""What a dotted path that somebody asks for names: a field of an instance, a let, a value at an optimum.

Takes a `Run` and the path as it was typed; gives what it names, or what is wrong with it, in the words of `tonne check`.
"""

from __future__ import annotations

from tonne.diagnostic import Diagnostic, diagnostic
from tonne.dimension import RATIO, Dimension
from tonne.graph import Node
from tonne.lower import Lowering
from tonne.model import Optimum, ShownValue
from tonne.names import Instance, Let, Study, with_article
from tonne.paths import Place, Reference
from tonne.run import Run, default_unit, unit_of_result
from tonne.source import SourceFile, Span
from tonne.syntax import tree

Found = Instance | Let | ShownValue | None


def find(run: Run, path: str) -> tuple[Found, str, list[Diagnostic]]:
    """What a dotted path of the file names: an instance with a field, a let, a value at an optimum; or what is wrong.

    Nothing is said of a path that rests on an error: that was reported already.
    """
    project = run.model.project
    lowering = Lowering(project.units)
    source = SourceFile("explain", path)
    parts = tuple(path.split("."))
    spans, at = [], 0
    for part in parts:
        spans.append(Span(source, at, at + len(part)))
        at += len(part) + 1
    written = tree.Path(parts, Span(source, 0, len(path)), tuple(spans))
    symbol = project.entry.symbols.get(parts[0])
    if isinstance(symbol, Instance) and len(parts) == 1:
        return symbol, "", []
    if isinstance(symbol, Study) and not symbol.is_optimum:
        help = "name a field of an instance, or a `let`"
        return None, "", [diagnostic("N119", f"`{parts[0]}` is no quantity", spans[0], help=help)]
    reference = lowering.paths.find(written, Place(project.entry))
    if reference is None:
        help = "mend what `tonne check` reports"
        rests = diagnostic("N119", f"`{path}` rests on an error", written.span, help=help)
        return None, "", lowering.found or [rests]
    if reference.is_list:
        help = "explain a field of one of its members"
        return None, "", [diagnostic("N119", f"`{path}` is a list", written.span, help=help)]
    if reference.study is not None:
        return _at_optimum(run, reference, written)
    if isinstance(reference.root, Let):
        return reference.root, "", []
    at_instance: Instance | tuple[Instance, ...] | None = reference.root
    walked = [reference.root.name] if reference.root else []
    for name in reference.refs:
        state = run.model.states.get(at_instance) if isinstance(at_instance, Instance) else None
        at_instance = state.targets.get(name) if state else None
        walked.append(name)
        if at_instance is None:
            break
    if isinstance(at_instance, Instance):
        return at_instance, reference.field.name if reference.field else "", []
    title, help = f"`{path}` leads nowhere: a name on the way is not bound", f"bind `{'.'.join(walked)}`"
    return None, "", [diagnostic("N117", title, written.span, help=help)]


def _at_optimum(run: Run, reference: Reference, written: tree.Path) -> tuple[Found, str, list[Diagnostic]]:
    """A value at the solution of an optimum."""
    optimum = run.model.optima.get(reference.study) if reference.study is not None else None
    if optimum is None or optimum.study not in run.solved:
        title = f"`{written.parts[0]}` has no solution"
        return None, "", [diagnostic("N119", title, written.part_spans[0], help="mend what `tonne run` reports")]
    if not reference.is_value:
        title, help = f"`{written}` is not one quantity", f"name a field of it: `{written}.…`"
        return None, "", [diagnostic("N119", title, written.span, help=help)]
    node = optimum.find(reference)
    if not isinstance(node, Node):
        title, help = f"`{written}` is undetermined", f"`tonne explain FILE {'.'.join(written.parts[1:])}` says why"
        return None, "", [diagnostic("N117", title, written.span, help=help)]
    dimension = _dimension(optimum, reference)
    unit = reference.field.unit if reference.field is not None else default_unit(run.model, [reference], dimension)
    return ShownValue(str(written), node, unit, dimension, written.span, (reference,)), "", []


def _dimension(optimum: Optimum, reference: Reference) -> Dimension:
    if reference.field is not None and reference.field.unit is not None:
        return reference.field.unit.dimension
    if isinstance(reference.root, Let):
        return optimum.model.let_dimensions.get(reference.root, RATIO)
    unit = unit_of_result(optimum, reference.result)
    return RATIO if unit is None else unit.dimension


def find_quantity(run: Run, path: str) -> tuple[Found, str, list[Diagnostic]]:
    """As `find`, where only one quantity will do."""
    symbol, field, found = find(run, path)
    if isinstance(symbol, Instance) and not field:
        names = ", ".join(f"{path}.{f.name}" for f in symbol.kind.quantities[:6])
        title = f"`{path}` is {with_article(symbol.kind.name)}, not one quantity"
        span = Span(SourceFile("explain", path), 0, len(path))
        return None, "", [diagnostic("N119", title, span, help=f"name a field of it: {names}, …")]
    return symbol, field, found
