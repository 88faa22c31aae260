"""Rendering: results to sections, sections to one HTML page that needs nothing beside itself."""

from collections.abc import Callable, Iterable

from nvmcosim.report.front import front_section
from nvmcosim.report.results import Results
from nvmcosim.report.rtl import rtl_section
from nvmcosim.report.section import Section
from nvmcosim.report.sections import (
    curve_section,
    golden_section,
    headline,
    plan_section,
    provenance_section,
    title_of,
)
from nvmcosim.report.tables import bench_section, cosim_section, proof_section, study_sections
from nvmcosim.report.trained import training_section

__all__ = ["render_page", "sections_of"]

_PLAN_LEAD = (
    "Device physics, golden model, hardware, test bench and training of one plan, beside the "
    "published figures."
)
_LEAD = "Results of nvmcosim, each with its provenance."

_BUILDERS: tuple[Callable[[Results], Iterable[Section]], ...] = (
    plan_section,
    curve_section,
    golden_section,
    rtl_section,
    cosim_section,
    proof_section,
    training_section,
    front_section,
    study_sections,
    bench_section,
    provenance_section,
)


def sections_of(results: Results) -> list[Section]:
    """The page's sections, in order; what a broken file leaves out goes to `results.refused`."""
    sections: list[Section] = []
    for builder in _BUILDERS:
        try:
            sections += list(builder(results))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            part = builder.__name__.removesuffix("_section").removesuffix("_sections")
            results.refused.append(
                f"the {part} part is left out, as a file is not what its command writes "
                f"({type(error).__name__}: {error})"
            )
    return sections


def render_page(results: Results, title: str = "") -> str:
    """The HTML page of `results`: no script, no link to elsewhere, every name escaped.

    `title` is by default the plan's description, or the folder's name.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("nvmcosim.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections = sections_of(results)
    return environment.get_template("page.html.j2").render(
        title=title or title_of(results),
        subtitle=_PLAN_LEAD if results.plan is not None else _LEAD,
        cards=headline(results),
        sections=sections,
        missing=results.missing,
        refused=results.refused,
    )
