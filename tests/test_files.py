import os
import stat

import pytest

from nvmcosim.pymodel import files
from nvmcosim.pymodel.errors import InputError


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch) -> None:
    path = files.write_text(tmp_path / "a" / "result.json", "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"cannot write .*result.json: No space left on device"):
        files.write_text(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in path.parent.iterdir()] == ["result.json"]


def test_written_files_follow_the_umask(tmp_path) -> None:
    path = files.write_json(tmp_path / "x.json", {"a": 1})
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    assert files.read_json(path) == {"a": 1}


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("x.json", "{", "is not valid JSON"),
        ("x.json", "[1]", "holds a list, not a JSON object"),
        ("x.json", '{"a": NaN}', "NaN is not a number"),
        ("x.json", "[" * 100_000, "is not valid JSON"),
        ("x.toml", "a = ", "is not valid TOML"),
        ("x.toml", "a = 1" + "0" * 5000, "is not valid TOML"),
        ("x.json", '{"a": 1' + "0" * 5000 + "}", "is not valid JSON"),
        ("x.toml", "a = 0x1" + "0" * 64, "a whole number has 257 bits; at most 256 fit"),
        # Of such a number Python makes no text, not even for a message.
        ("x.toml", "[[a]]\nb = [0x" + "f" * 6000 + "]", "has 24000 bits"),
        ("x.yaml", "a: 1", "must end in .toml or .json"),
    ],
)
def test_wrong_files_cost_a_sentence(tmp_path, name, text, sentence) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=sentence):
        files.read_mapping(path)


def test_whole_numbers_of_256_bits_are_read(tmp_path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("a = 0x" + "f" * 64)
    assert files.read_mapping(path) == {"a": 2**256 - 1}


def test_missing_and_huge_files_cost_a_sentence(tmp_path, monkeypatch) -> None:
    with pytest.raises(InputError, match=r"cannot read .*: No such file"):
        files.read_json(tmp_path / "none.json")
    monkeypatch.setattr(files, "MAX_BYTES", 3)
    (tmp_path / "big.json").write_text('{"a":1}')
    with pytest.raises(InputError, match="larger than 3 bytes"):
        files.read_json(tmp_path / "big.json")


def test_digests_do_not_depend_on_the_order_of_keys() -> None:
    assert files.digest_of({"a": 1, "b": [2]}) == files.digest_of({"b": [2], "a": 1})
    assert files.digest_of({"a": 1}) != files.digest_of({"a": 2})
    with pytest.raises(ValueError, match="JSON compliant"):
        files.canonical_json({"a": float("nan")})
