"""Requirements and claims: does it hold?

A requirement holds or is missed. A claim holds; holds within the rounding of its inputs (it would for some values that
print as the given inputs do); is refuted, with the ratio and where one is found its cause; or is not comparable.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from enum import StrEnum

from tonne import rounding, slopes
from tonne.causes import Cause, likely_cause
from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.formatting import figure, number, share_of_draws, times
from tonne.graph import NUMBER, SOLVED, Interval, Node, postorder
from tonne.model import TestSides
from tonne.run import Run, default_unit
from tonne.syntax import tree
from tonne.units import Unit

SAME = 1e-9


class Outcome(StrEnum):
    HOLDS = "holds"
    WITHIN_ROUNDING = "holds-within-rounding"
    REFUTED = "refuted"
    NOT_COMPARABLE = "not-comparable"
    MISSED = "missed"  # a requirement that does not hold
    NOT_DECIDED = "not-decided"  # it rests on an error that was reported


@dataclass(frozen=True)
class Verdict:
    """Of one requirement or claim; `computed` and `claimed` are in `unit`, `ratio` is computed over claimed.

    `share` is that of the draws in which it holds, of `draws`, None without sampling; `wanted` is the share in which a
    requirement is to hold, None where it is to hold at the point values.
    """

    statement: tree.Require | tree.Claim
    outcome: Outcome
    computed: float | None = None
    claimed: float | None = None
    unit: Unit | None = None
    ratio: float | None = None
    likely: Cause | None = None  # what would explain the ratio of a refuted claim
    because: str = ""
    help: str = ""
    share: float | None = None
    draws: int = 0
    wanted: float | None = None

    @property
    def cause(self) -> str:
        return "" if self.likely is None else self.likely.text

    @property
    def evidence(self) -> tuple[str, ...]:
        return () if self.likely is None else self.likely.evidence

    @property
    def text(self) -> str:
        return " ".join(self.statement.span.text.split())


def judge(run: Run) -> tuple[list[Verdict], list[Verdict], list[Diagnostic]]:
    """The verdicts of all requirements and of all claims, with what is to be said of those that do not hold."""
    found: list[Diagnostic] = []
    requirements = []
    for requirement, sides in run.model.requirements:
        verdict = _in_draws(run, _verdict(run, requirement, sides, claim=False), sides)
        requirements.append(verdict)
        if verdict.outcome is Outcome.MISSED:
            found.append(_missed(verdict))
        elif verdict.outcome is Outcome.HOLDS and verdict.wanted is None and (verdict.share or 1) < 1:
            found.append(_not_robust(verdict))
    claims = []
    for claim, sides in run.model.claims:
        verdict = _in_draws(run, _verdict(run, claim, sides, claim=True), sides)
        claims.append(verdict)
        if verdict.outcome is Outcome.REFUTED:
            found.append(_refuted(verdict))
        elif verdict.outcome is Outcome.NOT_COMPARABLE:
            found.append(
                diagnostic(
                    "C403",
                    verdict.because,
                    claim.test.span,
                    help=verdict.help or "so it is neither true nor false as written",
                )
            )
    return requirements, claims, found


def _verdict(run: Run, statement: tree.Require | tree.Claim, sides: TestSides, *, claim: bool) -> Verdict:
    if not sides.comparable:
        return Verdict(statement, Outcome.NOT_COMPARABLE, because=sides.because, help=sides.help)
    nodes = sides.parts
    values = {name: run.value(node) for name, node in nodes.items()}
    if not nodes or any(v is None for v in values.values()):
        if claim and nodes and all(n is not None and not run.is_unknown(n) for n in nodes.values()):
            return Verdict(statement, Outcome.NOT_COMPARABLE, because="a value in the claim is no finite number")
        return Verdict(statement, Outcome.NOT_DECIDED)
    known = {name: v for name, v in values.items() if v is not None}
    points = {name: (v, v) for name, v in known.items()}
    test = statement.test
    unit = _unit(run, test, sides)
    against = _against(test, known)
    ratio = known["left"] / against if against else math.inf
    shown = {
        "computed": known["left"] / unit.factor,
        "claimed": against / unit.factor,
        "unit": unit,
        "ratio": ratio if math.isfinite(ratio) else None,
    }
    if _holds(test, points, nodes, sides.relative):
        return Verdict(statement, Outcome.HOLDS, **shown)  # type: ignore[arg-type]
    if not claim:
        return Verdict(statement, Outcome.MISSED, **shown)  # type: ignore[arg-type]
    intervals = {name: _interval(run, node) for name, node in nodes.items() if node is not None}
    if _both_move(nodes, known):
        within = _within_rounding_of_both(run, test, known, nodes, sides.relative)
    else:
        within = _holds(test, intervals, nodes, sides.relative)
    if within:
        return Verdict(statement, Outcome.WITHIN_ROUNDING, **shown)  # type: ignore[arg-type]
    likely = likely_cause(run, test, sides, intervals["left"])
    return Verdict(statement, Outcome.REFUTED, likely=likely, **shown)  # type: ignore[arg-type]


def _in_draws(run: Run, verdict: Verdict, sides: TestSides) -> Verdict:
    """The same with the share of draws in which it holds, which decides a requirement that names a share."""
    sampled = run.sampled
    share = None if sampled is None else sampled.share(sides)
    if sides.share is not None and share is None:
        return replace(verdict, outcome=Outcome.NOT_DECIDED)
    if sampled is None or share is None or verdict.outcome in (Outcome.NOT_DECIDED, Outcome.NOT_COMPARABLE):
        return verdict
    wanted = run.value(sides.share)
    outcome: Outcome = verdict.outcome
    if sides.share is not None:
        outcome = Outcome.NOT_DECIDED
        if wanted is not None:
            outcome = Outcome.HOLDS if share >= wanted - SAME else Outcome.MISSED
    return replace(verdict, outcome=outcome, share=share, draws=sampled.options.draws, wanted=wanted)


def _interval(run: Run, node: Node) -> Interval:
    """All values of a side while its inputs print as they do.

    Where it rests on optima, each fact is moved once for all of them, to first order: interval arithmetic would move the
    constants of a law for each optimum by itself, and a ratio of two would be good for anything.
    """
    if rounding.has_elasticity(run, node):
        return rounding.moved(run, node)
    if all(one.op != SOLVED for one in postorder(node)):
        return run.interval(node)
    return slopes.interval(run.raw(node), slopes.elasticities(run, node))


def _both_move(nodes: dict[str, Node | None], known: dict[str, float]) -> bool:
    """Whether a test compares two values that both follow from given facts, so that a fact may stand on both sides."""
    right = nodes.get("right")
    return right is not None and any(n.op == NUMBER and n.payload.half_unit for n in postorder(right))


def _within_rounding_of_both(
    run: Run, test: tree.Test, known: dict[str, float], nodes: dict[str, Node | None], relative: bool
) -> bool:
    """Whether two derived values could meet: each fact is moved once, by half a unit of its last digit, to first order."""
    left, right = nodes["left"], nodes["right"]
    assert left is not None
    assert right is not None
    if known["left"] * known["right"] <= 0:
        return False
    apart = slopes.elasticities(run, left)
    for key, (node, slope) in slopes.elasticities(run, right).items():
        apart[key] = (node, apart.get(key, (node, 0.0))[1] - slope)
    share = math.expm1(slopes.leeway(apart))
    points = {name: (v, v) for name, v in known.items()}
    points["left"] = tuple(sorted((known["left"] / (1 + share), known["left"] * (1 + share))))  # type: ignore[assignment]
    return _holds(test, points, nodes, relative)


def _literal(test: tree.Test) -> tree.Number | None:
    """The number on the right of a comparison, when it is one."""
    right = test.right if isinstance(test, tree.Comparison) else None
    if isinstance(right, tree.Negate):
        right = right.operand
    return right if isinstance(right, tree.Number) else None


def precision(test: tree.Test, right: Node | None) -> float:
    """How near `==` takes two values for equal: half a unit of the last digit of a literal, 0 without one."""
    return _half_unit(right) if _literal(test) is not None else 0.0


def _half_unit(node: Node | None) -> float:
    """Half a unit of the last written digit of a literal, in base units, however exact its unit."""
    if node is not None and node.op == "neg":
        node = node.args[0]
    if node is None or node.op != NUMBER or node.payload is None:
        return 0.0
    written = node.payload.written
    scale = node.payload.value / written.value if written.value else 1.0
    return float(written.half_unit * scale)


def _against(test: tree.Test, values: dict[str, float]) -> float:
    """What the left side is measured by: the right side, or the nearer end of a range."""
    if isinstance(test, tree.Inside):
        return values["low"] if values["left"] < values["low"] or "high" not in values else values["high"]
    return values["right"]


def _holds(test: tree.Test, sides: dict[str, Interval], nodes: dict[str, Node | None], relative: bool) -> bool:
    """Whether the test holds for some values in the intervals; for points, whether it holds."""
    left = sides["left"]
    if isinstance(test, tree.Inside):
        low, high = sides["low"], sides.get("high", (math.inf, math.inf))
        return left[1] >= low[0] - SAME * abs(low[0]) and left[0] <= high[1] + (
            SAME * abs(high[1]) if math.isfinite(high[1]) else 0.0
        )
    right = sides["right"]
    gap = max(right[0] - left[1], left[0] - right[1], 0.0)
    if isinstance(test, tree.Near):
        tolerance = sides["tolerance"][1]
        allowed = tolerance * max(abs(right[0]), abs(right[1])) if relative else tolerance
        return gap <= allowed * (1 + SAME)
    scale = SAME * max(abs(right[0]), abs(right[1]), abs(left[0]) if math.isfinite(left[0]) else 0.0)
    if test.operator == "==":
        half = precision(test, nodes["right"])
        return gap <= max(half * (1 + SAME), scale)
    if test.operator in ("<=", "<"):
        return left[0] <= right[1] + scale if test.operator == "<=" else left[0] < right[1] - scale
    return left[1] >= right[0] - scale if test.operator == ">=" else left[1] > right[0] + scale


def _unit(run: Run, test: tree.Test, sides: TestSides) -> Unit:
    """The unit in which a verdict is told: that of a literal, else that of the left side."""
    assert sides.dimension is not None
    table = run.model.project.units
    for expr in [test.right] if not isinstance(test, tree.Inside) else [test.range.low]:
        if isinstance(expr, tree.Negate):
            expr = expr.operand
        if isinstance(expr, tree.Number) and expr.unit is not None:
            unit = table.lookup(expr.unit)
            if isinstance(unit, Unit):
                return unit
    return default_unit(run.model, sides.references, sides.dimension)


def measure(verdict: Verdict) -> str:
    """How far the scenario is from what is required or claimed: `1,000 times`, `1/45`, `12 % above`."""
    computed, claimed, unit = verdict.computed, verdict.claimed, verdict.unit
    if computed is None or claimed is None or unit is None:
        return "not that"
    side = "above" if computed > claimed else "below"
    if verdict.ratio is None or claimed <= 0 or computed <= 0:
        return f"{number(abs(computed - claimed), unit.word)} {side}"
    if abs(verdict.ratio - 1) <= SAME:
        return "exactly that"
    if not 0.5 <= verdict.ratio <= 2:
        return times(verdict.ratio)
    return f"{figure(abs(verdict.ratio - 1) * 100, 2)} % {side}"


_BOUNDS = {"<=": "at most ", "<": "less than ", ">=": "at least ", ">": "more than "}


def computed_words(verdict: Verdict) -> str:
    """What the scenario gives, with one digit more than the claim has, and at least four."""
    assert verdict.unit is not None
    assert verdict.computed is not None
    literal = _literal(verdict.statement.test)
    digits = len(re.sub(r"[eE].*|[^0-9]", "", literal.text).lstrip("0")) if literal is not None else 0
    return number(verdict.computed, verdict.unit.word, max(4, min(digits + (verdict.outcome is not Outcome.HOLDS), 15)))


def is_literal(verdict: Verdict) -> bool:
    """Whether a claim is of a written number, which holds to its last digit."""
    test = verdict.statement.test
    return isinstance(test, tree.Comparison) and test.operator == "==" and _literal(test) is not None


def told(verdict: Verdict) -> str:
    """What the scenario gives against what is claimed, in one clause."""
    if verdict.unit is None or verdict.computed is None:
        return verdict.because
    computed = computed_words(verdict)
    if verdict.claimed is None:
        return f"the scenario gives {computed}"
    test = verdict.statement.test
    literal = _literal(test)
    right = test.right if isinstance(test, tree.Comparison) and literal is not None else None
    claimed = " ".join(right.span.text.split()) if right is not None else number(verdict.claimed, verdict.unit.word)
    bound = _BOUNDS.get(test.operator, "") if isinstance(test, tree.Comparison) else ""
    if isinstance(test, tree.Inside):
        bound = _BOUNDS[">=" if verdict.computed < verdict.claimed else "<="]
    word = "required" if isinstance(verdict.statement, tree.Require) else "claimed"
    return f"the scenario gives {computed}, {word} {bound}{claimed}: {measure(verdict)}"


def _not_robust(verdict: Verdict) -> Diagnostic:
    assert verdict.share is not None
    only = "" if verdict.share in (0.0, 1.0) else "only "
    title = f"this holds {in_draws(verdict).replace('in ', f'in {only}', 1)}"
    label = Label(verdict.statement.span, "holds at the point values")
    help = "to require a share of the draws, write `in 90% of draws` behind it"
    return diagnostic("C404", title, label, help=help)


def in_draws(verdict: Verdict) -> str:
    """In how many draws a test holds: `in 71 % of draws`."""
    return share_of_draws(verdict.share or 0.0, verdict.draws)


def _missed(verdict: Verdict) -> Diagnostic:
    assert verdict.unit is not None
    assert verdict.computed is not None
    test = verdict.statement.test
    if verdict.wanted is not None:
        wanted = f"required in {figure(verdict.wanted * 100)} % of draws"
        title = f"`{' '.join(test.span.text.split())}` holds {in_draws(verdict)}, {wanted}"
        label = Label(verdict.statement.span, f"{computed_words(verdict)} at the point values")
        return diagnostic("C401", title, label, help="narrow what is uncertain, or require less")
    left = " ".join(test.left.span.text.split())
    computed = computed_words(verdict)
    wanted = " ".join(test.span.source.text[test.left.span.end : test.span.end].split())
    is_path = isinstance(test.left, tree.Path)
    return diagnostic(
        "C401",
        f"`{left}` is {computed}, required {wanted}",
        Label(verdict.statement.span, f"this is {measure(verdict)}" if verdict.ratio is not None else ""),
        help=f"`tonne explain FILE {left}` shows what it follows from" if is_path else "",
    )


def _refuted(verdict: Verdict) -> Diagnostic:
    source = verdict.statement.provenance
    notes = [f"claimed by {source}"] if source is not None else []
    labels = verdict.likely.labels if verdict.likely is not None else ()
    claim = Label(verdict.statement.span, "the claim")
    return diagnostic("C402", told(verdict), claim, *labels, help=verdict.cause, notes=[*notes, *verdict.evidence])
