"""Records, which all values are made of: quick to make and to import, frozen where they say so. The only home of msgspec."""

from __future__ import annotations

from msgspec import Struct as Record
from msgspec import field
from msgspec.structs import fields, replace

__all__ = ["Record", "Unprinted", "field", "fields", "replace"]


class Unprinted:
    """A part of a graph, which may be large or circular: printed as an object, not with all that it leads to."""

    __slots__ = ()
    __repr__ = object.__repr__
