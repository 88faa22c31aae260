"""The page: what it shows, that nothing from a file is taken as markup, what broken files cost."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import report_folder
from typer.testing import CliRunner

from nvmcosim.cli import app
from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.pymodel.files import write_json, write_text
from nvmcosim.report import load_results, render_page
from nvmcosim.report import svg as svg_module
from nvmcosim.report.numbers import difference, engineering, number, rate, seconds

HOSTILE = '$\\no{$</script><img src=x onerror="alert(1)">{{ 7*7 }}<b>&'


class Tags(HTMLParser):
    """Elements, ids and outward addresses of a page."""

    VOID = {"meta", "link", "br", "hr", "img", "input"}  # noqa: RUF012

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "xlink:href"):
                self.addresses.append(value or "")
            assert not name.startswith("on"), f"{tag} has {name}"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = report_folder.fill(tmp_path_factory.mktemp("results"))
    results = load_results(folder)
    text = render_page(results)
    assert results.missing == results.refused == []
    return text


def test_page_stands_alone(page: str) -> None:
    tags = Tags(page)
    assert tags.open == []
    assert "script" not in tags.names
    assert len(tags.ids) == len(set(tags.ids))
    outward = [a for a in tags.addresses if not a.startswith(("#", "data:"))]
    assert outward == []
    assert {a[1:] for a in tags.addresses if a.startswith("#")} <= set(tags.ids)


def test_page_shows_every_view_with_the_plans_digest(page: str) -> None:
    digest = report_folder.PLAN.digest()
    for name in ("plan", "curve", "golden", "rtl", "cosim", "training"):
        section = re.search(rf'<section id="{name}">.*?</section>', page, re.DOTALL)
        assert section is not None, name
        assert digest in section[0], name


def test_page_sets_figures_beside_the_paper(page: str) -> None:
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    row = next(row for row in rows if "fig5/15ns" in row)
    cells = [re.sub("<.*?>", "", cell) for cell in re.findall(r"<td.*?</td>", row)]
    assert cells[:6] == [
        "fig5/15ns",
        "0.004",
        "0.98 ± 0.01 (n\u00a0=\u00a05)",
        "+0.976",
        "%",
        "contradicted",
    ]
    for verdict in ("reproduced", "differs", "contradicted", "not-run"):
        assert f'class="badge {verdict}"' in page


def test_page_is_the_same_each_time(page: str, tmp_path: Path) -> None:
    assert render_page(load_results(report_folder.fill(tmp_path))) == page


def test_plots_carry_titles_units_and_legends(page: str) -> None:
    texts = set(re.findall(r"<text[^>]*>([^<]*)</text>", page))
    for expected in (
        "How often a write pulse fails",
        "write pulse (ns)",
        "P(write fails)",
        "energy a bit (pJ)",
        "driver",
        "test accuracy (%)",
        "T_R = 5 ns",
        "write energy saved (%)",
        "MP on MNIST, 20,000 of 60,000 samples, 5 of 20 epochs",
    ):
        assert expected in texts


def test_names_from_files_are_text(tmp_path: Path) -> None:
    results = load_results(report_folder.fill(tmp_path, name=HOSTILE))
    text = render_page(results, title=HOSTILE)
    assert results.refused == []
    tags = Tags(text)
    assert not {"script", "img", "b"} & set(tags.names) - {"b"}
    assert "<b>&" not in text
    assert "&lt;img src=x" in text
    assert "49" not in re.findall(r"<title>(.*?)</title>", text)[0]


def test_broken_files_cost_a_sentence_each(tmp_path: Path) -> None:
    report_folder.fill(tmp_path)
    write_text(tmp_path / "cut.json", '{"runs": [')
    write_json(tmp_path / "odd.json", {"runs": 3})
    curve = (tmp_path / "curve.json").read_text()
    write_text(tmp_path / "curve.json", curve.replace("1.2", "1.3", 1))
    results = load_results(tmp_path)
    text = render_page(results)
    assert sorted(s.split(" ")[0].split("/")[-1].rstrip(":") for s in results.refused) == [
        "curve.json",
        "cut.json",
        "odd.json",
    ]
    assert "was changed after it was written" in text


@pytest.mark.parametrize("name", ["training.json", "golden.json", "cosim.json", "study.json"])
def test_a_part_of_the_wrong_shape_is_left_out(tmp_path: Path, name: str) -> None:
    report_folder.fill(tmp_path)
    key = {"training.json": "columns", "golden.json": "pulses"}.get(name)
    key = key or {"cosim.json": "runs", "study.json": "figures"}[name]
    values = load_values(tmp_path / name)
    write_json(tmp_path / name, {**values, key: [{"unexpected": 1}]})
    results = load_results(tmp_path)
    text = render_page(results)
    assert len(results.refused) == (0 if name == "golden.json" else 1)
    assert 'id="plan"' in text


def load_values(path: Path) -> dict:
    from nvmcosim.pymodel.files import read_json

    return read_json(path)


def test_page_of_a_study_alone(tmp_path: Path) -> None:
    write_json(tmp_path / "STUDY.json", report_folder.figures())
    text = render_page(load_results(tmp_path))
    assert "Study: ono2021" in text
    assert 'id="plan"' not in text


def test_a_studys_plots_go_into_the_page_from_its_own_folder_alone(tmp_path: Path) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    write_text(tmp_path / "outside.svg", svg.replace("alert", "outside"))
    folder = tmp_path / "study"
    write_text(folder / "plots" / "fig6a.svg", svg)
    write_text(folder / "plots" / "notes.txt", "text")
    names = ("plots/fig6a.svg", "../outside.svg", "plots/notes.txt", "plots/none.svg", 7)
    plots = [{"id": "x", "title": f"Plot {n}", "svg": name} for n, name in enumerate(names)]
    write_json(folder / "study.json", {**report_folder.figures(), "plots": [*plots, "odd"]})
    text = render_page(load_results(folder))
    assert re.findall(r'alt="(Plot \d)"', text) == ["Plot 0"]
    address = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]*)"', text)
    assert [base64.b64decode(data).decode() for data in address] == [svg]
    assert "<script" not in text


def test_without_matplotlib_the_tables_remain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise MissingTool("plots need matplotlib")

    monkeypatch.setattr("nvmcosim.report.plots.figure", refuse)
    results = load_results(report_folder.fill(tmp_path))
    text = render_page(results)
    assert "<svg" not in text
    assert set(results.missing) == {"plots need matplotlib"}
    assert text.count("plots need matplotlib") == 1
    assert "97.86%" in text
    assert svg_module.figure is not refuse


def test_folders_without_results_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        load_results(tmp_path / "none")
    with pytest.raises(InputError, match="holds no result file"):
        load_results(tmp_path)
    write_text(tmp_path / "bad.json", "{")
    with pytest.raises(InputError, match=r"holds no result file.*bad\.json is not valid JSON"):
        load_results(tmp_path)


def test_verilog_is_read_from_beside_the_sidecar_alone(tmp_path: Path) -> None:
    secret = write_text(tmp_path / "secret.v", "module secret;\nendmodule\n")
    folder = report_folder.fill(tmp_path / "results")
    values = report_folder.sidecar() | {"verilog_file": str(secret), "verilog": "kept"}
    write_json(folder / "store_controller.json", values)
    (folder / "store_controller.v").unlink()
    text = render_page(load_results(folder))
    assert "module secret" not in text
    assert "kept" not in text


def test_command_writes_the_page(tmp_path: Path) -> None:
    folder = report_folder.fill(tmp_path)
    result = CliRunner().invoke(app, ["report", str(folder), "--out", str(tmp_path / "page")])
    assert result.exit_code == 0, result.output
    assert f"page: {tmp_path / 'page' / 'index.html'}" in result.output
    assert (tmp_path / "page" / "index.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        (lambda: number(0.30000000000000004), "0.3"),
        (lambda: number(118282), "118,282"),
        (lambda: number(None), "–"),
        (lambda: number(float("nan")), "–"),
        (lambda: number(True), "–"),
        (lambda: number(1.5e-7), "1.5e-7"),
        (lambda: engineering(4.2e-13, "J"), "420 fJ"),
        (lambda: engineering(0, "J"), "0 J"),
        (lambda: engineering(9.9999e-10, "J"), "1 nJ"),
        (lambda: rate(0.25), "25%"),
        (lambda: rate(3.2e-9), "3.2e-9"),
        (lambda: seconds(100), "1.7 min"),
        (lambda: difference(37.5, 37.5), "0"),
        (lambda: difference(0.1 + 0.2, 0.3), "0"),
        (lambda: difference(97.5, 96.25), "−1.25"),
        (lambda: difference(None, 1.0), "–"),
    ],
)
def test_numbers_as_shown(call: object, shown: str) -> None:
    assert call() == shown  # type: ignore[operator]
