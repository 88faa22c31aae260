"""The page in headless Chromium: it renders, logs nothing, and loads nothing from anywhere."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import report_folder

from nvmcosim.pymodel.files import write_text
from nvmcosim.report import load_results, render_page

_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for name in _NAMES if (found := shutil.which(name))), None)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not installed; apt-get install chromium"
)

Browser = Callable[..., tuple[str, str]]


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    """Chromium on a page: its standard output, and what the page's console said."""

    def run(page: Path, *options: str) -> tuple[str, str]:
        command = [str(CHROMIUM), "--headless=new", "--disable-gpu", "--hide-scrollbars"]
        command += ["--no-first-run", f"--user-data-dir={tmp_path / 'profile'}"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")
        command += ["--enable-logging=stderr", "--v=0", *options, page.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        return done.stdout, "\n".join(said)

    return run


def test_console_is_heard(browser: Browser, tmp_path: Path) -> None:
    """Without this, a page that cannot log would pass the next test."""
    page = write_text(tmp_path / "loud.html", "<script>console.error('heard')</script>")
    assert "heard" in browser(page, "--dump-dom")[1]


def test_page_renders_without_a_word_on_the_console(browser: Browser, tmp_path: Path) -> None:
    folder = report_folder.fill(tmp_path / "results")
    page = write_text(folder / "index.html", render_page(load_results(folder)))
    dom, said = browser(page, "--dump-dom")
    assert said == ""
    assert dom.count("<svg") == 7
    assert 'id="training"' in dom


FRAMES = """<!DOCTYPE html><iframe width=390 height=900 src="index.html"></iframe>
<iframe width=1280 height=900 src="index.html"></iframe><output></output><script>
onload = () => {
  const widths = [...document.querySelectorAll("iframe")].map(frame => {
    const root = frame.contentDocument.documentElement;
    return [root.clientWidth, root.scrollWidth, root.querySelector("svg").clientWidth];
  });
  document.querySelector("output").textContent = JSON.stringify(widths);
};
</script>"""


def test_page_fits_narrow_and_wide_screens(browser: Browser, tmp_path: Path) -> None:
    folder = report_folder.fill(tmp_path / "results")
    write_text(folder / "index.html", render_page(load_results(folder)))
    frames = write_text(folder / "frames.html", FRAMES)
    dom, _ = browser(frames, "--allow-file-access-from-files", "--dump-dom")
    measured = re.search(r"<output>(.*?)</output>", dom)
    assert measured is not None
    widths = json.loads(measured[1])
    assert [client for client, _, _ in widths] == [pytest.approx(w, abs=20) for w in (390, 1280)]
    for client, scroll, plot in widths:
        assert scroll <= client
        assert plot > 300
