"""Numbers of the elementary functions, for both precisions.

In: nothing.  Out: scalar constants and polynomial coefficients (constant term first), each as a pair (64-bit,
32-bit).  Must not know: how they are evaluated.

Notes
-----
The polynomials, and the one quotient of two, interpolate the named function at the Chebyshev nodes of the named
interval, computed with 50 decimal digits; that is within a small factor of the best approximation of the same degree.
The degrees are the smallest whose error contributes less than about 0.3 units in the last place to the function's
value; at the ends of the wide interval of exprel in 32 bits it is half a unit.
"""

from __future__ import annotations

import math

__all__ = ["POLYNOMIALS", "SCALARS", "WIDE"]

SCALARS: dict[str, tuple[float | int, float | int]] = {
    # Layout of the two formats.
    "SIGNIFICAND_BITS": (52, 23),
    "EXPONENT_BIAS": (1023, 127),
    "SMALLEST_NORMAL": (2.2250738585072014e-308, 1.1754943508222875e-38),
    # Adding this number rounds to the nearest integer and leaves it in the lowest bits.
    "MAGIC": (6755399441055744.0, 12582912.0),
    "MAGIC_BITS": (0x4338000000000000, 0x4B400000),
    # ln 2 in two parts; the first has enough trailing zeros for an exact product with any exponent.
    "INVERSE_LN2": (1.4426950408889634, 1.4426950408889634),
    "LN2_HIGH": (0.6931471803691238, 0.693115234375),
    "LN2_LOW": (1.9082149292705877e-10, 3.194618329871446e-05),
    "INVERSE_LN10": (0.4342944819032518, 0.4342944819032518),
    "LOG10_2_HIGH": (0.3010299955494702, 0.301025390625),
    "LOG10_2_LOW": (1.1451100898021838e-10, 4.605039e-06),
    # Bits of sqrt(1/2), and the factor 2^54 or 2^25 that makes every subnormal number normal.
    "SQRT_HALF_BITS": (0x3FE6A09E667F3BCD, 0x3F3504F3),
    "SUBNORMAL_SCALE": (18014398509481984.0, 33554432.0),
    "SUBNORMAL_EXPONENT": (54.0, 25.0),
    "INFINITY": (math.inf, math.inf),
    # Part of a step by which times that count as equal may differ: so much of the step's number, between two limits.
    "STEP_PART_OF_NUMBER": (2e-15, 5e-7),
    "STEP_PART_LOWEST": (1e-6, 0.01),
    "STEP_PART_HIGHEST": (0.25, 0.25),
    "NOT_A_NUMBER": (math.nan, math.nan),
    # Borders and centres of the three intervals of arctan.
    "TAN_PI_8": (0.41421356237309503, 0.41421356237309503),
    "TAN_3_PI_8": (2.414213562373095, 2.414213562373095),
    "QUARTER_PI_WHOLE": (0.7853981633974483, 0.78539816),
    "QUARTER_PI_LOW": (3.061616997868383e-17, -2.1855694e-08),
    "HALF_PI_WHOLE": (1.5707963267948966, 1.5707964),
    "HALF_PI_LOW": (6.123233995736766e-17, -4.371139e-08),
    # From here on erf is 1.
    "ERF_HIGHEST": (6.0, 4.0),
    # Above the first, e^x is not a finite number; below the second, not a normal one.
    "EXP_OVERFLOW": (709.782712893384, 88.72283),
    "EXP_UNDERFLOW": (-708.39, -87.33),
    # Beyond these arguments the power is infinity or zero, and expm1 / x is infinite or expm1 is -1.
    "EXP_HIGHEST": (710.0, 89.0),
    "EXP_LOWEST": (-746.0, -104.0),
    "EXPM1_HIGHEST": (717.0, 94.0),
    "EXPM1_LOWEST": (-60.0, -30.0),
    # Below this size x stands for expm1(x), log1p(x) and sinh(x).
    "EXP_TINY": (5.551115123125783e-17, 2.9802322387695312e-08),
    # Up to this size exprel(x) needs no range reduction.
    "EXPREL_SHORT_LIMIT": (1.5, 1.5),
}

