"""LeNet trained in memory: its accuracy, its arithmetic checked, its cost (wang2020, Fig. 6)."""

from collections.abc import Mapping, Sequence
from typing import Any

from nvmcosim.pymodel.formats import FORMATS
from nvmcosim.pymodel.pim_mapping import (
    LENET,
    Costs,
    Layer,
    Machine,
    PassCost,
    map_network,
    resnet50,
    room,
    stored_words,
)
from nvmcosim.pymodel.pim_mapping_rest import map_rest, periphery_calls
from nvmcosim.pymodel.pim_programs import named_program
from nvmcosim.studies.figures import Figure, judge_rule
from nvmcosim.studies.wang2020 import printed

__all__ = ["cost_figures", "network_figures"]

_ACCURACY = 97.08
_BATCH = 64
#: 4 GiB, so that ResNet-50's parameters and a batch's values have room beside the programs.
_LARGE, _LARGE_BATCH = Machine(32_768), 16
#: Columns that a sum may be split over where that is looked at.
_SPLIT = 1024
_BASIS = (
    "steps of the mac and add programs, a column for each value, both operands moved in first; "
    "read 2.03 ns and write 2.48 ns from NVSim, 12 fJ a cell written from Table 1"
)
_NO_BASELINE = (
    "FloatPIM's side rests on the paper's own simulator and on counts that neither paper prints"
)


def network_figures(results: Mapping[str, Mapping[str, Any]], quick: bool = False) -> list[Figure]:
    """The rows of the network; `results` has those cells that were run, as `lenet/fp32`."""
    figures = []
    for name in FORMATS:
        figures.append(_accuracy(name, results.get(f"lenet/{name}"), quick))
        figures.append(_exact(name, results.get(f"exact/{name}")))
    return figures + cost_figures()


def _accuracy(name: str, result: Mapping[str, Any] | None, quick: bool) -> Figure:
    id, title = f"accuracy/lenet/{name}", f"Test accuracy of LeNet trained on MNIST in {name}"
    if result is None:
        return Figure(id, title, _ACCURACY, None, "%", "not-run", "its training is not there")
    points = [
        {"epoch": n, "accuracy": accuracy, "loss": loss}
        for n, (accuracy, loss) in enumerate(
            zip(result["accuracy"], result["loss"], strict=True), 1
        )
    ]
    ours = float(result["accuracy"][-1])
    text = (
        f"after {result['epochs']} epochs of gradient descent in batches of 64 at a rate of 0.1, "
        f"{result['test_images']:,} test images"
    )
    if name != "fp32":
        text += "; the paper trains in fp32 alone"
    if quick:
        text = f"a part of the images; {text}"
        return Figure(id, title, _ACCURACY, ours, "%", "not-run", text, points=points)
    reached = ours >= _ACCURACY
    return judge_rule(id, title, _ACCURACY, ours, "%", reached, text, points=points)


def _exact(name: str, result: Mapping[str, Any] | None) -> Figure:
    id = f"network/bit-exact/{name}"
    title = f"Values of training steps that differ from the programs', {name}"
    if result is None:
        return Figure(id, title, None, None, "values", "not-run", "its check is not there")
    counts = result["counts"]
    done, wrong = (sum(int(count[n]) for count in counts.values()) for n in (0, 1))
    points = [{"what": what, "values": c[0], "differ": c[1]} for what, c in counts.items()]
    text = f"of {done:,} sampled values of {result['steps']} steps, made again by the programs"
    return judge_rule(id, title, 0, wrong, "values", wrong == 0, text, points=points)


