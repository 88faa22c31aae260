"""The store controller against the golden store, clock by clock, in Amaranth's simulator."""

from itertools import pairwise

import numpy as np
import pytest
from amaranth.hdl import Fragment
from hdl_bench import Command, simulate
from hypothesis import given, settings
from hypothesis import strategies as st

from nvmcosim.hdl.store_controller import StoreController
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store import GoldenStore
from nvmcosim.pymodel.store_plan import Domain, StorePlan

THREE = (Domain(9, 20_000), Domain(4, 10_000), Domain(3, 0))
SHORT_FIRST = (Domain(4, 5_000), Domain(4, 0), Domain(8, 15_000))

PLANS = {
    "plain": StorePlan.two_domain("bf16", 5, "20 ns", "5 ns"),
    "zero-r": StorePlan.two_domain("bf16", 7, "20 ns", "0 ns"),
    "one-domain": StorePlan.two_domain("bf16", 0, "15 ns", "0 ns"),
    "one-clock": StorePlan.two_domain("bf16", 3, "5 ns", "5 ns"),
    "nothing": StorePlan.two_domain("bf16", 3, "0 ns", "0 ns"),
    "nothing-options": StorePlan.two_domain(
        "bf16", 3, "0 ns", "0 ns", rewrite="changed", retry_limit=2
    ),
    "three": StorePlan("fp16", THREE),
    "short-first": StorePlan("fp16", SHORT_FIRST, retry_limit=1),
    "bank": StorePlan.two_domain("bf16", 4, "20 ns", "10 ns", bank_words=3),
    "changed": StorePlan.two_domain("bf16", 6, "20 ns", "5 ns", rewrite="changed"),
    "retry": StorePlan.two_domain("bf16", 6, "15 ns", "5 ns", retry_limit=3),
    "changed-retry": StorePlan("fp16", THREE, rewrite="changed", retry_limit=2),
    "all-options": StorePlan.two_domain(
        "fp32", 10, "20 ns", "10 ns", rewrite="changed", retry_limit=1, bank_words=2
    ),
}


def make_commands(plan: StorePlan, rows: int, count: int, seed: int, stalls: bool) -> list[Command]:
    """Random commands; words are often repeated or close to each other, so that bits match."""
    random = np.random.default_rng(seed)
    attempts = 1 + plan.retry_limit
    top = plan.number_format.mask
    commands = []
    words = random.integers(0, top + 1, (4, plan.bank_words))
    for _ in range(count):
        data = words[random.integers(4)] ^ (1 << random.integers(plan.width))
        if random.random() < 0.5:
            data = words[random.integers(4)]
        thresholds = np.maximum(
            random.normal(9000, 5000, (attempts, plan.bank_words, plan.width)), 1
        )
        stall = int(random.integers(1, 7)) if stalls and random.random() < 0.6 else 0
        commands.append(Command(int(random.integers(rows)), data, thresholds, stall))
    return commands


def check_against_golden(plan: StorePlan, rows: int, commands: list[Command], where: str) -> None:
    """Hold contents, counters and clocks after every command to the golden store's."""
    dut = StoreController(plan, rows)
    golden = GoldenStore(plan, law_curve("ono2021"), rows)
    run = simulate(dut, commands)
    assert len(run.accepted) == len(run.observations) == len(commands)
    finished = None
    for n, (command, seen) in enumerate(zip(commands, run.observations, strict=True)):
        before = golden.counters.pulses.copy()
        golden.write_row(command.row, command.data, command.thresholds_ps)
        pulses = (golden.counters.pulses - before).tolist()
        assert seen.contents.tolist() == golden.contents.tolist(), f"command {n}, {where}"
        assert seen.counters == expected_counters(golden), f"command {n}, {where}"

        at = run.accepted[n]
        follows = at == finished and command.row == commands[n - 1].row
        finished = at + dut.word_cycles(pulses, same_row=follows)
        assert seen.clock == finished + 1, f"command {n}, {where}"
        if n + 1 < len(commands) and not commands[n + 1].stall:
            assert run.accepted[n + 1] == finished, f"command {n}, {where}"
        assert dut.word_cycles_range[0] <= finished - at <= dut.word_cycles_range[1]


