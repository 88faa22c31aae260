"""The cocotb side of the codec bench: shows every codec its inputs, and keeps what it answers."""

import os
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import Timer
from numpy.typing import NDArray

__all__ = ["INPUTS", "OUTPUTS", "appwom_codec"]

#: Ports of a codec.
INPUTS = ("words", "polarity", "data")
OUTPUTS = ("encoded", "exhausted", "ignored", "decoded", "stage")


@cocotb.test()
async def appwom_codec(dut: Any) -> None:
    """Run the job that the runner left in the folder `NVMCOSIM_JOB`.

    Of codec n and a port it has `p<n>_<port>`, `[vectors, bits]`, and so has what it writes; where
    an output was neither 0 nor 1 that says 2.
    """
    folder = Path(os.environ["NVMCOSIM_JOB"])
    with np.load(folder / "job.npz", allow_pickle=False) as job:
        inputs = {name: job[name] for name in job.files}
    codecs = 1 + max(int(name[1:].split("_")[0]) for name in inputs)
    vectors = len(next(iter(inputs.values())))
    outputs = [f"p{n}_{port}" for n in range(codecs) for port in OUTPUTS]
    seen: dict[str, list[NDArray[np.uint8]]] = {name: [] for name in outputs}
    for vector in range(vectors):
        for name, bits in inputs.items():
            packed = np.packbits(bits[vector], bitorder="little").tobytes()
            getattr(dut, name).value = int.from_bytes(packed, "little")
        await Timer(1, "ns")
        for name in outputs:
            text = str(getattr(dut, name).value).encode()
            symbols = np.frombuffer(text, np.uint8)[::-1]
            seen[name].append(np.select([symbols == ord("0"), symbols == ord("1")], [0, 1], 2))
        if vector % 64 == 0:
            (folder / "progress").write_text(str(vector * codecs))
    observed = {name: np.array(values, np.uint8) for name, values in seen.items()}
    np.savez(folder / "observed.npz", allow_pickle=False, cycles=vectors, **observed)
