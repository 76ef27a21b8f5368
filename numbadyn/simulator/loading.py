"""A simulator made from a checkpoint: the network of the user, bound to what was saved.

In: a file and a network.  Out: a simulator that goes on.  Must not know: how files are laid out, how runs are made.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from numbadyn.io.container import Container, read_container
from numbadyn.model.module import Module
from numbadyn.model.values import Parameter
from numbadyn.runtime.snapshot import Snapshot
from numbadyn.simulator.batch import bind_replicas
from numbadyn.simulator.bindings import Bound, bound_parameters, parameters_by_path
from numbadyn.simulator.checkpoints import (
    KIND,
    check_inputs,
    check_parameters,
    check_structure,
    check_synapses,
    mismatch,
    parameters_in,
    requests_in,
    snapshot_in,
    weights_in,
)
from numbadyn.simulator.requests import restore_requests
from numbadyn.units import TIME, join

__all__ = ["adopt_weights", "load_into", "options_of", "read_checkpoint"]
