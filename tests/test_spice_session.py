import os
import resource
import subprocess
import sys

import numpy as np
import pytest

from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.errors import MissingTool
from nvmcosim.spice import cards
from nvmcosim.spice import session as session_module
from nvmcosim.spice.mtj import Start
from nvmcosim.spice.netlist import Netlist
from nvmcosim.spice.session import SpiceError, session
from nvmcosim.spice.write_cell import write_netlist

pytest.importorskip("PySpice")


def rc(resistance=1000.0, end=5e-6):
    netlist = Netlist("a capacitor of 1 nF charged through a resistor")
    netlist.add("v1 in 0 1")
    netlist.add("r1 in out {r}", r=resistance)
    netlist.add("c1 out 0 1n ic=0")
    netlist.add(".tran 10n {end} 0 10n uic", end=end)
    netlist.add(".save v(out)")
    return netlist


def test_a_transient_is_the_closed_form():
    with session().circuit(rc()) as circuit:
        circuit.run()
        time, out = circuit.vectors("time", "out")
    assert out == pytest.approx(1 - np.exp(-time / 1e-6), abs=2e-3)
    assert session().version.startswith("ngspice-")


def test_alter_and_run_again():
    with session().circuit(rc()) as circuit:
        circuit.alter("r1", 2000.0)
        circuit.run()
        assert circuit.last("out") == pytest.approx(1 - np.exp(-2.5), abs=2e-3)
        circuit.alter("r1", 1000.0)
        circuit.run()
        assert circuit.last("out") == pytest.approx(1 - np.exp(-5), abs=2e-3)


def test_advance_pauses_and_goes_on():
    with session().circuit(rc(end=1e-3)) as circuit:
        assert circuit.advance(1e-6) == pytest.approx(1e-6, abs=1.1e-8)
        first = circuit.last("out")
        circuit.alter("v1", 0.0)
        reached = circuit.advance(3e-6)
        assert circuit.last("out") == pytest.approx(
            first * np.exp(-(reached - 1e-6) / 1e-6), rel=0.02
        )
        with pytest.raises(SpiceError, match="on the way to"):
            circuit.advance(2e-3)


def test_the_same_circuit_gives_the_same_bits():
    results = []
    for _ in range(2):
        with session().circuit(rc()) as circuit:
            circuit.run()
            results.append(circuit.vectors("time", "out"))
    assert np.array_equal(results[0], results[1])


def test_what_ngspice_refuses_is_an_error_in_its_words():
    broken = Netlist("a resistor of a model that is not there")
    broken.add("r1 a 0 nosuchmodel")
    broken.add("v1 a 0 1")
    broken.add(".op")
    with pytest.raises(SpiceError), session().circuit(broken) as circuit:
        circuit.run()
    with session().circuit(rc()) as circuit:
        circuit.run()
        with pytest.raises(SpiceError, match="no result called 'nothere'"):
            circuit.vectors("nothere")
        with pytest.raises(SpiceError, match="meas"):
            session().command("meas tran late when v(out)=2")
        with pytest.raises(SpiceError, match="loaded already"):
            session().open(rc())
    # After all that the session still works.
    test_a_transient_is_the_closed_form()


def test_unloading_frees_the_memory():
    spec = preset("stt-65nm")
    netlist = write_netlist(spec.driver, spec.mtj, Start("P-AP", 0.1), 1e-10)

    def simulate(count):
        for _ in range(count):
            with session().circuit(netlist) as circuit:
                circuit.run()

    simulate(20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    simulate(60)
    # In KiB; without `remcirc` it is 178 a run.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60 * 30


def test_without_pyspice_or_ngspice_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "PySpice.Spice.NgSpice.Shared", None)
    with pytest.raises(MissingTool, match=r"pip install 'nvmcosim\[spice\]'"):
        session_module._load_ngspice()
    monkeypatch.undo()
    monkeypatch.delenv("NGSPICE_LIBRARY_PATH", raising=False)
    monkeypatch.setattr(session_module.ctypes.util, "find_library", lambda name: None)
    with pytest.raises(MissingTool, match="apt install libngspice0"):
        session_module._load_ngspice()


def test_asking_again_for_a_library_that_is_not_there_says_the_same():
    script = (
        "from nvmcosim.spice.session import session\n"
        "for _ in range(2):\n"
        "    try: session()\n"
        "    except Exception as error: print(type(error).__name__, error)\n"
    )
    environment = {**os.environ, "NGSPICE_LIBRARY_PATH": "/nowhere/libngspice.so"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    first, second = done.stdout.strip().splitlines()
    assert first == second
    assert first.startswith("MissingTool the ngspice library is not installed")


def test_without_the_cards_one_sentence_says_what_to_install(monkeypatch, tmp_path):
    cards.model_cards.cache_clear()
    monkeypatch.setattr(cards, "_PACKAGE", "no-such-package-of-cards")
    with pytest.raises(MissingTool, match="pip install --no-deps"):
        cards.model_cards()
    monkeypatch.undo()
    text = cards.model_cards()
    assert text.count(".model") == 2
    assert all(line.startswith(("+", ".model")) for line in text.splitlines())
    assert cards.cards_digest() == cards.cards_digest()
