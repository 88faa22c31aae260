"""Proofs of the AppWOM blocks: codecs, and line controllers of every policy."""

from collections.abc import Sequence
from functools import cache

from nvmcosim.hdl.codec_monitor import CODEC_PROPERTIES, codec_monitor
from nvmcosim.hdl.formal import Proof
from nvmcosim.hdl.line_controller import LineController
from nvmcosim.hdl.line_core import LineCore
from nvmcosim.hdl.line_monitor import LINE_PROPERTIES, line_monitor
from nvmcosim.hdl.line_wiring import WIRING_PROPERTIES, wiring_monitor
from nvmcosim.hdl.line_words import LineWords
from nvmcosim.hdl.verilog import to_verilog
from nvmcosim.hdl.wom_codec import WomCodec
from nvmcosim.pymodel.coded_lines import LineShape
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.pcm_cell import PcmCell

__all__ = ["codec_proofs", "controller_proof", "line_proof", "line_proofs", "wiring_proof"]

#: A group in the conventional code and one in AppWOM; and a line of one bf16 word.
_PAIR = (False, True)
_WORD = LinePlan("bf16", line_words=1).shape.approximate
_LINES = {
    "line": LineShape(_PAIR),
    "line-any": LineShape(_PAIR, idle="any"),
    "line-all": LineShape(_PAIR, idle="all"),
    "group": LineShape(_PAIR, by_group=True),
    "group-any": LineShape(_PAIR, by_group=True, idle="any"),
    "bf16-line": LineShape(_WORD),
    "table-ii": LineShape(_PAIR),
    "fixed": LineShape(_PAIR, ping_pong=False),
    "fixed-any": LineShape(_PAIR, idle="any", ping_pong=False, polarity=0),
    "fixed-all": LineShape(_PAIR, idle="all", ping_pong=False),
    "fixed-group": LineShape(_PAIR, by_group=True, ping_pong=False, polarity=0),
    "fixed-group-any": LineShape(_PAIR, by_group=True, idle="any", ping_pong=False),
    "wom-set": LineShape((False, False), ping_pong=False),
    "bf16-fixed": LineShape(_WORD, ping_pong=False),
}
#: Clocks of a read, a SET and a RESET: short, so that a command fits into the induction's depth.
_PULSES = (1, 2, 1)
_COUNTER_BITS = 4
#: A controller with words, not groups, at its ports: the wiring between the two included.
_WORDS = LinePlan("bf16", line_words=1)
#: Lines of 512 bits of every format, and other groupings.
_WIRINGS = {
    "fp32": LinePlan("fp32"),
    "bf16": LinePlan("bf16", line_words=32),
    "fp16": LinePlan("fp16", line_words=32),
    "fewer": LinePlan("fp32", app_groups=3),
    "wom-set": LinePlan("fp32", "wom-set"),
}


@cache
def codec_proofs() -> tuple[Proof, ...]:
    """All words, data and polarities at once: without registers, one clock is all there is."""
    shapes = {"line": LineShape(_WORD), "group": LineShape(_WORD, by_group=True)}
    return tuple(
        Proof(
            f"appwom-codec/{name}",
            to_verilog(WomCodec(shape), "dut") + codec_monitor(shape),
            CODEC_PROPERTIES,
            depth=1,
        )
        for name, shape in shapes.items()
    )


@cache
def line_proofs() -> tuple[Proof, ...]:
    """Lines of every policy, some of whole words, a whole controller, and the wiring of words."""
    # ho2021's Table II on a clock of 125 ns, as long as its shortest pulse.
    pulses = {"line": (2, 3, 2), "table-ii": (1, 8, 1)}
    return (
        *(
            line_proof(f"appwom-line/{name}", shape, pulses.get(name, _PULSES))
            for name, shape in _LINES.items()
        ),
        controller_proof("appwom-line/words", _WORDS),
        *(wiring_proof(f"appwom-line/wiring-{name}", plan) for name, plan in _WIRINGS.items()),
    )


def line_proof(name: str, shape: LineShape, pulses: tuple[int, int, int] = _PULSES) -> Proof:
    """What is to be proved of a core of `shape`, with these clocks of a read, a SET and a RESET."""
    read, sets, resets = pulses
    core = LineCore(
        shape,
        2,
        read_cycles=read,
        set_cycles=sets,
        reset_cycles=resets,
        counter_bits=_COUNTER_BITS,
    )
    return _proof(name, to_verilog(core, "dut"), shape, pulses)


def controller_proof(name: str, plan: LinePlan, pulses: tuple[int, int, int] = _PULSES) -> Proof:
    """The same of the whole controller of `plan`, with its words as the groups that `plan` says."""
    read, sets, resets = (clocks * plan.tick_ps for clocks in pulses)
    timed = plan.replace(cell=PcmCell(read_ps=read, set_ps=sets, reset_ps=resets))
    controller = LineController(timed, 2, counter_bits=_COUNTER_BITS)
    places = [
        (word * plan.width + group.important, word * plan.width + group.other)
        for word in range(plan.line_words)
        for group in plan.groups
    ]
    return _proof(name, to_verilog(controller, "dut"), plan.shape, pulses, places)


def wiring_proof(name: str, plan: LinePlan) -> Proof:
    """Which bits of its words the groups of a line are; without registers, one clock is all."""
    text = to_verilog(LineWords(plan), "dut") + wiring_monitor(plan)
    return Proof(name, text, WIRING_PROPERTIES, depth=1)


def _proof(
    name: str,
    dut: str,
    shape: LineShape,
    pulses: tuple[int, int, int],
    places: Sequence[tuple[int, int]] = (),
) -> Proof:
    read, sets, resets = pulses
    monitor = line_monitor(
        shape,
        read_cycles=read,
        set_cycles=sets,
        reset_cycles=resets,
        counter_bits=_COUNTER_BITS,
        places=places,
    )
    # Any command, from any clock of it with its timers at any count, ends within this, and the
    # next one after it.
    depth = 2 * (read + 1) + 4 * max(sets, resets)
    return Proof(name, dut + monitor, LINE_PROPERTIES, depth)
