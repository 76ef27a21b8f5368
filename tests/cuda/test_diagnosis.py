"""Every way in which the CUDA target may not work, from made-up facts: what is said, the cure, the class of error."""

from dataclasses import replace

import pytest

from numbadyn.errors import MissingExtraError, TargetError
from numbadyn.runtime.cuda import device, diagnosis
from numbadyn.runtime.cuda.diagnosis import Diagnosis, Facts, diagnose_cuda, gather, judge
from numbadyn.runtime.cuda.driver import DriverFacts, Gpu
from numbadyn.runtime.cuda.toolkit import ToolkitFacts

H100 = Gpu("NVIDIA H100", (9, 0), 80 * 2**30)
V100 = Gpu("Tesla V100", (7, 0), 16 * 2**30)
PACKAGES = {"numba-cuda": "0.30.4", "cuda-bindings": "13.5.0", "nvidia-nvvm": "13.5.37", "nvidia-nvjitlink": "13.5.37"}
PACKAGES_12 = {"numba-cuda": "0.30.4", "cuda-bindings": "12.9.1", "nvidia-cuda-nvcc-cu12": "12.9.86"}
TOOLKIT = ToolkitFacts("NVIDIA", packages=PACKAGES)
TOOLKIT_12 = ToolkitFacts("NVIDIA", packages=PACKAGES_12)
BUILT_IN = ToolkitFacts("Built-in")
DRIVER = DriverFacts("libcuda.so.1", cuda=(13, 0), version="580.65.06", status=0, gpus=(H100,))
OLD = replace(DRIVER, cuda=(12, 2), version="535.104.05")
ANCIENT = replace(DRIVER, cuda=(11, 4), version="470.82.01")
NONE = DriverFacts(error="libcuda.so.1: no such file")
ELSEWHERE = "run with target='cpu', or try small networks in Numba's simulator of CUDA, with NUMBA_ENABLE_CUDASIM=1"


def facts(toolkit=TOOLKIT, driver=DRIVER, visible=None, platform="linux"):
    return Facts(platform, visible, toolkit, driver)


def started(status):
    return facts(driver=replace(DRIVER, status=status, gpus=()))


MISSING = {
    "nothing": (
        facts(BUILT_IN, NONE),
        (
            "The package numba-cuda is not installed, and there is no driver for an NVIDIA GPU either "
            "(libcuda.so.1: no such file)."
        ),
        (
            'On a machine with an NVIDIA GPU and its driver: pip install "numbadyn[cuda13]". Elsewhere, run with '
            "target='cpu'."
        ),
    ),
    "NumPy is too new": (
        facts(replace(TOOLKIT, broken="AttributeError: module 'numpy' has no attribute 'row_stack'", numpy="2.5.5")),
        (
            "numba-cuda 0.30.4 can be imported but compiles nothing with NumPy 2.5.5: AttributeError: module 'numpy' "
            "has no attribute 'row_stack'."
        ),
        'pip install "numpy<2.5"',
    ),
    "NumPy is too new, and there is no driver": (
        facts(replace(TOOLKIT, broken="AttributeError: module 'numpy' has no attribute 'x'", numpy="2.6.0"), NONE),
        (
            "numba-cuda 0.30.4 can be imported but compiles nothing with NumPy 2.6.0: AttributeError: module 'numpy' "
            "has no attribute 'x'."
        ),
        'pip install "numpy<2.5"',
    ),
    "the compiler is broken": (
        facts(replace(TOOLKIT, broken="ImportError: _helperlib", numpy="2.4.6")),
        "numba-cuda 0.30.4 can be imported but compiles nothing with NumPy 2.4.6: ImportError: _helperlib.",
        'pip install "numbadyn[cuda13]" --upgrade',
    ),
    "built-in target, new driver": (
        facts(BUILT_IN),
        "The package numba-cuda is not installed.",
        'pip install "numbadyn[cuda13]"',
    ),
    "built-in target, old driver": (
        facts(BUILT_IN, OLD),
        "The package numba-cuda is not installed.",
        'pip install "numbadyn[cuda12]"',
    ),
    "no target at all": (
        facts(ToolkitFacts(error="ModuleNotFoundError: No module named 'numba.cuda'")),
        "The package numba-cuda is not installed.",
        'pip install "numbadyn[cuda13]"',
    ),
    "simulator without a target": (
        facts(ToolkitFacts(simulator=True, error="ModuleNotFoundError: No module named 'numba.cuda'")),
        "The package numba-cuda is not installed.",
        'pip install "numbadyn[cuda13]"',
    ),
    "numba-cuda broken": (
        facts(ToolkitFacts(error="ImportError: NVIDIA CUDA Python bindings not found", packages=PACKAGES)),
        "numba-cuda 0.30.4 is installed but does not work: ImportError: NVIDIA CUDA Python bindings not found.",
        'pip install --force-reinstall "numbadyn[cuda13]"',
    ),
    "numba-cuda not taken": (
        facts(replace(BUILT_IN, packages=PACKAGES)),
        (
            "numba-cuda 0.30.4 is installed but does not work: Numba takes its own CUDA target, since the .pth file of "
            "numba-cuda was not read."
        ),
        'pip install --force-reinstall "numbadyn[cuda13]"',
    ),
    "Numba broken": (
        facts(ToolkitFacts(numba_error="ImportError: Numba needs NumPy 2.4 or less")),
        "Numba cannot be imported: ImportError: Numba needs NumPy 2.4 or less.",
        'pip install --upgrade numba numpy && pip install "numbadyn[cuda13]"',
    ),
    "no compilers": (
        facts(replace(TOOLKIT, missing=("nvvm", "nvrtc", "nvJitLink", "libdevice", "cudadevrt"))),
        (
            "numba-cuda is installed without what it compiles with: nvvm, nvrtc, nvJitLink, libdevice, cudadevrt "
            "cannot be found."
        ),
        'pip install "numbadyn[cuda13]"',
    ),
    "no compilers, packages of CUDA 12, old driver": (
        facts(replace(TOOLKIT_12, missing=("nvrtc",)), OLD),
        "numba-cuda is installed without what it compiles with: nvrtc cannot be found.",
        'pip install "numbadyn[cuda12]"',
    ),
}

