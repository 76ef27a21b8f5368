"""The command line: ``python -m numbadyn doctor``.

In: arguments.  Out: text, and an exit status.  Must not know: anything but the commands.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from numbadyn._version import __version__
from numbadyn.doctor import doctor
from numbadyn.runtime.targets import TARGETS

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands behind ``python -m numbadyn``; that of this process by default.

    Returns
    -------
    int
        Exit status: 0 if the target works, else 1.

    Raises
    ------
    SystemExit
        With status 2 for what is no command, after a line on how to use it.

    Examples
    --------
    >>> main(["doctor", "--no-run"])
    numbadyn ...
    0
    """
    options = _parser().parse_args(arguments)
    report = doctor(run=options.run)
    return int(report.targets[options.target].works is False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m numbadyn", description="Neural dynamics in plain Python, compiled by Numba."
    )
    parser.add_argument("--version", action="version", version=f"numbadyn {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    about = "say what is installed, which targets work, why one does not, and the exact fix"
    command = commands.add_parser("doctor", help=about, description=f"{about[0].upper()}{about[1:]}.")
    command.add_argument(
        "--target",
        choices=tuple(TARGETS),
        default="cpu",
        help="exit with status 0 only if this one works (default: cpu)",
    )
    command.add_argument(
        "--no-run", dest="run", action="store_false", help="look only: compile nothing and run no network"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
