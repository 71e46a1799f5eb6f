"""Why a value is what it is: its derivation as a tree, or for an undetermined one what would determine it.

`explain` gives data; how it looks is the business of `tonne.report.explanation`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tonne.diagnostic import Diagnostic, diagnostic
from tonne.facts import TOLERANCE, other_ways
from tonne.formatting import number
from tonne.graph import FREE, Node
from tonne.in_numbers import formula_in_numbers, plain, targets, value_in_words
from tonne.lookup import find_quantity
from tonne.lower import Formula
from tonne.missing import lacking_names, would_determine
from tonne.model import Optimum, ShownValue, State
from tonne.names import Binding, Instance, Let, Study
from tonne.paths import Reference
from tonne.reconcile import Comparison, comparison, comparisons_of, tests
from tonne.run import Run, default_unit, unit_of_let, unit_of_result
from tonne.source import Span
from tonne.syntax import tree
from tonne.units import Unit
from tonne.values import replace

# Levels that one explanation unfolds; deeper ones have to be asked for by name.
MOST_LEVELS = 100
# The source of what `--set` or an override binds.
SET = "set for this run"
# A line of the file, which names the test in it: `:12`, `scenario.tonne:12`.
_LINE = re.compile(r"(?:.*:)?([0-9]{1,9})")


@dataclass(frozen=True)
class OtherWay:
    """Another alternative of the same field, with its value and whether it agrees."""

    formula: str
    in_numbers: str
    value: str
    agrees: bool
    stands_in: bool


@dataclass(frozen=True)
class Step:
    """One value of a derivation. `status` is given, derived, constant, chosen (by an optimum) or undetermined; `because` are
    the steps below, `compared` the tests that hold it against another value. Of a test itself the status is `test`."""

    name: str
    value: str
    status: str
    formula: str = ""
    in_numbers: str = ""
    source: str = ""
    where: Span | None = None
    because: tuple[Step, ...] = ()
    others: tuple[OtherWay, ...] = ()
    repeated: bool = False
    deeper: bool = False  # what it rests on lies too deep to be unfolded here
    period: str = ""  # of the instance that gives it
    would_determine: tuple[str, ...] = ()
    lacks: tuple[tuple[str, tuple[str, ...]], ...] = ()
    amount: float | None = None  # the value in `unit`, with all its digits
    unit: str | None = None
    spread: str = ""  # what stands after `~`, as written
    provenance: tree.Provenance | None = None  # what `source` is of; None where nothing says so, or a setting does
    compared: tuple[Comparison, ...] = ()
    not_comparable: str = ""  # why a claim says nothing that could be true, and what to write


@dataclass
class _Walk:
    run: Run
    optimum: Optimum | None = None  # at whose solution the values are
    seen: set[tuple[object, str]] = field(default_factory=set)
    level: int = 0
    at: dict[Study, _Walk] = field(default_factory=dict)  # the same walk at the solutions of optima

    def name(self, symbol: Instance | Let) -> str:
        """The name of what a file defines, with that of the optimum where it moves it."""
        moved = self.optimum is not None and symbol in self.optimum.moved
        return f"{self.optimum.study.name}.{symbol.name}" if self.optimum is not None and moved else symbol.name


def explain_path(run: Run, path: str) -> tuple[Step | None, list[Diagnostic]]:
    """The derivation of what a dotted path of the file names, or of the test that stands in a line of it, `:12`; or what is
    wrong with the path. Of a value that is held against another one, also what would make the two equal."""
    line = _LINE.fullmatch(path)
    if line is not None:
        return _explain_line(run, int(line[1]))
    symbol, name, found = find_quantity(run, path)
    if symbol is None:
        return None, found
    if isinstance(symbol, ShownValue):
        return _reference(_Walk(run), None, symbol.references[0])[0], []
    if isinstance(symbol, Let):
        step, node = explain_let(run, symbol), run.model.lets.get(symbol)
    else:
        state = run.model.states[symbol]
        step, node = explain_field(run, state, name), state.nodes.get(name)
    compared = () if node is None else tuple(comparisons_of(run, node))
    return dataclasses.replace(step, compared=compared), []


def _explain_line(run: Run, line: int) -> tuple[Step | None, list[Diagnostic]]:
    """The two sides of the requirement or claim that stands in a line, and what would make them equal, or comparable."""
    source = run.model.project.entry.module.source
    for statement, sides in tests(run):
        last = source.position(statement.span.end)[0]
        if statement.span.source is source and statement.span.line <= line <= last:
            walk = _Walk(run)
            because = tuple(s for r in sides.references for s in _reference(walk, None, r))
            found = comparison(run, statement, sides)
            text, from_ = plain(statement.test.span.text), statement.provenance
            word = "require" if isinstance(statement, tree.Require) else "claim"
            source_ = "" if from_ is None else str(from_)
            compared = () if found is None else (found,)
            name = f"{word} {text}"
            why = "" if sides.comparable else "; ".join(filter(None, (sides.because, sides.help)))
            step = Step(
                name, "", "test", "", "", source_, statement.span, because, compared=compared, not_comparable=why
            )
            return step, []
    lines = sorted({statement.span.line for statement, _ in tests(run) if statement.span.source is source})
    help = f"they stand in {', '.join(map(str, lines[:10]))}" if lines else "the file has none; name a value of it"
    at = min(line, len(source.line_starts))
    start = source.line_starts[max(at, 1) - 1]
    span = Span(source, start, start + len(source.line(max(at, 1))))
    return None, [diagnostic("N119", f"no requirement and no claim stands in line {line}", span, help=help)]


def explain_field(run: Run, state: State, name: str) -> Step:
    """The derivation of a field of an instance."""
    return _field(_Walk(run), state, name)


def explain_let(run: Run, let: Let) -> Step:
    return _let(_Walk(run), let)


def explain_shown(run: Run, shown: ShownValue, unit: Unit) -> Step:
    """What a shown expression rests on."""
    walk = _Walk(run)
    because = tuple(s for r in shown.references for s in _reference(walk, None, r))
    text, amount = plain(shown.text), None if shown.node is None else run.in_unit(shown.node, unit)
    value = value_in_words(run, shown.node, unit)
    return Step(text, value, "derived", text, "", "", shown.span, because, amount=amount, unit=unit.word)


def source_of_field(run: Run, state: State, name: str) -> str:
    """Where a field's number or formula is from, as written; empty where nothing says so."""
    binding = state.instance.bindings.get(name)
    return source_of(binding) if binding is not None else str(_provenance_of_field(state, name) or "")


