"""Named errors, one class per user mistake.

In: a sentence about the mistake, the place and the cure.  Out: an exception whose text shows the three on separate
lines.  Must not know: anything else of the package.

Every class also derives from the natural builtin, so ``except ValueError`` keeps working, and its docstring is its help
page: ``help(numbadyn.errors.DelayError)``.
"""

from numbadyn.errors.base import NumbadynError as NumbadynError
from numbadyn.errors.batches import (
    BatchLengthError as BatchLengthError,
)
from numbadyn.errors.batches import (
    CoordinateError as CoordinateError,
)
from numbadyn.errors.batches import (
    NoBatchError as NoBatchError,
)
from numbadyn.errors.batches import (
    NoEffectError as NoEffectError,
)
from numbadyn.errors.batches import (
    StructureError as StructureError,
)
from numbadyn.errors.batches import (
    UnknownPathError as UnknownPathError,
)
from numbadyn.errors.checkpoints import (
    CheckpointDamagedError as CheckpointDamagedError,
)
from numbadyn.errors.checkpoints import (
    CheckpointFolderError as CheckpointFolderError,
)
from numbadyn.errors.checkpoints import (
    CheckpointMismatchError as CheckpointMismatchError,
)
from numbadyn.errors.checkpoints import (
    CheckpointMissingError as CheckpointMissingError,
)
from numbadyn.errors.checkpoints import (
    CheckpointReadError as CheckpointReadError,
)
from numbadyn.errors.checkpoints import (
    CheckpointWarning as CheckpointWarning,
)
from numbadyn.errors.checkpoints import (
    CheckpointWriteError as CheckpointWriteError,
)
from numbadyn.errors.connections import (
    ConnectivityError as ConnectivityError,
)
from numbadyn.errors.connections import (
    DelayEntryError as DelayEntryError,
)
from numbadyn.errors.connections import (
    DelayError as DelayError,
)
from numbadyn.errors.connections import (
    DelayRangeError as DelayRangeError,
)
from numbadyn.errors.connections import (
    InterpolationError as InterpolationError,
)
from numbadyn.errors.connections import (
    LateDelayError as LateDelayError,
)
from numbadyn.errors.connections import (
    LeftOutError as LeftOutError,
)
from numbadyn.errors.connections import (
    NegativeConductanceError as NegativeConductanceError,
)
from numbadyn.errors.connections import (
    ProjectionTargetError as ProjectionTargetError,
)
from numbadyn.errors.connections import (
    UnstableCouplingError as UnstableCouplingError,
)
from numbadyn.errors.connections import (
    UpdateEveryError as UpdateEveryError,
)
from numbadyn.errors.equations import (
    CyclicEquationsError as CyclicEquationsError,
)
from numbadyn.errors.equations import (
    DuplicateNameError as DuplicateNameError,
)
from numbadyn.errors.equations import (
    EquationSyntaxError as EquationSyntaxError,
)
from numbadyn.errors.equations import (
    IntegrationMethodError as IntegrationMethodError,
)
from numbadyn.errors.equations import (
    MissingEquationError as MissingEquationError,
)
from numbadyn.errors.equations import (
    UnknownNameError as UnknownNameError,
)
from numbadyn.errors.exports import (
    ExportError as ExportError,
)
from numbadyn.errors.exports import (
    OutputPathError as OutputPathError,
)
from numbadyn.errors.exports import (
    ResultFileError as ResultFileError,
)
from numbadyn.errors.models import (
    HookArgumentError as HookArgumentError,
)
from numbadyn.errors.models import (
    HookKeyError as HookKeyError,
)
from numbadyn.errors.models import (
    InputKeyError as InputKeyError,
)
from numbadyn.errors.models import (
    MissingHookError as MissingHookError,
)
from numbadyn.errors.models import (
    NotInitialisedError as NotInitialisedError,
)
from numbadyn.errors.models import (
    ReservedNameError as ReservedNameError,
)
from numbadyn.errors.models import (
    RightHandSideError as RightHandSideError,
)
from numbadyn.errors.models import (
    UnknownRuleError as UnknownRuleError,
)
from numbadyn.errors.models import (
    UnknownStateError as UnknownStateError,
)
from numbadyn.errors.models import (
    ViewError as ViewError,
)
from numbadyn.errors.simulation import (
    CacheWarning as CacheWarning,
)
from numbadyn.errors.simulation import (
    CallError as CallError,
)
from numbadyn.errors.simulation import (
    ConditionError as ConditionError,
)
from numbadyn.errors.simulation import (
    DeviceLostError as DeviceLostError,
)
from numbadyn.errors.simulation import (
    DeviceMemoryError as DeviceMemoryError,
)
from numbadyn.errors.simulation import (
    DurationError as DurationError,
)
from numbadyn.errors.simulation import (
    FixedAttributeError as FixedAttributeError,
)
from numbadyn.errors.simulation import (
    InternalError as InternalError,
)
from numbadyn.errors.simulation import (
    MissingExtraError as MissingExtraError,
)
from numbadyn.errors.simulation import (
    NonFiniteStateError as NonFiniteStateError,
)
from numbadyn.errors.simulation import (
    NotEnoughMemoryError as NotEnoughMemoryError,
)
from numbadyn.errors.simulation import (
    NotRecordedError as NotRecordedError,
)
from numbadyn.errors.simulation import (
    RecordingError as RecordingError,
)
from numbadyn.errors.simulation import (
    SchedulingError as SchedulingError,
)
from numbadyn.errors.simulation import (
    SimulatorBusyError as SimulatorBusyError,
)
from numbadyn.errors.simulation import (
    StreamRestartError as StreamRestartError,
)
from numbadyn.errors.simulation import (
    TargetError as TargetError,
)
from numbadyn.errors.simulation import (
    TimeStepError as TimeStepError,
)
from numbadyn.errors.simulation import (
    UnknownOptionError as UnknownOptionError,
)
from numbadyn.errors.simulation import (
    UnsupportedFeatureError as UnsupportedFeatureError,
)
from numbadyn.errors.storage import (
    DiskFullError as DiskFullError,
)
from numbadyn.errors.storage import (
    MemoryBudgetError as MemoryBudgetError,
)
from numbadyn.errors.storage import (
    SpillFolderError as SpillFolderError,
)
from numbadyn.errors.studies import (
    DamagedStoreWarning as DamagedStoreWarning,
)
from numbadyn.errors.studies import (
    GridError as GridError,
)
from numbadyn.errors.studies import (
    MeasureError as MeasureError,
)
from numbadyn.errors.studies import (
    StoreBusyError as StoreBusyError,
)
from numbadyn.errors.studies import (
    StoreError as StoreError,
)
from numbadyn.errors.studies import (
    StoreMismatchError as StoreMismatchError,
)
from numbadyn.errors.studies import (
    StoreWriteError as StoreWriteError,
)
from numbadyn.errors.studies import (
    StudyError as StudyError,
)
from numbadyn.errors.studies import (
    WorkerLostError as WorkerLostError,
)
from numbadyn.errors.tracing import (
    AcrossSynapsesError as AcrossSynapsesError,
)
from numbadyn.errors.tracing import (
    KindError as KindError,
)
from numbadyn.errors.tracing import (
    MixedSpacesError as MixedSpacesError,
)
from numbadyn.errors.tracing import (
    TracedValueError as TracedValueError,
)
from numbadyn.errors.tracing import (
    UnsupportedFunctionError as UnsupportedFunctionError,
)
from numbadyn.errors.values import (
    DimensionError as DimensionError,
)
from numbadyn.errors.values import (
    InvalidParameterError as InvalidParameterError,
)
from numbadyn.errors.values import (
    LookupRangeError as LookupRangeError,
)
from numbadyn.errors.values import (
    RateError as RateError,
)
from numbadyn.errors.values import (
    ShapeError as ShapeError,
)
from numbadyn.errors.values import (
    SizeError as SizeError,
)
from numbadyn.errors.values import (
    UnitExpectedError as UnitExpectedError,
)
