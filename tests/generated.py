"""Modules for CUDA of all networks that the feature tests compile, kept for the tests that make machine code of them.

In: the programs of a test, while `NUMBADYN_TESTS_KEEP` names a folder.  Out: a file for each text that differs in more
than comments, with either way of rounding.  Must not know: Numba's CUDA target, which need not be there.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from numbadyn.codegen.cpu.source import without_comments
from numbadyn.codegen.cuda.emitters import EMITTERS
from numbadyn.codegen.cuda.source import cuda_source, kernel_names, library_source
from numbadyn.lowering.program import Program
from numbadyn.runtime.cpu import machine

__all__ = ["Generated", "generated", "keeping", "kept"]

_LIBRARY = "library_of_routines"


@dataclass(frozen=True)
class Generated:
    """The text of a module and of its library, its kernels, a test it came from, whether that is simulated."""

    test: str
    simulated: bool
    bits: int
    exact: bool
    kernels: tuple[str, ...]
    library: str
    text: str

    @property
    def name(self) -> str:
        """Short, and the same as long as the text is."""
        digest = hashlib.sha256(repr((self.bits, self.exact, self.library, self.text)).encode()).hexdigest()[:8]
        return f"{self.test.split('::')[-1]} {self.bits} {'exact' if self.exact else 'fast'} {digest}"

    @property
    def asks_for_double(self) -> bool:
        """Whether the text itself computes something in double precision: time, sines, powers, Poisson counts."""
        return self.bits == 64 or any("f64(" in text for text in (self.library, self.text))

    @property
    def draws_counts(self) -> bool:
        """Whether counts are drawn, by a function by itself that gives back its number through memory."""
        return any(f"def {name}(" in self.library for name in ("poisson_count", "binomial_count"))

    def importing(self, library: str) -> str:
        """The text, if its library has this name."""
        return self.text.replace(_LIBRARY, library)


def generated(test: str, program: Program, bits: int, *, exact: bool, simulated: bool = False) -> Generated:
    """What a program would run on a device."""
    texts = (
        library_source(program, bits, reproducible=exact),
        cuda_source(program, bits, _LIBRARY, reproducible=exact),
    )
    names = ("run", "run_replicas", "begin", *kernel_names(program, ordered=exact), "gather")
    return Generated(test, simulated, bits, exact, names, *map(without_comments, texts))


@contextlib.contextmanager
def keeping(test: str, *, simulated: bool) -> Iterator[None]:
    """Keep what the simulators of a test would run on a device."""
    folder, source = os.environ.get("NUMBADYN_TESTS_KEEP"), machine.cpu_source

    def kept_too(program: Program, bits: int, library: str, **options: Any) -> str:
        known = all(type(stage) in EMITTERS for stages in program.schedule for stage in stages)
        for exact in (False, True) if known else ():  # else it is refused on a device
            found = generated(test, program, bits, exact=exact, simulated=simulated)
            # a test that is simulated stands for all of the same text
            place = Path(folder, f"{found.name.split()[-1]}-{int(simulated)}.json")
            whole = place.with_suffix(f".{os.getpid()}")
            whole.write_text(json.dumps(asdict(found)), encoding="utf-8")
            whole.replace(place)
        return source(program, bits, library, **options)

    if folder:
        machine.cpu_source = kept_too
    try:
        yield
    finally:
        machine.cpu_source = source


def kept() -> list[Generated]:
    """All that was kept so far, each text once, in an order that depends on the texts only."""
    folder = os.environ.get("NUMBADYN_TESTS_KEEP")
    files = sorted(Path(folder).glob("*.json")) if folder else []
    found = {file.name.split("-")[0]: json.loads(file.read_text(encoding="utf-8")) for file in files}
    return [Generated(**{**content, "kernels": tuple(content["kernels"])}) for content in found.values()]