@pytest.mark.parametrize("stalls", [False, True], ids=["stream", "stalls"])
@pytest.mark.parametrize("name", PLANS)
def test_contents_counters_and_timing_after_every_command(name: str, stalls: bool) -> None:
    commands = make_commands(PLANS[name], 5, 30, seed=7, stalls=stalls)
    check_against_golden(PLANS[name], 5, commands, "seed 7")


@st.composite
def plans(draw: st.DrawFn) -> StorePlan:
    """Plans of one to four domains with any options."""
    number_format = draw(st.sampled_from(["bf16", "fp16", "fp32"]))
    width = 32 if number_format == "fp32" else 16
    cuts = draw(st.sets(st.integers(1, width - 1), max_size=3))
    edges = [0, *sorted(cuts), width]
    pulses = draw(st.lists(st.integers(0, 5), min_size=len(edges) - 1, max_size=len(edges) - 1))
    return StorePlan(
        number_format,
        tuple(Domain(b - a, n * 2000) for (a, b), n in zip(pairwise(edges), pulses, strict=True)),
        tick_ps=2000,
        rewrite=draw(st.sampled_from(["all", "changed"])),
        bank_words=draw(st.integers(1, 3)),
        retry_limit=draw(st.integers(0, 3)),
    )


@given(plans(), st.integers(1, 4), st.integers(0, 2**32), st.booleans())
@settings(max_examples=20, deadline=None, derandomize=True)
def test_any_plan(plan: StorePlan, rows: int, seed: int, stalls: bool) -> None:
    commands = make_commands(plan, rows, 8, seed, stalls)
    check_against_golden(plan, rows, commands, f"seed {seed}, {plan.to_json()}")