REFUSED = {
    "another system": (facts(platform="darwin"), "There is no CUDA for macOS.", f"Here, {ELSEWHERE}."),
    "a rare system": (facts(platform="freebsd14"), "There is no CUDA for freebsd14.", f"Here, {ELSEWHERE}."),
    "switched off": (
        facts(replace(TOOLKIT, disabled=True)),
        "CUDA is switched off by the environment variable NUMBA_DISABLE_CUDA.",
        "Unset it: unset NUMBA_DISABLE_CUDA",
    ),
    "no driver": (
        facts(driver=NONE),
        "There is no driver for an NVIDIA GPU: libcuda.so.1: no such file.",
        (
            "Install NVIDIA's driver, 580 or newer, until `nvidia-smi` lists the GPU (in a container: docker run "
            f"--gpus all). Without a GPU: {ELSEWHERE}."
        ),
    ),
    "driver of CUDA 12, packages of CUDA 13": (
        facts(driver=OLD),
        "The driver 535.104.05, CUDA 12.2 is too old for the installed packages of CUDA 13, which need driver 580.",
        (
            "Update NVIDIA's driver to 580 or newer, or take the packages of CUDA 12: pip uninstall -y nvidia-nvvm "
            'nvidia-nvjitlink && pip install "numbadyn[cuda12]"'
        ),
    ),
    "driver of CUDA 12, numba-cuda without compilers": (
        facts(ToolkitFacts("NVIDIA", packages={"cuda-bindings": "13.5.0"}, missing=("nvvm",)), OLD),
        "The driver 535.104.05, CUDA 12.2 is too old for the installed packages of CUDA 13, which need driver 580.",
        'Update NVIDIA\'s driver to 580 or newer, or take the packages of CUDA 12: pip install "numbadyn[cuda12]"',
    ),
    "driver of CUDA 11, packages of CUDA 13": (
        facts(driver=ANCIENT),
        "The driver 470.82.01, CUDA 11.4 is too old for the installed packages of CUDA 13, which need driver 580.",
        "Update NVIDIA's driver to 580 or newer.",
    ),
    "driver of CUDA 11, packages of CUDA 12": (
        facts(TOOLKIT_12, ANCIENT),
        "The driver 470.82.01, CUDA 11.4 is too old for the installed packages of CUDA 12, which need driver 525.",
        "Update NVIDIA's driver to 525 or newer.",
    ),
    "no device": (
        started(100),
        "The driver 580.65.06, CUDA 13.0 works but shows no NVIDIA GPU.",
        "See whether `nvidia-smi -L` lists one (in a container: docker run --gpus all).",
    ),
    "devices hidden": (
        replace(started(100), visible=""),
        "The driver 580.65.06, CUDA 13.0 shows no NVIDIA GPU, since CUDA_VISIBLE_DEVICES is ''.",
        "Unset CUDA_VISIBLE_DEVICES, or give it a number that `nvidia-smi -L` lists: CUDA_VISIBLE_DEVICES=0",
    ),
    "started, no device": (
        replace(started(0), visible="7"),
        "The driver 580.65.06, CUDA 13.0 shows no NVIDIA GPU, since CUDA_VISIBLE_DEVICES is '7'.",
        "Unset CUDA_VISIBLE_DEVICES, or give it a number that `nvidia-smi -L` lists: CUDA_VISIBLE_DEVICES=0",
    ),
    "no answer": (
        started(None),
        "The driver 580.65.06, CUDA 13.0 does not answer.",
        f"Install NVIDIA's driver anew (in a container: docker run --gpus all), or {ELSEWHERE}.",
    ),
    "forked": (
        started(3),
        "The driver was started in the process from which this one was forked.",
        "Start processes with multiprocessing.get_context('spawn').",
    ),
    "library without a driver": (
        started(34),
        "The library that was loaded as the driver is the empty one of a CUDA toolkit.",
        "Take the toolkit's folder 'stubs' out of LD_LIBRARY_PATH.",
    ),
    "taken": (
        started(46),
        "The device is taken by another process, or closed to all of them.",
        "Wait for the other process, or let several share the device: nvidia-smi -c DEFAULT",
    ),
    "no fabric": (
        started(802),
        "The machine is not ready for CUDA (error 802); devices joined by NVSwitch wait for NVIDIA's fabric manager.",
        "sudo systemctl start nvidia-fabricmanager",
    ),
    "halves of different versions": (
        started(803),
        "The driver's library and its kernel module are of different versions (error 803).",
        "Reboot after an update of the driver; in a container, take libcuda from the host: docker run --gpus all",
    ),
    "cuda-compat": (
        started(804),
        "The package cuda-compat stands in for the driver, and this GPU does not allow that (error 804).",
        "Take the folder of cuda-compat out of LD_LIBRARY_PATH, or remove the package.",
    ),
    "after sleep": (
        started(999),
        "The driver does not start and does not know why (error 999); so it is after some machines have slept.",
        "sudo modprobe -r nvidia_uvm && sudo modprobe nvidia_uvm; if that does not help, reboot.",
    ),
    "another error": (
        started(777),
        "The driver 580.65.06, CUDA 13.0 does not start (error 777).",
        "See whether `nvidia-smi` works; if not, reboot.",
    ),
    "an old device": (
        facts(driver=replace(DRIVER, gpus=(V100,))),
        (
            "The Tesla V100 (compute capability 7.0, 16.0 GiB) is too old: kernels need compute capability 7.5, which "
            "GPUs have since Turing (2018)."
        ),
        f"Use a newer GPU, or {ELSEWHERE}.",
    ),
    "an old device before a new one": (
        facts(driver=replace(DRIVER, gpus=(V100, H100)), visible="2, 5"),
        (
            "The Tesla V100 (compute capability 7.0, 16.0 GiB) is too old: kernels need compute capability 7.5, which "
            "GPUs have since Turing (2018)."
        ),
        "Take the NVIDIA H100: CUDA_VISIBLE_DEVICES=5",
    ),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_pip_can_cure(case):
    seen, reason, cure = MISSING[case]
    assert judge(seen) == Diagnosis(works=False, missing=True, reason=reason, cure=cure)


@pytest.mark.parametrize("case", REFUSED)
def test_what_pip_cannot_cure(case):
    seen, reason, cure = REFUSED[case]
    assert judge(seen) == Diagnosis(works=False, missing=False, reason=reason, cure=cure)


@pytest.mark.parametrize(("toolkit", "driver"), [(TOOLKIT, DRIVER), (TOOLKIT_12, DRIVER), (TOOLKIT_12, OLD)])
def test_what_works(toolkit, driver):
    found = judge(facts(toolkit, driver))
    reason = f"NVIDIA H100 (compute capability 9.0, 80.0 GiB) with {driver} is ready."
    assert found == Diagnosis(works=True, missing=False, reason=reason, cure="", gpu=H100)


def test_the_simulator_stands_in_whatever_else_is_missing():
    found = judge(facts(ToolkitFacts("Built-in", simulator=True), NONE, platform="darwin"))
    assert found.works
    assert found.reason.startswith(
        "Numba's simulator of CUDA stands in for a device, since NUMBA_ENABLE_CUDASIM is set"
    )


def test_a_driver_of_unknown_version_is_given_a_try():
    assert judge(facts(driver=replace(DRIVER, cuda=None, version=None))).works


def test_questions_without_an_answer_are_told():
    seen = facts(replace(TOOLKIT, unsure=("nvvm: OSError: no",)), replace(DRIVER, unsure=("libcuda.so.1: odd",)))
    assert judge(seen).notes == ("nvvm: OSError: no", "libcuda.so.1: odd")
    assert judge(replace(seen, platform="darwin")).notes == ("nvvm: OSError: no", "libcuda.so.1: odd")


def test_an_untried_version_and_other_devices_are_told():
    toolkit = replace(TOOLKIT, packages={**PACKAGES, "numba-cuda": "0.41.0"})
    assert judge(facts(toolkit, replace(DRIVER, gpus=(H100, H100)))).notes == (
        "numba-cuda 0.41.0 was not tried with this version of numbadyn; 0.30.x was.",
        "Of 2 devices the first one is used; to use the next one, set CUDA_VISIBLE_DEVICES=1.",
    )


@pytest.mark.parametrize(
    ("case", "kind"), [(MISSING["nothing"], MissingExtraError), (REFUSED["no driver"], TargetError)]
)
def test_the_target_raises_what_was_found(case, kind, monkeypatch):
    seen, reason, cure = case
    monkeypatch.setattr(diagnosis, "gather", lambda: seen)
    monkeypatch.setattr(device, "simulated", lambda: False)
    monkeypatch.setattr(device, "cuda_module", lambda: None)
    with pytest.raises(kind) as caught:
        device.Device()
    assert str(caught.value) == f"{reason}\n  where: Simulator(target='cuda')\n  cure: {cure}"


def test_this_machine_is_judged_without_an_error():
    found = diagnose_cuda()
    assert found.reason.endswith(".")
    assert found.works == (found.cure == "")
    assert gather() == gather()
