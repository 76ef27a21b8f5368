"""What NVIDIA's compiler offers and a processor lacks, as text of LLVM.

In: the declaration of a function of that compiler.  Out: a definition that does the same on a processor.  Must not
know: kernels.

The approximations that a device makes in single precision (`ex2.approx` and the like) are exact here.
"""

import re

__all__ = ["CONTROL", "SHARED", "WAIT", "MissingShimError", "definition"]

CONTROL = ("thread", "threads", "block", "blocks", "replica", "waiting")
"""Global 32-bit variables: number of the thread in its block, threads of a block, number of the block, blocks, second
number of the block, and whether the thread has come to a wait."""

WAIT = "cudaCGSynchronize"
"""The function that a thread calls to wait for those of the grid, or of its block where there is no other one."""

SHARED = "\n".join(
    [
        *(f"@nd_{name} = global i32 0" for name in CONTROL),
        "@nd_own = global ptr null",
        "@nd_scheduler = global ptr null",
        "@nd_arguments = global ptr null",
        "declare i32 @swapcontext(ptr, ptr)",
        "define i64 @cudaCGGetIntrinsicHandle(i32 %kind) noinline {\n  ret i64 1\n}",
        # a wait: back to who runs the threads, and on from here when he says so
        """define i32 @cudaCGSynchronize(i64 %handle, i32 %flags) noinline {
  store i32 1, ptr @nd_waiting
  %own = load ptr, ptr @nd_own
  %scheduler = load ptr, ptr @nd_scheduler
  %done = call i32 @swapcontext(ptr %own, ptr %scheduler)
  ret i32 0
}""",
        "define i32 @__nvvm_reflect(ptr %name) {\n  ret i32 0\n}",
    ]
)

_NUMBERS = {"tid.x": "thread", "ntid.x": "threads", "ctaid.x": "block", "nctaid.x": "blocks"}
_NUMBERS["ctaid.y"] = "replica"
_OPERATIONS = {"mul": "fmul", "add": "fadd", "div": "fdiv"}
_SAME = {
    "fma": "fma", "sqrt": "sqrt", "fabs": "fabs", "floor": "floor", "ceil": "ceil", "trunc": "trunc", "round": "rint",
    "fmin": "minnum", "fmax": "maxnum", "ex2": "exp2", "lg2": "log2", "sin": "sin", "cos": "cos",
}  # fmt: skip
"""Names of LLVM for functions of the compiler."""

_WIDE = {"d": "double", "f": "float", "i": "i32", "ui": "i32", "ll": "i64", "ull": "i64"}


class MissingShimError(Exception):
    """A kernel calls a function of the compiler that is not defined here."""


def definition(declaration: str) -> str:
    """Define what a line of LLVM declares.

    Parameters
    ----------
    declaration : str
        ``declare <type> @llvm.nvvm.<name>(<types>)``.

    Returns
    -------
    str
        The definition, of the name that begins with ``nd.nvvm``.

    Raises
    ------
    MissingShimError
        It is not known here.
    """
    found = re.search(r"(\w+) @llvm\.nvvm\.([\w.]+)\(([^)]*)\)", declaration)
    assert found is not None, declaration
    result, name, listed = found.groups()
    kinds = [kind.split()[0] for kind in listed.split(",") if kind.strip()]
    names = [f"%a{number}" for number in range(len(kinds))]
    taken = ", ".join(f"{kind} {argument}" for kind, argument in zip(kinds, names, strict=True))
    lines = _body(name, result, kinds, taken)
    if not lines:
        raise MissingShimError(f"llvm.nvvm.{name} has no definition for a processor")
    head = "\n".join(line for line in lines if line.startswith("declare"))
    body = "\n".join("  " + line for line in lines if not line.startswith("declare"))
    given = "void" if result == "void" else f"{result} %x"
    return f"{head}\ndefine {result} @nd.nvvm.{name}({taken}) {{\n{body}\n  ret {given}\n}}"


def _body(name: str, result: str, kinds: list[str], taken: str) -> list[str]:
    """Lines that compute ``%x``; those of other functions that they call begin with ``declare``."""
    if name.startswith("barrier"):
        return [f"%x = call i32 @{WAIT}(i64 0, i32 0)"]
    first = name.split(".")[0]
    suffix = {"double": "f64", "float": "f32"}.get(result, result)
    if name.startswith("read.ptx.sreg."):
        variable = _NUMBERS.get(name.removeprefix("read.ptx.sreg."))
        return [f"%x = load i32, ptr @nd_{variable}"] if variable else []
    if first in _OPERATIONS and ".rn" in name:
        return [f"%x = {_OPERATIONS[first]} {result} %a0, %a1"]
    if first in _SAME and not re.search(r"\.r[zmp]", name):
        function = f"llvm.{_SAME[first]}.{suffix}"
        return [f"declare {result} @{function}({', '.join(kinds)})", f"%x = call {result} @{function}({taken})"]
    if first == "rcp":
        return [f"%x = fdiv {result} 1.0, %a0"]
    if first == "rsqrt":
        function = f"llvm.sqrt.{suffix}"
        root = [f"declare {result} @{function}({result})", f"%r = call {result} @{function}({taken})"]
        return [*root, f"%x = fdiv {result} 1.0, %r"]
    if first == "mulhi":
        wide, extend = f"i{2 * int(result[1:])}", "zext" if ".u" in name else "sext"
        return [
            f"%p = {extend} {result} %a0 to {wide}",
            f"%q = {extend} {result} %a1 to {wide}",
            f"%m = mul {wide} %p, %q",
            f"%h = lshr {wide} %m, {result[1:]}",
            f"%x = trunc {wide} %h to {result}",
        ]
    return _parts(name) or _conversion(name)


def _parts(name: str) -> list[str]:
    """Halves of the bits of a double."""
    if name in ("d2i.hi", "d2i.lo"):
        half = ["%h = lshr i64 %b, 32"] if name == "d2i.hi" else ["%h = add i64 %b, 0"]
        return ["%b = bitcast double %a0 to i64", *half, "%x = trunc i64 %h to i32"]
    if name == "lohi.i2d":
        return [
            "%l = zext i32 %a0 to i64",
            "%h = zext i32 %a1 to i64",
            "%s = shl i64 %h, 32",
            "%b = or i64 %s, %l",
            "%x = bitcast i64 %b to double",
        ]
    return []


def _conversion(name: str) -> list[str]:
    found = re.fullmatch(r"(\w+?)2(\w+)\.r([nz])(\.ftz)?", name)
    if found is None or found.group(1) not in _WIDE or found.group(2) not in _WIDE:
        return []
    source, target = found.group(1), found.group(2)
    kind, wanted = _WIDE[source], _WIDE[target]
    if kind in ("double", "float") and wanted in ("double", "float"):
        return [f"%x = fptrunc {kind} %a0 to {wanted}"]
    if kind not in ("double", "float"):
        return [f"%x = {'uitofp' if source.startswith('u') else 'sitofp'} {kind} %a0 to {wanted}"]
    function = f"llvm.{'rint' if found.group(3) == 'n' else 'trunc'}.{'f64' if kind == 'double' else 'f32'}"
    operation = "fptoui" if target.startswith("u") else "fptosi"
    bits = wanted[1:]
    saturated = f"llvm.{operation}.sat.i{bits}.{'f64' if kind == 'double' else 'f32'}"
    return [
        f"declare {kind} @{function}({kind})",
        f"declare {wanted} @{saturated}({kind})",
        f"%r = call {kind} @{function}({kind} %a0)",
        f"%x = call {wanted} @{saturated}({kind} %r)",
    ]
