"""Shapes and golden generators: phases by hand, rhythm under waiting, and what is refused."""

from itertools import groupby

import numpy as np
import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.golden_sng import Bit, GoldenBank, Pins
from nvmcosim.pymodel.sng_shape import SngShape
from nvmcosim.pymodel.stream_plan import StreamPlan

#: Numbers 0 to 4 of 2 bits as a BMS: pulses of 0, 1.3, 2.1, 1.3 and 0 clocks, tenths being steps.
SHAPE = SngShape((0, 1, 2, 1, 0), (0, 3, 1, 3, 0), (True, True, False, False, False), 2, 3, 2)
RESET, WRITE, OFF, READ = Pins(reset=1), Pins(write=1), Pins(), Pins(read=1)


def play(
    bank: GoldenBank, numbers: list[int], sense: str, takes: str | None = None
) -> tuple[list[list[Pins]], list[Bit | None]]:
    """Clock the bank as long as `sense`; returns pins by clock and the bits on offer."""
    pins, bits, queue = [], [], list(numbers)
    for clock, symbol in enumerate(sense):
        pins.append(bank.pins)
        bits.append(bank.offered)
        number = queue[0] if queue else None
        accepts = number is not None and bank.ready
        bank.clock(number, takes is None or takes[clock] == "1", [int(symbol)] * len(bank.pins))
        if accepts:
            queue.pop(0)
    return pins, bits


def test_frames_of_one_number_by_hand() -> None:
    bank = GoldenBank(SHAPE, 3)
    #                                   v      v      v sensed: stays, switches, stays
    pins, bits = play(bank, [1], "00" + "0000001" + "1111110" + "0000001" + "00")
    trim = Pins(trim=1, fine=3)
    with_reset = [RESET, RESET, WRITE, trim, OFF, READ, READ]
    skipped = [OFF, OFF, *with_reset[2:]]
    assert [pin for (pin,) in pins] == [OFF, OFF, *with_reset, *skipped, *with_reset, OFF, OFF]
    # Number 1 is below a half, so what was sensed is inverted.
    assert [bit for bit in bits if bit] == [Bit(0, False), Bit(1, False), Bit(0, True)]
    assert bits[9] is not None
    assert bank.counters == {"bits": 3, "ones": 1, "resets": 2, "pulses": 3}


def test_a_half_has_the_longest_pulse_and_no_inversion() -> None:
    bank = GoldenBank(SHAPE, 1)
    pins, bits = play(bank, [2], "00000000100")
    trim = Pins(trim=1, fine=1)
    assert [pin for (pin,) in pins[2:9]] == [RESET, RESET, WRITE, WRITE, trim, READ, READ]
    assert bits[9] == Bit(1, True)


def test_one_is_never_written_and_is_what_larger_numbers_are() -> None:
    for number in (4, 5, 7):
        bank = GoldenBank(SHAPE, 2)
        pins, bits = play(bank, [number], "1" * 20)
        assert not any(pin.write or pin.trim for (pin,) in pins)
        assert [bit.bit for bit in bits if bit] == [1, 1]
        # Reset once; after that it stays as it is.
        assert bank.counters == {"bits": 2, "ones": 2, "resets": 1, "pulses": 0}
    assert SHAPE.codes(7) == SHAPE.codes(4) == (0, 0, False)


def test_a_pulse_may_have_one_code_alone() -> None:
    shape = SngShape((0, 0, 1, 0, 0), (0, 3, 0, 3, 0), (False,) * 5, 1, 1, 1)
    for number in (1, 2):
        bank = GoldenBank(shape, 2)
        play(bank, [number], "0" * 10)
        assert bank.counters["pulses"] == 2


def test_always_resets_before_every_bit() -> None:
    shape = SngShape(SHAPE.coarse, SHAPE.fine, SHAPE.invert, 2, 3, 2, skips_reset=False)
    bank = GoldenBank(shape, 2)
    play(bank, [4], "1" * 20)
    assert bank.counters["resets"] == 2


