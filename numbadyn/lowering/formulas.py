"""Names for values that have none of the user's: what they are computed from, in words.

In: a node of a step.  Out: a name such as ``exp_minus_dt_by_tau``, and the formula in full.  Must not know: memory,
source text, targets.

A number that stands in the model's code has no part in either: another number compiles nothing, so it changes no text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from numbadyn.ir.nodes import Node, Step
from numbadyn.ir.ops import OPS

__all__ = ["formula", "formula_name"]

_LONGEST_NAME, _LONGEST_FORMULA = 40, 100
#: How operations are said; all others by their own name, before the arguments.
_SAID = {
    "add": "{0}_plus_{1}",
    "sub": "{0}_minus_{1}",
    "mul": "{0}_times_{1}",
    "div": "{0}_by_{1}",
    "neg": "minus_{0}",
    "power": "{0}_to_{1}",
    "propagator": "exprel_{0}",
    "select": "{1}_or_{2}",
    "identity": "{0}",
    "to_real": "{0}",
    "slice": "{0}",
}
#: What the result of an operation is called where the whole formula would be too long a name.
_RESULT = {"add": "sum", "sub": "difference", "mul": "product", "div": "quotient", "neg": "opposite"}


def _known(step: Step, node: Node) -> str:
    """The name that a value has without its formula; empty if it has none."""
    if node.label:
        return node.label
    if node.traits.parameter:
        one = step.params[node.attrs["index"]].name == "one"
        return "one" if one else "number" if node.shape == () else "numbers"
    return "" if node.args else node.op


def formula_name(step: Step, index: int) -> str:
    """A name for a value, of bounded length, that is the same wherever its formula is.

    Parameters
    ----------
    step : Step
        The step.
    index : int
        A node.

    Returns
    -------
    str
        The user's name where there is one; else the formula in words.
    """
    found: dict[int, str] = {}
    for number in _behind(step, [index]):
        node = _as_quotient(step, step.nodes[number])
        found[number] = _known(step, node) or _joined(step, node, [found[arg] for arg in node.args])
    return found[index]


def _behind(step: Step, roots: Iterable[int]) -> list[int]:
    """The nodes that names are made of, in order."""
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        number = waiting.pop()
        if number not in found:
            found.add(number)
            node = _as_quotient(step, step.nodes[number])
            waiting += () if _known(step, node) else node.args
    return sorted(found)


def _as_quotient(step: Step, node: Node) -> Node:
    """A product with the reciprocal of a value, as it was before the reciprocal was hoisted."""
    for factor, other in (node.args, node.args[::-1]) if node.op == "mul" else ():
        inverse = step.nodes[other]
        if inverse.op == "div" and _known(step, step.nodes[inverse.args[0]]) == "one":
            return replace(node, op="div", args=(factor, inverse.args[1]))
    return node


def _joined(step: Step, node: Node, arguments: list[str]) -> str:
    said = _SAID.get(node.op, "_".join([node.op, *(f"{{{k}}}" for k in range(len(arguments)))]))
    full = said.format(*arguments)
    if len(full) <= _LONGEST_NAME:
        return full
    short = [_known(step, step.nodes[arg]) or _result(step.nodes[arg]) for arg in node.args]
    full = said.format(*short)
    return full if len(full) <= _LONGEST_NAME else _result(node)


def _result(node: Node) -> str:
    return _RESULT.get(node.op, node.op)


def formula(step: Step, index: int) -> str:
    """The formula of a value, as one writes it.

    Parameters
    ----------
    step : Step
        The step.
    index : int
        A node.

    Returns
    -------
    str
        Empty for what is given by a name, and for what would take more than a line.
    """
    node = step.nodes[index]
    if not node.args or not node.traits.elementwise:
        return ""
    found: dict[int, str] = {}
    for number in [*_behind(step, _as_quotient(step, node).args), index]:
        node = step.nodes[number]
        if number != index and (_known(step, node) or not node.traits.elementwise):
            found[number] = formula_name(step, number)
            continue
        node = _as_quotient(step, node)
        arguments = [_operand(step, node, place, found[arg]) for place, arg in enumerate(node.args)]
        text = _written(node, arguments) if all(arguments) else ""
        found[number] = text if len(text) <= _LONGEST_FORMULA else ""
    return found[index]


def _operand(step: Step, user: Node, place: int, text: str) -> str:
    """An argument; in brackets unless it is one word or a call, or leads with a sign."""
    node = _as_quotient(step, step.nodes[user.args[place]])
    leads = place == 0 and node.op == "neg" and user.op != "neg"
    bare = not text or leads or _known(step, node) or not node.traits.elementwise or _is_call(node)
    return text if bare else f"({text})"


def _is_call(node: Node) -> bool:
    """Whether an operation is written as a call."""
    return "(" in (OPS[node.op].text or "(")


def _written(node: Node, arguments: list[str]) -> str:
    if node.traits.passes:
        return arguments[0]
    if not _is_call(node):
        return OPS[node.op].text.format(*arguments)
    bare = (text[1:-1] if text.startswith("(") else text for text in arguments)
    return f"{node.op}({', '.join(bare)})"
