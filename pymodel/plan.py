"""Plans: the one parameter object that every view of a memory takes."""

import json
import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path, PurePath
from typing import Any, ClassVar, Self

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import canonical_json, digest_of, read_mapping

__all__ = ["Plan", "load_plan", "plan_from_dict", "plan_values"]

#: How the name of a device that is a file ends.
_FILES = (".toml", ".json")
_KINDS: dict[str, type["Plan"]] = {}


class Plan:
    """Base of all plans: a frozen, validated dataclass with a `kind` and a JSON form.

    A subclass is a frozen dataclass that names its `kind`, has at least the fields `format`,
    `device`, `tick_ps` and `seed`, and validates itself in `__post_init__`.
    """

    kind: ClassVar[str]
    format: str
    device: str
    tick_ps: int
    seed: int

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "kind" in cls.__dict__:
            _KINDS[cls.kind] = cls

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON-ready values, `kind` first; `from_dict` takes it back."""
        raise NotImplementedError

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The plan that `values` state; raises `InputError` for anything unknown or missing."""
        raise NotImplementedError

    def to_json(self) -> str:
        """The plan as canonical JSON text."""
        return canonical_json(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The plan in JSON `text`; raises `InputError` if it is not one of this kind."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"the plan is not valid JSON: {error}") from None
        plan = plan_from_dict(values)
        if not isinstance(plan, cls):
            raise InputError(f"kind is {plan.kind!r}; it must be {cls.kind!r}")
        return plan

    def digest(self) -> str:
        """SHA-256 of the plan: equal plans have equal digests, wherever they are read from.

        Of a `device` that is a file its name counts, not its folder; what is in the file counts in
        the digest of its write curve.
        """
        values = self.to_dict()
        if isinstance(values["device"], str) and values["device"].endswith(_FILES):
            values["device"] = PurePath(values["device"]).name
        return digest_of(values)

    @classmethod
    def _refuse_unknown(cls, values: Mapping[str, Any], also: tuple[str, ...] = ()) -> None:
        kind = values.get("kind", cls.kind)
        if kind != cls.kind:
            raise InputError(f"kind is {kind!r}; a {cls.kind} plan's is {cls.kind!r}")
        known = ["kind", *(f.name for f in fields(cls)), *also]  # type: ignore[arg-type]
        for name in values:
            if name not in known:
                raise InputError(f"a {cls.kind} plan has no {name!r}; it has {', '.join(known)}")


def plan_from_dict(values: Any) -> Plan:
    """The plan of whatever kind `values` state."""
    if not isinstance(values, Mapping):
        raise InputError(f"a plan is a mapping, not a {type(values).__name__}")
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise InputError(f"kind is {kind!r}; it must be one of {', '.join(sorted(_KINDS))}")
    return _KINDS[kind].from_dict(values)


def plan_values(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a plan file states; a `device` that is a file is taken relative to the plan's folder."""
    path = Path(path)
    values = read_mapping(path)
    device = values.get("device")
    if isinstance(device, str) and device.endswith(_FILES):
        values["device"] = os.path.normpath(path.parent / device)
    return values


def load_plan(path: str | os.PathLike[str]) -> Plan:
    """The plan in a `.toml` or `.json` file, all of whose pulses are stated."""
    values = plan_values(path)
    try:
        return plan_from_dict(values)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