def test_a_bit_that_waits_holds_back_the_read_and_no_pulse() -> None:
    bank = GoldenBank(SHAPE, 2)
    #                  frame 1   |  reset, write, then the read waits for 3 clocks
    takes = "00" + "0000000" + "00000" + "001" + "11111"
    pins, bits = play(bank, [2], "0" * len(takes), takes)
    trim = Pins(trim=1, fine=1)
    frame = [RESET, RESET, WRITE, WRITE, trim]
    assert [pin for (pin,) in pins[9:19]] == [*frame, OFF, OFF, OFF, READ, READ]
    assert bits[9:17] == [Bit(0, False)] * 8
    assert bits[17] is None
    assert bits[19] == Bit(0, True)


@pytest.mark.parametrize("phases", [7, 8])
def test_a_bank_of_a_frame_offers_a_bit_in_every_clock(phases: int) -> None:
    bank = GoldenBank(SHAPE, 10, phases)
    _, bits = play(bank, [1, 2, 3, 4], "1" * 49)
    offered = [bit is not None for bit in bits]
    assert offered == [False] * 9 + [True] * 40
    assert [n for n, bit in enumerate(bits) if bit and bit.last] == [18, 28, 38, 48]


def test_junctions_keep_their_pulses_whatever_waits() -> None:
    random = np.random.default_rng(5)
    bank = GoldenBank(SHAPE, 4, 5)
    runs: dict[str, set[int]] = {"reset": set(), "write": set(), "trim": set(), "read": set()}
    takes = "".join("01"[int(random.random() < 0.3)] for _ in range(600))
    clocks, _ = play(bank, [2] * 60, "0" * 600, takes)
    for junction in zip(*clocks, strict=True):
        for name, lengths in runs.items():
            found = [
                len(list(run)) for on, run in groupby(getattr(p, name) for p in junction) if on
            ]
            lengths.update(found[:-1])
        assert max(p.reset + p.write + p.trim + p.read for p in junction) == 1
    assert runs == {"reset": {2}, "write": {2}, "trim": {1}, "read": {2}}


def test_the_shape_of_a_plan() -> None:
    plan = StreamPlan()
    shape = SngShape.of(plan)
    assert (shape.reset_cycles, shape.write_cycles, shape.read_cycles) == (5, 2, 2)
    assert (shape.p_bits, shape.number_bits, shape.frame_cycles) == (8, 9, 9)
    assert shape.folded
    for number in (0, 1, 127, 128, 255, 256):
        codes = plan.codes
        assert shape.codes(number) == (
            codes.coarse[number],
            codes.fine[number],
            codes.invert[number],
        )
    normal = SngShape.of(StreamPlan(generator="normal", reset_rule="always"))
    assert not normal.folded
    assert not normal.skips_reset
    assert SngShape.of(StreamPlan(p_bits=1)).coarse_bits == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"read_cycles": 0}, "read_cycles is 0; it must be a whole number from 1"),
        ({"write_cycles": 2}, "write_cycles is 2; the longest pulse takes 3"),
        ({"fine": (0, 3, 1, 3)}, "codes are for \\[4, 5\\] numbers; it must be 2\\*\\*p_bits"),
        ({"coarse": (0,) * 4, "fine": (0,) * 4, "invert": (False,) * 4}, "codes are for \\[4\\]"),
        ({"coarse": (0,), "fine": (0,), "invert": (False,)}, "codes are for \\[1\\] numbers"),
    ],
)
def test_wrong_shapes_are_refused(changes: dict[str, object], message: str) -> None:
    values = {name: getattr(SHAPE, name) for name in SngShape.__dataclass_fields__}
    with pytest.raises(InputError, match=message):
        SngShape(**{**values, **changes})  # type: ignore[arg-type]


def test_wrong_banks_are_refused() -> None:
    with pytest.raises(InputError, match="phases is 0; it must be a whole number from 1 to 1024"):
        GoldenBank(SHAPE, 4, 0)
    with pytest.raises(InputError, match="cycles is 0; it must be a whole number from 1"):
        GoldenBank(SHAPE, 0)
