"""The training runs of ono2021: which settings, networks and seeds, and at which size."""

from collections.abc import Iterable
from dataclasses import dataclass

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.studies.training_cells import TrainingCell
from nvmcosim.training import TrainingConfig

__all__ = ["ALL_SETTINGS", "BASELINE", "FORMAT", "Setting", "Sweep", "plan_for"]

#: Section V-B: "we set FP type to BF16"; V-A: T_L is 20 ns, T_R one of 10, 5 and 0 ns.
FORMAT = "bf16"
T_L_NS = 20
T_R_NS = (0, 5, 10)
FRACTION_BITS = 7


@dataclass(frozen=True, order=True)
class Setting:
    """A bit split position and its short write time, in ns; BSP 0 is no approximation."""

    bsp: int
    t_r_ns: int

    @property
    def label(self) -> str:
        """As a figure's id and a legend name it."""
        return f"bsp{self.bsp}/tr{self.t_r_ns}" if self.bsp else "none"


BASELINE = Setting(0, T_L_NS)
#: Fig. 6: no approximation, then all positions with each short write time.
ALL_SETTINGS = (
    BASELINE,
    *(Setting(bsp, t_r) for t_r in T_R_NS for bsp in range(1, FRACTION_BITS + 1)),
)


def plan_for(setting: Setting, seed: int = 0, initial: str = "zeros") -> StorePlan:
    """The plan of a setting, on the paper's law."""
    return StorePlan.two_domain(
        FORMAT,
        setting.bsp,
        f"{T_L_NS} ns",
        f"{setting.t_r_ns} ns",
        seed=seed,
        initial=initial,
    )


@dataclass(frozen=True)
class Sweep:
    """Runs of one network.

    Fields:
        network: a name of `nvmcosim.networks`.
        settings: which to train; the baseline is always one of them.
        seeds: each setting is trained once with each.
        epochs: 20 in the paper.
        train_images, test_images: None is all.
        optimizer, learning_rate: the paper states neither; TensorFlow's usual is Adam at 0.001.
        initial: what memory holds at first; the paper's is `zeros` (Section V-A).
        data: folder with data sets.
    """

    network: str
    settings: tuple[Setting, ...] = ALL_SETTINGS
    seeds: tuple[int, ...] = (0, 1, 2)
    epochs: int = 20
    train_images: int | None = None
    test_images: int | None = None
    optimizer: str = "adam"
    learning_rate: float | None = None
    initial: str = "zeros"
    data: str | None = None

    def __post_init__(self) -> None:
        if not self.seeds:
            raise InputError("seeds is empty; a sweep has at least one")
        if BASELINE not in self.settings:
            object.__setattr__(self, "settings", (BASELINE, *self.settings))

    def cell(
        self,
        setting: Setting,
        seed: int,
        full_epochs: Iterable[int] = (),
        power_lost: Iterable[int] = (),
    ) -> TrainingCell:
        """The run of one setting with one seed."""
        config = TrainingConfig(
            self.network,
            plan_for(setting, seed, self.initial),
            epochs=self.epochs,
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            seed=seed,
            full_epochs=tuple(full_epochs),
            power_lost=tuple(power_lost),
        )
        return TrainingCell(config, self.train_images, self.test_images, self.data)

    def cells(self) -> dict[tuple[Setting, int], TrainingCell]:
        """All runs; every setting with the first seed comes before the second seed."""
        return {(s, seed): self.cell(s, seed) for seed in self.seeds for s in self.settings}