def _provenance_of_field(state: State, name: str) -> tree.Provenance | None:
    binding = state.instance.bindings.get(name)
    if binding is not None:
        return provenance_of(binding)
    if name not in state.nodes:
        return None
    formula = state.formulas.alternatives[name][state.determination.chosen[name]]
    declared = state.instance.kind.fields[name].declaration.alternatives
    written = next((v for v in declared if v.expr is formula.expr), None)
    return written.provenance if written is not None else None


def _unit_of(state: State, name: str) -> Unit:
    unit = state.instance.kind.fields[name].unit
    assert unit is not None
    return unit


def _field(walk: _Walk, state: State, name: str) -> Step:
    run = walk.run
    full = f"{walk.name(state.instance)}.{name}"
    unit = _unit_of(state, name)
    node = state.nodes.get(name)
    if node is None:
        return _undetermined(run, state, name, full)
    value = value_in_words(run, node, unit)
    if node.op == FREE:
        return Step(full, value, "chosen", where=node.span, amount=run.in_unit(node, unit), unit=unit.word)
    key = (state.instance, name)
    binding = state.instance.bindings.get(name) if state.is_given(name) else None
    if binding is None:
        formula = state.formulas.alternatives[name][state.determination.chosen[name]]
        status = "derived" if formula.references else "constant"
    else:
        bound = run.model.binding_formulas.get(binding)
        assert bound is not None
        formula, status = bound, "given"
    where = binding.value.span if binding is not None else formula.expr.span
    text = plain(formula.expr.span.text) if formula.references else ""
    if key in walk.seen and formula.references:
        return Step(
            full, value, status, text, where=where, repeated=True, amount=run.in_unit(node, unit), unit=unit.word
        )
    walk.seen.add(key)
    because, deeper = _because(walk, state, formula)
    return Step(
        full,
        value,
        status,
        text,
        formula_in_numbers(run, state, formula) if formula.references else "",
        source_of_field(run, state, name),
        where,
        because,
        _others(run, state, name),
        deeper=deeper,
        period=_period(state.instance) if status == "given" else "",
        amount=run.in_unit(node, unit),
        unit=unit.word,
        spread=_spread(run, node),
        provenance=_provenance_of_field(state, name),
    )


