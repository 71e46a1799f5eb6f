"""Ranges and tolerances that nothing can lie in: `in 5 .. 1`, `within -5% of`.

Takes lowered ends, gives V231 or nothing. Looks at constants only: an end that names a field is known when it is evaluated.
"""

from __future__ import annotations

from tonne.diagnostic import Diagnostic, Fix, diagnostic
from tonne.lower import Formula
from tonne.relations import constant
from tonne.syntax import tree


def inverted(written: tree.Range, low: Formula, high: Formula | None) -> Diagnostic | None:
    """V231 for a range whose ends stand the wrong way round."""
    from_, to = constant(low), None if high is None else constant(high)
    if high is None or from_ is None or to is None or from_ <= to:
        return None
    one, other = written.low.span.text, high.expr.span.text
    mended = f"{other} .. {one}"
    title = f"this range runs from {one} down to {other}"
    return diagnostic("V231", title, written.span, help=f"write `{mended}`", fix=Fix(written.span, mended))


def negative_tolerance(tolerance: Formula) -> Diagnostic | None:
    """V231 for a tolerance below zero."""
    value, expr = constant(tolerance), tolerance.expr
    if value is None or value >= 0:
        return None
    mended = expr.operand.span.text if isinstance(expr, tree.Negate) else ""
    help = f"write `within {mended} of`" if mended else "a tolerance is how far both sides may be apart"
    fix = Fix(expr.span, mended) if mended else None
    return diagnostic("V231", f"nothing lies within {expr.span.text} of a value", expr.span, help=help, fix=fix)
