"""Fig. 4b and Table I of mondal2018: the normal and the biased number generator."""

import numpy as np

from nvmcosim.pymodel.device.in_plane import InPlaneMtj
from nvmcosim.pymodel.sng import Sng
from nvmcosim.studies.figures import Figure, judge_number, judge_rule

__all__ = ["TABLE_1", "generator_figures"]

#: Table I as printed: time in ns, energy in pJ, power in uW.
TABLE_1 = {"normal": ("9.73", "0.59", "80"), "bms": ("7.82", "0.34", "62")}
#: What the text says that the bms saves of each, in percent.
_SAVED = {"energy": "42", "power": "23"}
_GRID = np.linspace(0, 1, 11)


def generator_figures(mtj: InPlaneMtj) -> list[Figure]:
    """Every row of Fig. 4b and Table I.

    The table's energies over continuous uniform p are the verdict; those on an 11-point grid of p,
    0 and 1 included, stand beside it, as does the energy without read and mux.
    """
    sngs = {name: Sng(name, mtj) for name in TABLE_1}
    means = {name: float(sng.mean_energy.total_j) * 1e12 for name, sng in sngs.items()}
    grids = {name: float(sng.energy_j(_GRID).mean()) * 1e12 for name, sng in sngs.items()}
    powers = {name: means[name] * 1e3 / (sng.bit_s * 1e9) for name, sng in sngs.items()}
    rows = [_figure_4b(sngs)]
    for name, sng in sngs.items():
        time, energy, power = TABLE_1[name]
        bare = float(sng.mean_energy.reset_j + sng.mean_energy.write_j) * 1e12
        own = float(energy) / float(time) * 1e3
        rows += [
            judge_number(
                f"table1/{name}/time",
                f"Time of a bit, {name}: reset of 4.33 ns, longest write, read of 2 ns",
                time,
                sng.bit_s * 1e9,
                "ns",
            ),
            judge_number(
                f"table1/{name}/energy",
                f"Mean energy of a bit over uniform p, {name}",
                energy,
                means[name],
                "pJ",
                f"{bare:.3f} pJ without read and mux; the table's two energies are nearer to a "
                f"grid of 11 points, 0 to 1, on which this is {grids[name]:.3f}",
            ),
            judge_number(
                f"table1/{name}/energy-grid",
                f"Mean energy of a bit over p = 0, 0.1, ..., 1, {name}",
                energy,
                grids[name],
                "pJ",
                "the other reading of a mean over p, beside the verdict over uniform p",
            ),
            Figure(
                f"table1/{name}/power",
                f"Mean power, {name}: energy over time",
                float(power),
                powers[name],
                "uW",
                "contradicted",
                f"the table's own {energy} pJ in its own {time} ns are {own:.1f} uW, and neither "
                "a shorter mean time nor a reset at every bit gives both of its powers",
            ),
        ]
    return [*rows, *_savings(means, grids, powers)]


def _savings(
    means: dict[str, float], grids: dict[str, float], powers: dict[str, float]
) -> list[Figure]:
    def saved(values: dict[str, float]) -> float:
        return 100 * (1 - values["bms"] / values["normal"])

    return [
        judge_number(
            "text-iii/saving/energy",
            "Energy a bit that the biased generator saves (III-C), over uniform p",
            _SAVED["energy"],
            saved(means),
            "%",
            f"{saved(grids):.1f}% on the 11-point grid; the saving is counted from Table I, where "
            "it is 42%",
        ),
        Figure(
            "text-iii/saving/power",
            "Power that the biased generator saves (III-C), over uniform p",
            float(_SAVED["power"]),
            saved(powers),
            "%",
            "contradicted",
            "from Table I's own energies and times it would be 28%: 0.59 pJ / 9.73 ns against "
            "0.34 pJ / 7.82 ns",
        ),
    ]


def _figure_4b(sngs: dict[str, Sng]) -> Figure:
    p = np.linspace(0, 1, 201)
    energies = {name: sng.energy_j(p) * 1e12 for name, sng in sngs.items()}
    normal, biased = energies["normal"], energies["bms"]
    falls = bool((np.diff(normal) <= 0).all())
    symmetric = bool(np.allclose(biased, biased[::-1]) and biased.argmax() == 100)
    cheaper = bool((biased[:100] < normal[:100]).all())
    points = [
        {"p": float(x), "normal_pj": float(n), "bms_pj": float(b)}
        for x, n, b in zip(p, normal, biased, strict=True)
    ]
    return judge_rule(
        "fig4b",
        "Energy a bit by p (Fig. 4b): normal at 0 and 1/2, biased at 0 and 1/2",
        "normal falls with p; biased is symmetric, highest at 1/2",
        f"{normal[0]:.2f} and {normal[100]:.2f}, {biased[0]:.3f} and {biased[100]:.2f}",
        "pJ",
        falls and symmetric and cheaper,
        "a curve without printed numbers; Table I has its means",
        points=points,
    )
