"""numbadyn beside the fastest of the other simulators, on one thread, with every spike recorded.

For each network, rounds of fresh processes: numbadyn, each peer, the hand-written kernel, numbadyn, ...  The table
shows the real-time factors (run time over biological time), the ratio of each round, and the rates, which must agree
before a ratio means anything.

    PEERS_DIR=<folder of peers/install.sh> python compare.py --pairs 3 --kernels
    PEERS_DIR=... python compare.py --cases coba:1 brunel:0.2 --peer brian2_cpp annarchy
"""

from __future__ import annotations

import argparse
import sys
from typing import Any, NamedTuple

from matrix import PEERS, python_of
from measuring import HERE, QUIET, Finished, fresh, machine, middle, note, table
from reference_kernels.networks import NETWORKS as KERNELS

CASES = [
    "coba:1", "coba:10", "cuba:1", "cobahh:1", "brunel:1", "stdp:1", "lif_only:1", "hh_only:0.2", "adex_only:0.2",
]  # fmt: skip
FASTEST = {
    "coba": ["brian2_cpp"],
    "cuba": ["annarchy", "brian2_cpp"],
    "cobahh": ["annarchy", "brainpy_state"],
    "brunel": ["annarchy", "brainpy_state", "brian2_cpp"],
    "stdp": ["brian2_cpp"],
    "lif_only": ["brainpy_state", "brian2_cpp"],
    "hh_only": ["brainpy_state"],
    "adex_only": ["brian2_cpp", "brainpy_state"],
}
"""Peers within 1.3 times of the fastest on one thread, in earlier runs of all of them by matrix.py."""
KERNEL = "hand-written kernel"
OWN = "numbadyn"
HEADER = (
    "network",
    "neurons",
    "synapses",
    "beside",
    "RTF of numbadyn",
    "RTF beside",
    "ratio of each round",
    "median ratio",
    "rate, Hz",
    "rate beside, Hz",
    "least share of a core",
)


class Run(NamedTuple):
    """The figures of a timed window, and the process it ran in."""

    figures: dict[str, Any]
    process: Finished

    cpu: bool = False

    @property
    def rtf(self) -> float:
        """Run time, or processor time, over biological time."""
        seconds = self.figures["cpu_s" if self.cpu else "run_s"]
        return float(seconds / (self.figures["sim_ms"] * 1e-3))


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument(
        "--cases", nargs="+", default=CASES, metavar="NETWORK:SCALE", help=f"default: {' '.join(CASES)}"
    )
    names = sorted(name for name, peer in PEERS.items() if name != OWN and (HERE / "peers" / peer[0]).exists())
    parser.add_argument(
        "--peer",
        nargs="+",
        default=["fastest"],
        choices=[*names, "fastest"],
        metavar="PEER",
        help=f"fastest (default), {', '.join(names)}",
    )
    parser.add_argument("--pairs", type=int, default=3, help="rounds of each network (default: 3)")
    parser.add_argument("--kernels", action="store_true", help="run the hand-written kernels of reference_kernels too")
    parser.add_argument("--cpu", action="store_true", help="by processor time instead of run time: on a busy machine")
    parser.add_argument("--precision", type=int, choices=(32, 64), default=64)
    parser.add_argument("--sim-ms", type=float, help="biological time of the window (default: that of the network)")
    parser.add_argument(
        "--warm-ms", type=float, help="biological time before the window (default: that of the network)"
    )
    parser.add_argument("--seed", type=int, default=1000, help="seed of the first round; the next rounds count on")
    return parser.parse_args()


def command(who: str, network: str, scale: str, seed: int, options: argparse.Namespace) -> list[str]:
    """Put together the command line of one run; all scripts share it."""
    times = [f"--{name}-ms={value}" for name, value in (("sim", options.sim_ms), ("warm", options.warm_ms)) if value]
    common = [network, f"--scale={scale}", f"--seed={seed}", *times]
    if who == KERNEL:
        return [sys.executable, "-m", "reference_kernels", *common, "--json"]
    interpreter = sys.executable if who == OWN else python_of(who)
    script = HERE / "peers" / PEERS[who][0]
    return [str(interpreter), str(script), *common, "--threads=1", f"--precision={options.precision}"]


def beside(network: str, options: argparse.Namespace) -> list[str]:
    """List who runs beside numbadyn, without those that cannot."""
    wanted = FASTEST.get(network, ["brian2_cpp"]) if "fastest" in options.peer else options.peer
    present = [peer for peer in wanted if python_of(peer)]
    for peer in wanted:
        if peer not in present:
            note(f"{network}: {peer} is not installed (PEERS_DIR, see peers/install.sh); skipped")
    if not options.kernels:
        return present
    if network not in KERNELS or options.precision != 64:
        note(f"{network}: no hand-written kernel at {options.precision} bits; skipped")
        return present
    return [*present, KERNEL]


def rounds(network: str, scale: str, others: list[str], options: argparse.Namespace) -> dict[str, list[Run]]:
    """Run numbadyn and the others in turn; who fails once is left out, and said so."""
    runs: dict[str, list[Run]] = {who: [] for who in (OWN, *others)}
    for number in range(options.pairs):
        for who in list(runs):
            process = fresh(command(who, network, scale, options.seed + number, options), folder=HERE)
            figures = process.figures()
            if process.code or figures is None or ("cpu_s" if options.cpu else "run_s") not in figures:
                last = (process.errors.strip().splitlines() or ["no output"])[-1]
                note(f"{network}:{scale} {who}: {(figures or {}).get('unsupported', last)}; left out")
                del runs[who]
                if who == OWN:
                    return {}
                continue
            run = Run(figures, process, options.cpu)
            runs[who].append(run)
            share = f"{process.share:.0%} of a core"
            note(f"{network}:{scale} {who}: RTF {run.rtf:.3f}, {figures['rate_hz']:.2f} Hz, {share}")
    return runs


def row(network: str, scale: str, who: str, own: list[Run], other: list[Run]) -> list[str]:
    """Lay out the figures of one pair of simulators."""
    ratios = [theirs.rtf / ours.rtf for ours, theirs in zip(own, other, strict=True)]
    rates = [middle(run.figures["rate_hz"] for run in runs) for runs in (own, other)]
    share = min(1.0, *(run.process.share for run in (*own, *other)))
    return [
        f"{network}, scale {scale}",
        f"{own[0].figures['n_neurons']:,}",
        f"{own[0].figures['n_synapses']:,}",
        who,
        f"{middle(run.rtf for run in own):.3f}",
        f"{middle(run.rtf for run in other):.3f}",
        " ".join(f"{ratio:.2f}" for ratio in ratios),
        f"**{middle(ratios):.2f}**",
        *(f"{rate:.2f}" for rate in rates),
        f"{share:.0%}{'' if share > QUIET else ' (busy)'}",
    ]


def main() -> None:
    """Run the cases and print the table."""
    options = parse()
    rows = []
    for case in options.cases:
        network, _, scale = case.partition(":")
        scale = scale or "1"
        runs = rounds(network, scale, beside(network, options), options)
        own = runs.pop(OWN, [])
        rows += [row(network, scale, who, own, other) for who, other in runs.items()]
    print(table(HEADER, rows))
    print(f"\nA ratio is the run time beside over that of numbadyn, in one round. {machine()}")


if __name__ == "__main__":
    main()
