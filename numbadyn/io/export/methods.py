"""The methods by which results and single recordings are exported.

In: a result.  Out: objects and files of other packages.  Must not know: how a format is written.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from numbadyn.io.export.neo import to_neo
from numbadyn.io.export.npz import write_npz
from numbadyn.io.export.nwb import write_nwb
from numbadyn.io.export.pandas import Tables, to_pandas
from numbadyn.io.export.sonata import write_sonata
from numbadyn.io.export.xarray import to_dataset, to_tree

if TYPE_CHECKING:
    from numbadyn.io.recordings import Result

__all__ = ["Exports"]


class Exports(ABC):
    """Base of what can be exported: a whole result, or what was recorded of one module."""

    _single: ClassVar[bool] = False
    """Whether it is one recording by itself."""

    @abstractmethod
    def _exported(self) -> Result:
        """The result that is written."""

    def to_pandas(self) -> Tables:
        """Make tidy tables of pandas: one of spikes, one of samples, one of what was computed in the run.

        Returns
        -------
        Tables
            ``spikes`` has a row for each spike, with the columns ``population``, ``neuron`` and ``time_ms``;
            ``samples`` one for each sample, with ``population``, ``variable``, ``element``, ``time_ms``, ``value`` and
            ``unit``; ``measures`` one for each number of a reducer. In a batch all say the ``replica`` and what it has
            of its own, ``E.tau_ms``. The time step, the window of time, sizes of populations and the provenance stand
            in ``attrs``.

        Raises
        ------
        MissingExtraError
            pandas is not installed: ``pip install "numbadyn[pandas]"``.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms, mV
        >>> E = nd.LIFRef(3, V_rest=-45 * mV, name="E")
        >>> sim = nd.Simulator(E, dt=1 * ms, target="interpret")
        >>> sim.record(E, spikes=True)
        >>> tables = sim.run(40 * ms).to_pandas()
        >>> tables.spikes.groupby("neuron")["time_ms"].first().tolist()
        [22.0, 22.0, 22.0]
        """
        return to_pandas(self._exported())

    def to_xarray(self) -> Any:
        """Make labelled arrays of xarray.

        Returns
        -------
        xarray.DataTree or xarray.Dataset
            Of a result a tree with a dataset for each recording, ``tree["EINet.E"]``; of one recording its dataset.
            Variables have the axes ``time`` and ``element``, with coordinates (``time_g`` where variables were
            sampled at different times), in a batch ``replica`` in front, with what differs between replicas as
            coordinates. Spikes are ``spike_time`` and ``spike_neuron``; what reducers have computed has their axes.
            Units stand in the attribute ``units``.

        Raises
        ------
        MissingExtraError
            xarray is not installed: ``pip install "numbadyn[xarray]"``.
        """
        return to_dataset(self._exported()) if self._single else to_tree(self._exported())

    def to_neo(self) -> Any:
        """Make a block of Neo, which Elephant takes.

        Returns
        -------
        neo.Block
            With one segment, in a batch one for each replica. A segment has a spike train for each neuron, annotated
            with its ``population`` and ``neuron``, and an analog signal for each variable, ``"EINet.E.V"``. Spike
            trains lie in two arrays (``segment.spiketrains.multiplexed``) and become objects when one is asked for.
            Times reach from the start of the run to its end.

        Raises
        ------
        MissingExtraError
            Neo is not installed: ``pip install "numbadyn[neo]"``.
        """
        return to_neo(self._exported())

    def to_npz(self, path: str | os.PathLike[str], *, compressed: bool = False) -> Path:
        """Write a file of NumPy; `Result.from_npz` reads it back, bit for bit.

        Parameters
        ----------
        path : str or path
            Of the file.
        compressed : bool
            Whether arrays are compressed: smaller and slower.

        Returns
        -------
        pathlib.Path
            Of the file, which appears when it is complete.

        Raises
        ------
        OutputPathError
            It cannot be written.
        """
        return write_npz(self._exported(), path, compressed=compressed)

    def to_nwb(self, path: str | os.PathLike[str], *, description: str = "", identifier: str | None = None) -> Path:
        """Write a file of Neurodata Without Borders.

        Parameters
        ----------
        path : str or path
            Of the file.
        description : str
            Of the session; a line about the network by default.
        identifier : str, optional
            Unique name of the file; one is drawn by default.

        Returns
        -------
        pathlib.Path
            Of the file, which appears when it is complete: a table of units with ``spike_times``, ``population`` and
            ``neuron``, a time series for each variable, in ``acquisition``, and what reducers have computed, in
            ``scratch``. Its notes hold the provenance.

        Raises
        ------
        MissingExtraError
            pynwb is not installed: ``pip install "numbadyn[nwb]"``.
        OutputPathError
            It cannot be written.
        """
        return write_nwb(self._exported(), path, description=description, identifier=identifier)

    def to_sonata(self, path: str | os.PathLike[str], *, sorting: Literal["by_time", "by_id"] = "by_time") -> Path:
        """Write a spike file of SONATA.

        Parameters
        ----------
        path : str or path
            Of the file.
        sorting : {"by_time", "by_id"}
            Order of the spikes of a population.

        Returns
        -------
        pathlib.Path
            Of the file, which appears when it is complete: ``/spikes/<population>/node_ids`` and ``timestamps`` in ms.

        Raises
        ------
        MissingExtraError
            h5py is not installed: ``pip install "numbadyn[sonata]"``.
        ExportError
            No spikes were recorded, or this is a batch.
        OutputPathError
            It cannot be written.
        """
        return write_sonata(self._exported(), path, sorting=sorting)
