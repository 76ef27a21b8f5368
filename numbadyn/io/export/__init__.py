"""Results for other programs: a module for each format, which is imported with the package it needs only when used.

In: results.  Out: what other packages and files hold.  Must not know: simulators, targets.
"""

from numbadyn.io.export.methods import Exports
from numbadyn.io.export.pandas import Tables

__all__ = ["Exports", "Tables"]
