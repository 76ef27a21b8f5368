"""`sweep`: a network over a grid of parameters and seeds.

In: functions that build and measure, a grid, options.  Out: a `Study`.  It only joins the parts: grid, recipe, store,
crew, campaign.  Must not know: how a point is run.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from typing import Any

from numbadyn.errors import InvalidParameterError
from numbadyn.model import environ
from numbadyn.simulator.checks import check_flag, duration_steps
from numbadyn.study.crews import start_early
from numbadyn.study.grid import make_grid
from numbadyn.study.job import Job
from numbadyn.study.keeping import checkpoint_folder
from numbadyn.study.measures import check_measure
from numbadyn.study.overrides import STOPPED, note_sweep, overridden
from numbadyn.study.progress import make_study_progress
from numbadyn.study.recipe import Recipe, check_options, check_record, points_together, takes

__all__ = ["sweep"]


def sweep(
    build: Any,
    grid: Any,
    *,
    duration: Any,
    measure: Callable[..., Any],
    dt: Any = None,
    seeds: Any = (0,),
    record: Any = None,
    transient: Any = None,
    mode: str = "product",
    workers: int | None = None,
    executor: Any = None,
    batch: int | None = None,
    store: str | os.PathLike[str] | None = None,
    checkpoint_every: Any = None,
    resume: bool = True,
    retry: bool = False,
    errors: str = "isolate",
    progress: Any = None,
    plan: bool = False,
    **options: Any,
) -> Any:
    """Run a network at all points of a grid, with all seeds, and tabulate what is measured.

    Parameters
    ----------
    build : callable or Module
        Gives the network of a point, ``build(tau=..., g=...)``: a function or the class of a network. A network that is
        there may be given, too, where the grid names parameters by their paths. If it takes ``seed``, it gets that.
    grid : mapping or sequence of mapping
        Lists of values by name, ``{"tau": [10, 20] * ms, "g": [4, 5, 6]}``; or points, one by one. A name is an
        argument of `build`, or the path of what a replica of a batch may have for itself (see `Simulator.batch`):
        ``"E.tau"``, ``"E2I.weight"``, ``"E2I.delay"``, ``"E.V"`` (first values).
        Values are numbers, texts, truth values, arrays or distributions (`numbadyn.init.Uniform`, `Normal`,
        `LogNormal`, which stand in the table as text), with or without units.
    duration : quantities.Quantity
        Simulated time that is measured.
    measure : callable
        ``measure(result)`` gives what stands in the table: a number, a quantity, a text, an array, or a dict of these
        by name. It may take the simulator, and a dict of the parameters and the seed of the point, as a second and
        third argument.
    dt : quantities.Quantity, optional
        Time step; that of `numbadyn.environ` by default.
    seeds : iterable of int
        Seeds of each point of the grid.
    record : str, sequence of str or callable, optional
        What is recorded: paths such as ``["E.spikes", "E.V"]``, or a function of the simulator that calls
        `Simulator.record`.
    transient : quantities.Quantity, optional
        Simulated time before that, of which nothing is measured.
    mode : {"product", "zip"}
        All combinations of the lists; or their first values together, their second ones, and so on.
    workers : int, optional
        How many processes run points, 1 for this one alone; more need ``pip install "numbadyn[sweep]"``. By default as
        many as there are cores, if their points fit into memory, and this one alone if all points take less than 10 s.
    executor : object, optional
        Who runs the points instead: anything with the interface of `concurrent.futures`, such as
        ``dask.distributed.Client`` or ``mpi4py.futures.MPIPoolExecutor``.
    batch : int, optional
        How many points may run together in one process, as replicas of one simulator: 1 for each alone. By default up
        to 64 that have one structure, fit into half of the free memory and take no more than a minute together; each
        alone where `measure` takes the simulator.
    store : path-like, optional
        Folder that keeps what is finished. Called again, a sweep goes on where it was ended, however that was. Without
        a store, results are in memory only.
    checkpoint_every : quantities.Quantity, optional
        Simulated time between two checkpoints of a point, which then runs alone, and goes on in its middle. By default
        points that take more than ten minutes leave one every ten minutes. They are in the store.
    resume : bool
        Whether there may be a store of this study already.
    retry : bool
        Whether points that have failed before run again.
    errors : {"isolate", "raise"}
        Whether a point that fails is noted, and the others go on; or its exception ends the sweep.
    progress : bool, optional
        Show bars; by default where somebody can see them. Elsewhere the logger ``numbadyn.study`` gets a line a minute.
    plan : bool
        Whether to say only what would be done: how many processes and batches by which rule, and how much time, memory
        and disk that would take, measured on a short trial of the first point.
    **options
        Of the `Simulator`: target, precision, delays, ...

    Returns
    -------
    Study
        With the table. Ctrl-C ends a sweep early; what has finished is in the study, and in the store. Of a plan, a
        `Plan`, to be printed.

    Raises
    ------
    GridError, DimensionError, UnknownPathError
        A grid that cannot be laid out, or a name that is neither an argument of `build` nor a parameter.
    MeasureError
        `measure` gives what cannot stand in a table.
    StoreError, StoreMismatchError, StoreBusyError, StoreWriteError
        The folder is no store, belongs to another study, is in use, or cannot be written.
    MissingExtraError
        Several processes without loky and cloudpickle.
    WorkerLostError
        The user's executor has broken.
    Exception
        What `build`, the simulator or `measure` have raised at all points.

    Notes
    -----
    A point has the bits of a simulator of its own with the same seed, on any number of workers, whatever was
    interrupted in between.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV
    >>> def build(tau):
    ...     net = nd.DynamicsGroup()
    ...     net.E = nd.LIF(2, tau=tau, V_initializer=nd.init.Constant(-55 * mV))
    ...     return net
    >>> def measure(result):
    ...     return {"V": result["E"].V[-1, 0]}
    >>> study = nd.sweep(
    ...     build, {"tau": [10, 20] * ms}, dt=1 * ms, duration=5 * ms, record="E.V", measure=measure,
    ...     workers=1, target="interpret",
    ... )
    >>> print(study["tau"], study["V"].round(3))
    [10. 20.] ms [-56.648 -55.906] mV
    """
    for name, flag in (("resume", resume), ("retry", retry), ("plan", plan)):
        check_flag(flag, name, "sweep")
    said = {"store": store, "workers": workers, "executor": executor, "resume": resume, "retry": retry}
    check_options(options, list(inspect.signature(sweep).parameters)[:-1])
    points = make_grid(grid, seeds, mode)
    options["dt"] = dt if dt is not None else environ.get("dt")
    step = environ.time_step(options["dt"], "sweep(dt=...)")
    duration_steps(duration, step, of="sweep")
    if transient is not None:
        duration_steps(transient, step, "transient", "sweep")
    arguments, seeded = takes(build, {axis.name: None for axis in points.axes})
    inputs = check_measure(measure)
    if errors not in ("isolate", "raise"):
        raise InvalidParameterError(
            f"errors is {errors!r}.", where="sweep(errors=...)", cure="Choose 'isolate' or 'raise'.", errors=errors
        )
    said = overridden(said)
    together = 1 if checkpoint_every is not None else points_together(batch, inputs, options)
    folder = checkpoint_folder(said["store"], checkpoint_every, step)
    how = (check_record(record), duration, transient, options, together, folder, checkpoint_every)
    recipe = Recipe(build, arguments, seeded, measure, inputs, *how)
    if not plan and said["executor"] is None and not _has_store(said["store"]):
        start_early(said["workers"], len(points.points), options.get("target", "cpu"))
    job = Job(recipe, points, said, errors == "raise", make_study_progress(progress))
    if plan:
        return job.plan()
    study = job.run()
    if note_sweep(study) and study.interrupted:
        raise SystemExit(STOPPED if study.path is not None else 1)
    return study


def _has_store(store: Any) -> bool:
    """Whether there is a store, which may have all points already."""
    return isinstance(store, str | os.PathLike) and os.path.exists(store)
