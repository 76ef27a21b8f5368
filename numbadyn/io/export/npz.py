"""Files of NumPy, which need no other package, and from which a result is read back bit for bit.

In: a result or a path.  Out: a file, or a result.  Must not know: how results are made.

A file holds an array for each thing that was recorded, ``EINet.E/spikes/steps``, ``EINet.E/V/values``, and one text,
``about``, with all else as JSON. No code is run when it is read.
"""

from __future__ import annotations

import json
import os
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import ResultFileError
from numbadyn.io.export.parts import blocks_of, write_file
from numbadyn.io.profile import Profile
from numbadyn.io.provenance import Provenance
from numbadyn.io.reduce.base import Reduced
from numbadyn.units import Dimension, join, split

if TYPE_CHECKING:
    from numbadyn.io.recordings import Recording, Result

__all__ = ["read_npz", "write_npz"]

_FORMAT = 1
_ABOUT = "about"
_RUN = ("first", "last", "dt", "seconds", "interrupted", "ended", "batch")


def write_npz(result: Result, path: str | os.PathLike[str], *, compressed: bool = False) -> Path:
    """Write the file; see `Exports.to_npz`."""
    arrays: dict[str, Any] = {}
    about = {
        "numbadyn result": _FORMAT,
        **{name: getattr(result, name) for name in _RUN},
        "recordings": [_recording(recording, arrays) for recording in result.recordings.values()],
        "coords": {name: _coordinate(f"coords/{name}", values, arrays) for name, values in result.coords.items()},
        "provenance": dict(result.provenance),
        "profile": None if result.profile is None else result.profile.table[["work", "module", "seconds"]].tolist(),
    }
    arrays = {_ABOUT: np.array(json.dumps(about)), **arrays}
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", kind, allowZip64=True) as archive:
            for name, values in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    _write_array(entry, values)

    return write_file(path, write)


def _write_array(entry: Any, values: Any) -> None:
    """Write an array in NumPy's format, some of it at a time where it lies in a file."""
    dtype = np.dtype(values.dtype)
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": tuple(values.shape)}
    np.lib.format.write_array_header_2_0(entry, header)
    for block in blocks_of(values):
        entry.write(np.ascontiguousarray(block, dtype).tobytes())


def _coordinate(where: str, values: Any, arrays: dict[str, Any]) -> list[str] | None:
    """Put what replicas were bound to beside; gives the exponents of its dimension, None for texts."""
    plain = np.asarray(values)
    if plain.dtype == object or plain.dtype.kind == "U":
        arrays[where] = plain.astype(str)
        return None
    magnitude, dimension = split(values)
    arrays[where] = np.asarray(magnitude, plain.dtype if dimension.is_dimensionless else None)
    return [str(exponent) for exponent in dimension.exponents]


def _recording(recording: Recording, arrays: dict[str, Any]) -> dict[str, Any]:
    """What there is to say of a recording; its arrays are put beside it."""
    about: dict[str, Any] = {"name": recording.name, "spikes": None, "samples": {}, "part": None, "reduced": {}}
    spikes = recording.events
    if spikes is not None:
        about["spikes"] = {"dt": spikes.dt, "size": spikes.size, "duration": spikes.duration, "batch": spikes.batch}
        _put(arrays, f"{recording.name}/spikes", steps=spikes.steps, indices=spikes.indices, replicas=spikes.replicas)
    for variable, samples in recording.samples.items():
        exponents = [str(exponent) for exponent in samples.dimension.exponents]
        about["samples"][variable] = {"dt": samples.dt, "unit": samples.dimension.name, "exponents": exponents}
        parts = {"steps": samples.steps, "values": samples.values, "elements": samples.elements}
        _put(arrays, f"{recording.name}/{variable}", **parts)
    for measure, reduced in recording.reduced.items():
        where = f"{recording.name}/reduced/{measure}"
        axes = {name: _coordinate(f"{where}/axes/{name}", places, arrays) for name, places in reduced.axes.items()}
        exponents = [str(exponent) for exponent in reduced.dimension.exponents]
        about["reduced"][measure] = {
            "exponents": exponents,
            "unit": reduced.unit,
            "axes": axes,
            "more": [*reduced.more],
        }
        _put(arrays, where, values=reduced.values)
        _put(arrays, f"{where}/more", **reduced.more)
    if recording.part is not None:
        about["part"] = recording.part[0]
        _put(arrays, f"{recording.name}/part", elements=recording.part[1])
    return about


