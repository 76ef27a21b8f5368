"""Profiles: what the time of a run was spent on, as a table.

In: seconds of each kind of work for each module.  Out: `Profile`, printable.  Must not know: how time was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError

__all__ = ["Profile"]

_COLUMNS = ("work", "module")


class Profile:
    """What the time of a run was spent on.

    Parameters
    ----------
    parts : sequence of tuple
        Kind of work, path of the population or the projection (empty for the network), seconds.

    Attributes
    ----------
    table : ndarray
        Structured, with the fields ``work``, ``module``, ``seconds`` and ``share``; the longest first.
    seconds : float
        All of it.

    Notes
    -----
    Kinds of work: ``neurons`` (the loops over a population, with its synapses' variables and the random numbers that
    it draws), ``delivery`` (spikes that reach synapses), ``synapses`` (plasticity), ``drawing`` (Poisson input),
    ``collecting events`` (spikes become lists), ``histories``, ``reductions``, ``given spikes``, ``recording``,
    ``searching for NaN``, and ``between chunks``, where the network stands still: calls, progress, files.

    Examples
    --------
    >>> profile = Profile([("neurons", "Net.E", 0.6), ("delivery", "Net.E2I", 0.3), ("recording", "", 0.1)])
    >>> print(profile)
    work       module      seconds  share
    neurons    Net.E        0.6000  60.0%
    delivery   Net.E2I      0.3000  30.0%
    recording               0.1000  10.0%
                            1.0000
    >>> profile.by("work")
    {'neurons': 0.6, 'delivery': 0.3, 'recording': 0.1}
    """

    def __init__(self, parts: Sequence[tuple[str, str, float]]) -> None:
        self.seconds = float(sum(part[2] for part in parts))
        rows = [(*part, part[2] / self.seconds if self.seconds else 0.0) for part in parts]
        rows.sort(key=lambda row: -row[2])
        widths = [max([1, *(len(str(part[column])) for part in parts)]) for column in range(2)]
        kinds = [("work", f"U{widths[0]}"), ("module", f"U{widths[1]}"), ("seconds", "f8"), ("share", "f8")]
        self.table: NDArray[Any] = np.array(rows, dtype=kinds)

    def by(self, column: str) -> dict[str, float]:
        """Seconds by kind of work, or by population and projection; the longest first.

        Parameters
        ----------
        column : {"work", "module"}
            What is told apart.

        Returns
        -------
        dict
            Name -> seconds.

        Raises
        ------
        InvalidParameterError
            Another column.
        """
        if column not in _COLUMNS:
            raise InvalidParameterError(
                f"A profile has no {column!r}.", where="Profile.by", cure="Choose 'work' or 'module'.", column=column
            )
        found: dict[str, float] = {}
        for name, seconds in zip(self.table[column].tolist(), self.table["seconds"].tolist(), strict=True):
            found[name] = found.get(name, 0.0) + seconds
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))

    def __str__(self) -> str:
        work, module = (max([len(name), *map(len, self.table[name].tolist())]) for name in _COLUMNS)
        head = f"{'work':{work}}   {'module':{module}}   seconds  share"
        lines = [
            f"{row['work']:{work}}   {row['module']:{module}}  {row['seconds']:8.4f}  {row['share']:5.1%}"
            for row in self.table
        ]
        return "\n".join([head, *lines, f"{'':{work}}   {'':{module}}  {self.seconds:8.4f}"])

    def __repr__(self) -> str:
        return f"<Profile of {self.seconds:.3g} s, {len(self.table)} parts>"
