"""How delays translate between simulators, as data: what the README's table says and what the tests check.

In: nothing.  Out: `ROWS`, `PEERS`, and their Markdown tables.  Must not know: numbadyn, the packages of the others.

Here D is the delay that the other simulator is given, d the delay that numbadyn is given, both in time.
"""

import math
from dataclasses import dataclass

__all__ = ["PEERS", "ROWS", "Peer", "Row", "labels_table", "markdown_table"]


@dataclass(frozen=True)
class Peer:
    """What holds for all synapses of a simulator.

    Attributes
    ----------
    name, key, versions
        Its name, the end of the name of its file of traces, and what was measured.
    sample, spike
        Steps to be added to its labels of samples and of spikes to get ours.
    rounding : {"nearest", "up"}
        What becomes of a delay between steps.
    decimal : bool
        Whether it rounds what the decimals say; else the quotient D / dt of two binary numbers.
    remark, source
        In words; where its documentation says so.
    """

    name: str
    key: str
    versions: str
    sample: int
    spike: int
    rounding: str
    decimal: bool
    remark: str
    source: str

    def steps(self, delay: float, dt: float) -> int:
        """Whole steps that it makes of a delay, both in ms."""
        quotient = round(delay / dt, 6) if self.decimal else delay / dt
        return math.floor(quotient + 0.5) if self.rounding == "nearest" else math.ceil(quotient)


@dataclass(frozen=True)
class Row:
    """One line of the conversion table.

    Attributes
    ----------
    peer, mechanism
        Whose, and what carries the signal there.
    ours
        The same in numbadyn.
    traces
        Names of the traces that show it: theirs, and that of the receiver in the test that integrates as they do. Reads
        have none; the file of the peer holds them apart.
    extra
        Steps by which their delay is longer than ours.
    least
        The shortest delay that they take, in steps.
    remark
        What else to know.
    synaptic
        Steps to be added to their labels of the synaptic variable, beyond those of other samples.
    spread
        Whether a delay between steps is spread over both, whatever their other mechanisms do; as here with
        ``interpolation="linear"``.
    """

    peer: str
    mechanism: str
    ours: str
    traces: tuple[tuple[str, str], ...]
    extra: int
    least: int
    remark: str
    synaptic: int = 0
    spread: bool = False

    def theirs(self, steps: int) -> int:
        """Their delay, in steps, for a delay of ours in steps."""
        return steps + self.extra

    @property
    def formula(self) -> str:
        """Their delay in words."""
        return "D = d" if self.extra == 0 else f"D = d {'+' if self.extra > 0 else '-'} {_steps(abs(self.extra))}"

    @property
    def inverse(self) -> str:
        """Our delay in words."""
        return "d = D" if self.extra == 0 else f"d = D {'-' if self.extra > 0 else '+'} {_steps(abs(self.extra))}"


def _steps(count: int) -> str:
    return "dt" if count == 1 else f"{count} dt"


PEERS = {
    peer.key: peer
    for peer in (
        Peer(
            "NEST",
            "nest",
            "NEST 3.10.0",
            0,
            0,
            "nearest",
            True,
            "Half a step is rounded up. A delay of no step is refused.",
            "https://nest-simulator.readthedocs.io/en/stable/nest_behavior/running_simulations.html",
        ),
        Peer(
            "Brian2",
            "brian2",
            "Brian2 2.9.0",
            0,
            1,
            "nearest",
            False,
            "Spikes are stamped with the start of their step. Half a step: the last bit of D / dt decides.",
            "https://brian2.readthedocs.io/en/2.9.0/user/running.html#scheduling",
        ),
        Peer(
            "brainpy.state",
            "brainpy",
            "brainpy.state 0.1.0, brainstate 0.5.4",
            1,
            1,
            "up",
            False,
            "What a step leaves is labelled with the t of that step. 3 * 0.1 ms at dt = 0.1 ms are 4 steps.",
            "https://brainx.chaobrain.com/brainstate/",
        ),
    )
}

_DELTA = "`DeltaProj`, delta synapse"
_POST = "`AlignPostProj` with `Expon`"
_SPREAD = "Between steps: as `interpolation='linear'` here."

