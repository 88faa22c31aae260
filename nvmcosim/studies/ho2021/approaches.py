"""The approaches that are compared, and the readings of what the paper leaves open."""

from nvmcosim.pymodel.line_plan import LinePlan

__all__ = ["APPROACHES", "APPWOM", "BF16", "READINGS", "TITLES", "WATCHED"]

#: AppWOM as studied: lines of 512 bits of data ("a memory line contains hundred of bits", II-A),
#: the whole line turned over when a write finds a group exhausted.
APPWOM = LinePlan("fp32", "appwom-ping-pong")
#: What it is compared with, by name: the paper's three, then what it does not have.
APPROACHES = {
    "preset": LinePlan("fp32", "preset"),
    "prereset": LinePlan("fp32", "prereset"),
    "wom-set": LinePlan("fp32", "wom-set"),
    "dcw": LinePlan("fp32", "dcw"),
    "flip-n-write": LinePlan("fp32", "flip-n-write"),
    "basic": LinePlan("fp32", "basic"),
}
TITLES = {
    "preset": "PreSET",
    "prereset": "PreRESET",
    "wom-set": "WOM-SET",
    "appwom": "AppWOM",
    "dcw": "data-comparison write",
    "flip-n-write": "Flip-N-Write",
    "basic": "every cell driven",
    "appwom-1": "AppWOM of M6+M7 alone",
}
#: Readings of the policy, by name: what AppWOM and WOM-SET are then, and in words.
READINGS = {
    "studied": (APPWOM, APPROACHES["wom-set"], "the line is the unit of both"),
    "word": (
        APPWOM.replace(line_words=1),
        LinePlan("fp32", "wom-set", line_words=1),
        "a word is the unit of both",
    ),
    "word-line": (
        APPWOM.replace(line_words=1),
        APPROACHES["wom-set"],
        "a word is AppWOM's unit, the line WOM-SET's",
    ),
    "group": (
        APPWOM.replace(refresh="group"),
        LinePlan("fp32", "wom-set", refresh="group"),
        "a group is the unit of both",
    ),
    "no-ping-pong": (
        LinePlan("fp32", "appwom"),
        APPROACHES["wom-set"],
        "AppWOM is PreSET as WOM-SET is, without ping-pong",
    ),
    "idle": (
        APPWOM.replace(idle="any"),
        LinePlan("fp32", "wom-set", idle="any"),
        "idle time turns lines with a spent group and places their data again",
    ),
}
#: 16-bit words, beyond the paper; with all three groups in AppWOM, or M6+M7 alone.
BF16 = {
    "appwom": LinePlan("bf16", "appwom-ping-pong"),
    "appwom-1": LinePlan("bf16", "appwom-ping-pong", app_groups=1),
    "dcw": LinePlan("bf16", "dcw"),
    "preset": LinePlan("bf16", "preset"),
    "prereset": LinePlan("bf16", "prereset"),
    "wom-set": LinePlan("bf16", "wom-set"),
}
#: What looks on while fp32 weights are trained exactly: the approaches, then the readings.
WATCHED = tuple(
    dict.fromkeys(
        (
            *APPROACHES.values(),
            *(plan for pair in READINGS.values() for plan in pair[:2]),
        )
    )
)