def cost_figures() -> list[Figure]:
    """Fig. 6: what can be computed of it, and the same for ResNet-50."""
    lenet = map_network(LENET, _BATCH)
    figures = [
        *_compared("fig6/lenet", f"LeNet, a step of {_BATCH} images", LENET, _BATCH, Machine()),
        _share(lenet),
        _utilisation("network/lenet/utilisation", "LeNet", lenet),
        _rest("network/lenet/rest", f"LeNet, a step of {_BATCH} images", LENET, _BATCH, Machine()),
        *_split("network/lenet/split", "LeNet", LENET, _BATCH, lenet),
        *_ratios(),
    ]
    title = f"ResNet-50, a step of {_LARGE_BATCH} images on {_LARGE.subarrays:,} subarrays"
    layers = resnet50()
    figures += _compared("network/resnet50", title, layers, _LARGE_BATCH, _LARGE)
    passes = map_network(layers, _LARGE_BATCH, machine=_LARGE)
    figures.append(_utilisation("network/resnet50/utilisation", "ResNet-50", passes))
    figures.append(_rest("network/resnet50/rest", title, layers, _LARGE_BATCH, _LARGE))
    figures += _split("network/resnet50/split", "ResNet-50", layers, _LARGE_BATCH, passes)
    return figures


def _equations() -> dict[str, Costs]:
    """Eq. 2 and 3 as costs; a MAC is a multiplication and an addition."""
    fmt = FORMATS["fp32"]
    add = printed.equation_2(fmt)
    sums = Costs(*(float(getattr(add, name)) for name in Costs.__dataclass_fields__))
    steps, cells = printed.equation_3_steps(fmt), printed.equation_3_cells(fmt)
    product = Costs(steps, steps, 0, cells, cells)
    return {"add": sums, "multiply": product, "mac": sums + product}


def _compared(
    id: str, title: str, layers: Sequence[Layer], batch: int, machine: Machine
) -> list[Figure]:
    """Latency and energy of a step, by the equations and by the programs, and the area."""
    ours = map_network(layers, batch, "fp32", machine)
    theirs = map_network(layers, batch, "fp32", machine, _equations())
    subarrays = max(p.subarrays for p in ours)
    area = machine.area_mm2(subarrays)
    stored = 100 * stored_words(layers, batch) / room(machine, subarrays)
    points = [p.to_dict() for p in ours] if len(layers) < 10 else _by_pass(ours)
    basis = f"{_BASIS}; both columns computed, the paper's from Eq. 2 and 3"
    return [
        Figure(
            f"{id}/latency",
            f"Latency of {title}",
            _total(theirs, "latency_us") * 1e-3,
            _total(ours, "latency_us") * 1e-3,
            "ms",
            "differs",
            f"{basis}; layers one after the other",
            points=points,
        ),
        Figure(
            f"{id}/energy",
            f"Energy of the cells written in {title}",
            _total(theirs, "energy_nj") * 1e-6,
            _total(ours, "energy_nj") * 1e-6,
            "mJ",
            "differs",
            f"{basis}; drivers and sense amplifiers are not in it",
        ),
        Figure(
            f"{id}/area",
            f"Area of the cells for {title}",
            None,
            area,
            "mm²",
            "not-run",
            f"the paper prints a ratio alone; {subarrays:,} subarrays of 1024 by 1024 cells of "
            "40 F² at 28 nm, periphery not counted; parameters, values and gradients take "
            f"{stored:.0f}% of the rows beside the program's",
        ),
    ]


def _total(passes: Sequence[PassCost], field: str) -> float:
    return float(sum(getattr(p, field) for p in passes))


def _by_pass(passes: Sequence[PassCost]) -> list[dict[str, float | str]]:
    names = dict.fromkeys(p.name for p in passes)
    return [
        {
            "name": name,
            **{
                field: _total([p for p in passes if p.name == name], field)
                for field in ("latency_us", "energy_nj", "macs")
            },
        }
        for name in names
    ]


def _share(passes: Sequence[PassCost]) -> Figure:
    share = 100 * _total(passes, "compute_us") / _total(passes, "latency_us")
    return judge_rule(
        "text-computation",
        "Share of computation in the latency of training LeNet",
        "dominates",
        share,
        "%",
        share > 50,
        f"the rest moves operands into columns, wires not counted; {_BASIS}",
    )


