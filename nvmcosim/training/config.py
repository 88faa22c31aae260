"""What is trained and how: one validated object, and the digest that results are kept under."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nvmcosim.networks import INITIALISATIONS, NETWORKS
from nvmcosim.pymodel.bit_curves import DeviceCurve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import digest_of
from nvmcosim.pymodel.layer_plan import LayerPlan
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.pymodel.torch_plugin import steps_between

__all__ = ["TrainingConfig", "run_digest"]

#: Raised when the same configuration gives other bits than before: kept results are then not used.
_RESULTS = 1
#: Learning rate where none is given; Adam's is TensorFlow's default.
_LEARNING_RATES = {"adam": 1e-3, "sgd": 0.1}
_LOSSES = ("cross-entropy", "squared")
#: Fields that came after results were kept: left out of the digest where they have this value.
_LATER = {
    "every": "epoch",
    "loss": "cross-entropy",
    "initialisation": "glorot",
    "master_copy": False,
}


@dataclass(frozen=True)
class TrainingConfig:
    """What is trained and how; with the plan's seed it determines the result.

    Fields:
        network: a name of `nvmcosim.networks`.
        plan: how the memory is written.
        epochs, batch: ono2021, Section V-B, has 20 and 128; locatelli2018, Section IV, 5 and 10.
        optimizer: `adam` or `sgd`.
        learning_rate: None is 0.001 for Adam and 0.1 for SGD.
        seed: of the initial weights and of the order of the images; the plan has its own.
        full_epochs: epochs, from 1, whose store writes every bit with the plan's longest pulse
            (ono2021, VI-B, toggles the approximation so).
        power_lost: epochs, from 2, halfway through which the power fails: all but the memory is
            lost, and training goes on from what it holds (ono2021, IV-A).
        every: `epoch` stores once an epoch, `step` at each step, N at every Nth; between stores
            training goes on with what is not stored yet.
        loss: `cross-entropy`, of the scores' softmax; or `squared`, half the squared distance of
            tanh(scores) from targets of 1 and -1. Both are the mean over a batch.
        initialisation: how weights start, one of `nvmcosim.networks.INITIALISATIONS`.
        master_copy: whether exact weights are kept outside the memory: updates go to them, and the
            network computes with what the memory holds of them.

    Raises `InputError` for anything out of range.
    """

    network: str
    plan: StorePlan | LayerPlan
    epochs: int = 20
    batch: int = 128
    optimizer: str = "adam"
    learning_rate: float | None = None
    seed: int = 0
    full_epochs: tuple[int, ...] = ()
    power_lost: tuple[int, ...] = ()
    every: str | int = "epoch"
    loss: str = "cross-entropy"
    initialisation: str = "glorot"
    master_copy: bool = False

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise InputError(
                f"network is {self.network!r}; it must be one of {', '.join(NETWORKS)}"
            )
        if not isinstance(self.plan, StorePlan | LayerPlan):
            raise InputError(f"plan is {self.plan!r}; it must be a StorePlan or a LayerPlan")
        for name, low, high in (("epochs", 1, 10_000), ("batch", 1, 1 << 20), ("seed", 0, 1 << 62)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise InputError(
                    f"{name} is {value!r}; it must be a whole number from {low} to {high}"
                )
        for name, known in (
            ("optimizer", tuple(_LEARNING_RATES)),
            ("loss", _LOSSES),
            ("initialisation", tuple(INITIALISATIONS)),
        ):
            value = getattr(self, name)
            if value not in known:
                raise InputError(f"{name} is {value!r}; it must be one of {', '.join(known)}")
        steps_between(self.every)
        if not isinstance(self.master_copy, bool):
            raise InputError(f"master_copy is {self.master_copy!r}; it must be true or false")
        if self.master_copy and self.power_lost:
            raise InputError("power_lost has epochs; with master_copy it must have none")
        if self.full_epochs and self.every != "epoch":
            raise InputError(
                f"every is {self.every!r}; with full_epochs it must be 'epoch', as they are stores "
                "of an epoch"
            )
        if not 0 < self.rate < 1000:
            raise InputError(f"learning_rate is {self.rate!r}; it must be above 0 and below 1000")
        for name, first in (("full_epochs", 1), ("power_lost", 2)):
            for epoch in getattr(self, name):
                if not first <= epoch <= self.epochs:
                    raise InputError(
                        f"{name} has {epoch!r}; it must have epochs from {first} to {self.epochs}"
                    )

    @property
    def rate(self) -> float:
        """The learning rate, the optimizer's usual one where none is given."""
        if self.learning_rate is None:
            return _LEARNING_RATES[self.optimizer]
        return float(self.learning_rate)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON-ready values, the plan's included."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values |= {"plan": self.plan.to_dict(), "learning_rate": self.rate}
        values |= {name: list(values[name]) for name in ("full_epochs", "power_lost")}
        return {name: v for name, v in values.items() if name not in _LATER or v != _LATER[name]}


def run_digest(config: TrainingConfig, images: Mapping[str, Any], curve: DeviceCurve) -> str:
    """SHA-256 of all that determines a result; `images` is an `ImageSet.provenance()`."""
    return digest_of(
        {
            "version": _RESULTS,
            "config": config.to_dict(),
            "images": dict(images),
            "curve": curve.digest,
        }
    )
