"""What ono2021 prints: every number that the study sets ours beside."""

from dataclasses import dataclass

from nvmcosim.studies.ono2021.sweep import Setting

__all__ = ["CONSTRAINTS", "DYNAMIC_RANGES", "TABLE_3", "TRENDS", "Trend"]

#: Table I: smallest positive and largest number of each format, as printed.
DYNAMIC_RANGES = {
    "bf16": ("9.2e-41", "3.4e38"),
    "fp16": ("5.9e-8", "6.5e4"),
    "fp32": ("1.4e-45", "3.4e38"),
}

#: Table III's constraints: loss of test accuracy against no approximation, in points.
CONSTRAINTS = ("0.5", "2.5", "7.5")

#: Table III: the setting of least energy under each of `CONSTRAINTS`.
TABLE_3 = {
    "mp": (Setting(6, 0), Setting(7, 0), Setting(7, 0)),
    "cnn": (Setting(5, 0), Setting(6, 0), Setting(7, 0)),
    "mn": (Setting(2, 5), Setting(2, 0), Setting(3, 0)),
}


@dataclass(frozen=True)
class Trend:
    """Where Section VI-A says that a network loses accuracy: T_R in ns, and the BSPs.

    No BSPs where the section names losses at the other write times alone.
    """

    t_r_ns: tuple[int, ...]
    bsps: tuple[int, ...]


#: Section VI-A, on Fig. 6, which prints no number.
TRENDS = {
    "mp": (Trend((0, 5), (6, 7)), Trend((10,), ())),
    "cnn": (Trend((0, 5), (6, 7)), Trend((10,), ())),
    "mn": (Trend((0, 5), (4, 5, 6, 7)), Trend((10,), (5, 6, 7))),
}
