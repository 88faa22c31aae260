"""The catalogue: each controller behind its own ports, none disturbing another."""

from types import SimpleNamespace
from typing import Any

import pytest
from hdl_bench import simulate
from test_hdl_store_controller import PLANS, make_commands

from nvmcosim.hdl.catalogue import Catalogue
from nvmcosim.hdl.store_controller import StoreController
from nvmcosim.pymodel.errors import InputError

NAMES = ("plain", "changed-retry", "nothing")


def port_view(catalogue: Catalogue, n: int) -> Any:
    """Controller n as its ports alone show it."""
    controller = catalogue.controllers[n]
    names = ("words", "array", *controller.counter_names)
    members = {name: getattr(catalogue, f"p{n}_{name}") for name in names}
    facts = {name: getattr(controller, name) for name in ("plan", "rows", "counter_names")}
    return SimpleNamespace(**members, **facts)


@pytest.mark.parametrize("n", range(len(NAMES)))
def test_a_controller_behaves_as_if_alone(n: int) -> None:
    plan = PLANS[NAMES[n]]
    commands = make_commands(plan, 3, 20, seed=n, stalls=True)
    catalogue = Catalogue([StoreController(PLANS[name], 3) for name in NAMES])
    together = simulate(port_view(catalogue, n), commands, top=catalogue)
    alone = simulate(StoreController(plan, 3), commands)
    assert together.trace == alone.trace
    assert together.accepted == alone.accepted
    assert [seen.counters for seen in together.observations] == [
        seen.counters for seen in alone.observations
    ]


def test_no_plans() -> None:
    with pytest.raises(InputError, match="controllers is empty; a catalogue has at least one"):
        Catalogue([])
