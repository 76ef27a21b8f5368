"""Every named error: text, natural builtin, help page, and the way through pickle."""

import inspect
import pickle

import numpy as np
import pytest
import quantities as pq

from numbadyn import errors

CLASSES = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, errors.NumbadynError) and value is not errors.NumbadynError
]

BUILTINS = {
    "DimensionError": TypeError,
    "UnitExpectedError": TypeError,
    "InvalidParameterError": ValueError,
    "RateError": ValueError,
    "SizeError": ValueError,
    "ShapeError": ValueError,
    "AcrossSynapsesError": TypeError,
    "KindError": TypeError,
    "MixedSpacesError": ValueError,
    "TracedValueError": TypeError,
    "UnsupportedFunctionError": TypeError,
    "CyclicEquationsError": ValueError,
    "DuplicateNameError": ValueError,
    "EquationSyntaxError": ValueError,
    "IntegrationMethodError": ValueError,
    "MissingEquationError": NameError,
    "UnknownNameError": NameError,
    "HookKeyError": KeyError,
    "MissingHookError": KeyError,
    "InputKeyError": ValueError,
    "HookArgumentError": TypeError,
    "UnknownRuleError": AttributeError,
    "UnknownStateError": AttributeError,
    "ReservedNameError": AttributeError,
    "NotInitialisedError": RuntimeError,
    "DelayError": ValueError,
    "LateDelayError": RuntimeError,
    "DelayRangeError": ValueError,
    "DelayEntryError": KeyError,
    "InterpolationError": ValueError,
    "UpdateEveryError": ValueError,
    "ProjectionTargetError": TypeError,
    "ConnectivityError": ValueError,
    "BatchLengthError": ValueError,
    "CoordinateError": KeyError,
    "NoBatchError": RuntimeError,
    "NoEffectError": ValueError,
    "StructureError": ValueError,
    "UnknownPathError": KeyError,
    "TimeStepError": ValueError,
    "DurationError": ValueError,
    "NonFiniteStateError": FloatingPointError,
    "NotEnoughMemoryError": MemoryError,
    "DeviceMemoryError": MemoryError,
    "TargetError": ValueError,
    "ConditionError": ValueError,
    "CallError": TypeError,
    "StreamRestartError": RuntimeError,
    "SchedulingError": RuntimeError,
    "SimulatorBusyError": RuntimeError,
    "RecordingError": ValueError,
    "FixedAttributeError": AttributeError,
    "UnknownOptionError": TypeError,
    "NotRecordedError": AttributeError,
    "MissingExtraError": ImportError,
    "ExportError": ValueError,
    "OutputPathError": OSError,
    "ResultFileError": ValueError,
    "UnsupportedFeatureError": NotImplementedError,
    "InternalError": RuntimeError,
    "GridError": ValueError,
    "MeasureError": TypeError,
    "StudyError": RuntimeError,
    "StoreError": ValueError,
    "StoreMismatchError": ValueError,
    "StoreBusyError": RuntimeError,
    "StoreWriteError": OSError,
    "WorkerLostError": RuntimeError,
    "CheckpointDamagedError": ValueError,
    "CheckpointMismatchError": ValueError,
    "CheckpointWriteError": OSError,
    "CheckpointReadError": OSError,
    "CheckpointMissingError": FileNotFoundError,
    "CheckpointFolderError": IsADirectoryError,
    "MemoryBudgetError": ValueError,
    "SpillFolderError": OSError,
    "DiskFullError": OSError,
}


@pytest.mark.parametrize("name", BUILTINS)
def test_derives_from_the_natural_builtin(name: str) -> None:
    cls = getattr(errors, name)
    assert issubclass(cls, errors.NumbadynError)
    assert issubclass(cls, BUILTINS[name])


@pytest.mark.parametrize("cls", CLASSES)
def test_text_has_what_where_and_cure_on_a_line_each(cls: type[errors.NumbadynError]) -> None:
    error = cls("tau is -5 ms.", where="EINet.E.tau", cure="Give a positive time.")
    assert str(error) == "tau is -5 ms.\n  where: EINet.E.tau\n  cure: Give a positive time."
    assert (error.what, error.where, error.cure) == ("tau is -5 ms.", "EINet.E.tau", "Give a positive time.")


def test_text_leaves_out_what_is_not_known() -> None:
    assert str(errors.DelayError("The delay is -1 ms.")) == "The delay is -1 ms."
    assert str(errors.HookKeyError("The key 'a' is taken.", cure="Use another.")).splitlines() == [
        "The key 'a' is taken.",
        "  cure: Use another.",
    ]


@pytest.mark.parametrize("cls", CLASSES)
def test_goes_through_pickle(cls: type[errors.NumbadynError]) -> None:
    error = cls("what", where="there", cure="this")
    error.add_note("seen while building")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is cls
    assert str(again) == str(error)
    assert (again.what, again.where, again.cure) == ("what", "there", "this")
    assert again.__notes__ == ["seen while building"]


@pytest.mark.parametrize("cls", [*CLASSES, errors.CacheWarning, errors.CheckpointWarning])
def test_docstring_is_a_help_page(cls: type[Exception]) -> None:
    page = inspect.getdoc(cls)
    assert page is not None
    if cls is not errors.InternalError:
        assert "Wrong" in page
        assert "Right" in page


def test_internal_error_asks_for_a_report() -> None:
    assert "please report it" in str(errors.InternalError("Value 3 is used before it is defined."))


def test_cache_warning_is_a_warning() -> None:
    assert issubclass(errors.CacheWarning, UserWarning)


def test_values_are_fields_and_hold_on_to_no_object():
    class Network:
        def __repr__(self):
            return "a network"

    error = errors.InvalidParameterError(
        "tau is -5 ms.", where="E.tau", tau=-5.0 * pq.ms, shape=(3, Network()), net=Network(), rates=np.ones(2)
    )
    assert error.values["tau"] == -5.0 * pq.ms
    assert error.values["shape"] == (3, "a network")
    assert error.values["net"] == "a network"
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    np.testing.assert_array_equal(again.values["rates"], np.ones(2))
    assert errors.InternalError("broken", step=3).values == {"step": 3}


@pytest.mark.parametrize(
    "holder", [lambda one: {"a": one}, lambda one: np.array([one], dtype=object), lambda one: (x for x in [one])]
)
def test_values_hold_nothing_but_plain_data(holder):
    error = errors.NumbadynError("No.", given=[holder(object())])
    (given,) = pickle.loads(pickle.dumps(error)).values["given"]
    assert isinstance(given, str)
    assert "object" in given