def _rest(id: str, title: str, layers: Sequence[Layer], batch: int, machine: Machine) -> Figure:
    """What rectifiers, maxima and softmax take beside the sums of products."""
    sums, rest = (f(layers, batch, "fp32", machine) for f in (map_network, map_rest))
    time, energy = (
        100 * _total(rest, field) / (_total(sums, field) + _total(rest, field))
        for field in ("latency_us", "energy_nj")
    )
    calls = periphery_calls(layers[-1].outputs, batch)
    return Figure(
        id,
        f"{title}: share of rectifiers, maxima and softmax in latency",
        None,
        time,
        "%",
        "not-run",
        f"not in the paper; {energy:.2g}% of the energy. Steps of the relu, maximum, compare, add, "
        "subtract and multiply programs; the other rows leave them out, as Eq. 2 and 3 have none. "
        f"{calls['exponentials']:,} exponentials and {calls['reciprocals']:,} reciprocals are the "
        "periphery's and are not in it",
        points=_by_pass(rest),
    )


def _split(
    id: str, name: str, layers: Sequence[Layer], batch: int, whole: Sequence[PassCost]
) -> list[Figure]:
    """The same machine with its sums split over what columns it has."""
    machine = Machine(max(p.subarrays for p in whole))
    passes = map_network(layers, batch, "fp32", machine, split=_SPLIT)
    rows = (
        ("latency", "latency of a step", _total(whole, "latency_us"), "latency_us", "ms", 1e-3),
        ("energy", "energy of a step", _total(whole, "energy_nj"), "energy_nj", "mJ", 1e-6),
    )
    text = (
        f"not in the paper; sums go over up to {_SPLIT:,} columns of the same "
        f"{machine.subarrays:,} subarrays and are added by halves. Accounting alone: the network "
        "that is trained sums in one column, which"
    )
    return [
        *(
            Figure(
                f"{id}/{what}",
                f"{name}, sums split over columns: {words}",
                None,
                _total(passes, field) * scale,
                unit,
                "not-run",
                f"{text} takes {before * scale:.4g} {unit}",
                points=_by_pass(passes) if what == "latency" else (),
            )
            for what, words, before, field, unit, scale in rows
        ),
        Figure(
            f"{id}/subarrays",
            f"{name}, sums split over columns: subarrays at work",
            None,
            _taken(passes),
            "%",
            "not-run",
            f"{text} keeps {_taken(whole):.1f}% at work",
        ),
    ]


def _taken(passes: Sequence[PassCost]) -> float:
    """Share of the subarrays of the largest pass that passes take, by their time, in percent."""
    most = max(p.subarrays for p in passes)
    taken = sum(p.latency_us * p.subarrays for p in passes)
    return 100 * taken / (most * _total(passes, "latency_us"))


def _utilisation(id: str, name: str, passes: Sequence[PassCost]) -> Figure:
    """Columns with work, weighted by the time that they are taken for."""
    taken = sum(p.latency_us * p.subarrays for p in passes)
    used = 100 * sum(p.utilisation * p.latency_us * p.subarrays for p in passes) / taken
    most, whole = max(p.subarrays for p in passes), _taken(passes)
    rows = named_program("mac", "fp32").rows
    return Figure(
        id,
        f"{name}: columns that compute, of the subarrays that a pass takes",
        None,
        used,
        "%",
        "not-run",
        f"not in the paper; passes take {whole:.0f}% of the machine's {most:,} subarrays on "
        "average, as layers go one after the other and a weight's gradient is a long sum in few "
        f"columns; a MAC takes {rows} of 1,024 rows",
    )


def _ratios() -> list[Figure]:
    rows = named_program("multiply", "fp32").rows
    cells = (
        f"; the one number that it quotes is 455 cells in a row for a multiplication, where the "
        f"program here takes {rows} rows of a column, operands and result included"
    )
    return [
        Figure(
            f"fig6/{what}-ratio",
            f"Training LeNet against FloatPIM: {what}",
            ratio,
            None,
            "×",
            "not-run",
            _NO_BASELINE + (cells if what == "area" else ""),
        )
        for what, ratio in (("latency", 1.8), ("energy", 3.3), ("area", 2.5))
    ]