def _spread(run: Run, node: Node | None) -> str:
    assumption = run.model.draws.get(id(node))
    return "" if assumption is None else plain(assumption.spread.span.text)


def source_of(one: Binding | Let) -> str:
    """The provenance of a line as written; empty where it has none."""
    return SET if one.set_by_command else str(provenance_of(one) or "")


def provenance_of(one: Binding | Let) -> tree.Provenance | None:
    return None if one.set_by_command else getattr(one.value, "provenance", None)


def _others(run: Run, state: State, name: str) -> tuple[OtherWay, ...]:
    ways = []
    unit = _unit_of(state, name)
    for c in other_ways(run, state, name):
        formula = state.formulas.alternatives[name][c.index]
        agrees = abs(c.value - c.other) <= TOLERANCE * max(abs(c.value), abs(c.other))
        ways.append(
            OtherWay(
                plain(formula.expr.span.text),
                formula_in_numbers(run, state, formula),
                number(c.other / unit.factor, unit.word),
                agrees,
                formula.stands_in,
            )
        )
    return tuple(ways)


def _because(walk: _Walk, state: State | None, formula: Formula) -> tuple[tuple[Step, ...], bool]:
    """The steps that a formula rests on; or none, and whether that is because they lie too deep."""
    if walk.level >= MOST_LEVELS:
        return (), bool(formula.references)
    walk.level += 1
    steps = tuple(s for r in formula.references for s in _reference(walk, state, r))
    walk.level -= 1
    return steps, False


def _reference(walk: _Walk, state: State | None, reference: Reference) -> list[Step]:
    """The step of each value that a leaf stands for; a list has one a member."""
    run = walk.run
    if reference.study is not None:
        return _solved(walk, reference)
    if isinstance(reference.root, Let) and reference.field is None and not reference.is_list:
        return [_let(walk, reference.root)]
    if reference.field is None:
        return []
    steps = list(_choices(walk, state, reference))
    for instance in targets(run, state, reference):
        there = run.model.states.get(instance)
        if there is not None:
            steps.append(_field(walk, there, reference.field.name))
    return steps


def _solved(walk: _Walk, reference: Reference) -> list[Step]:
    """The step of a value at the solution of an optimum, with what was made least for it."""
    study = reference.study
    solved = walk.run.solved.get(study) if study is not None else None
    if study is None or solved is None:
        return []
    there = walk.at.setdefault(study, _Walk(solved.run, solved.optimum))
    optimum = solved.optimum
    if reference.result:
        unit, node = unit_of_result(optimum, reference.result), optimum.find(reference)
        assert unit is not None
        assert isinstance(node, Node)
        amount, value = walk.run.in_unit(node, unit), value_in_words(walk.run, node, unit)
        steps = [Step(f"{study.name}.{reference.result}", value, "chosen", amount=amount, unit=unit.word)]
    else:
        steps = _reference(there, None, replace(reference, study=None))
    return [_because_of(walk, there, optimum, s) if s.status == "chosen" else s for s in steps]