def _put(arrays: dict[str, Any], where: str, **parts: Any) -> None:
    arrays.update({f"{where}/{name}": part for name, part in parts.items() if part is not None})


def read_npz(path: str | os.PathLike[str], whole: Any, recording: Any, samples: Any, spikes: Any) -> Any:
    """Read a result.

    Parameters
    ----------
    path : str or path
        Of a file that `write_npz` has written.
    whole, recording, samples, spikes : type
        Classes of a result and of its parts.

    Raises
    ------
    ResultFileError
        It is no such file, it is damaged, or it was written by a later version.
    """
    content, found = _read(path), {}
    for each in content.pop("recordings"):
        sampled = {variable: samples(**parts) for variable, parts in each["samples"].items()}
        events = None if each["spikes"] is None else spikes(**each["spikes"])
        measured = {measure: Reduced(**parts) for measure, parts in each["reduced"].items()}
        found[each["name"]] = recording(each["name"], sampled, events, each["part"], reduced=measured)
    content["provenance"] = Provenance(content["provenance"])
    content["profile"] = None if content["profile"] is None else Profile(list(map(tuple, content["profile"])))
    return whole(found, **content)


def _read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What stands in ``about``, with arrays in their places."""
    if not isinstance(path, str | os.PathLike):
        raise _refuse(Path(type(path).__name__), "is no path")
    place = Path(path)
    try:
        with place.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            about = json.loads(str(file[_ABOUT][()])) if _ABOUT in file else {}
            version = about.get("numbadyn result")
            if version != _FORMAT:
                raise _refuse(place, f"has format {version}, not {_FORMAT}" if version else "holds no result")
            return _filled(about, {name: file[name] for name in file.files if name != _ABOUT})
    except FileNotFoundError:
        raise _refuse(place, "does not exist") from None
    except (zipfile.BadZipFile, ValueError, KeyError, OSError, EOFError) as error:
        if isinstance(error, ResultFileError):
            raise
        raise _refuse(place, f"is damaged or no file of results ({error})") from error


def _refuse(place: Path, why: str) -> ResultFileError:
    return ResultFileError(
        f"{place.name} {why}.",
        where=str(place),
        cure="Give a file that result.to_npz has written with this version or an older one.",
        path=str(place),
    )


def _filled(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """What is said of a result, with its arrays."""
    for recording in about["recordings"]:
        where = recording["name"]
        if recording["spikes"] is not None:
            for name in ("steps", "indices", "replicas"):
                recording["spikes"][name] = arrays.get(f"{where}/spikes/{name}")
        for variable, samples in recording["samples"].items():
            del samples["unit"]
            samples["dimension"] = Dimension(*map(Fraction, samples.pop("exponents")))
            for name in ("steps", "values", "elements"):
                samples[name] = arrays.get(f"{where}/{variable}/{name}")
        for measure, reduced in recording["reduced"].items():
            own = f"{where}/reduced/{measure}"
            reduced["name"], reduced["values"] = measure, arrays[f"{own}/values"]
            reduced["dimension"] = Dimension(*map(Fraction, reduced.pop("exponents")))
            reduced["more"] = {name: arrays[f"{own}/more/{name}"][()] for name in reduced["more"]}
            axes = reduced["axes"].items()
            reduced["axes"] = {name: _rejoined(arrays[f"{own}/axes/{name}"], exponents) for name, exponents in axes}
        if recording["part"] is not None:
            recording["part"] = recording["part"], arrays[f"{where}/part/elements"]
    about["coords"] = {
        name: _rejoined(arrays[f"coords/{name}"], exponents) for name, exponents in about["coords"].items()
    }
    del about["numbadyn result"]
    return about


def _rejoined(values: NDArray[Any], exponents: list[str] | None) -> Any:
    """What replicas were bound to, with its unit; texts as objects."""
    if exponents is None:
        return values.astype(object)[()]
    return join(values, Dimension(*map(Fraction, exponents)))[()]
