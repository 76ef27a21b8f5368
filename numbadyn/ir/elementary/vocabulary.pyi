"""Names that the definitions may use.

This stub only serves type checkers: definitions are executed as text. Constants and polynomials are described in
`constants.py`, the NumPy meaning of the primitives in `primitives.py`, their compiled meaning in
:mod:`numbadyn.codegen.intrinsics`.
"""

from typing import Any

# An array or scalar: of the precision's float, of a signed integer, of truth values, or of unsigned integers.
Real = Any
Integer = Any
Truth = Any
Word = Any

def select(condition: Truth, if_true: Any, if_false: Any) -> Any: ...
def square_root(x: Real) -> Real: ...
def floor(x: Real) -> Real: ...
def polynomial(variable: Real, coefficients: str) -> Real: ...
def horner(variable: Real, coefficients: str) -> Real: ...
def bits_of(x: Real) -> Integer: ...
def from_bits(bits: Integer) -> Real: ...
def real(value: Any) -> Real: ...
def wide(value: Any) -> Real: ...
def f64(value: Any) -> Real: ...
def i32(value: Any) -> Integer: ...
def i64(value: Any) -> Integer: ...
def u32(value: Any) -> Word: ...
def u64(value: Any) -> Word: ...
def unit_interval(word0: Word, word1: Word) -> Real: ...
def radial_interval(word0: Word, word1: Word) -> Real: ...
def centred_interval(word0: Word, word1: Word) -> Real: ...
def floordiv_double(x: Real, y: Real) -> Real: ...
def fmod_double(x: Real, y: Real) -> Real: ...
def mod_double(x: Real, y: Real) -> Real: ...
def power_double(x: Real, y: Real) -> Real: ...

ARCTANGENT: str
ARTANH_TAIL: str
COSINE: str
COTH: str
ERF_INNER: str
ERF_OUTER: str
EXPM1: str
LOGARITHM: str
SINE: str
SINE_OF_PI: str
WIDE_COTH_ABOVE: str
WIDE_COTH_BELOW: str
ERF_HIGHEST: Real
EXPM1_HIGHEST: Real
EXPM1_LOWEST: Real
EXPONENT_BIAS: Integer
EXPREL_SHORT_LIMIT: Real
EXP_HIGHEST: Real
EXP_LOWEST: Real
EXP_OVERFLOW: Real
EXP_TINY: Real
EXP_UNDERFLOW: Real
HALF_PI_FIRST: Real
HALF_PI_LOW: Real
HALF_PI_SECOND: Real
HALF_PI_THIRD: Real
HALF_PI_WHOLE: Real
INFINITY: Real
INVERSE_LN10: Real
INVERSE_LN2: Real
LN2_HIGH: Real
LN2_LOW: Real
LOG10_2_HIGH: Real
LOG10_2_LOW: Real
MAGIC: Real
MAGIC_BITS: Integer
NOT_A_NUMBER: Real
QUARTER_PI_LOW: Real
QUARTER_PI_WHOLE: Real
SIGNIFICAND_BITS: Integer
SMALLEST_NORMAL: Real
STEP_PART_HIGHEST: Real
STEP_PART_LOWEST: Real
STEP_PART_OF_NUMBER: Real
SQRT_HALF_BITS: Integer
SUBNORMAL_EXPONENT: Real
SUBNORMAL_SCALE: Real
TAN_3_PI_8: Real
TAN_PI_8: Real
TWO_OVER_PI: Real
WIDE_MAGIC: Real
