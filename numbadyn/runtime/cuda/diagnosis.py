"""Whether the CUDA target works here; if not, why, and the exact cure.

In: what was seen of the toolkit and the driver.  Out: a `Diagnosis`.  Must not know: networks, kernels.

`gather` looks, `judge` thinks; so every case can be tried without the machine that has it. The checks of `judge` stand
in one table, `_CHECKS`, in the order in which somebody can do something about them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from numbadyn.runtime.cuda.driver import DriverFacts, Gpu, probe_driver
from numbadyn.runtime.cuda.toolkit import ToolkitFacts, probe_toolkit

__all__ = ["Diagnosis", "Facts", "diagnose_cuda", "gather", "judge", "start_failure"]

_OLDEST_CAPABILITY = (7, 5)
_OLDEST_DRIVER = {12: "525", 13: "580"}
_TRIED = "0.30."
_TOO_NEW_NUMPY = (2, 5)
_ELSEWHERE = "run with target='cpu', or try small networks in Numba's simulator of CUDA, with NUMBA_ENABLE_CUDASIM=1"
_CONTAINER = "in a container: docker run --gpus all"
_START = {  # what starting the driver returned: what that means, and the cure
    3: (
        "The driver was started in the process from which this one was forked.",
        "Start processes with multiprocessing.get_context('spawn').",
    ),
    34: (
        "The library that was loaded as the driver is the empty one of a CUDA toolkit.",
        "Take the toolkit's folder 'stubs' out of LD_LIBRARY_PATH.",
    ),
    46: (
        "The device is taken by another process, or closed to all of them.",
        "Wait for the other process, or let several share the device: nvidia-smi -c DEFAULT",
    ),
    802: (
        "The machine is not ready for CUDA (error 802); devices joined by NVSwitch wait for NVIDIA's fabric manager.",
        "sudo systemctl start nvidia-fabricmanager",
    ),
    803: (
        "The driver's library and its kernel module are of different versions (error 803).",
        "Reboot after an update of the driver; in a container, take libcuda from the host: docker run --gpus all",
    ),
    804: (
        "The package cuda-compat stands in for the driver, and this GPU does not allow that (error 804).",
        "Take the folder of cuda-compat out of LD_LIBRARY_PATH, or remove the package.",
    ),
    999: (
        "The driver does not start and does not know why (error 999); so it is after some machines have slept.",
        "sudo modprobe -r nvidia_uvm && sudo modprobe nvidia_uvm; if that does not help, reboot.",
    ),
}


@dataclass(frozen=True)
class Facts:
    """What was seen.

    Parameters
    ----------
    platform : str
        Name of the operating system, as `sys.platform` has it.
    visible : str, optional
        CUDA_VISIBLE_DEVICES; None if it is not set.
    toolkit : ToolkitFacts
        Numba's CUDA target and the compilers behind it.
    driver : DriverFacts
        NVIDIA's driver and the devices.
    """

    platform: str = "linux"
    visible: str | None = None
    toolkit: ToolkitFacts = field(default_factory=ToolkitFacts)
    driver: DriverFacts = field(default_factory=DriverFacts)


@dataclass(frozen=True)
class Diagnosis:
    """What it means.

    Parameters
    ----------
    works : bool
        Networks can run with target="cuda".
    missing : bool
        They cannot because an optional package is missing.
    reason : str
        What works, or why it does not.
    cure : str
        What to do; empty where nothing is wrong.
    gpu : Gpu, optional
        The device that networks run on.
    notes : tuple of str
        What is worth knowing besides.
    """

    works: bool
    missing: bool
    reason: str
    cure: str
    gpu: Gpu | None = None
    notes: tuple[str, ...] = ()


def diagnose_cuda() -> Diagnosis:
    """Find out whether the CUDA target works here; nothing is raised.

    Returns
    -------
    Diagnosis
        What works, or why it does not, and the cure.

    Examples
    --------
    >>> found = diagnose_cuda()
    >>> found.works or bool(found.cure)
    True
    """
    return judge(gather())


def gather() -> Facts:
    """Look at what is installed and at the devices; nothing is raised.

    Returns
    -------
    Facts
        What was seen.

    Examples
    --------
    >>> import sys
    >>> gather().platform == sys.platform
    True
    """
    return Facts(sys.platform, os.environ.get("CUDA_VISIBLE_DEVICES"), probe_toolkit(), probe_driver())


def judge(facts: Facts) -> Diagnosis:
    """Say what facts mean.

    Parameters
    ----------
    facts : Facts
        What was seen.

    Returns
    -------
    Diagnosis
        The first thing that is wrong, or that nothing is.

    Examples
    --------
    >>> print(judge(Facts(platform="darwin")).reason)
    There is no CUDA for macOS.
    """
    for check in _CHECKS:
        found = check(facts)
        if found is not None:
            return replace(found, notes=(*found.notes, *facts.toolkit.unsure, *facts.driver.unsure))
    gpu = facts.driver.gpus[0]
    works = Diagnosis(True, False, f"{gpu} with {facts.driver} is ready.", "", gpu, _notes(facts))
    return replace(works, notes=(*works.notes, *facts.toolkit.unsure, *facts.driver.unsure))


def start_failure(error: str) -> tuple[str, str]:
    """What it means that a device which was there does not start.

    Parameters
    ----------
    error : str
        What the driver says, with the name of the error.

    Returns
    -------
    tuple of str
        The reason, and the cure.

    Examples
    --------
    >>> start_failure("CUDA_ERROR_DEVICE_UNAVAILABLE: ...")[0]
    'The device is taken by another process, or closed to all of them.'
    """
    if "DEVICE_UNAVAILABLE" in error:
        return _START[46]
    if "OUT_OF_MEMORY" in error:
        return (
            "The memory of the device is full, before anything of ours is there.",
            "Stop other processes that nvidia-smi lists, or choose another device: CUDA_VISIBLE_DEVICES=1",
        )
    return f"The device does not start: {error}.", "See whether `nvidia-smi` works; if not, reboot."


def _wrong(reason: str, cure: str, *, missing: bool = False) -> Diagnosis:
    return Diagnosis(False, missing, reason, cure)


def _notes(facts: Facts) -> tuple[str, ...]:
    version = facts.toolkit.packages.get("numba-cuda", _TRIED)
    untried = f"numba-cuda {version} was not tried with this version of numbadyn; {_TRIED}x was."
    gpus = facts.driver.gpus
    others = f"Of {len(gpus)} devices the first one is used; to use the next one, set {_choice(facts, 1)}."
    return ((untried,) if not version.startswith(_TRIED) else ()) + ((others,) if len(gpus) > 1 else ())


def _choice(facts: Facts, index: int) -> str:
    """The setting that makes one of the devices that are visible now the only one."""
    visible = [] if facts.visible is None else facts.visible.split(",")
    return f"CUDA_VISIBLE_DEVICES={visible[index].strip() if index < len(visible) else index}"


def _install(facts: Facts) -> str:
    """The line for pip that fits the driver; without a driver, that for the newest."""
    cuda = facts.driver.cuda
    return f'pip install "numbadyn[{"cuda12" if cuda is not None and cuda[0] < 13 else "cuda13"}]"'


# ---- the checks; each one knows that those before it found nothing ---------------------------------------------------


def _simulator(facts: Facts) -> Diagnosis | None:
    if not facts.toolkit.simulator or facts.toolkit.implementation is None:
        return None
    return Diagnosis(
        True,
        False,
        "Numba's simulator of CUDA stands in for a device, since NUMBA_ENABLE_CUDASIM is set; it is for tests, and far "
        "slower than target='cpu'.",
        "",
    )


def _system(facts: Facts) -> Diagnosis | None:
    if facts.platform in ("linux", "win32"):
        return None
    system = {"darwin": "macOS"}.get(facts.platform, facts.platform)
    return _wrong(f"There is no CUDA for {system}.", f"Here, {_ELSEWHERE}.")


def _switched_off(facts: Facts) -> Diagnosis | None:
    if not facts.toolkit.disabled:
        return None
    return _wrong(
        "CUDA is switched off by the environment variable NUMBA_DISABLE_CUDA.", "Unset it: unset NUMBA_DISABLE_CUDA"
    )


def _package(facts: Facts) -> Diagnosis | None:
    toolkit = facts.toolkit
    if toolkit.implementation == "NVIDIA":
        return None
    install = _install(facts)
    if toolkit.numba_error is not None:
        return _wrong(
            f"Numba cannot be imported: {toolkit.numba_error}.",
            f"pip install --upgrade numba numpy && {install}",
            missing=True,
        )
    version = toolkit.packages.get("numba-cuda")
    if version is not None:
        why = toolkit.error or "Numba takes its own CUDA target, since the .pth file of numba-cuda was not read"
        return _wrong(
            f"numba-cuda {version} is installed but does not work: {why}.",
            install.replace("pip install", "pip install --force-reinstall"),
            missing=True,
        )
    if facts.driver.library is None:
        return _wrong(
            "The package numba-cuda is not installed, and there is no driver for an NVIDIA GPU either "
            f"({facts.driver.error}).",
            f"On a machine with an NVIDIA GPU and its driver: {install}. Elsewhere, run with target='cpu'.",
            missing=True,
        )
    return _wrong("The package numba-cuda is not installed.", install, missing=True)


def _compiler(facts: Facts) -> Diagnosis | None:
    toolkit = facts.toolkit
    if toolkit.broken is None:
        return None
    version = toolkit.packages.get("numba-cuda", "")
    newer = "numpy" in toolkit.broken and tuple(map(int, toolkit.numpy.split(".")[:2])) >= _TOO_NEW_NUMPY
    return _wrong(
        f"numba-cuda {version} can be imported but compiles nothing with NumPy {toolkit.numpy}: {toolkit.broken}.",
        f'pip install "numpy<{_TOO_NEW_NUMPY[0]}.{_TOO_NEW_NUMPY[1]}"' if newer else f"{_install(facts)} --upgrade",
        missing=True,
    )


def _library(facts: Facts) -> Diagnosis | None:
    if facts.driver.library is not None:
        return None
    return _wrong(
        f"There is no driver for an NVIDIA GPU: {facts.driver.error}.",
        f"Install NVIDIA's driver, 580 or newer, until `nvidia-smi` lists the GPU ({_CONTAINER}). Without a GPU: "
        f"{_ELSEWHERE}.",
    )


def _age(facts: Facts) -> Diagnosis | None:
    serves, needs = facts.driver.cuda, facts.toolkit.cuda
    if serves is None or needs is None or serves >= (needs, 0):
        return None
    oldest = _OLDEST_DRIVER.get(needs, f"one for CUDA {needs}")
    reason = f"The {facts.driver} is too old for the installed packages of CUDA {needs}, which need driver {oldest}."
    update = f"Update NVIDIA's driver to {oldest} or newer"
    if needs <= 12 or serves < (12, 0):
        return _wrong(reason, f"{update}.")
    newer = [name for name in facts.toolkit.packages if name.startswith("nvidia-") and not name.endswith("-cu12")]
    remove = f"pip uninstall -y {' '.join(newer)} && " if newer else ""
    return _wrong(reason, f'{update}, or take the packages of CUDA 12: {remove}pip install "numbadyn[cuda12]"')


def _pieces(facts: Facts) -> Diagnosis | None:
    missing = facts.toolkit.missing
    if not missing:
        return None
    return _wrong(
        f"numba-cuda is installed without what it compiles with: {', '.join(missing)} cannot be found.",
        _install(facts),
        missing=True,
    )


def _start(facts: Facts) -> Diagnosis | None:
    status = facts.driver.status
    if status in (0, 100):  # 100 is that there is no device, about which `_device` has more to say
        return None
    if status is None:
        return _wrong(
            f"The {facts.driver} does not answer.", f"Install NVIDIA's driver anew ({_CONTAINER}), or {_ELSEWHERE}."
        )
    reason, cure = _START.get(
        status,
        (f"The {facts.driver} does not start (error {status}).", "See whether `nvidia-smi` works; if not, reboot."),
    )
    return _wrong(reason, cure)


def _device(facts: Facts) -> Diagnosis | None:
    if facts.driver.gpus:
        return None
    if facts.visible is None:
        return _wrong(
            f"The {facts.driver} works but shows no NVIDIA GPU.",
            f"See whether `nvidia-smi -L` lists one ({_CONTAINER}).",
        )
    return _wrong(
        f"The {facts.driver} shows no NVIDIA GPU, since CUDA_VISIBLE_DEVICES is {facts.visible!r}.",
        "Unset CUDA_VISIBLE_DEVICES, or give it a number that `nvidia-smi -L` lists: CUDA_VISIBLE_DEVICES=0",
    )


def _capability(facts: Facts) -> Diagnosis | None:
    gpus = facts.driver.gpus
    if gpus[0].capability >= _OLDEST_CAPABILITY:
        return None
    fit = [index for index, gpu in enumerate(gpus) if gpu.capability >= _OLDEST_CAPABILITY]
    return _wrong(
        f"The {gpus[0]} is too old: kernels need compute capability 7.5, which GPUs have since Turing (2018).",
        f"Take the {gpus[fit[0]].name}: {_choice(facts, fit[0])}" if fit else f"Use a newer GPU, or {_ELSEWHERE}.",
    )


_CHECKS: tuple[Callable[[Facts], Diagnosis | None], ...] = (
    _simulator,
    _system,
    _switched_off,
    _package,
    _compiler,
    _library,
    _age,
    _pieces,
    _start,
    _device,
    _capability,
)
