"""What ho2021 prints: Table I, and the numbers of its figures and text."""

from dataclasses import dataclass

__all__ = ["FEWER_FLIPS", "LATENCY", "LIFETIME", "SAVINGS", "TABLE_1", "Printed"]


@dataclass(frozen=True)
class Printed:
    """A network's row of Table I: base learning rate, mini-batch size, number of iterations."""

    rate: float
    batch: int
    iterations: int


#: Table I, by the names of `nvmcosim.networks`.
TABLE_1 = {
    "lenet": Printed(0.01, 128, 47_000),
    "googlenet": Printed(0.001, 256, 58_000),
    "densenet-bc": Printed(0.0001, 256, 50_000),
}
#: Fig. 10(a): percent of the energy that AppWOM saves, "up to", against each approach.
SAVINGS = {"preset": 57, "prereset": 61, "wom-set": 20}
#: Fig. 10(b): percent of lifetime that it gains, "up to".
LIFETIME = {"preset": 42, "prereset": 78, "wom-set": 78}
#: Fig. 10(c): percent of PreRESET's write latency that it saves, from and to.
LATENCY = (31, 46)
#: Section IV-B: percent of flips that it saves, "up to", against Fig. 4.
FEWER_FLIPS = 14
