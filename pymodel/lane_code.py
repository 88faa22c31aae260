"""What kernels need and numba has no words for: addresses, one rounding, vectors of lanes.

Coarse drawing is the one loop that the compiler does not vectorise. It is written in plain LLVM
vectors of four 64-bit lanes, so any processor runs it; with AVX2 two of them and their generators
stay in registers over all steps, where numba's own loop would go through memory.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nvmcosim.pymodel.failures import VECTOR_LANES

__all__ = ["GENERATORS", "address_as_pointer", "call_address", "draw_rows", "fused_multiply_add"]

_VECTORS = 2
#: Generators that one call of `draw_rows` runs.
GENERATORS = VECTOR_LANES * _VECTORS

_INT = ir.IntType(64)
_VECTOR = ir.VectorType(_INT, VECTOR_LANES)


@intrinsic
def address_as_pointer(typingctx: Any, address: Any) -> Any:
    """The integer `address` as a pointer, for `numba.carray`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return types.voidptr(types.intp), codegen


@intrinsic
def call_address(typingctx: Any, address: Any) -> Any:
    """What the C function `int f(void)` at the integer `address` returns."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function = ir.FunctionType(ir.IntType(32), []).as_pointer()
        return builder.sext(builder.call(builder.inttoptr(args[0], function), []), _INT)

    return types.int64(types.int64), codegen


@intrinsic
def fused_multiply_add(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c of fp32 numbers, rounded once, as torch's vector code does it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fma(*args)

    single = types.float32
    return single(single, single, single), codegen


@intrinsic
def draw_rows(
    typingctx: Any,
    rows_out: Any,
    a: Any,
    b: Any,
    c: Any,
    digits: Any,
    steps: Any,
    rows: Any,
    stride: Any,
    counter: Any,
    base: Any,
) -> Any:
    """Draw `rows` rows of masks for the `GENERATORS` generators whose state is at `a`, `b`, `c`.

    All are pointers to uint64 or integers. Row r goes to `rows_out + r * stride`; `digits` holds
    `steps` digit lanes, each `VECTOR_LANES` times; `counter` is the step counter that all
    generators share. A generator step is SFC64 (Doty-Humphrey's PractRand, numpy's SFC64).
    """
    pointer = types.CPointer(types.uint64)
    sizes = (types.intp, types.intp, types.intp, types.uint64, types.uint64)
    return types.void(pointer, pointer, pointer, pointer, pointer, *sizes), _draw_rows


def _draw_rows(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    rows_out, a, b, c, digits, steps, rows, stride, counter, base = args
    state = []
    for n in range(_VECTORS):
        start = ir.Constant(_INT, n * VECTOR_LANES)
        state.append([_variable(builder, _load(builder, p, start)) for p in (a, b, c)])
    count = _variable(builder, _spread(builder, counter))
    masks = [_variable(builder, _constant(0)) for _ in range(_VECTORS)]
    bases = _spread(builder, base)
    with cgutils.for_range(builder, rows, intp=_INT) as row:
        for mask in masks:
            builder.store(bases, mask)
        with cgutils.for_range(builder, steps, intp=_INT) as step:
            offset = builder.mul(step.index, ir.Constant(_INT, VECTOR_LANES))
            digit = _load(builder, digits, offset)
            for generator, mask in zip(state, masks, strict=True):
                random = _sfc64(builder, generator, builder.load(count))
                held = builder.load(mask)
                both = builder.and_(held, random)
                either = builder.and_(digit, builder.or_(held, random))
                builder.store(builder.or_(both, either), mask)
            builder.store(builder.add(builder.load(count), _constant(1)), count)
        place = builder.mul(row.index, stride)
        for n, mask in enumerate(masks):
            offset = builder.add(place, ir.Constant(_INT, n * VECTOR_LANES))
            _store(builder, builder.load(mask), rows_out, offset)
    for n, generator in enumerate(state):
        for p, variable in zip((a, b, c), generator, strict=True):
            _store(builder, builder.load(variable), p, ir.Constant(_INT, n * VECTOR_LANES))
    return context.get_dummy_value()


def _sfc64(builder: Any, generator: list[Any], count: Any) -> Any:
    """One step of the generators whose state `generator` holds in variables; their output."""
    a, b, c = generator
    old_a, old_b, old_c = builder.load(a), builder.load(b), builder.load(c)
    random = builder.add(builder.add(old_b, count), old_a)
    builder.store(builder.xor(old_b, builder.lshr(old_b, _constant(11))), a)
    builder.store(builder.add(old_c, builder.shl(old_c, _constant(3))), b)
    turned = builder.or_(builder.shl(old_c, _constant(24)), builder.lshr(old_c, _constant(64 - 24)))
    builder.store(builder.add(turned, random), c)
    return random


def _constant(value: int) -> ir.Constant:
    return ir.Constant(_VECTOR, [value] * VECTOR_LANES)


def _spread(builder: Any, scalar: Any) -> Any:
    vector = ir.Constant(_VECTOR, ir.Undefined)
    for lane in range(VECTOR_LANES):
        vector = builder.insert_element(vector, scalar, ir.Constant(ir.IntType(32), lane))
    return vector


def _variable(builder: Any, value: Any) -> Any:
    slot = cgutils.alloca_once(builder, _VECTOR)
    builder.store(value, slot)
    return slot


def _at(builder: Any, pointer: Any, offset: Any) -> Any:
    return builder.bitcast(builder.gep(pointer, [offset]), _VECTOR.as_pointer())


def _load(builder: Any, pointer: Any, offset: Any) -> Any:
    return builder.load(_at(builder, pointer, offset), align=8)


def _store(builder: Any, value: Any, pointer: Any, offset: Any) -> None:
    builder.store(value, _at(builder, pointer, offset), align=8)
