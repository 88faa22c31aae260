"""Options that state a store plan on the command line, instead of a plan file."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nvmcosim.pymodel.errors import InputError

if TYPE_CHECKING:
    from nvmcosim.pymodel.line_plan import LinePlan
    from nvmcosim.pymodel.pim_plan import PimPlan
    from nvmcosim.pymodel.store_plan import StorePlan
    from nvmcosim.pymodel.stream_plan import StreamPlan

__all__ = [
    "Amplitudes",
    "BankWords",
    "BlockName",
    "Bsp",
    "CodeBits",
    "CounterBits",
    "DomainList",
    "Format",
    "Long",
    "RetryLimit",
    "Rewrite",
    "Rows",
    "Short",
    "Stages",
    "Targets",
    "Tick",
    "array_rows",
    "counter_width",
    "gate_options",
    "other_plan_from_options",
    "plan_from_options",
    "stated",
]

Format = Annotated[str | None, typer.Option("--format", help="fp32, fp16 or bf16.")]
Bsp = Annotated[
    int | None, typer.Option("--bsp", help="Bit split position: low bits with the short pulse.")
]
Long = Annotated[str | None, typer.Option("--long", help="Pulse of the high bits, e.g. '20 ns'.")]
Short = Annotated[str | None, typer.Option("--short", help="Pulse of the low bits.")]
DomainList = Annotated[
    list[str] | None,
    typer.Option(
        "--domain",
        metavar="BITS:PULSE[:AMPLITUDE]",
        help="A domain, e.g. '9:20 ns' or '9:20 ns:1.2 V'; repeat from the high bits down, instead "
        "of --bsp.",
    ),
]
Tick = Annotated[str | None, typer.Option("--tick", help="Clock period, e.g. '5 ns'.")]
Rewrite = Annotated[str | None, typer.Option("--rewrite", help="all, or changed: read first.")]
BankWords = Annotated[int | None, typer.Option("--bank-words", help="Words side by side.")]
RetryLimit = Annotated[
    int | None, typer.Option("--retry-limit", help="Verify, and drive wrong bits again so often.")
]
BlockName = Annotated[
    str | None,
    typer.Option(
        "--block",
        help="The block for plan files: store-domain (default) or pulse-gate; for line plans "
        "appwom-line (default) or appwom-codec; for stream plans bms-bank (default), bms-sng, "
        "isc-neuron, isc-layer or isc-network; for in-memory plans pim-unit (default) or "
        "pim-adder.",
    ),
]
Stages = Annotated[
    int | None, typer.Option("--stages", help="Entries of a pulse gate's table; 4, or as needed.")
]
CodeBits = Annotated[
    int | None, typer.Option("--code-bits", help="Width of its pulse codes; 8, or as needed.")
]
Amplitudes = Annotated[
    list[str] | None,
    typer.Option(
        "--amplitude",
        metavar="VOLTS",
        help="A further amplitude that it can select, beside the plan's; repeat for more.",
    ),
]
Targets = Annotated[
    list[str],
    typer.Argument(
        metavar="BLOCK|PLAN...",
        help="A block such as store-domain, how blocks' names begin, or plan files.",
    ),
]
Rows = Annotated[
    int | None,
    typer.Option("--rows", help="Rows of the array of a store or of lines; 256 if not given."),
]
CounterBits = Annotated[
    int | None,
    typer.Option("--counter-bits", help="Width of each counter; 48 if not given."),
]

#: ono2021, Table III, MP at < 0.5%: what is not stated is as in this plan.
_DEFAULTS: Mapping[str, Any] = {"format": "bf16", "bsp": 6, "long": "20 ns", "short": "0 ns"}


def stated(
    format: str | None,
    bsp: int | None,
    long: str | None,
    short: str | None,
    tick: str | None,
    rewrite: str | None,
    bank_words: int | None,
    retry_limit: int | None,
    seed: int,
) -> dict[str, Any]:
    """The fields of a plan that options gave a value; a seed of 0 is the default."""
    values = {
        "format": format,
        "bsp": bsp,
        "long": long,
        "short": short,
        "tick": tick,
        "rewrite": rewrite,
        "bank_words": bank_words,
        "retry_limit": retry_limit,
        "seed": seed or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def plan_from_options(given: Mapping[str, Any], domains: list[str] | None) -> "StorePlan":
    """The plan of which options gave the fields `given` and the `domains`.

    Raises `InputError` for what is no plan.
    """
    from nvmcosim.pymodel.store_plan import StorePlan

    values = dict(given)
    if domains:
        values["domains"] = [_domain(text) for text in domains]
        values = {"format": _DEFAULTS["format"], **values}
    else:
        values = {**_DEFAULTS, **values}
    return StorePlan.from_dict(values)


def other_plan_from_options(
    given: Mapping[str, Any], block: str
) -> "LinePlan | PimPlan | StreamPlan":
    """The plan of another kind than stores', of which options gave `given`: format, clock, seed.

    Raises `InputError` for an option that such a plan hasn't.
    """
    from nvmcosim.hdl.block import BLOCKS
    from nvmcosim.pymodel.line_plan import LinePlan
    from nvmcosim.pymodel.pim_plan import PimPlan
    from nvmcosim.pymodel.stream_plan import StreamPlan

    for name in given:
        if name not in ("format", "tick", "seed"):
            option = "--" + name.replace("_", "-")
            raise InputError(
                f"{option} is not for {block}, which takes --format and --tick; a plan file states "
                "the rest"
            )
    if BLOCKS[block].kind == StreamPlan.kind:
        return StreamPlan.from_dict(given)
    if BLOCKS[block].kind == PimPlan.kind:
        return PimPlan.from_dict({"format": "fp32", **given})
    return LinePlan.from_dict({"format": "fp32", **given})


def _domain(text: str) -> dict[str, Any]:
    bits, *others = (part.strip() for part in text.split(":"))
    if not bits.isdecimal() or len(others) not in (1, 2):
        raise InputError(
            f"domain is {text!r}; it must be bits and pulse, such as '9:20 ns', and may have an "
            "amplitude, such as '9:20 ns:1.2 V'"
        )
    return {"bits": int(bits), **dict(zip(("pulse", "amplitude"), others, strict=False))}


def array_rows(rows: int | None, blocks: Iterable[str]) -> int:
    """Rows of the arrays of `blocks`; raises `InputError` if they are given and none takes them."""
    from nvmcosim.hdl.block import BLOCKS

    if rows is None:
        return 256
    names = list(dict.fromkeys(blocks))
    if not {BLOCKS[name].kind for name in names} & {"store", "line"}:
        raise InputError(
            f"--rows is not for {', '.join(names)}; an in-memory plan file states its rows, and "
            "stochastic blocks have none"
        )
    return rows


def counter_width(bits: int | None, blocks: Iterable[str]) -> int:
    """Bits of the counters of `blocks`; raises `InputError` if given where none has counters."""
    from nvmcosim.hdl.block import BLOCKS

    if bits is None:
        return 48
    names = list(dict.fromkeys(blocks))
    if not any(BLOCKS[name].clocked for name in names):
        raise InputError(f"--counter-bits is not for {', '.join(names)}, which counts nothing")
    return bits


def gate_options(
    stages: int | None, code_bits: int | None, amplitudes: list[str] | None
) -> dict[str, Any]:
    """Those of a pulse gate's options that are given; amplitudes in V. Raises `InputError`."""
    from nvmcosim.pymodel.units import quantity

    volts = [quantity(text, "V", "amplitude") for text in amplitudes or ()]
    values = {"stages": stages, "code_bits": code_bits, "amplitudes": volts or None}
    return {name: value for name, value in values.items() if value is not None}
