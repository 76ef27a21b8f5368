"""The structure of a network: what is part of it, and what is not."""

import subprocess
import sys

import numpy as np
import pytest
from quantities import ms, mV, nS, pA

import numbadyn as nd
from numbadyn.ir.structure import structure_lines


class Net(nd.DynamicsGroup):
    """Two populations with a projection between them, or one that differs in a single thing."""

    def __init__(self, n=4, tau=20 * ms, weight=1 * nS, drive=5 * pA, rule=nd.FixedProb, delay=1 * ms):
        super().__init__()
        kick = drive

        class Cell(nd.LIF):
            def update(self):
                return super().update(kick)

        self.A, self.B = Cell(n, tau=tau), nd.LIFRef(3)
        options = {"prob": 0.5} if rule is nd.FixedProb else {}
        comm = rule(n, 3, weight=weight, **options)
        self.A2B = nd.AlignPostProj(
            self.A, comm=comm, syn=nd.Expon.desc(tau=5 * ms), out=nd.COBA.desc(E=0 * mV), post=self.B, delay=delay
        )


def simulate(net, **options):
    return nd.Simulator(net, **{"dt": 0.1 * ms, "target": "interpret", **options})


OWN = simulate(Net())


@pytest.mark.parametrize(
    ("changed", "options"),
    [
        ({"tau": 10 * ms}, {}),
        ({"weight": 2 * nS}, {}),
        ({"delay": 2 * ms}, {}),
        ({}, {"dt": 0.2 * ms}),
        ({}, {"seed": 3}),
        ({}, {"precision": 32}),
        ({}, {"target": "cpu"}),
    ],
    ids=str,
)
def test_values_are_no_structure(changed, options):
    assert simulate(Net(**changed), **options).structure_hash == OWN.structure_hash


@pytest.mark.parametrize(
    "changed",
    [
        {"n": 5},
        {"tau": np.full(4, 20.0) * ms},
        {"weight": nd.init.Uniform(1 * nS, 2 * nS)},
        {"drive": 6 * pA},
        {"rule": nd.AllToAll},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_a_step_is_made_of_is(changed):
    assert simulate(Net(**changed)).structure_hash != OWN.structure_hash


def test_what_is_recorded_is_none():
    sim = simulate(Net())
    sim.record(sim.network.A, "V", "output", spikes=True)
    sim.record(sim.network.B, spikes=True)
    sim.run(1 * ms)
    assert sim.structure_hash == OWN.structure_hash


def test_lines_say_what_differs():
    ours, theirs = (set(structure_lines(sim.step)) for sim in (OWN, simulate(Net(rule=nd.AllToAll))))
    assert {line.split(" : ")[1] for line in ours ^ theirs} == {
        "FixedProb, 4 -> 3, one weight, delayed",
        "AllToAll, 4 -> 3, one weight, delayed",
    }


def test_it_is_the_same_in_another_process():
    code = (
        "import numbadyn as nd; from quantities import ms; "
        "print(nd.Simulator(nd.LIF(3), dt=0.1*ms, target='interpret').structure_hash)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == simulate(nd.LIF(3)).structure_hash


def test_an_array_in_the_code_counts_by_its_content():
    def made(values):
        class Played(nd.Dynamics):
            def init_state(self):
                self.x = nd.State(0.0)

            def update(self):
                self.x.value = self.x + values

        return simulate(Played(values.size)).structure_hash

    rows = np.arange(60.0)
    assert made(rows) == made(rows.copy())
    assert made(rows) != made(rows + 1.0)
