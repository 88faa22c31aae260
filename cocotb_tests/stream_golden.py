"""What the golden models expect on every port of a stochastic block, clock by clock."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from nvmcosim.pymodel.golden_isc import GoldenLayer, GoldenNetwork, Operands, Sample
from nvmcosim.pymodel.golden_sng import SNG_COUNTERS, Pins, golden_bank
from nvmcosim.pymodel.stream_plan import StreamPlan

__all__ = ["GOLDEN", "Golden"]


class Golden(Protocol):
    """A block's golden model behind the names of its ports."""

    @property
    def offers(self) -> bool:
        """Whether a bit is on offer."""

    def ready(self, takes: bool) -> bool:
        """Whether what is offered to it is accepted, where its bit is taken or not."""

    def values(self, takes: bool) -> dict[str, int]:
        """Every output port in this clock."""

    def clock(self, item: Any, takes: bool, sense: Sequence[int]) -> None:
        """One clock, with what is offered to it if anything is."""


def _pins(pins: Sequence[Pins], fine_bits: int) -> dict[str, int]:
    values = {
        f"mtj__{name}": sum(getattr(pin, name) << k for k, pin in enumerate(pins))
        for name in ("reset", "write", "trim", "read")
    }
    return {**values, "mtj__fine": sum(pin.fine << k * fine_bits for k, pin in enumerate(pins))}


class _Bank:
    def __init__(self, plan: StreamPlan, phases: int) -> None:
        self.bank = golden_bank(plan.replace(phases=phases))

    @property
    def offers(self) -> bool:
        return self.bank.offered is not None

    def ready(self, takes: bool) -> bool:
        return self.bank.ready

    def values(self, takes: bool) -> dict[str, int]:
        bit = self.bank.offered
        return {
            "numbers__ready": int(self.bank.ready),
            "output__valid": int(bit is not None),
            "output__payload": bit.bit | bit.last << 1 if bit else -1,
            **_pins(self.bank.pins, self.bank.shape.fine_bits),
            **self.bank.counters,
        }

    def clock(self, item: int | None, takes: bool, sense: Sequence[int]) -> None:
        self.bank.clock(item, takes, list(sense))


class _Layer:
    def __init__(self, plan: StreamPlan, outputs: int) -> None:
        self.layer = GoldenLayer(plan.neurons[0], outputs)

    @property
    def offers(self) -> bool:
        return self.layer.offered is not None

    def ready(self, takes: bool) -> bool:
        return self.layer.ready(takes and self.offers)

    def values(self, takes: bool) -> dict[str, int]:
        return {"operands__ready": int(self.ready(takes)), **_layer_values(self.layer)}

    def clock(self, item: Operands | None, takes: bool, sense: Sequence[int]) -> None:
        self.layer.clock(item, takes and self.offers)


class _Neuron(_Layer):
    def values(self, takes: bool) -> dict[str, int]:
        layer = self.layer
        return {
            **super().values(takes),
            "state": layer.states[0],
            "ones": layer.ones[0],
            "clipped": layer.clipped,
        }


class _Network:
    def __init__(self, plan: StreamPlan) -> None:
        self.network = GoldenNetwork(plan)

    @property
    def offers(self) -> bool:
        return self.network.offered is not None

    def ready(self, takes: bool) -> bool:
        return self.network.ready

    def values(self, takes: bool) -> dict[str, int]:
        network = self.network
        counters = network.counters
        return {
            "samples__ready": int(network.ready),
            **_layer_values(network.layers[-1]),
            **_pins(network.pins, network.x_banks[0].shape.fine_bits),
            **{f"generated_{name}": counters[name] for name in SNG_COUNTERS},
        }

    def clock(self, item: Sample | None, takes: bool, sense: Sequence[int]) -> None:
        self.network.clock(item, takes, sense)


def _layer_values(layer: GoldenLayer) -> dict[str, int]:
    offered = layer.offered
    payload = -1
    if offered is not None:
        payload = sum(bit << n for n, bit in enumerate(offered.bits))
        payload |= offered.last << layer.outputs
    return {
        "output__valid": int(offered is not None),
        "output__payload": payload,
        "cycles": layer.cycles,
        "streams": layer.streams,
        **{f"ones_{n}": count for n, count in enumerate(layer.ones)},
    }


#: The golden model of each block, by what it is made of.
GOLDEN: dict[str, Callable[[StreamPlan], Golden]] = {
    "bms-sng": lambda plan: _Bank(plan, 1),
    "bms-bank": lambda plan: _Bank(plan, plan.bank_phases),
    "isc-neuron": lambda plan: _Neuron(plan, 1),
    "isc-layer": lambda plan: _Layer(plan, plan.layers[1]),
    "isc-network": _Network,
}