ROWS = (
    Row("nest", "`iaf_psc_delta`", _DELTA, (("still", "still"), ("leaky", "leaky")), 1, 1, ""),
    Row("nest", "`spike_generator` to `iaf_psc_delta`", _DELTA, (("generator", "generator"),), 1, 1, "Same `times`."),
    Row(
        "nest",
        "`iaf_psc_exp`, `iaf_cond_exp`",
        _POST,
        (("current", "current"), ("conductance", "conductance")),
        0,
        1,
        "Their g of t is our sample of t + dt.",
        1,
    ),
    Row("nest", "`rate_connection_delayed`", "`CurrentProj` of a state", (("rate", "rate"),), 0, 1, ""),
    Row("brian2", "`on_pre='v_post += w'`", _DELTA, (("still", "still"), ("leaky", "leaky")), 1, 0, ""),
    Row(
        "brian2",
        "`SpikeGeneratorGroup`, `v_post += w`",
        _DELTA,
        (("generator", "generator_one_step_later"),),
        1,
        0,
        "Here `times` + dt.",
    ),
    Row(
        "brian2",
        "`on_pre='g_post += w'`",
        _POST,
        (("current", "current"), ("conductance", "conductance_held")),
        0,
        0,
        "Their g of t is our sample of t + dt.",
        1,
    ),
    Row("brian2", "`g_post = x : 1 (summed)`", _POST, (("summed", "current_held"),), 0, 0, "Same sample of g."),
    Row("brainpy", "`DeltaProj(pre.output_delay(D))`", _DELTA, (("still", "still"), ("leaky", "leaky")), 0, 0, ""),
    Row("brainpy", "`AlignPostProj(pre.output_delay(D))`", _POST, (("conductance", "conductance_held"),), 0, 0, ""),
    Row(
        "brainpy",
        "`AlignPostProj(delay=D)`, called before `pre`",
        _POST,
        (("InputDelay before", "conductance_held"),),
        0,
        0,
        _SPREAD,
        spread=True,
    ),
    Row(
        "brainpy",
        "`AlignPostProj(delay=D)`, called after `pre`",
        _POST,
        (("InputDelay after", "conductance_held"),),
        1,
        0,
        _SPREAD,
        spread=True,
    ),
    Row(
        "brainpy",
        "`Simulator.connect(delay=D)`, `iaf_psc_delta`",
        _DELTA,
        (("Simulator delta", "still"),),
        0,
        0,
        f"`None` is d = 0. {_SPREAD}",
        spread=True,
    ),
    Row(
        "brainpy",
        "`Simulator.connect(delay=D)`, `iaf_psc_exp`",
        _POST,
        (("Simulator current", "current"),),
        -1,
        0,
        f"`None` is d = dt. {_SPREAD}",
        spread=True,
    ),
    Row(
        "brainpy",
        "`prefetch_delay`, `output_delay`, `Delay.retrieve_at_step`, read anywhere in a step",
        "the same",
        (),
        0,
        0,
        "Also with `update_every` of whole steps.",
    ),
)


def _table(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    rows = ["| " + " | ".join(line) + " |" for line in (head, *lines)]
    return "\n".join([rows[0], "|" + "---|" * len(head), *rows[1:]]) + "\n"


def markdown_table() -> str:
    """The conversion table: for each mechanism of another simulator, the delay that gives the same trace here."""
    return _table(
        ("simulator", "mechanism there", "in numbadyn", "delay here", "delay there", "shortest d", "remark"),
        [
            (
                PEERS[row.peer].name,
                row.mechanism,
                row.ours,
                row.inverse,
                row.formula,
                _steps(shortest) if (shortest := max(row.least - row.extra, 0)) else "0",
                row.remark,
            )
            for row in ROWS
        ],
    )


def labels_table() -> str:
    """What to add to labels of time to get ours, and what becomes of delays between steps."""
    rounding = {"nearest": "to the nearest step", "up": "up"}
    return _table(
        ("simulator", "measured", "samples", "spikes", "delays between steps", "remark", "documentation"),
        [
            (
                peer.name,
                peer.versions,
                *(f"+ {_steps(shift)}" if shift else "same" for shift in (peer.sample, peer.spike)),
                rounding[peer.rounding],
                peer.remark,
                peer.source,
            )
            for peer in PEERS.values()
        ],
    )
