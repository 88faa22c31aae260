"""Store plans: which bits of a word are written with which pulse (ono2021, III; locatelli2018, IV).

Vocabulary: a *domain* is a run of adjacent bits that share one write pulse; the domains of a plan
cover a word from its most significant bit down. A *bank* is `bank_words` words that one command
writes in parallel, as one *row* of the array. ono2021's bit split position (BSP) is the two-domain
case: the low `bsp` bits are Group R, written with T_R; the rest is Group L, written with T_L.
locatelli2018's two stages, high (HSB) and low significance bits (LSB), are two domains as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.formats import NumberFormat, number_format
from nvmcosim.pymodel.plan import Plan
from nvmcosim.pymodel.units import check_whole, picoseconds, quantity

__all__ = ["Domain", "StorePlan", "check_amplitude"]

_CHOICES = {
    "variation": ("cycle", "cell"),
    "rounding": ("rne", "truncate"),
    "initial": ("zeros", "weights"),
    "rewrite": ("all", "changed"),
}
_RANGES = {
    "tick_ps": (1, 10**6),
    "seed": (0, 2**63 - 1),
    "bank_words": (1, 64),
    "retry_limit": (0, 255),
}
_SHORTHAND = ("bsp", "long", "short")
#: Least and largest write amplitude, in V, as of a driver's supply.
_AMPLITUDES = (0.05, 5.0)


@dataclass(frozen=True)
class Domain:
    """`bits` adjacent bits written with one pulse of `pulse_ps`; 0 ps means never written.

    `amplitude_v` is the driver's supply in V for it; None is the device's own.
    """

    bits: int
    pulse_ps: int
    amplitude_v: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The domain as JSON-ready values; the amplitude only where one is stated."""
        values = {"bits": self.bits, "pulse_ps": self.pulse_ps}
        return values if self.amplitude_v is None else {**values, "amplitude_v": self.amplitude_v}


