"""Mistakes in models: hooks, inputs, states, names.

In: three sentences.  Out: named errors.  Must not know: the rest of the package.
"""

from numbadyn.errors.base import NumbadynError

__all__ = [
    "HookArgumentError",
    "HookKeyError",
    "InputKeyError",
    "MissingHookError",
    "NotInitialisedError",
    "ReservedNameError",
    "RightHandSideError",
    "UnknownRuleError",
    "UnknownStateError",
    "ViewError",
]


class HookKeyError(NumbadynError, KeyError):
    """A hook is registered under a key that is already taken.

    Wrong::

        neuron.add_before_update("drive", f); neuron.add_before_update("drive", g)

    Right, one key for each hook::

        neuron.add_before_update("drive", f); neuron.add_before_update("noise", g)
    """


class MissingHookError(NumbadynError, KeyError):
    """A hook is asked for, or removed, under a key that does not exist.

    Wrong::

        neuron.get_before_update("driev")

    Right, the key that was registered::

        neuron.get_before_update("drive")
    """


class InputKeyError(NumbadynError, ValueError):
    """The key of a current or delta input is already taken, or does not exist.

    Wrong::

        neuron.add_current_input("syn", f); neuron.add_current_input("syn", g)

    Right, one key for each input::

        neuron.add_current_input("syn_e", f); neuron.add_current_input("syn_i", g)
    """


class HookArgumentError(NumbadynError, TypeError):
    """A hook, an input function or an update cannot be called with the arguments that it is given.

    Wrong, a hook that receives the output of the update but takes no argument::

        neuron.add_after_update("count", lambda: 0)

    Right::

        neuron.add_after_update("count", lambda spike: spike)
    """


class UnknownRuleError(NumbadynError, AttributeError):
    """A projection says what becomes of its synapses in a method that nothing calls.

    Wrong, no spike ever calls it::

        def on_prespike(self, s):
            s.weight = 0.9 * s.weight

    Right, one of `on_pre`, `on_post`, `on_step` and `on_interval`::

        def on_pre(self, s):
            s.weight = 0.9 * s.weight
    """


class UnknownStateError(NumbadynError, AttributeError):
    """A state, parameter or attribute of a model is named that it does not have.

    Wrong::

        neuron.prefetch("v")

    Right, the name that ``init_state`` gives::

        neuron.prefetch("V")
    """


class ReservedNameError(NumbadynError, AttributeError):
    """A state, parameter or part takes a name that its owner needs.

    Wrong::

        self.name = nd.State(0.0)

    Right::

        self.label = nd.State(0.0)
    """


class RightHandSideError(NumbadynError, TypeError):
    """A right-hand side cannot be called with the states that a step function has, or returns something else for them.

    Wrong, two states, but one derivative::

        x, y = nd.rk4_step(lambda x, y: y / ms, (x, y))

    Right, one derivative for each state, in the same form::

        x, y = nd.rk4_step(lambda x, y: (y / ms, -x / ms), (x, y))
    """


class NotInitialisedError(NumbadynError, RuntimeError):
    """A state is read before it exists.

    Wrong::

        neuron = LIF(10); neuron.V.value

    Right, initialise first (the simulator does so by itself)::

        neuron = LIF(10); neuron.init_state(); neuron.V.value
    """


class ViewError(NumbadynError, IndexError):
    """A part of a population is asked for that does not exist: an index that is empty, out of range, or none at all.

    Wrong, of 100 neurons::

        E[:120]; E[[3, 3]]; E[200:]; E["V"]

    Right, whole numbers below the size, each once; a slice within it; a mask of its shape::

        E[:80]; E[[3, 5]]; E[mask]; E.prefetch("V")
    """
