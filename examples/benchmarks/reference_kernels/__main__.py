"""Run hand-written kernels of the benchmark networks and print their times.

python -m reference_kernels coba coba_constant cuba brunel lif_only hh_only --sim-ms 1000
python -m reference_kernels coba --scale 10 --json
"""

from __future__ import annotations

import argparse
import json
import resource
from typing import Any

from .networks import DT, NETWORKS, Outcome


def report(network: str, scale: float, sim_ms: float, seed: int, outcome: Outcome) -> dict[str, Any]:
    """Collect the figures of a run in the layout that the other benchmark scripts print."""
    return {
        "peer": "reference_kernels", "version": "1", "network": network, "scale": scale, "dt": DT, "sim_ms": sim_ms,
        "n_neurons": outcome.neurons, "n_synapses": outcome.synapses, "threads": 1, "precision": 64, "seed": seed,
        "build_s": round(outcome.build_s, 4), "run_s": round(outcome.run_s, 5), "n_spikes": outcome.indices.size,
        "rate_hz": round(outcome.indices.size / outcome.neurons / (sim_ms * 1e-3), 4),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0, 1), "opt": [],
    }  # fmt: skip


def main() -> None:
    """Run the networks named on the command line and print a table or JSON lines."""
    parser = argparse.ArgumentParser(
        prog="python -m reference_kernels", description=__doc__.splitlines()[0] if __doc__ else None
    )
    parser.add_argument("networks", nargs="+", choices=sorted(NETWORKS))
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--sim-ms", type=float)
    parser.add_argument("--warm-ms", type=float)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON line per run instead of a table")
    arguments = parser.parse_args()
    if not arguments.json:
        print("| network | neurons | synapses | rate, Hz | run time / biological time | ns per neuron and step |")
        print("|---|---|---|---|---|---|")
    for repeat in range(arguments.repeats):
        for network in arguments.networks:
            function, warm_ms, sim_ms = NETWORKS[network]
            warm_ms = warm_ms if arguments.warm_ms is None else arguments.warm_ms
            sim_ms = sim_ms if arguments.sim_ms is None else arguments.sim_ms
            seed = arguments.seed + repeat
            outcome = function(network, arguments.scale, warm_ms, sim_ms, seed)
            line = report(network, arguments.scale, sim_ms, seed, outcome)
            if arguments.json:
                print(json.dumps(line), flush=True)
                continue
            each = outcome.run_s / (outcome.neurons * sim_ms / DT) * 1e9
            print(
                f"| {network} | {outcome.neurons} | {outcome.synapses} | {line['rate_hz']:.2f} "
                f"| {outcome.run_s / sim_ms * 1e3:.4f} | {each:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