@dataclass(frozen=True)
class StorePlan(Plan):
    """How words of a number format are written to an approximate memory.

    Fields:
        format: `fp32`, `fp16` or `bf16`; or 16-bit fixed point, `qM.N` or `smM.N`.
        domains: from the most significant bit down; their bits add up to the format's width.
        device: a law's name, a device or a curve file: where P(fail | pulse) and energy come from.
        tick_ps: clock period of the write controller, in ps; every pulse is a multiple of it.
        seed: of every random draw.
        variation: `cycle` draws a cell's switching threshold at each write attempt, `cell` once.
        rounding: `rne` or `truncate`, when fp32 values become words.
        initial: memory starts as `zeros`, or holds the initial `weights`.
        rewrite: `all` drives every bit of a written domain, `changed` reads first and drives only
            the bits that differ.
        bank_words: words written in parallel.
        retry_limit: 0 writes once; otherwise each write is verified and bits that differ are
            driven again, at most this many times.

    Raises `InputError` for anything out of range.
    """

    kind = "store"

    format: str
    domains: tuple[Domain, ...]
    device: str = "ono2021"
    tick_ps: int = 5000
    seed: int = 0
    variation: str = "cycle"
    rounding: str = "rne"
    initial: str = "zeros"
    rewrite: str = "all"
    bank_words: int = 1
    retry_limit: int = 0

    def __post_init__(self) -> None:
        number_format(self.format)
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(
                    f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(choices)}"
                )
        for name, (low, high) in _RANGES.items():
            check_whole(getattr(self, name), name, low, high)
        if not isinstance(self.device, str) or not self.device:
            raise InputError(f"device is {self.device!r}; it must be a name or a file")
        self._check_domains()

    def _check_domains(self) -> None:
        if not isinstance(self.domains, tuple) or not self.domains:
            raise InputError("domains is empty; a plan has at least one")
        for n, domain in enumerate(self.domains):
            if not isinstance(domain, Domain):
                raise InputError(f"domains[{n}] is {domain!r}; it must be a Domain")
            check_whole(domain.bits, f"domains[{n}].bits", 1, self.width)
            pulse = picoseconds(domain.pulse_ps, f"domains[{n}].pulse_ps")
            if pulse % self.tick_ps:
                raise InputError(
                    f"domains[{n}].pulse_ps is {pulse}; "
                    f"it must be a multiple of the clock period, {self.tick_ps} ps"
                )
            if domain.amplitude_v is not None:
                check_amplitude(domain.amplitude_v, f"domains[{n}].amplitude_v")
        covered = sum(domain.bits for domain in self.domains)
        if covered != self.width:
            raise InputError(
                f"the domains cover {covered} bits; "
                f"they must cover the {self.width} of {self.format}"
            )

    @classmethod
    def two_domain(
        cls, format: str, bsp: int, long: int | str, short: int | str, **others: Any
    ) -> Self:
        """ono2021's plan: the low `bsp` bits with pulse `short`, the rest with `long`.

        Pulses are whole picoseconds or text such as `"20 ns"`; `others` are fields of the plan.
        Raises `InputError` if `bsp` goes past the fraction, or a fixed-point word's sign.
        """
        words = number_format(format)
        check_whole(bsp, "bsp", 0, words.low_bits)
        domains = [Domain(words.width - bsp, picoseconds(long, "long"))]
        short_ps = picoseconds(short, "short")
        if bsp:
            domains.append(Domain(bsp, short_ps))
        return cls(format, tuple(domains), **others)

    @classmethod
    def by_error_rate(
        cls, format: str, rates: Sequence[tuple[int, float]], curve: WriteCurve, **others: Any
    ) -> Self:
        """A plan whose domains are stated by `rates`: bits, and how often their writes may fail.

        From the most significant bit down (locatelli2018, IV). Each domain gets the shortest pulse
        on the plan's clock that keeps its rate on the device of `curve`; a rate of 1 is never
        written. `others` are fields of the plan. Raises `InputError` for a rate outside (0, 1] and
        for one that the curve does not reach.
        """
        tick_ps = others.get("tick_ps", cls.tick_ps)
        check_whole(tick_ps, "tick_ps", *_RANGES["tick_ps"])
        domains = tuple(
            Domain(bits, curve.pulse_on_grid(rate, tick_ps, f"rates[{n}]"))
            for n, (bits, rate) in enumerate(rates)
        )
        return cls(format, domains, **others)

    @property
    def number_format(self) -> NumberFormat:
        """The format of a word."""
        return number_format(self.format)

    @property
    def width(self) -> int:
        """Bits in a word."""
        return self.number_format.width

    @property
    def cycles(self) -> tuple[int, ...]:
        """Clock cycles of each domain's pulse."""
        return tuple(domain.pulse_ps // self.tick_ps for domain in self.domains)

    @property
    def amplitudes(self) -> tuple[float | None, ...]:
        """The write amplitudes in V, in rising order; None, the device's own, is the first."""
        found = {domain.amplitude_v for domain in self.domains}
        stated = sorted(amplitude for amplitude in found if amplitude is not None)
        return (None, *stated) if None in found else tuple(stated)

    @property
    def masks(self) -> tuple[int, ...]:
        """Each domain's bits within a word."""
        masks, top = [], self.width
        for domain in self.domains:
            top -= domain.bits
            masks.append(((1 << domain.bits) - 1) << top)
        return tuple(masks)

    @property
    def written_mask(self) -> int:
        """The bits of a word that any pulse reaches."""
        return sum(m for m, d in zip(self.masks, self.domains, strict=True) if d.pulse_ps)

    @property
    def bit_pulse_ps(self) -> NDArray[np.int64]:
        """Pulse of each bit, shape `[width]`; index 0 is the least significant bit, in ps."""
        pulses = [domain.pulse_ps for domain in self.domains for _ in range(domain.bits)]
        return np.array(pulses[::-1], dtype=np.int64)

    @property
    def bit_domain(self) -> NDArray[np.int64]:
        """Index of each bit's domain, shape `[width]`; index 0 is the least significant bit."""
        owners = [n for n, domain in enumerate(self.domains) for _ in range(domain.bits)]
        return np.array(owners[::-1], dtype=np.int64)

    def replace(self, **changes: Any) -> Self:
        """The same plan with other values in some fields."""
        return replace(self, **changes)

    def in_full(self) -> Self:
        """The same plan with one domain: every bit gets what the longest pulse gets."""
        longest = max(self.domains, key=lambda domain: domain.pulse_ps)
        return self.replace(domains=(replace(longest, bits=self.width),))

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON-ready values."""
        values: dict[str, Any] = {"kind": self.kind, "format": self.format}
        values["domains"] = [domain.to_dict() for domain in self.domains]
        for name in ("device", *_CHOICES, *_RANGES):
            values[name] = getattr(self, name)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The plan that `values` state.

        Domains are a list of `{bits, pulse_ps}` (or `pulse = "20 ns"`), or the shorthand `bsp`,
        `long` and `short` of `two_domain`. An `error_rate` in place of a pulse needs the device's
        curve: `nvmcosim.load_plan` takes such a file. Raises `InputError`.
        """
        cls._refuse_unknown(values, also=(*_SHORTHAND, "tick"))
        rest = {k: v for k, v in values.items() if k not in ("kind", "domains", *_SHORTHAND)}
        if "tick" in rest:
            if "tick_ps" in rest:
                raise InputError("tick and tick_ps are both given; give one")
            rest["tick_ps"] = picoseconds(rest.pop("tick"), "tick")
        if "format" not in rest:
            raise InputError(
                "format is missing; it is fp32, fp16, bf16 or fixed point, such as sm0.15"
            )
        if any(name in values for name in _SHORTHAND):
            if "domains" in values:
                raise InputError("domains and bsp are both given; give one")
            missing = [name for name in _SHORTHAND if name not in values]
            if missing:
                raise InputError(f"{missing[0]} is missing; bsp, long and short go together")
            return cls.two_domain(
                rest.pop("format"), values["bsp"], values["long"], values["short"], **rest
            )
        listed = values.get("domains")
        if not isinstance(listed, list):
            raise InputError("domains is missing; give a list of domains, or bsp, long and short")
        domains = tuple(_domain(entry, n) for n, entry in enumerate(listed))
        return cls(rest.pop("format"), domains, **rest)


def _domain(entry: Any, n: int) -> Domain:
    what = f"domains[{n}]"
    if isinstance(entry, Mapping):
        rest = dict(entry)
        amplitude = rest.pop("amplitude_v", None)
        if "amplitude" in rest and amplitude is None:
            amplitude = quantity(rest.pop("amplitude"), "V", f"{what}.amplitude")
        if "error_rate" in rest and set(rest) == {"bits", "error_rate"}:
            raise InputError(
                f"{what} states an error_rate, which takes the device's curve to be a pulse: load "
                "the plan with nvmcosim.load_plan, or make it with StorePlan.by_error_rate"
            )
        for name in ("pulse", "pulse_ps"):
            if set(rest) == {"bits", name}:
                return Domain(entry["bits"], picoseconds(rest[name], f"{what}.{name}"), amplitude)
    raise InputError(
        f"{what} is {entry!r}; it must have bits and one of pulse_ps, pulse and error_rate, "
        "and may have amplitude_v"
    )


def check_amplitude(value: Any, name: str) -> None:
    """Raise `InputError` unless `value` is a write amplitude in V that a driver may have."""
    low, high = _AMPLITUDES
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise InputError(f"{name} is {value!r}; it must be a number of volts from {low} to {high}")
