"""How a run reports how far it is.

In: the number of steps and how many were just done.  Out: a bar in simulated time, lines of a log, or nothing.  Must
not know: networks, engines and units; times are plain floats in ms.

The engine calls `Progress.start` when compilation is over, `Progress.advance` 5 to 20 times a second, between two
chunks of steps, and `Progress.close` at the end, also after an error. A call costs some microseconds.
"""

from __future__ import annotations

import logging
import sys
import time
import warnings
from abc import ABC, abstractmethod
from typing import Any, TextIO

from numbadyn.errors import InvalidParameterError

__all__ = [
    "LogProgress",
    "NullProgress",
    "Progress",
    "TqdmProgress",
    "bar_class",
    "in_words",
    "is_watched",
    "make_progress",
]

_logger = logging.getLogger("numbadyn")


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
        self._bar = bar_class()(
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


class LogProgress(Progress):
    """Write a line a minute to the log, for runs that nobody watches.

    Parameters
    ----------
    interval : float, optional
        Seconds between two lines.

    Notes
    -----
    Lines have the level INFO and come from ``logging.getLogger("numbadyn")``; Python shows them only where a program
    has asked for them, as by ``logging.basicConfig(level="INFO")``. A run that is over before the first line is due
    writes none. The real-time factor is that of the whole run so far, as in the bar; the time left follows from it.

    Examples
    --------
    >>> import logging, sys
    >>> logging.basicConfig(level="INFO", stream=sys.stdout, format="%(message)s")  # doctest: +SKIP
    >>> progress = LogProgress(interval=0.0)
    >>> progress.start(10_000, 0.1); progress.advance(2500); progress.close()  # doctest: +SKIP
    simulated 250 of 1000 ms (25%) in 00:05, RTF 20, about 00:15 left
    ended after 250 of 1000 ms (25%) in 00:05, RTF 20
    """

    def __init__(self, interval: float = 60.0) -> None:
        self._interval = interval
        self._total = self._done = 0
        self._dt = 0.0
        self._begun = self._last = 0.0
        self._running = self._spoken = False

    def start(self, total_steps: int, dt: float) -> None:
        """Start the clock."""
        self._total, self._done, self._dt = total_steps, 0, dt
        self._begun = self._last = time.monotonic()
        self._running, self._spoken = True, False

    def advance(self, steps: int) -> None:
        """Write a line if the last one is long enough ago."""
        self._done += steps
        now = time.monotonic()
        if now - self._last < self._interval or self._done >= self._total:
            return
        self._last, self._spoken = now, True
        elapsed = now - self._begun
        left = elapsed * (self._total - self._done) / max(self._done, 1)
        _logger.info("simulated %s, about %s left", self._how_far(elapsed), in_words(left))

    def close(self) -> None:
        """Say how the run ended, if anything was said before."""
        if self._running and self._spoken:
            _logger.info("ended after %s", self._how_far(time.monotonic() - self._begun))
        self._running = False

    def _how_far(self, elapsed: float) -> str:
        seconds = self._total * self._dt >= 10_000.0
        unit, scale = ("s", self._dt / 1000.0) if seconds else ("ms", self._dt)
        factor = elapsed / max(self._done * self._dt / 1000.0, 1e-300)
        return (
            f"{self._done * scale:.6g} of {self._total * scale:.6g} {unit} ({self._done / self._total:.0%}) in "
            f"{in_words(elapsed)}, RTF {factor:.3g}"
        )


def in_words(seconds: float) -> str:
    """A time as on a clock.

    Examples
    --------
    >>> in_words(75), in_words(4000), in_words(200000)
    ('01:15', '1:06:40', '2 d 07:33:20')
    """
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days} d {hour:02d}:{minute:02d}:{second:02d}"
    return f"{hour}:{minute:02d}:{second:02d}" if hour else f"{minute:02d}:{second:02d}"


def make_progress(spec: bool | str | Progress | None) -> Progress:
    """Turn what the user said about progress into an object that reports it.

    Parameters
    ----------
    spec : bool or "log" or Progress or None
        True shows a bar, ``"log"`` writes a line a minute to the log, False reports nothing; None shows a bar if
        somebody can see it (standard error is a terminal, or this is a notebook), and else writes lines. A `Progress`
        is used as it is.

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
        spec = True if is_watched() else "log"
    if spec is True:
        return TqdmProgress()
    if spec is False:
        return NullProgress()
    if spec == "log":
        return LogProgress()
    raise InvalidParameterError(
        f"progress is {spec!r}, which is neither true, false, None, 'log' nor a Progress object.",
        where="progress",
        cure="Pass True for a bar, 'log' for a line a minute, False for none, or an object of a class that derives "
        "from Progress.",
        spec=spec,
    )


def is_watched() -> bool:
    """Say whether a person is likely to see the bar."""
    if "ipykernel.zmqshell" in sys.modules:
        return True
    # Standard error is None in a program without a console.
    return sys.stderr is not None and sys.stderr.isatty()


def bar_class() -> Any:
    """Give the bar for a notebook or for a terminal.

    The import waits for the first bar, since a run without one should not pay for it at the start of the program.
    """
    with warnings.catch_warnings():
        # A notebook without widgets gets the bar of the terminal; nobody needs a warning for that.
        warnings.simplefilter("ignore")
        from tqdm.autonotebook import tqdm
    return tqdm
