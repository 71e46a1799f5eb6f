"""The codes: number, name, what it says in a few words, severity. A number is never used for anything else.

Each code that the program can report has a page `docs/errors/CODE.md`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    VERDICT = "verdict"


class Entry(NamedTuple):
    code: str
    name: str
    summary: str
    severity: Severity


_E, _W, _N, _V = Severity.ERROR, Severity.WARNING, Severity.NOTE, Severity.VERDICT

_TABLE = [
    Entry("S101", "unreadable-line", "a line cannot be read from some point on", _E),
    Entry("S102", "missing-brace", "a bracket is opened and never closed", _E),
    Entry("S103", "stray-brace", "a bracket closes nothing", _E),
    Entry("S104", "spaced-unit", "a unit is written as two words", _E),
    Entry("S105", "missing-operator", "two values stand side by side", _E),
    Entry("S106", "unended-text", "a text has no closing quote", _E),
    Entry("S107", "keyword-as-name", "a word of the language is used as a name", _E),
    Entry("S108", "two-on-a-line", "two statements stand on one line", _E),
    Entry("S109", "too-large", "a file, its nesting or the scenario is over a limit", _E),
    # S110 was said of statements that were read and not evaluated yet.
    Entry("S111", "nothing-to-evaluate", "a file has no statement", _W),
    Entry("N111", "unknown-name", "a name is not defined", _E),
    Entry("N112", "unknown-field", "a kind has no such field", _E),
    Entry("N113", "defined-twice", "a name is defined twice", _E),
    Entry("N114", "unknown-library", "a library or a file to use does not exist", _E),
    Entry("N115", "unused-import", "a name is imported and not used", _W),
    Entry("N116", "circular", "a definition depends on itself", _E),
    Entry("N117", "undetermined", "a value is needed that nothing determines", _E),
    Entry("N118", "outside-project", "a file outside the project is used", _E),
    Entry("N119", "wrong-kind", "an instance of another kind is needed", _E),
    Entry("N120", "unknown-kind", "a kind is not defined", _E),
    Entry("N121", "two-readings", "a name is both a field and a name of the file", _E),
    Entry("N122", "unlike-inverses", "two formulas of one relation do not solve each other", _W),
    Entry("D201", "dimension-mismatch", "unlike quantities are added or compared inside a formula", _E),
    Entry("D202", "wrong-field-dimension", "a binding has not the dimension of its field", _E),
    Entry("D203", "wrong-result-dimension", "a formula has not the dimension that is declared", _E),
    Entry("D204", "unlike-comparison", "a test compares unlike quantities", _E),
    Entry("D205", "wrong-show-unit", "a value cannot be shown in a unit", _E),
    Entry("D206", "missing-unit", "a number needs a unit", _E),
    Entry("D207", "power-of-quantity", "a quantity is raised to a power that is no whole number", _E),
    Entry("D208", "dimensioned-argument", "a function of ratios is given a quantity", _E),
    Entry("D209", "unknown-unit", "a unit is not declared", _E),
    Entry("D210", "refused-prefix", "a unit does not take this prefix", _E),
    Entry("D211", "near-miss-unit", "a unit is written almost like a declared one", _E),
    Entry("D212", "co2-not-co2e", "CO2 is written where CO2e is counted", _E),
    Entry("D213", "ambiguous-unit", "a unit multiplies after it divides", _E),
    Entry("V221", "out-of-bounds", "a value leaves the bounds of its field", _E),
    Entry("V222", "point-outside-spread", "a point value lies outside its spread", _E),
    Entry("V223", "bad-spread", "what stands after `~` is no spread", _E),
    Entry("V224", "divides-by-zero", "a value that is needed divides by zero", _E),
    Entry("V225", "odd-magnitude", "a number is a power of 1000 off what is usual", _W),
    Entry("V226", "facts-disagree", "what is given determines a value twice, differently", _N),
    Entry("V227", "too-much-work", "a sweep or a sample is over a limit", _E),
    Entry("V228", "stand-in-far-off", "a typical value is far from what the facts give", _N),
    Entry("V229", "outside-usual", "a value lies outside its usual range", _W),
    Entry("V230", "no-finite-value", "a value that is needed is not a finite number", _E),
    Entry("V231", "empty-range", "nothing can lie in a range or within a tolerance", _E),
    Entry("V232", "too-small", "a result is too small for a number and became zero", _W),
    Entry("V233", "factor-on-a-stand-in", "a factor such as a PUE is solved for with a typical value", _N),
    Entry("V234", "bad-correlation", "what is correlated, or how strongly, cannot be", _E),
    Entry("P301", "unsourced-number", "a number has neither a source nor an assumption", _W),
    Entry("P302", "unknown-source", "a source is in no bibliography", _E),
    Entry("P303", "bare-source", "a source that is cited has neither title nor address", _W),
    Entry("P304", "stale-source", "a grid's figures are years away from the run", _W),
    Entry("P305", "unused-source", "sources of a bibliography that support nothing", _N),
    Entry("P306", "double-counting", "a factor that enters a result once is applied twice", _W),
    Entry("P307", "unreadable-source", "an entry of a bibliography cannot be read as it stands, or stands twice", _W),
    Entry("P308", "factor-left-out", "a field is bound to what its formula multiplies by a factor, without it", _W),
    Entry("P309", "not-a-bibliography", "a file that `bibliography` names holds no entries", _E),
    Entry("C401", "requirement-missed", "a requirement does not hold", _E),
    Entry("C402", "claim-refuted", "a claim does not follow from the scenario", _V),
    Entry("C403", "claim-not-comparable", "a claim is neither true nor false as written", _V),
    Entry("C404", "not-robust", "a requirement holds at the point values and not in every draw", _N),
    Entry("C405", "claims-a-given", "a claim repeats what the scenario gives", _W),
    Entry("O501", "no-optimum", "an objective has no least or greatest value, or none that can be found", _E),
    Entry("O502", "no-closed-form", "an optimum has no formula and was solved numerically", _N),
    Entry("O503", "infeasible", "no values of the free fields satisfy a constraint", _E),
    Entry("O504", "no-influence", "a rebound or free field moves nothing that is asked for", _W),
    Entry("O505", "optimum-form", "an optimum lacks a part, or has one too many", _E),
    Entry("L601", "not-formatted", "a line is not in standard form", _W),
    Entry("L603", "unknown-setting", "a setting of tonne.toml is not known", _E),
    Entry("L604", "unreadable-file", "a file cannot be read as text", _E),
    Entry("R701", "unlike-record", "a record of another tool cannot be taken", _E),
    Entry("R702", "record-with-care", "a record of another tool needs a word", _N),
]

CATALOGUE: dict[str, Entry] = {entry.code: entry for entry in _TABLE}
BY_NAME: dict[str, Entry] = {entry.name: entry for entry in _TABLE}
