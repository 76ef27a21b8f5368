"""NumPy's operators for values that are never changed in place.

In: nothing.  Out: `Operators`, the base of traced values, parameters and states.  Must not know: what the values are.
"""

import numpy as np

__all__ = ["Operators"]

_Mixin = np.lib.mixins.NDArrayOperatorsMixin


class Operators(_Mixin):
    """All operators of arrays; ``x += y`` makes a new value, so that ``self.V.value += y`` writes the state.

    Examples
    --------
    >>> Operators.__iadd__ is Operators.__add__
    True
    """

    __slots__ = ()

    __iadd__, __isub__, __imul__ = _Mixin.__add__, _Mixin.__sub__, _Mixin.__mul__
    __itruediv__, __ifloordiv__, __imod__ = _Mixin.__truediv__, _Mixin.__floordiv__, _Mixin.__mod__
    __ipow__, __iand__, __ior__, __ixor__ = _Mixin.__pow__, _Mixin.__and__, _Mixin.__or__, _Mixin.__xor__