def _because_of(walk: _Walk, there: _Walk, optimum: Optimum, step: Step) -> Step:
    """A step that an optimum has chosen, with what it was chosen for; its sides are told once."""
    study = optimum.study
    sides = [] if (study, "") in walk.seen else [s for s in (optimum.objective, *optimum.sides) if s is not None]
    walk.seen.add((study, ""))
    because = tuple(_side(there, side) for side in sides)
    return dataclasses.replace(step, formula=statement_of(study), where=study.declaration.name_span, because=because)


def _side(walk: _Walk, shown: ShownValue) -> Step:
    """The objective, or a side of the constraint, at the solution."""
    assert shown.dimension is not None
    unit = default_unit(walk.run.model, shown.references, shown.dimension)
    because = tuple(s for r in shown.references for s in _reference(walk, None, r))
    if len(because) == 1 and because[0].name.endswith(shown.text):  # a path, not an expression
        return because[0]
    value, amount = (
        value_in_words(walk.run, shown.node, unit),
        None if shown.node is None else walk.run.in_unit(shown.node, unit),
    )
    return Step(shown.text, value, "derived", where=shown.span, because=because, amount=amount, unit=unit.word)


def statement_of(study: Study) -> str:
    """What an optimum makes least or greatest, and what holds, in one line."""
    declared = study.declaration
    assert isinstance(declared, tree.Optimum)
    objective = declared.objectives[0]
    subject = "".join(f" subject to {s.test.span.text}" for s in declared.subjects)
    return plain(f"{objective.sense} {objective.expr.span.text}{subject}")


def _choices(walk: _Walk, state: State | None, reference: Reference) -> Iterator[Step]:
    """The references on the way, such as `grid = quebec`, of which their lines say why they were chosen; each once."""
    at = walk.run.model.states.get(reference.root) if isinstance(reference.root, Instance) else state
    for name in reference.refs:
        if at is None:
            return
        target, binding = at.targets.get(name), at.instance.bindings.get(name)
        source = source_of(binding) if binding is not None else ""
        if binding is not None and source and isinstance(target, Instance) and (at.instance, name) not in walk.seen:
            walk.seen.add((at.instance, name))
            period = _period(target)
            full = f"{at.instance.name}.{name}"
            span, provenance = binding.value.span, provenance_of(binding)
            yield Step(full, target.name, "given", source=source, where=span, period=period, provenance=provenance)
        at = walk.run.model.states.get(target) if isinstance(target, Instance) else None


def _period(instance: Instance) -> str:
    """The date that an instance gives as its own, such as the year of a grid."""
    return next((b.label for b in instance.bindings.values() if b.field.label == "date"), "")


def _let(walk: _Walk, let: Let) -> Step:
    run = walk.run
    formula = run.model.let_formulas[let]
    node = run.model.lets.get(let)
    unit = unit_of_let(run.model, let)
    value = value_in_words(run, node, unit) if unit is not None else "—"
    repeated = (let, "") in walk.seen and bool(formula.references)
    walk.seen.add((let, ""))
    because, deeper = ((), False) if repeated else _because(walk, None, formula)
    status = "derived" if formula.references else "given"
    in_numbers = formula_in_numbers(run, None, formula) if formula.references else ""
    amount = run.in_unit(node, unit) if node is not None and unit is not None else None
    text, word = plain(formula.expr.span.text), unit.word if unit else None
    return Step(
        walk.name(let),
        value,
        status,
        text,
        "" if repeated else in_numbers,
        source_of(let),
        let.value.span,
        because,
        repeated=repeated,
        deeper=deeper,
        amount=amount,
        unit=word,
        spread=_spread(run, node),
        provenance=provenance_of(let),
    )


def _undetermined(run: Run, state: State, name: str, full: str) -> Step:
    facts = tuple(would_determine(run.model, state).get(name, ()))
    lacks = []
    for formula in state.formulas.alternatives[name]:
        missing = tuple(lacking_names(state, formula))
        lacks.append((plain(formula.expr.span.text), missing))
    where = state.instance.declaration.name_span
    return Step(
        full,
        "—",
        "undetermined",
        where=where,
        would_determine=facts,
        lacks=tuple(lacks),
        unit=_unit_of(state, name).word,
    )
