"""The programs by name, as a plan states them."""

from collections.abc import Callable
from functools import partial

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.formats import FORMATS
from nvmcosim.pymodel.pim_float_add import add_program
from nvmcosim.pymodel.pim_float_convert import convert_program
from nvmcosim.pymodel.pim_float_multiply import multiply_program
from nvmcosim.pymodel.pim_float_other import (
    compare_program,
    mac_program,
    maximum_program,
    relu_program,
)
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import PUBLISHED_K

__all__ = ["OPERATIONS", "ROUNDINGS", "named_program"]

#: What becomes of subnormals: IEEE 754's, or zeros. Both round to nearest, ties to even.
ROUNDINGS = ("rne", "rne-flush")
_FLUSHING: dict[str, Callable[..., PimProgram]] = {
    "add": add_program,
    "subtract": partial(add_program, subtract=True),
    "multiply": multiply_program,
    "multiply-skip": partial(multiply_program, skip_zeros=True),
    "mac": mac_program,
    "mac-skip": partial(mac_program, skip_zeros=True),
}
_OTHERS: dict[str, Callable[..., PimProgram]] = {
    "compare": compare_program,
    "maximum": maximum_program,
    "relu": relu_program,
    **{f"to-{name}": partial(convert_program, target=name) for name in FORMATS},
}
#: Names of operations; those that end in `-skip` skip multiplier digits that are 0 everywhere.
OPERATIONS = (*_FLUSHING, *_OTHERS)


def named_program(
    operation: str, format: str, rounding: str = "rne", k: int = PUBLISHED_K
) -> PimProgram:
    """The program of `operation` in `format`.

    Raises `InputError` for an operation, format or rounding that there is not, for flushing where
    there are no sums or products, for a conversion to the same format, and for a `k` below 3,
    which an exchange of two rows by a third takes.
    """
    if operation not in OPERATIONS:
        raise InputError(f"operation is {operation!r}; it must be one of {', '.join(OPERATIONS)}")
    if format not in FORMATS:
        raise InputError(f"format is {format!r}; it must be one of {', '.join(FORMATS)}")
    if rounding not in ROUNDINGS:
        raise InputError(f"rounding is {rounding!r}; it must be one of {', '.join(ROUNDINGS)}")
    if isinstance(k, bool) or not isinstance(k, int) or not 3 <= k <= 64:
        raise InputError(f"rows_a_step is {k!r}; it must be a whole number from 3 to 64")
    if operation in _FLUSHING:
        return _FLUSHING[operation](format, flush=rounding == "rne-flush", k=k)
    if rounding != "rne":
        raise InputError(f"rounding is {rounding!r}, but {operation} flushes nothing; give 'rne'")
    if operation == f"to-{format}":
        raise InputError(f"operation is {operation!r} in {format}, which converts nothing")
    return _OTHERS[operation](format, k=k)
