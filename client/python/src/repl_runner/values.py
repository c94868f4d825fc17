"""Python values as tagged JSON and back, as evaluations carry them: what JSON has no word for has a tag.

`{"$tuple": [1, 2]}` is `(1, 2)`; docs/api.md lists the tags.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from math import isfinite
from typing import Any, Callable

# Larger whole numbers lose digits in many readers of JSON.
MAX_PLAIN = 2**53 - 1


@dataclass(frozen=True)
class Opaque:
    """A value without a form of its own: the name of its type, and its repr."""

    type: str
    repr: str


def encode_value(value: object) -> Any:
    """The value as tagged JSON. Raises TypeError for what has no form."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value) if -MAX_PLAIN <= value <= MAX_PLAIN else {"$int": hex(value)}
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, complex):
        return {"$complex": [_float(value.real), _float(value.imag)]}
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": b64encode(value).decode()}
    return _container(value)


def _float(number: float) -> Any:
    return {"$float": repr(float(number))} if not isfinite(number) or number.is_integer() else float(number)


def _container(value: object) -> Any:
    if isinstance(value, list):
        return [encode_value(item) for item in value]
    if isinstance(value, (tuple, set, frozenset)):
        tag = "$tuple" if isinstance(value, tuple) else "$set" if isinstance(value, set) else "$frozenset"
        return {tag: [encode_value(item) for item in value]}
    if not isinstance(value, dict):
        raise TypeError(f"A {type(value).__name__} has no form in tagged JSON.")
    if all(isinstance(key, str) and not key.startswith("$") for key in value):
        return {key: encode_value(item) for key, item in value.items()}
    return {"$dict": [[encode_value(key), encode_value(item)] for key, item in value.items()]}


def decode_value(tagged: Any) -> Any:
    """The value that tagged JSON means. Raises ValueError for an unknown tag."""
    if isinstance(tagged, list):
        return [decode_value(item) for item in tagged]
    if not isinstance(tagged, dict):
        return tagged
    tag = next((key for key in tagged if key.startswith("$")), None)
    if tag is None:
        return {key: decode_value(item) for key, item in tagged.items()}
    if tag not in _DECODERS or len(tagged) != 1:
        raise ValueError(f"There is no tag {tag}, or something stands beside it.")
    return _DECODERS[tag](tagged[tag])


def _pairs(pairs: Any) -> dict[Any, Any]:
    return {decode_value(key): decode_value(item) for key, item in pairs}


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "$int": lambda text: int(text, 16 if "0x" in text else 10),
    "$float": float,
    "$complex": lambda parts: complex(*(decode_value(part) for part in parts)),
    "$bytes": b64decode,
    "$tuple": lambda items: tuple(decode_value(item) for item in items),
    "$set": lambda items: {decode_value(item) for item in items},
    "$frozenset": lambda items: frozenset(decode_value(item) for item in items),
    "$dict": _pairs,
    "$opaque": lambda fields: Opaque(fields["type"], fields["repr"]),
}