POLYNOMIALS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    # (r coth(r / 2) - 2) / w with w = r^2, for abs(r) <= ln(2) / 2
    "COTH": (
        (0.1666666666666666, -0.0027777777777564443, 6.61375647164307e-05, -1.653406006528534e-06,
         4.143767776130429e-08),
        (0.16666655, -0.0027698535),
    ),
    # The quotient of the two is (x / 2 coth(x / 2) - 1) / z with z = x^2, for abs(x) <= 1.5, but for a factor of 2;
    # scaled so that one coefficient is 1, which saves a product.
    "WIDE_COTH_ABOVE": (
        (26813.527384891255, 412.10962528166596, 1.0),
        (141.88054, 1.0),
    ),
    "WIDE_COTH_BELOW": (
        (160881.16430934757, 5154.010490178262, 28.05844297199855, 0.018441746313882183),
        (851.2834, 20.186932),
    ),
    # (e^r - 1 - r) / r^2 for abs(r) <= ln(2) / 2
    "EXPM1": (
        (0.5000000000000001, 0.16666666666666669, 0.04166666666662399, 0.008333333333330051, 0.0013888888917281794,
         0.00019841269863105968, 2.480152119021773e-05, 2.7557268378684192e-06, 2.7620138719733994e-07,
         2.5100424157005067e-08),
        (0.5, 0.16666576, 0.041666556, 0.008363203, 0.0013926213),
    ),
    # (2 artanh(s) / s - 2) / z with z = s^2, for abs(s) <= 0.1716
    "LOGARITHM": (
        (0.666666666666667, 0.3999999999989938, 0.28571428626031065, 0.22222211125722807, 0.18182889786191203,
         0.15331699633539508, 0.14616721179907316),
        (0.66666687, 0.39988777, 0.29580158),
    ),
    # (2 artanh(s) / s - 2 - 2 z / 3) / z^2 with z = s^2, for abs(s) <= 0.1716
    "ARTANH_TAIL": (
        (0.4, 0.2857142857142937, 0.22222222221655538, 0.18181818335471298, 0.15384594954133263,
         0.13334805149820173, 0.11706224130742031, 0.11723306276839492),
        (),
    ),
    # (sin(r) / r - 1) / z with z = r^2, for abs(r) <= pi / 4
    "SINE": (
        (-0.16666666666666666, 0.008333333333330946, -0.0001984126983675497, 2.755731610068303e-06,
         -2.5051131455427943e-08, 1.5918101230273893e-10),
        (-0.16666664, 0.008332748, -0.00019587841),
    ),
    # (cos(r) - 1 + z / 2) / z^2 with z = r^2, for abs(r) <= pi / 4
    "COSINE": (
        (0.041666666666666664, -0.0013888888888887395, 2.4801587298763433e-05, -2.7557317270560326e-07,
         2.0876146024689743e-09, -1.1382614868556182e-11),
        (0.041666664, -0.0013888302, 2.4547891e-05),
    ),
    # sin(pi t) / t with z = t^2, for abs(t) <= 1/2
    "SINE_OF_PI": (
        (3.141592653589793, -5.167712780049969, 2.5501640398773007, -0.5992645293189447, 0.0821458865731029,
         -0.007370430505916944, 0.0004662998161898394, -2.1903497074626015e-05, 7.69782676822418e-07),
        (3.1415927, -5.1677103, 2.5500774, -0.5982904, 0.07765591),
    ),
    # (arctan(t) / t - 1) / z with z = t^2, for abs(t) <= tan(pi / 8)
    "ARCTANGENT": (
        (-0.3333333333333333, 0.19999999999995438, -0.14285714284649173, 0.11111111013860688, -0.0909090452147169,
         0.07692181876036838, -0.0666449294580617, 0.058579883502450567, -0.05084610357628512, 0.03920743321252803,
         -0.019147248964518936),
        (-0.3333333, 0.19999537, -0.14263839, 0.10742467, -0.064477414),
    ),
    # (erf(x) / x - 2 / sqrt(pi)) / z with z = x^2, for abs(x) <= 1
    "ERF_INNER": (
        (-0.37612638903183754, 0.11283791670955111, -0.026866170645123838, 0.005223977625303518, -0.0008548327010033328,
         0.00012055332214716265, -1.4925622504489554e-05, 1.6461446656923653e-06, -1.6355118610822905e-07,
         1.469248485874903e-08, -1.1500357158249575e-09, 6.174097218636356e-11),
        (-0.37612638, 0.11283754, -0.0268617, 0.005204579, -0.00081619865, 8.379755e-05),
    ),
    # e^(x^2) erfc(x) as a function of t = (x - 2) / (x + 2), for 1 <= x <= 6 (64 bits) or 4 (32 bits)
    "ERF_OUTER": (
        (0.25539567631050575, -0.4271858474139579, 0.24165819424246987, -0.07897858101585253, 0.00373289240349224,
         0.006997461747753573, -0.0008471431980760424, -0.0009819773208131022, 4.3554202452705896e-05,
         0.00017436697232946864, 2.754312818566672e-05, -2.7647305443610053e-05, -1.4067532694582058e-05,
         1.820143195975009e-06, 3.917059299925389e-06),
        (0.25539568, -0.42718598, 0.2416582, -0.07896831, 0.0037323718, 0.00681114, -0.0008379754),
    ),
    # (erfinv(x) / x - sqrt(pi) / 2) / z with z = x^2, for abs(x) <= 1/2
    "ERFINV_INNER": (
        (0.23201366653465452, 0.127556175305542, 0.0865521292540325, 0.064959616654227, 0.05173133135889724,
         0.04283539665166612, 0.03648859704217933, 0.031430803548683064, 0.029973446941318982,
         0.014624265819095645, 0.058300829606011066, -0.05450288484000785, 0.09958748442700648),
        (0.23201366, 0.12755874, 0.08643434, 0.06690398, 0.037647758, 0.086600915),
    ),
    # erfinv(x) / s as a function of t = (s - 2) / (s + 3/2) with s = sqrt(-log(1 - x)), from x = 1/2 to the largest
    # number below 1
    "ERFINV_OUTER": (
        (0.8340941580292482, 0.3770530139981484, -0.27731208730944995, 0.060063916854659075,
         0.04020143346723659, -0.053499712460556154, 0.023632806374176325, 0.0030347427810812123,
         -0.013749875935708382, 0.009889293526790438, -0.002103679722546067, -0.0032975614063933925,
         0.0038405237284053007, -0.0018327424203606329, -0.0004618708577717378, 0.0013216420415771855,
         -0.0010178991962199737, 0.0001704715303639518, 0.00037608760629729643, -0.0005003223717768892,
         0.0001776711008858479, 0.00014149735375566192, -0.00016790806036515274),
        (0.83409417, 0.377053, -0.27731207, 0.06006695, 0.040198356, -0.0535738, 0.023700869, 0.0037547806,
         -0.014310843, 0.0070133707),
    ),
}  # fmt: skip

# Scalars that stay float64 in both precisions.
WIDE: dict[str, float] = {
    "WIDE_MAGIC": 6755399441055744.0,
    "TWO_OVER_PI": 0.6366197723675814,
    "HALF_PI_FIRST": 1.5707963267341256,
    "HALF_PI_SECOND": 6.077100506303966e-11,
    "HALF_PI_THIRD": 2.0222662487959506e-21,
}
