"""The bench of in-memory programs, small."""

from pathlib import Path

import pytest

from nvmcosim.bench.pim import OPERATIONS, bench_pim
from nvmcosim.pymodel.errors import InputError


def test_bench_times_every_operation_in_every_format() -> None:
    results = bench_pim(operations=1 << 12, rounds=1)
    assert [r.name for r in results] == [
        f"{operation}-{format}" for format in ("fp32", "fp16", "bf16") for operation in OPERATIONS
    ]
    assert all(r.value > 0 and r.reference_value > 0 for r in results)


def test_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no serial/AritPIM\.py"):
        bench_pim(operations=1 << 12, rounds=1, aritpim=tmp_path)
