"""Reading untrusted files and writing results so that nothing is ever half written."""

import contextlib
import hashlib
import json
import os
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from nvmcosim.pymodel.errors import InputError

__all__ = [
    "canonical_json",
    "digest_of",
    "read_json",
    "read_mapping",
    "write_bytes",
    "write_json",
    "write_stream",
    "write_text",
]

#: Larger configuration or curve files than this are refused unread.
MAX_BYTES = 16 << 20
#: Nor is a longer whole number in TOML: no field takes one, and one of thousands of hexadecimal
#: digits has no decimal text, not even for a message.
_MAX_BITS = 256


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no white space and no NaN: the text that a digest is taken of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_of(value: Any) -> str:
    """SHA-256 of `value`'s canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _check_wholes(value: Any) -> None:
    """Raise `ValueError` for a whole number in TOML's `value` that is too long."""
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        raise ValueError(f"a whole number has {value.bit_length()} bits; at most {_MAX_BITS} fit")
    if isinstance(value, dict):
        for part in value.values():
            _check_wholes(part)
    elif isinstance(value, list):
        for part in value:
            _check_wholes(part)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is larger than {MAX_BYTES} bytes, the most that is read")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The JSON object in the file at `path`; raises `InputError` if it holds anything else."""
    path = Path(path)
    try:
        value = json.loads(_read(path), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise InputError(f"{path} holds a {type(value).__name__}, not a JSON object")
    return value


def read_mapping(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The mapping in a `.toml` or `.json` file; raises `InputError` for anything else."""
    path = Path(path)
    if path.suffix == ".json":
        return read_json(path)
    if path.suffix != ".toml":
        raise InputError(f"{path} must end in .toml or .json")
    try:
        values = tomllib.loads(_read(path).decode())
        _check_wholes(values)
        return values
    # A number of thousands of digits is a ValueError that tomllib does not make its own.
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is not valid TOML: {error}") from error


def write_bytes(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write `data` to `path` atomically: readers see the old file or the whole new one."""

    def write(stream: IO[bytes]) -> None:
        stream.write(data)

    return write_stream(path, write)


def write_stream(path: str | os.PathLike[str], write: Callable[[IO[bytes]], None]) -> Path:
    """Let `write` write to a stream that becomes the file at `path`, atomically."""
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(path)
    except BaseException as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        if isinstance(error, OSError):
            raise InputError(f"cannot write {path}: {error.strerror}") from error
        raise
    return path


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write `text` to `path` atomically, as UTF-8."""
    return write_bytes(path, text.encode())


def write_json(path: str | os.PathLike[str], value: Mapping[str, Any]) -> Path:
    """Write `value` to `path` atomically, as indented JSON without NaN."""
    return write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")
