"""`nvmcosim study`: run a paper's study and set its figures beside ours."""

from collections.abc import Callable

import typer

from nvmcosim.commands import (
    study_ho2021,
    study_locatelli2018,
    study_mondal2018,
    study_ono2021,
    study_wang2020,
)

__all__ = ["STUDIES", "register"]

#: Studies, by name, as `nvmcosim list` shows them.
STUDIES: dict[str, Callable[..., None]] = {
    "ono2021": study_ono2021.ono2021,
    "locatelli2018": study_locatelli2018.locatelli2018,
    "ho2021": study_ho2021.ho2021,
    "mondal2018": study_mondal2018.mondal2018,
    "wang2020": study_wang2020.wang2020,
}

_studies = typer.Typer(
    no_args_is_help=True, help="Run a paper's study and set its figures beside ours."
)


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    for name, command in STUDIES.items():
        _studies.command(name)(command)
    app.add_typer(_studies, name="study")
