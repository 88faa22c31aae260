"""Image sets: found, checked, refused with one sentence."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from nvmcosim.datasets import DATASETS, ImageSet, load_dataset, search_folders
from nvmcosim.datasets.cifar import BINARY_FILES, BINARY_FOLDER, read_cifar10
from nvmcosim.datasets.idx import IDX_FILES, MNIST_SHA256, idx_file, parse_idx, read_idx
from nvmcosim.pymodel.errors import InputError, MissingTool


def idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


def tiny() -> ImageSet:
    images = np.arange(40 * 4, dtype=np.uint8).reshape(40, 1, 2, 2)
    labels = np.arange(40, dtype=np.uint8) % 10
    return ImageSet("tiny", "Tiny", "here", images, labels, images[:20], labels[:20], {})


def test_idx_follows_the_published_format() -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert (parse_idx(idx(array), Path("x")) == array).all()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\x08",
        b"\0\0\x08\0",
        b"\0\0\x0d\x01" + struct.pack(">I", 1) + b"\0" * 4,
        idx(np.zeros((3, 2), np.uint8))[:-1],
        idx(np.zeros((3, 2), np.uint8)) + b"\0",
        b"\0\0\x08\x03" + struct.pack(">III", 2**31, 2**31, 4),
    ],
)
def test_damaged_idx_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^some/file "):
        parse_idx(data, Path("some/file"))


def test_idx_files_go_by_either_name_gzipped_or_not(tmp_path: Path) -> None:
    assert idx_file(tmp_path, IDX_FILES[0]) is None
    dotted = tmp_path / "train-images.idx3-ubyte.gz"
    dotted.touch()
    assert idx_file(tmp_path, IDX_FILES[0]) == dotted


def write_mnist(folder: Path, sizes: tuple[int, int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for part, size in zip(("train", "t10k"), sizes, strict=True):
        images, labels = np.zeros((size, 28, 28), np.uint8), np.zeros(size, np.uint8)
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(labels))


def test_files_of_another_content_are_refused(tmp_path: Path) -> None:
    write_mnist(tmp_path / "mnist", (60, 10))
    with pytest.raises(InputError, match=r"is not the published train-images.*checksum differs"):
        load_dataset("mnist", tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write_mnist(tmp_path / "mnist", (60, 10))
    (tmp_path / "mnist" / IDX_FILES[1]).unlink()
    with pytest.raises(InputError, match=f"{IDX_FILES[1]} .*is missing"):
        load_dataset("mnist", tmp_path)


def test_a_truncated_gzip_file_is_refused(tmp_path: Path) -> None:
    write_mnist(tmp_path, (60, 10))
    path = tmp_path / f"{IDX_FILES[0]}.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot be read"):
        read_idx(tmp_path, "mnist", "MNIST", MNIST_SHA256)


def test_a_missing_set_says_what_to_put_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in ("mnist", "cifar10"):
        with pytest.raises(MissingTool, match=f"folder {name}/ .*--data or NVMCOSIM_DATA.*--fetch"):
            load_dataset(name, tmp_path)


def test_unknown_names_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'imagenet'.*mnist, fashion-mnist, cifar10"):
        load_dataset("imagenet")
    with pytest.raises(InputError, match="must be a folder"):
        search_folders(tmp_path / "none")


def test_folders_of_the_environment_are_searched_before_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NVMCOSIM_DATA", f"{tmp_path / 'one'}:{tmp_path / 'two'}")
    expected = [tmp_path / "one", tmp_path / "two", tmp_path / "cache" / "nvmcosim" / "data"]
    assert search_folders() == expected


def test_pickled_cifar_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "data_batch_1").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(InputError, match="pickled and is not read"):
        read_cifar10(tmp_path)


def test_binary_cifar_has_its_size_and_classes_checked(tmp_path: Path) -> None:
    folder = tmp_path / BINARY_FOLDER
    folder.mkdir()
    (folder / BINARY_FILES[0]).write_bytes(b"\0" * 3073)
    with pytest.raises(InputError, match="has 3073 bytes; a batch of CIFAR-10 has 30730000"):
        read_cifar10(tmp_path)
    for name in BINARY_FILES:
        with (folder / name).open("wb") as stream:
            stream.truncate(30_730_000)
    with pytest.raises(InputError, match="has a train label 0; labels must be 0 to 9"):
        read_cifar10(tmp_path)


def test_another_jpeg_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cifar10-jpeg.npz").write_bytes(b"PK")
    with pytest.raises(InputError, match="checksum differs"):
        read_cifar10(tmp_path)
    assert read_cifar10(tmp_path / "..") is None


def test_a_subset_is_random_and_the_same_for_the_same_seed() -> None:
    one, again, other = (tiny().subset(20, 5, seed=s) for s in (1, 1, 2))
    assert (one.train_images == again.train_images).all()
    assert (one.train_images != other.train_images).any()
    assert one.test_images.shape == (5, 1, 2, 2)
    # Image n starts with the value 4 n, its label is n modulo 10: they must stay together.
    assert (one.train_images[:, 0, 0, 0] // 4 % 10 == one.train_labels).all()
    assert len(np.unique(one.train_images[:, 0, 0, 0])) == 20
    assert tiny().subset(None).train_images.shape == (40, 1, 2, 2)


@pytest.mark.parametrize("count", [0, 41])
def test_an_impossible_subset_is_refused(count: int) -> None:
    with pytest.raises(InputError, match=f"{count} of Tiny are asked for; it must be 1 to 40"):
        tiny().subset(count)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_a_set_that_is_there_is_the_published_one(name: str) -> None:
    try:
        found = load_dataset(name)
    except MissingTool as error:
        pytest.skip(str(error))
    assert found.label == DATASETS[name].label
    # Both are published with 6,000 or about as many images a class.
    counts = np.bincount(found.train_labels)
    assert counts.sum() == 60_000
    assert counts.min() > 5_400
    assert found.image_shape == (1, 28, 28)
