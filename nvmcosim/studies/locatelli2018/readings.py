"""What the paper leaves open, one reading changed at a time: an honest search for its Fig. 4.

The paper states neither coding, learning rate, loss, initial weights nor rounding, nor whether
exact weights are kept beside the memory. Each reading here changes one of them against the study's
own, and is trained at the few error rates that the text names. None is chosen by its result.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nvmcosim.studies.locatelli2018.sweep import HSB_RATE, Setting, Sweep

__all__ = ["PROBES", "READINGS", "STUDIED", "Reading", "sweep_of"]


@dataclass(frozen=True)
class Reading:
    """One choice: fields of the plan and of the training that differ from the study's own."""

    title: str
    plan: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)


#: The study's own choices.
STUDIED = "studied"
READINGS = {
    STUDIED: Reading("sign and magnitude, range 1, rate 0.03, cross-entropy, Glorot, to nearest"),
    "range-1/4": Reading("range ±1/4: 17 fraction bits", {"format": "sm-2.17"}),
    "range-1/2": Reading("range ±1/2: 16 fraction bits", {"format": "sm-1.16"}),
    "range-2": Reading("range ±2: 14 fraction bits", {"format": "sm1.14"}),
    "range-8": Reading("range ±8: 12 fraction bits", {"format": "sm3.12"}),
    "twos-complement": Reading("two's complement, range 1", {"format": "q0.15"}),
    "rate-0.01": Reading("learning rate 0.01", config={"learning_rate": 0.01}),
    "rate-0.05": Reading("learning rate 0.05", config={"learning_rate": 0.05}),
    "rate-0.2": Reading("learning rate 0.2", config={"learning_rate": 0.2}),
    "squared": Reading("squared error of tanh outputs", config={"loss": "squared"}),
    "init-lecun": Reading(
        "initial weights normal, variance 1 over inputs", config={"initialisation": "lecun"}
    ),
    "init-torch": Reading("initial weights as torch's", config={"initialisation": "torch"}),
    "zeros": Reading("memory starts as zeros", {"initial": "zeros"}),
    "truncated": Reading("rounding towards zero", {"rounding": "truncate"}),
    "weak-cells": Reading("the same cells fail at every write", {"variation": "cell"}),
    "master-copy": Reading("exact weights kept beside the memory", config={"master_copy": True}),
}
#: Error rates at which each reading is trained, beside no errors.
PROBES = (
    Setting(HSB_RATE),
    Setting(HSB_RATE, 8, 0.5),
    Setting(HSB_RATE, 8, 0.9),
    Setting(HSB_RATE, 10, 0.7),
    Setting(HSB_RATE, 12, 0.1),
    Setting(HSB_RATE, 8, 1.0),
)


def sweep_of(name: str, studied: Sweep, seeds: tuple[int, ...]) -> Sweep:
    """The runs of a reading, at the size of the sweep that the study trains."""
    reading = READINGS[name]
    return replace(
        studied,
        settings=PROBES,
        seeds=seeds,
        plan_fields=reading.plan,
        config_fields=reading.config,
    )
