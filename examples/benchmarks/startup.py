"""How long it takes to get going: the import, and the way to the first step with an empty and a filled cache.

    python startup.py --pairs 5

The imports run in fresh processes, in turn. The way to the first step is that of examples/ei_balance.py, from the start
of the process, in a temporary cache folder: once while it is empty, then several times more.
"""

from __future__ import annotations

import argparse
import re
import tempfile

from measuring import HERE, machine, middle, note, python, table

EXAMPLE = HERE.parent / "ei_balance.py"
CLOCK = """
from time import perf_counter, process_time
wall, cpu = perf_counter(), process_time()
{}
print(perf_counter() - wall, process_time() - cpu)
"""
YARDSTICK = "import numba, quantities"
IMPORTS = ("import numbadyn", "import numba, numbadyn")
HEADER = ("what", "wall time, s", "processor time, s", "ratio, wall", "ratio, processor", "goal")


def imports(pairs: int) -> list[list[str]]:
    """Time the imports, in turn; ratios are taken in each round."""
    statements = (YARDSTICK, *IMPORTS)
    for statement in statements:
        python("-c", statement)  # stores byte code and fills the file cache
    times: dict[str, list[tuple[float, float]]] = {statement: [] for statement in statements}
    for _ in range(pairs):
        for statement in statements:
            wall, cpu = map(float, python("-c", CLOCK.format(statement)).output.split())
            times[statement].append((wall, cpu))
    rows = []
    for statement in statements:
        seconds = [f"{middle(pair[kind] for pair in times[statement]):.3f}" for kind in (0, 1)]
        ratios = [
            middle(a[kind] / b[kind] for a, b in zip(times[statement], times[YARDSTICK], strict=True))
            for kind in (0, 1)
        ]
        goal = "ratio up to 1.2" if statement == IMPORTS[0] else ""
        rows.append([f"`{statement}`", *seconds, *(f"{ratio:.2f}" for ratio in ratios), goal])
    return rows


def first_step(folder: str, interpreter_s: float) -> tuple[float, float]:
    """Run the example; wall and processor time from the start of the process to the first step."""
    done = python(EXAMPLE, "--no-plot", "--seconds", "0.001", NUMBADYN_CACHE_DIR=folder)
    found = re.search(r"first step\s+([\d.]+) s", done.output)
    if found is None:
        raise SystemExit(f"{EXAMPLE.name} no longer prints its time to the first step:\n{done.output}")
    note(f"{EXAMPLE.name}: {found[0]}")
    return float(found[1]) + interpreter_s, done.cpu_s


def starts(repeats: int) -> list[list[str]]:
    """Time the example with an empty cache, then with the cache that this filled."""
    interpreter_s = middle(python("-c", "pass").wall_s for _ in range(3))
    with tempfile.TemporaryDirectory() as folder:
        cold = first_step(folder, interpreter_s)
        warm = [first_step(folder, interpreter_s) for _ in range(repeats)]
    rows = [["first step of ei_balance.py, empty cache", cold, "under 10 s"]]
    rows += [["first step of ei_balance.py, filled cache", tuple(map(middle, zip(*warm, strict=True))), "under 1.5 s"]]
    return [[what, *(f"{value:.2f}" for value in times), "", "", goal] for what, times, goal in rows]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument(
        "--pairs", type=int, default=5, help="rounds of imports, and starts with a filled cache (default: 5)"
    )
    options = parser.parse_args()
    print(table(HEADER, [*imports(options.pairs), *starts(options.pairs)]))
    print(f"\nMedians of {options.pairs}; the empty cache once. {machine()}")
    print("Where wall and processor time differ, other work was on the same cores.")


if __name__ == "__main__":
    main()
