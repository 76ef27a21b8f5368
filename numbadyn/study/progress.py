"""How a study reports how far it is: a bar for the study, and one for the point at hand; or lines of a log.

In: records of points.  Out: bars where somebody can see them, lines where nobody can.  Must not know: how points are
run.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from typing import Any, TextIO

from numbadyn.errors import InvalidParameterError
from numbadyn.runtime.progress import NullProgress, Progress, bar_class, in_words, is_watched
from numbadyn.study.grid import Point

__all__ = ["StudyBar", "StudyLog", "StudyProgress", "make_study_progress"]

_LOG_SECONDS = 60.0
_DRAW_SECONDS = 1.0
_PARTS = 1000
_logger = logging.getLogger("numbadyn.study")


class StudyProgress:
    """Reports nothing, and is the interface of what reports something."""

    def start(self, total: int, done: int) -> None:
        """Begin, with so many points that are done already."""

    def of_point(self, point: Point) -> Progress:
        """The report of a point that runs in this process."""
        return NullProgress()

    def note(self, record: dict[str, Any], left: float | None) -> None:
        """Take note of a point that is done, and of the seconds until all are."""

    def refresh(self, running: Sequence[tuple[str, float]] = (), left: float | None = None) -> None:
        """Show that time goes by, and how far points are that run elsewhere: names and fractions."""

    def close(self) -> None:
        """End the report."""


class StudyBar(StudyProgress):
    """Two bars, in a terminal or a notebook.

    Parameters
    ----------
    file : text stream, optional
        Where they are written; standard error by default.
    """

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file if file is not None else sys.stderr
        self._bar: Any = None
        self._failed = 0
        self._drawn = time.monotonic()
        self._point = _PointBar(self._file)

    def start(self, total: int, done: int) -> None:
        """Draw the bar of the study; it counts points."""
        self._bar = bar_class()(
            total=total, initial=done, file=self._file, dynamic_ncols=True, position=0, bar_format=self._format(None)
        )

    def of_point(self, point: Point) -> Progress:
        """The second bar, which says where the point lies."""
        self._point.name = str(point)
        return self._point

    def note(self, record: dict[str, Any], left: float | None) -> None:
        """Move the bar."""
        self._failed += record["state"] == "failed"
        self._bar.bar_format = self._format(left)
        self._bar.update(1)

    def refresh(self, running: Sequence[tuple[str, float]] = (), left: float | None = None) -> None:
        """Draw the time anew, and the point that is furthest."""
        if time.monotonic() - self._drawn > _DRAW_SECONDS:
            self._drawn = time.monotonic()
            self._bar.bar_format = self._format(left)
            self._bar.refresh()
            if running:
                name, fraction = running[0]
                more = f" (and {len(running) - 1} more)" if len(running) > 1 else ""
                self._point.show(f"{name}{more}", fraction)

    def close(self) -> None:
        """Leave the bar of the study, and wipe the other one out."""
        self._point.end()
        if self._bar is not None:
            self._bar.close()

    def _format(self, left: float | None) -> str:
        failed = f", {self._failed} failed" if self._failed else ""
        remaining = "?" if left is None else in_words(left)
        return f"{{n_fmt}}/{{total_fmt}} points |{{bar}}| {{percentage:3.0f}}% [{{elapsed}}<{remaining}{failed}]"


class _PointBar(Progress):
    """One bar for all points, one after the other."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._bar: Any = None
        self.name = ""

    def start(self, total_steps: int, dt: float) -> None:
        """Begin with a point."""
        if self._bar is None:
            self._bar = bar_class()(
                total=total_steps,
                desc=self.name,
                file=self._file,
                dynamic_ncols=True,
                position=1,
                leave=False,
                bar_format="{desc} |{bar}| {percentage:3.0f}% [{elapsed}<{remaining}]",
            )
        else:
            self._bar.set_description_str(self.name, refresh=False)
            self._bar.reset(total_steps)

    def advance(self, steps: int) -> None:
        """Move the bar."""
        self._bar.update(steps)

    def close(self) -> None:
        """Keep the bar for the next point."""

    def show(self, name: str, fraction: float) -> None:
        """Show how far a point is that runs elsewhere."""
        self.name = name
        if self._bar is None or self._bar.total != _PARTS:
            self.start(_PARTS, 0.0)
        self._bar.bar_format = "{desc} |{bar}| {percentage:3.0f}%"  # the clock of the bar is not that of the point
        self._bar.set_description_str(name, refresh=False)
        self._bar.n = round(_PARTS * fraction)
        self._bar.refresh()

    def end(self) -> None:
        """Wipe the bar out."""
        if self._bar is not None:
            self._bar.close()


class StudyLog(StudyProgress):
    """A line a minute of the logger ``numbadyn.study``, for studies that nobody watches."""

    def __init__(self) -> None:
        self._total = self._done = self._failed = 0
        self._last = self._begun = time.monotonic()
        self._left: float | None = None

    def start(self, total: int, done: int) -> None:
        """Say what there is to do."""
        self._total, self._done = total, done
        _logger.info("%d points, %d of them are done", total, done)

    def note(self, record: dict[str, Any], left: float | None) -> None:
        """Count."""
        self._done, self._left = self._done + 1, left
        if record["state"] == "failed":
            self._failed += 1
            _logger.warning("failed: %s: %s", record["parameters"], record["error"]["message"].partition("\n")[0])
        self.refresh()

    def refresh(self, running: Sequence[tuple[str, float]] = (), left: float | None = None) -> None:
        """Write a line if the last one is a minute ago."""
        self._left = self._left if left is None else left
        if time.monotonic() - self._last >= _LOG_SECONDS:
            self._last = time.monotonic()
            self._line()

    def close(self) -> None:
        """Say how it ended."""
        self._line()

    def _line(self) -> None:
        left = "" if self._left is None or self._done == self._total else f", {in_words(self._left)} left"
        failed = f", {self._failed} failed" if self._failed else ""
        percent = 100 * self._done / max(self._total, 1)
        after = in_words(time.monotonic() - self._begun)
        _logger.info("%d/%d points (%.0f%%) after %s%s%s", self._done, self._total, percent, after, left, failed)


def make_study_progress(spec: Any) -> StudyProgress:
    """Turn what the user said about progress into an object that reports it.

    Parameters
    ----------
    spec : bool or StudyProgress or None
        True shows bars, False reports nothing, None shows bars where somebody can see them, and writes lines of a log
        elsewhere.

    Raises
    ------
    InvalidParameterError
        It is something else.
    """
    if isinstance(spec, StudyProgress):
        return spec
    if spec is None:
        return StudyBar() if is_watched() else StudyLog()
    if isinstance(spec, bool):
        return StudyBar() if spec else StudyProgress()
    raise InvalidParameterError(
        f"progress is {spec!r}.",
        where="sweep(progress=...)",
        cure="Pass True for bars, False for none, or leave it out.",
        spec=spec,
    )
