"""How a run reports how far it is.

In: the number of steps and how many were just done.  Out: a bar in simulated time, or nothing.  Must not know:
networks, engines and units; times are plain floats in ms.

The engine calls `Progress.start` when compilation is over, `Progress.advance` 5 to 20 times a second, between two
chunks of steps, and `Progress.close` at the end, also after an error. A call costs some microseconds.
"""

from __future__ import annotations

import sys
import warnings
from abc import ABC, abstractmethod
from typing import Any, TextIO

from numbadyn.errors import InvalidParameterError

__all__ = ["NullProgress", "Progress", "TqdmProgress", "make_progress"]


class Progress(ABC):
    """What a run tells about its progress; derive from it to report somewhere else.

    Notes
    -----
    Its methods are called in the thread of the run, while the network stands between two steps. They may look at the
    simulator: `Simulator.t`, and the states by `Simulator.get`. What would change it (`run`, `reset`, `set`, `record`,
    `compile`) raises `SimulatorBusyError` there. An exception that they raise ends the run; its `result` holds what was
    recorded. Other simulators are free.

    Examples
    --------
    >>> class Dots(Progress):
    ...     def start(self, total_steps, dt):
    ...         print(f"{total_steps * dt:g} ms: ", end="")
    ...     def advance(self, steps):
    ...         print(".", end="")
    ...     def close(self):
    ...         print(" done")
    >>> dots = Dots()
    >>> dots.start(2000, 0.1); dots.advance(1000); dots.advance(1000); dots.close()
    200 ms: .. done
    """

    @abstractmethod
    def start(self, total_steps: int, dt: float) -> None:
        """Begin to measure; compilation is over and the first step comes next.

        Parameters
        ----------
        total_steps : int
            How many steps this run has.
        dt : float
            Length of a step in ms.
        """

    @abstractmethod
    def advance(self, steps: int) -> None:
        """Take note of a chunk of steps.

        Parameters
        ----------
        steps : int
            How many steps were done since the previous call, or since the start.
        """

    @abstractmethod
    def close(self) -> None:
        """End the report, whether all steps were done or not; a second call does nothing."""


class NullProgress(Progress):
    """Say nothing.

    Examples
    --------
    >>> progress = NullProgress()
    >>> progress.start(100, 0.1); progress.advance(100); progress.close()
    """

    def start(self, total_steps: int, dt: float) -> None:
        """Do nothing."""

    def advance(self, steps: int) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class TqdmProgress(Progress):
    """Show a bar in simulated time, with the time left and the real-time factor, in a terminal or a notebook.

    Parameters
    ----------
    file : text stream, optional
        Where the bar is written; standard error by default. A notebook draws its own bar and ignores it.
    interval : float, optional
        Shortest time between two drawings, in seconds.

    Notes
    -----
    The real-time factor is the wall-clock time over the simulated time, so less is better, and below one is faster than
    the brain. Neither it nor the time left contains compilation, since the clock starts with the first step.

    Examples
    --------
    >>> import sys
    >>> progress = TqdmProgress(file=sys.stdout)
    >>> progress.start(10_000, 0.1); progress.advance(10_000); progress.close()  # doctest: +SKIP
    simulated 1000/1000 ms |##########| 100% [00:01<00:00, RTF 1.02]
    """

    def __init__(self, file: TextIO | None = None, interval: float = 0.1) -> None:
        self._file = file
        self._interval = interval
        self._bar: Any = None
        self._dt = 0.0

    def start(self, total_steps: int, dt: float) -> None:
        """Draw an empty bar and start the clock."""
        self.close()
        self._dt = dt
        seconds = total_steps * dt >= 10_000.0
        unit = "s" if seconds else "ms"
        self._bar = _bar_class()(
            total=total_steps,
            unit=unit,
            # Counting in whole steps and scaling for display keeps the end exact.
            unit_scale=dt / 1000.0 if seconds else dt,
            bar_format=f"simulated {{n:.6g}}/{{total:.6g}} {unit} |{{bar}}| {{percentage:3.0f}}% "
            "[{elapsed}<{remaining}{postfix}]",
            file=self._file if self._file is not None else sys.stderr,
            mininterval=self._interval,
            miniters=1,
            dynamic_ncols=True,
        )

    def advance(self, steps: int) -> None:
        """Move the bar; it is drawn only if the last drawing is long enough ago."""
        bar = self._bar
        if bar is None:
            return
        # Steps are counted before the text is made, so that the factor belongs to the position that is shown.
        self._show_factor(bar.n + steps)
        bar.update(steps)

    def close(self) -> None:
        """Draw the bar for the last time and leave it."""
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()

    def _show_factor(self, steps: int) -> None:
        """Put the real-time factor behind the times."""
        simulated = steps * self._dt / 1000.0
        elapsed = self._bar.format_dict["elapsed"]
        if simulated > 0.0:
            self._bar.set_postfix_str(f"RTF {elapsed / simulated:.3g}", refresh=False)


def make_progress(spec: bool | Progress | None) -> Progress:
    """Turn what the user said about progress into an object that reports it.

    Parameters
    ----------
    spec : bool or Progress or None
        True shows a bar, False shows nothing, None shows a bar if somebody can see it (standard error is a terminal, or
        this is a notebook); a `Progress` is used as it is.

    Returns
    -------
    Progress
        Not started yet.

    Raises
    ------
    InvalidParameterError
        If `spec` is anything else.

    Examples
    --------
    >>> make_progress(False)  # doctest: +ELLIPSIS
    <...NullProgress object at 0x...>
    """
    if isinstance(spec, Progress):
        return spec
    if spec is None:
        spec = _is_watched()
    if spec is True:
        return TqdmProgress()
    if spec is False:
        return NullProgress()
    raise InvalidParameterError(
        f"progress is {spec!r}, which is neither true, false, None nor a Progress object.",
        where="progress",
        cure="Pass True for a bar, False for none, or an object of a class that derives from Progress.",
        spec=spec,
    )


def _is_watched() -> bool:
    """Say whether a person is likely to see the bar."""
    if "ipykernel.zmqshell" in sys.modules:
        return True
    # Standard error is None in a program without a console.
    return sys.stderr is not None and sys.stderr.isatty()


def _bar_class() -> Any:
    """Give the bar for a notebook or for a terminal.

    The import waits for the first bar, since a run without one should not pay for it at the start of the program.
    """
    with warnings.catch_warnings():
        # A notebook without widgets gets the bar of the terminal; nobody needs a warning for that.
        warnings.simplefilter("ignore")
        from tqdm.autonotebook import tqdm
    return tqdm
