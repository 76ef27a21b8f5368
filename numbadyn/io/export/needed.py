"""Optional packages, imported where they are used.

In: the name of a module and of the extra that installs it.  Out: the module, or an error with the line to type.  Must
not know: formats.
"""

from __future__ import annotations

import importlib
from typing import Any

from numbadyn.errors import MissingExtraError

__all__ = ["import_extra"]


def import_extra(module: str, extra: str, purpose: str) -> Any:
    """Import a package that may not be installed.

    Parameters
    ----------
    module : str
        Full name of the module.
    extra : str
        Extra of this package that installs it.
    purpose : str
        What needs it, as the beginning of a sentence.

    Returns
    -------
    module

    Raises
    ------
    MissingExtraError
        It is not installed, with the line for pip.

    Examples
    --------
    >>> import_extra("no_such_package", "pandas", "Tables")
    Traceback (most recent call last):
    numbadyn.errors.simulation.MissingExtraError: Tables need no_such_package, which is not installed.
      where: import no_such_package
      cure: Install it: pip install "numbadyn[pandas]"
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingExtraError(
            f"{purpose} need {package}, which is not installed.",
            where=f"import {module}",
            cure=f'Install it: pip install "numbadyn[{extra}]"',
            package=package,
            extra=extra,
        ) from error
