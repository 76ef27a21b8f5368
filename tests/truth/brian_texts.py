"""Models as text, word for word the same for Brian2 and here: see ``make_brian_equations.py``."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

DT, STEPS, N = 0.1, 600, 4


@dataclass(frozen=True)
class Model:
    """A text with its constants, first values and inputs; values with the name of their unit."""

    text: str
    threshold: str | None = None
    reset: str | None = None
    refractory: Any = None
    method: str = "exponential_euler"
    constants: dict = field(default_factory=dict)
    first: dict = field(default_factory=dict)
    kicked: str | None = None
    weight: tuple = (0.0, "1")
    current: Any = None
    shown: str = "v"


def kicks():
    """Which neuron is kicked, and when in ms: the same for both."""
    random = np.random.default_rng(3)
    pairs = sorted({(int(i), int(n)) for i, n in random.integers(0, (N, STEPS), (200, 2))})
    return np.array([i for i, _n in pairs]), np.array([n * DT for _i, n in pairs])


CURRENT = np.array([0, 900, 3000, 1400, 600, 2800, 1700, 300] * 10, dtype=float)

MODELS = {
    "coba": Model(
        """
        dv/dt = (ge*(Ee - v) + gi*(Ei - v) - (v - El)) * (1./taum) : volt (unless refractory)
        dge/dt = -ge*(1./taue) : 1
        dgi/dt = -gi*(1./taui) : 1
        """,
        "v > Vt",
        "v = Vr",
        5.0,
        constants={
            "taum": (20.0, "ms"), "taue": (5.0, "ms"), "taui": (10.0, "ms"), "Vt": (-50.0, "mV"), "Vr": (-60.0, "mV"),
            "El": (-49.0, "mV"), "Ee": (0.0, "mV"), "Ei": (-80.0, "mV"),
        },
        first={"v": ([-60.0, -57.0, -54.0, -51.0], "mV")},
        kicked="ge",
        weight=(0.3, "1"),
    ),
    "adex": Model(
        """
        dvm/dt = (gL*(EL - vm) + gL*DeltaT*exp((vm - VT)/DeltaT)
                  + I - w)/C : volt   # the upswing
        dw/dt = (a*(vm - EL) - w)/tauw : amp
        I = I_t(t) : amp
        """,
        "vm > Vcut",
        "vm = Vr; w += b",
        method="euler",
        constants={
            "C": (281.0, "pfarad"), "gL": (30.0, "nS"), "EL": (-70.6, "mV"), "VT": (-50.4, "mV"),
            "DeltaT": (2.0, "mV"), "tauw": (144.0, "ms"), "a": (4.0, "nS"), "b": (80.5, "pA"), "Vr": (-70.6, "mV"),
            "Vcut": (-40.4, "mV"),
        },
        first={"vm": ([-70.6, -65.0, -60.0, -55.0], "mV")},
        current=CURRENT,
        shown="vm",
    ),
    "hodgkin_huxley": Model(
        """
        dv/dt = (gl*(El - v) - g_na*(m*m*m)*h*(v - ENa) - g_kd*(n*n*n*n)*(v - EK) + I)/Cm : volt
        dm/dt = alpha_m*(1 - m) - beta_m*m : 1
        dn/dt = alpha_n*(1 - n) - beta_n*n : 1
        dh/dt = alpha_h*(1 - h) - beta_h*h : 1
        alpha_m = 0.32*4/exprel((13*mV - v + VT)/(4*mV))/ms : Hz
        beta_m = 0.28*5/exprel((v - VT - 40*mV)/(5*mV))/ms : Hz
        alpha_h = 0.128*exp((17*mV - v + VT)/(18*mV))/ms : Hz
        beta_h = 4./(1 + exp((40*mV - v + VT)/(5*mV)))/ms : Hz
        alpha_n = 0.032*5/exprel((15*mV - v + VT)/(5*mV))/ms : Hz
        beta_n = .5*exp((10*mV - v + VT)/(40*mV))/ms : Hz
        I : amp (constant)
        """,
        "v > -20*mV",
        refractory="v > -40*mV",
        constants={
            "gl": (10.0, "nS"), "El": (-60.0, "mV"), "g_na": (20.0, "usiemens"), "ENa": (50.0, "mV"),
            "g_kd": (6.0, "usiemens"), "EK": (-90.0, "mV"), "Cm": (200.0, "pfarad"), "VT": (-63.0, "mV"),
        },
        first={"v": ([-60.0] * 4, "mV"), "I": ([0.0, 200.0, 400.0, 700.0], "pA")},
    ),
    "izhikevich": Model(
        """
        dv/dt = (0.04/ms/mV)*v**2 + (5/ms)*v + 140*mV/ms - u + I : volt
        du/dt = a*(b*v - u) : volt/second
        I : volt/second
        a : Hz (shared, constant)
        """,
        "v >= 30*mV",
        """
        v = c
        u += d
        """,
        method="rk2",
        constants={"b": (0.2, "1/ms"), "c": (-65.0, "mV"), "d": (2.0, "volt/second")},
        first={"v": ([-65.0] * 4, "mV"), "u": ([-13.0] * 4, "mV/ms"), "I": ([3.0, 5.0, 10.0, 14.0], "mV/ms"),
               "a": (0.1, "1/ms")},
    ),
    "threshold_adapts": Model(
        """
        dv/dt = (I - v)/tau : 1 (unless refractory)
        dvt/dt = (1 - vt)/(10*tau) : 1
        I = 2 + 0.5*sin(2*pi*f*t) + 0.1*i/N + 0.3*int(t - lastspike > 20*ms)*int(v < 0.5) : 1
        count : integer
        rest : second
        """,
        "v > vt and not_refractory",
        "v = 0; vt += 0.2; count += 1; rest = clip(rest + 0.5*ms, 1*ms, 4*ms)",
        refractory="rest",
        method="rk4",
        constants={"tau": (10.0, "ms"), "f": (7.0, "Hz")},
        first={"vt": ([1.0] * 4, "1"), "rest": ([1.0, 2.0, 3.0, 1.0], "ms")},
    ),
}  # fmt: skip
