"""The golden model's part of the demo: a stream of random words, and what the store made of it."""

import hashlib
from typing import Any

import numpy as np

from nvmcosim.provenance import provenance
from nvmcosim.pymodel.bit_curves import bit_failure_rates
from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.store import to_bits
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.views import view

__all__ = ["golden_result"]

#: Words written, in as many rows as the bank width makes of them.
WORDS = 1 << 14


def golden_result(plan: StorePlan, curve: WriteCurve) -> dict[str, Any]:
    """The `golden` result file: `WORDS` random words written once to a memory of zeros.

    `failed_rate_by_bit` is the share of words whose bit is not what was to be written, index 0 the
    least significant; `expected_rate_by_bit` is the curve's. A retried plan compares after the last
    attempt. A bit fails where the memory's 0 was to become 1, so both are over those words alone.
    """
    rows = WORDS // plan.bank_words
    random = np.random.Generator(np.random.Philox(plan.seed))
    shape = (rows, plan.bank_words)
    words = random.integers(0, plan.number_format.mask, shape, endpoint=True).astype(
        plan.number_format.dtype
    )
    store = view(plan, "golden")(plan, curve, rows)
    held = store.store(words)
    ones = to_bits(words, plan.width).sum(axis=(0, 1))
    counters = store.counters
    rates = bit_failure_rates(plan, curve)
    attempts = 1 if plan.variation == "cell" else 1 + plan.retry_limit
    return {
        "view": "golden",
        "plan_digest": plan.digest(),
        "curve_digest": curve.digest,
        "device": curve.device,
        "words": int(words.size),
        "contents_digest": hashlib.sha256(held.tobytes()).hexdigest(),
        "commands": counters.commands,
        "pulses": counters.pulses.tolist(),
        "driven_cycles": counters.driven_cycles.tolist(),
        "retries": counters.retries,
        "energy": float(counters.energy(plan, curve).sum()),
        "energy_unit": curve.energy_unit,
        "failed_rate_by_bit": (counters.failed_bits / np.maximum(ones, 1)).tolist(),
        "expected_rate_by_bit": (rates**attempts).tolist(),
        "provenance": provenance(plan.seed, plan=plan.to_dict(), curve=curve.digest),
    }
