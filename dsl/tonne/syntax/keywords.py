"""The words of the language, which are no names."""

from __future__ import annotations

# The words that a statement of a file begins with; an instance begins with the name of its kind.
STATEMENT_WORDS = (
    "use", "bibliography", "dimension", "unit", "kind", "let", "require", "claim", "show", "sweep", "case", "optimum",
    "correlate", "excluded",
)  # fmt: skip
KEYWORDS = frozenset(STATEMENT_WORDS) | {
    "vary", "minimize", "maximize", "over", "subject", "to", "like", "without", "from", "assumed", "allow", "in", "within",
    "of", "or", "usual", "once", "prefixes", "alias",
}  # fmt: skip

# What to call a thing instead.
OTHER_NAMES = {
    "use": "usage", "bibliography": "references", "dimension": "size", "unit": "measure", "kind": "sort", "let": "value",
    "require": "required", "claim": "claimed", "show": "shown", "sweep": "swept", "vary": "varied", "case": "scenario",
    "optimum": "best", "minimize": "least", "maximize": "most", "over": "range", "subject": "topic", "to": "target",
    "like": "similar", "without": "lacking", "from": "origin", "assumed": "assumption", "allow": "allowed",
    "excluded": "left_out", "correlate": "correlated", "in": "input", "within": "inside", "of": "share", "or": "other",
    "usual": "typical", "once": "single", "prefixes": "prefix", "alias": "other_name",
}  # fmt: skip

# The letters that may touch a number, each with its power of ten.
SUFFIX_EXPONENTS = {"k": 3, "M": 6, "B": 9, "T": 12}
