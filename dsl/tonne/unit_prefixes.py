"""The prefixes that a unit may take."""

from __future__ import annotations

PREFIXES = {
    "n": 1e-9, "µ": 1e-6, "m": 1e-3, "c": 1e-2, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18, "Z": 1e21,
    "Y": 1e24, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40,
}  # fmt: skip
SI_PREFIXES = ("n", "µ", "m", "k", "M", "G", "T", "P", "E", "Z", "Y")
