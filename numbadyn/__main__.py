"""The command line: ``python -m numbadyn doctor``, ``sweep``, ``show``.

In: arguments.  Out: text, and an exit status.  Must not know: anything but the commands.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from numbadyn._version import __version__
from numbadyn.doctor import doctor
from numbadyn.runtime.targets import TARGETS
from numbadyn.study.command import run_script, show_store

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
        Exit status. Of ``doctor``: 0 if the target works, else 1. Of ``sweep``: 0 if all is done, 75 if it was stopped
        and goes on when it is called again, 1 if something has failed. Of ``show``: 0, or 1 if there is no study.

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
    return int(options.run_command(options))


def _doctor(options: argparse.Namespace) -> int:
    report = doctor(run=options.run)
    return int(report.targets[options.target].works is False)


def _sweep(options: argparse.Namespace) -> int:
    how = {name: getattr(options, name) for name in ("store", "workers", "resume", "retry")}
    return run_script(options.script, options.arguments, **how)


def _show(options: argparse.Namespace) -> int:
    return show_store(options.store, verbose=options.verbose)


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
    command.set_defaults(run_command=_doctor)
    _add_sweep(commands)
    _add_show(commands)
    return parser


def _add_sweep(commands: Any) -> None:
    about = "run a script that calls numbadyn.sweep, with exit statuses for a batch queue"
    command = commands.add_parser(
        "sweep",
        help=about,
        description=f"{about[0].upper()}{about[1:]}: 0 if all points have finished, 75 if it was stopped (SIGTERM, "
        "Ctrl-C, a full disk, a lost worker) and goes on when it is called again, 1 if something has failed.",
    )
    command.add_argument("script", help="a Python file that calls numbadyn.sweep")
    command.add_argument("arguments", nargs="*", help="what the script finds in sys.argv")
    command.add_argument("--store", help="folder that keeps what is finished, in place of what the script says")
    command.add_argument("--workers", type=int, help="processes that run points, in place of what the script says")
    command.add_argument("--resume", action="store_true", help="go on with the store, if there is one")
    command.add_argument("--retry", action="store_true", help="run points again that have failed")
    command.set_defaults(run_command=_sweep)


def _add_show(commands: Any) -> None:
    about = "say what is in the store of a study: its state, its provenance, what has failed"
    command = commands.add_parser("show", help=about, description=f"{about[0].upper()}{about[1:]}.")
    command.add_argument("store", help="the folder of the store")
    command.add_argument("--verbose", action="store_true", help="all parameters, and where failed points went wrong")
    command.set_defaults(run_command=_show)


if __name__ == "__main__":
    sys.exit(main())
