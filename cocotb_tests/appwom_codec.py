"""The appwom-codec bench: codecs against the code tables, on a simulator.

A *vector* is one input to a codec: a word, a datum and a polarity for each of its groups. The first
64 vectors are all 8 words x 4 data x 2 polarities in every group, neighbours in another order; the
rest are random. A *mismatch* is a vector with any difference in any output.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.appwom_codec_tb import OUTPUTS
from nvmcosim.cocotb_tests.digital import Bench, RunOptions, Verdict, run_bench
from nvmcosim.cocotb_tests.line_design import LineDesign, elaborate_codecs
from nvmcosim.cocotb_tests.result import BenchResult
from nvmcosim.cocotb_tests.tools import Simulator
from nvmcosim.hdl.wom_codec import WomCodec
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.wom import Outcome

__all__ = ["BLOCK", "EVERYTHING", "run"]

#: The block's name on the command line and in results.
BLOCK = "appwom-codec"
#: Vectors in which every group meets all words, data and polarities.
EVERYTHING = 64
_TEST_BENCH = "nvmcosim.cocotb_tests.appwom_codec_tb"


def run(
    plans: LinePlan | Sequence[LinePlan],
    simulators: Sequence[Simulator] = tuple(Simulator),
    **options: Unpack[RunOptions],
) -> list[BenchResult]:
    """Check a codec of each of `plans`, side by side, on each of `simulators`.

    `options` are `RunOptions`; results and errors are `run_bench`'s.
    """
    listed = [plans] if isinstance(plans, LinePlan) else list(plans)
    if not listed:
        raise InputError("no plan is given; give at least one")
    design = elaborate_codecs(listed)
    bench = Bench(
        block=BLOCK,
        module=_TEST_BENCH,
        design=design,
        key=[plan.digest() for plan in listed],
        values=sum(20 * plan.line_groups for plan in listed),
        batch=partial(_Batch, design),
    )
    return run_bench(bench, simulators, **options)


@dataclass(frozen=True, eq=False)
class _Batch:
    """One batch: words, data and polarities of all groups, `[vectors, groups or units]`."""

    design: LineDesign[WomCodec]
    vectors: int
    seed: int
    number: int

    @cached_property
    def inputs(self) -> list[tuple[NDArray[np.int64], ...]]:
        return [self._inputs(n, codec) for n, codec in enumerate(self.design.controllers)]

    def _inputs(self, n: int, codec: WomCodec) -> tuple[NDArray[np.int64], ...]:
        groups, units = codec.shape.groups, codec.shape.units
        random = np.random.default_rng([self.seed, self.number, n])
        words = random.integers(0, 8, (self.vectors, groups))
        data = random.integers(0, 4, (self.vectors, groups))
        polarity = random.integers(0, 2, (self.vectors, units))
        if self.number == 0:
            first = np.arange(min(EVERYTHING, self.vectors))[:, None]
            group, unit = np.arange(groups), np.arange(units)
            words[: first.size] = (first + 3 * group) % 8
            data[: first.size] = (first // 8 + group) % 4
            polarity[: first.size] = (first // 32 + unit) % 2
        return words, data, polarity

    def job(self) -> dict[str, NDArray[Any]]:
        job = {}
        for n, (words, data, polarity) in enumerate(self.inputs):
            job[f"p{n}_words"] = _bits(words, 3)
            job[f"p{n}_data"] = _bits(data, 2)
            job[f"p{n}_polarity"] = _bits(polarity, 1)
        return job

    def judge(self, n: int, observed: Mapping[str, NDArray[Any]]) -> Verdict:
        expected = self._expected(n)
        seen = {port: observed[f"p{n}_{port}"] for port in OUTPUTS}
        wrong = np.any([(seen[p] != expected[p]).any(axis=1) for p in OUTPUTS], axis=0)
        words, data, polarity = self.inputs[n]

        def describe(vector: int) -> dict[str, Any]:
            return {
                "codec": n,
                "vector": vector,
                "words": words[vector].tolist(),
                "data": data[vector].tolist(),
                "polarity": polarity[vector].tolist(),
                "got": {port: seen[port][vector].tolist() for port in OUTPUTS},
                "expected": {port: expected[port][vector].tolist() for port in OUTPUTS},
            }

        return Verdict(wrong, describe)

    def _expected(self, n: int) -> dict[str, NDArray[np.bool_]]:
        """What the tables say of codec n, as bits."""
        shape = self.design.controllers[n].shape
        words, data, polarity = self.inputs[n]
        polarity, groups = np.broadcast_to(polarity, words.shape), np.arange(shape.groups)
        outcome = shape.outcome[polarity, groups, words, data]
        return {
            "encoded": _bits(shape.encode[polarity, groups, words, data], 3),
            "exhausted": outcome == Outcome.EXHAUSTED,
            "ignored": outcome == Outcome.IGNORED,
            "decoded": _bits(shape.decode[words], 2),
            "stage": _bits(shape.stage[polarity, groups, words], 2),
        }


def _bits(values: NDArray, width: int) -> NDArray[np.bool_]:
    """`values` `[vectors, n]` as bits `[vectors, n * width]`, each from bit 0 up."""
    return (values[..., None] >> np.arange(width) & 1 == 1).reshape(len(values), -1)
