"""One self-contained HTML page from a folder of result files."""

from nvmcosim.report.page import render_page
from nvmcosim.report.results import Results, load_results

__all__ = ["Results", "load_results", "render_page"]