@pytest.mark.full
@given(plans(), st.integers(1, 4), st.integers(0, 2**32), st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_plan_at_length(plan: StorePlan, rows: int, seed: int, stalls: bool) -> None:
    commands = make_commands(plan, rows, 20, seed, stalls)
    check_against_golden(plan, rows, commands, f"seed {seed}, {plan.to_json()}")


def expected_counters(golden: GoldenStore) -> dict[str, int]:
    counters = golden.counters
    expected = {"commands": counters.commands, "retries": counters.retries}
    for domain, (pulses, cycles) in enumerate(
        zip(counters.pulses, counters.driven_cycles, strict=True)
    ):
        expected |= {f"pulses_{domain}": int(pulses), f"driven_cycles_{domain}": int(cycles)}
    if golden.plan.retry_limit:
        expected["failed"] = counters.failed
    return expected


@pytest.mark.parametrize("name", PLANS)
def test_every_pulse_has_its_domain_s_length(name: str) -> None:
    plan = PLANS[name]
    run = simulate(StoreController(plan, 3), make_commands(plan, 3, 30, seed=11, stalls=False))
    cycles = dict(enumerate(plan.bit_pulse_ps // plan.tick_ps))
    assert all(
        length == cycles[cell % plan.width] > 0
        for cell, lengths in run.pulses.items()
        for length in lengths
    )
    assert bool(run.pulses) == any(plan.cycles)


@pytest.mark.parametrize(
    ("name", "latency", "fewest", "most"),
    [
        # Pulses of 4 clocks at most; 1 more after a command for the same row.
        ("plain", 1, 4, 5),
        ("bank", 1, 4, 5),
        ("one-clock", 1, 1, 2),
        ("nothing", 1, 1, 1),
        ("nothing-options", 1, 1, 1),
        # A read, and 4 clocks if a bit of domain 0 differs.
        ("changed", 2, 1, 5),
        # One attempt or four, each of 3 clocks and a verification.
        ("retry", 1, 4, 16),
        # A read, and up to three attempts, each of 4 clocks and a verification.
        ("changed-retry", 2, 1, 16),
    ],
)
def test_stated_timing(name: str, latency: int, fewest: int, most: int) -> None:
    dut = StoreController(PLANS[name], 2)
    assert (dut.latency, dut.word_cycles_range) == (latency, (fewest, most))
    word, limit = np.array([0xFFFF] * PLANS[name].bank_words), np.full((1, 1, 16), 1)
    run = simulate(dut, [Command(0, word, limit, stall=2)])
    driven = [clock for clock, (_, drive, _) in enumerate(run.trace) if drive]
    assert driven[:1] == ([run.accepted[0] + latency] if any(PLANS[name].cycles) else [])


def test_word_cycles_needs_every_domain() -> None:
    dut = StoreController(PLANS["plain"], 2)
    assert dut.word_cycles([1, 1]) == 4
    with pytest.raises(ValueError, match="shorter"):
        dut.word_cycles([1])
    Fragment.get(dut, None)


def test_summary_says_what_the_hardware_depends_on() -> None:
    dut = StoreController(PLANS["changed-retry"], 9)
    Fragment.get(dut, None)
    assert dut.summary == [
        "9 rows of 1 fp16, clock 5000 ps",
        "domain 0: bits 15 to 7, 4 clocks, 20000 ps",
        "domain 1: bits 6 to 3, 2 clocks, 10000 ps",
        "domain 2: bits 2 to 0, 0 clocks, 0 ps",
        "rewrite changed, 2 retries",
    ]


def test_reads_and_pulses_never_meet() -> None:
    plan = PLANS["changed-retry"]
    run = simulate(StoreController(plan, 3), make_commands(plan, 3, 40, seed=3, stalls=True))
    assert any(read for _, _, read in run.trace)
    assert not any(drive and read for _, drive, read in run.trace)


def test_plain_stream_drives_in_every_clock() -> None:
    plan = PLANS["plain"]
    word = np.array([0x3F80])
    limit = np.full((1, 1, 16), 1)
    commands = [Command(n % 2, word, limit) for n in range(8)]
    run = simulate(StoreController(plan, 2), commands)
    assert [b - a for a, b in pairwise(run.accepted)] == [4] * 7
    first = run.accepted[0] + 1
    assert all(drive for _, drive, _ in run.trace[first : first + 4 * 8])


def test_one_row_written_twice_sees_two_pulses() -> None:
    plan = PLANS["one-domain"]
    word, limit = np.array([0xFFFF]), np.full((1, 1, 16), 20_000)
    run = simulate(StoreController(plan, 1), [Command(0, word, limit)] * 2)
    assert run.pulses[0] == [3, 3]
    assert run.observations[-1].contents.tolist() == [[0]]


@pytest.mark.parametrize("rows", [0, -1, 2.0, True, (1 << 32) + 1])
def test_rows_out_of_range(rows: object) -> None:
    with pytest.raises(InputError, match=r"rows is .*; it must be a whole number from 1 to"):
        StoreController(PLANS["plain"], rows)  # type: ignore[arg-type]


@pytest.mark.parametrize("bits", [0, 65])
def test_counter_bits_out_of_range(bits: int) -> None:
    with pytest.raises(InputError, match=f"counter_bits is {bits}; "):
        StoreController(PLANS["plain"], 4, counter_bits=bits)


@pytest.mark.parametrize("bits", [1, 48, 64])
def test_every_counter_has_the_width_asked_for(bits: int) -> None:
    dut = StoreController(PLANS["retry"], 4, **({} if bits == 48 else {"counter_bits": bits}))
    Fragment.get(dut, None)
    assert {len(getattr(dut, name)) for name in dut.counter_names} == {bits}


def test_counters_wrap() -> None:
    plan = PLANS["one-clock"]
    word, limit = np.array([0xFFFF]), np.full((1, 1, 16), 1)
    run = simulate(
        StoreController(plan, 2, counter_bits=3), [Command(n % 2, word, limit) for n in range(7)]
    )
    assert run.observations[-1].counters["driven_cycles_0"] == 13 * 7 % 8
