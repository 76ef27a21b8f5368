"""Checkpoints of a simulator: written between two steps, and a simulator made from one.

In: a path.  Out: a file; from a file and a network, a simulator that goes on with the same bits.  Must not know: how
files are laid out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Self

from numbadyn.errors import TargetError
from numbadyn.io.checkpoint_files import cannot_write, place_of, read_checkpoint
from numbadyn.io.container import write_container
from numbadyn.io.stored.folder import read_coordinates
from numbadyn.model.module import Module
from numbadyn.model.options import named_options
from numbadyn.simulator.checkpoints import KIND, gather, mismatch
from numbadyn.simulator.loading import networks_of, plan_replicas, take_over
from numbadyn.simulator.networks import bind_networks
from numbadyn.simulator.runs import Runs
from numbadyn.simulator.turns import in_turn
from numbadyn.units import TIME, join

__all__ = ["Saving"]


class Saving(Runs):
    """Base of `Simulator`: `save` and `load`."""

    @named_options
    @in_turn(reading=True)
    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all that the network holds to a file, from which a simulator goes on with the same bits.

        The file holds states, what is under way in delays, the step, seeds, parameters, weights that were set, and what
        is recorded; not the network itself, nor what was recorded. It is written beside its place and then renamed, so
        that a file that was there stays whole until the new one is.

        Parameters
        ----------
        path : str or path
            Of the file; one that is there is replaced.

        Raises
        ------
        CheckpointWriteError
            It cannot be written there.

        See Also
        --------
        load : Goes on from it.
        run : Writes checkpoints while it runs, ``run(..., checkpoint=path)``.

        Notes
        -----
        Between runs, and in what a run calls between two steps.
        """
        place = place_of(path, "Simulator.save")
        try:
            write_container(place, gather(self))
        except OSError as error:
            raise cannot_write(place, error) from error

    @classmethod
    @named_options
    def load(
        cls,
        path: str | os.PathLike[str],
        network: Module | Sequence[Module],
        *,
        target: str = "cpu",
        threads: int = 1,
        precision: int | None = None,
        reproducible: bool = False,
        launch: str = "persistent",
        batch: int | None = None,
        seed: int | Sequence[int] | None = None,
        values: str = "saved",
        varied: Mapping[str, Sequence[Any]] | None = None,
    ) -> Self:
        """Make a simulator that goes on from a file that `save` or `run` has written.

        What follows has the bits of a simulator that was never left, on every target that is reproducible, for any
        number of threads, on any machine. Time step, precision, seeds, delays and recordings are those of the file;
        reducers of users' own are asked for again by `record`.

        Parameters
        ----------
        path : str or path
            Of the file.
        network : Module or sequence of Module
            Made by the same code with the same sizes as the one that was saved. Its parameters get the values of the
            file. Where the replicas were networks of their own, one for each of them.
        target, threads, reproducible, launch
            As of `Simulator`.
        precision : {64, 32}, optional
            That of the file.
        batch : int, optional
            Go on with so many replicas, all from the state of the file and with its synapses: replica k draws with the
            seed of the file plus k. A file of a batch gives a batch, of the same size.
        seed : int or sequence of int, optional
            Of what is drawn from now on, of each replica as in `Simulator`; that of the file by default.
        values : {"saved", "network"}
            With ``"network"``, it keeps the parameters, inputs and weights that it has, and goes on with those from the
            states of the file.
        varied : mapping, optional
            What the replicas of the file differ in that is no value, as in `batch`: the path of a rule of connection
            -> the rule of each replica.

        Returns
        -------
        Simulator

        Raises
        ------
        CheckpointMissingError, CheckpointFolderError, CheckpointReadError
            There is no such file, it is a folder, or it cannot be read.
        CheckpointDamagedError
            The file is cut off or damaged, or no checkpoint.
        CheckpointMismatchError
            It is of another network; the message names what differs.

        Examples
        --------
        >>> import numbadyn as nd, tempfile, pathlib
        >>> from quantities import ms
        >>> file = pathlib.Path(tempfile.mkdtemp()) / "cells.checkpoint"
        >>> sim = nd.Simulator(nd.LIF(2), dt=0.1 * ms, seed=3, target="interpret")
        >>> _ = sim.run(5 * ms)
        >>> sim.save(file)
        >>> nd.Simulator.load(file, nd.LIF(2), target="interpret").t
        array(5.) * ms
        """
        place = place_of(path, "Simulator.load")
        if values not in ("saved", "network"):
            raise TargetError(
                f"values is {values!r}.",
                where="Simulator.load(values=...)",
                cure="Choose 'saved' or 'network'.",
                values=values,
            )
        content = read_checkpoint(place, KIND)
        header = content.header
        if precision not in (None, header["precision"]):
            raise mismatch(
                place,
                f"the checkpoint is in {header['precision']} bits; the precision asked for is {precision!r}.",
                f"Leave precision out, or give precision={header['precision']}.",
                precision=precision,
            )
        options: dict[str, Any] = {"delays": header["delays"], "alone": header["alone"]}
        options |= {"target": target, "threads": threads, "reproducible": reproducible, "launch": launch}
        plan = plan_replicas(header, batch, seed, place)
        networks = networks_of(network, header, place)
        sim = cls(  # type: ignore[call-arg]
            networks[0],
            join(header["dt"], TIME),
            precision=header["precision"],
            seed=plan.drawn if plan.batch else plan.drawn[0],
            batch=plan.batch,
            shared="connectivity" if plan.shared else None,
            **options,
        )
        if len(networks) > 1:
            bind_networks(sim, networks, plan.drawn, read_coordinates(header["networks"]))
        if plan.seeds != plan.drawn:
            sim._reseed(plan.seeds, connectivity=False)
        take_over(sim, content, place, keep=values == "network", varied=varied)
        sim._claim()
        return sim
