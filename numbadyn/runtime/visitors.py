"""Who looks at a run between two chunks of steps, and may end it there.

In: the number of the next step.  Out: up to where the next chunk may go, and why the run must end.  Must not know: how
chunks are run, units, user objects.

Whatever has to happen while a network stands still between two steps is a visitor: calls of the user's, checkpoints,
emptying of full logs, limits of time. The engine asks each of them how far it may go, and lets them look in turn.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Visitor", "begin_all", "end_all", "furthest", "visit_all"]


class Visitor:
    """Looks at a run between two chunks of steps; derive from it, and override what is needed.

    Notes
    -----
    All methods are called in the thread of the run. What they raise ends the run; its result holds what was recorded.
    The order of a run: `begin` of each visitor, then chunks, each followed by `visit` of each visitor in order; then
    `end` of each one that has begun, in the opposite order, also where the run failed. A visitor that ends the run does
    not keep those behind it from looking at this moment, too.

    Examples
    --------
    >>> class Alarm(Visitor):
    ...     def next_stop(self, number):
    ...         return 500 if number < 500 else None
    ...     def visit(self, number):
    ...         return "alarm" if number == 500 else None
    >>> furthest([Alarm()], 0, 1000), furthest([Alarm()], 500, 1000)
    (500, 1000)
    >>> visit_all([Alarm(), Visitor()], 500)
    'alarm'
    """

    def begin(self, first: int, stop: int) -> None:
        """Get ready: logs are empty, and the machine is at its first step.

        Parameters
        ----------
        first, stop : int
            Steps of the run.
        """

    def next_stop(self, number: int) -> int | None:
        """The step before which the network must stand still next.

        Parameters
        ----------
        number : int
            The next step.

        Returns
        -------
        int or None
            More than `number`; None if it does not matter.
        """
        return None

    def visit(self, number: int) -> str | None:
        """Look at the network, which has been advanced up to a step and is sound.

        Parameters
        ----------
        number : int
            The next step.

        Returns
        -------
        str or None
            A word that says why the run must end here, for `Result.ended`; None if it may go on.
        """
        return None

    def end(self) -> None:
        """Leave; called once for each `begin` that did not raise, whatever has become of the run."""


def begin_all(visitors: Sequence[Visitor], begun: list[Visitor], first: int, stop: int) -> None:
    """Let each visitor get ready.

    Parameters
    ----------
    visitors : sequence of Visitor
        All of them.
    begun : list of Visitor
        Those that are ready are added to it.
    first, stop : int
        Steps of the run.
    """
    for visitor in visitors:
        visitor.begin(first, stop)
        begun.append(visitor)


def furthest(visitors: Sequence[Visitor], number: int, stop: int) -> int:
    """Up to which step the next chunk may go.

    Parameters
    ----------
    visitors : sequence of Visitor
        Each may ask for less.
    number, stop : int
        The next step, and the one that it should not pass in any case.

    Returns
    -------
    int
        At least one step further than `number`.
    """
    for visitor in visitors:
        asked = visitor.next_stop(number)
        if asked is not None:
            stop = min(stop, max(asked, number + 1))
    return stop


def visit_all(visitors: Sequence[Visitor], number: int) -> str | None:
    """Let each visitor look.

    Parameters
    ----------
    visitors : sequence of Visitor
        In this order.
    number : int
        The next step.

    Returns
    -------
    str or None
        The word of the first one that ends the run.
    """
    words = [visitor.visit(number) for visitor in visitors]
    return next((word for word in words if word is not None), None)


def end_all(begun: Sequence[Visitor]) -> None:
    """Let those visitors leave that have begun; the first error of one is raised when all have left.

    Parameters
    ----------
    begun : sequence of Visitor
        In the order in which they have begun.
    """
    first: BaseException | None = None
    for visitor in reversed(begun):
        try:
            visitor.end()
        except BaseException as error:
            first = first or error
    if first is not None:
        raise first
