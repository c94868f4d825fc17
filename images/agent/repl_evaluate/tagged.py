"""Python values as JSON and back, without losing what JSON has no word for; docs/api.md lists the tags.

An instance of a subclass crosses as what it derives from. What has no form here is opaque: its type and its repr. A value
beyond the bounds is opaque as a whole, and said to be cut, so that it equals nothing.
"""

import binascii
import reprlib

MAX_DEPTH = 64
MAX_NODES = 100_000
# Characters and octets of all texts and byte strings of a value together.
MAX_CHARACTERS = 256 * 1024
MAX_REPR = 10_000
# Whole numbers up to here are numbers of JSON, which many readers keep as doubles.
MAX_PLAIN = 2**53 - 1
# Python 3.11 and later refuse to write longer ones in decimal.
MAX_DECIMAL_BITS = 10_000


class TooLarge(Exception):
    """More than the bounds allow."""


class Malformed(ValueError):
    """Not tagged JSON; the text says why."""


def encode(value):
    """The value as tagged JSON, within the bounds."""
    try:
        return _Encoder().encode(value, MAX_DEPTH)
    except (TooLarge, RecursionError):
        return _opaque(value, True)


def is_cut(tagged):
    return isinstance(tagged, dict) and bool(tagged.get("$opaque", {}).get("cut"))


def shown(value, whole):
    """Its repr, cut to MAX_REPR characters; of a value that is not `whole`, an excerpt."""
    try:
        text = str.__str__(repr(value) if whole else reprlib.repr(value))
    except MemoryError:
        raise
    except BaseException as error:
        return "<%s whose repr failed: %s>" % (type(value).__name__, type(error).__name__)
    return text if len(text) <= MAX_REPR else text[: MAX_REPR - 1] + "\u2026"


def _opaque(value, cut):
    kind = type(value)
    name = "%s.%s" % (kind.__module__, kind.__qualname__) if kind.__module__ != "builtins" else kind.__qualname__
    text = shown(value, not cut)
    fields = {"type": name[:200], "repr": text}
    if cut or len(text) == MAX_REPR:
        fields["cut"] = True
    return {"$opaque": fields}


def _integer(number):
    if -MAX_PLAIN <= number <= MAX_PLAIN:
        return number
    return {"$int": str(number) if number.bit_length() <= MAX_DECIMAL_BITS else hex(number)}


def _float(number):
    # A whole float would be read as an integer elsewhere.
    if number != number or number in (float("inf"), float("-inf")) or number.is_integer():
        return {"$float": repr(number)}
    return number


class _Encoder:
    def __init__(self):
        self._nodes = 0
        self._characters = 0

    def _count(self, nodes, characters=0):
        self._nodes += nodes
        self._characters += characters
        if self._nodes > MAX_NODES or self._characters > MAX_CHARACTERS:
            raise TooLarge()

    def encode(self, value, depth):
        self._count(1)
        if depth == 0:
            raise TooLarge()
        if value is None or value is True or value is False:
            return value
        if isinstance(value, int):
            number = int.__int__(value)
            self._count(0, number.bit_length() // 4)
            return _integer(number)
        if isinstance(value, float):
            return _float(float.__float__(value))
        if isinstance(value, str):
            self._count(0, str.__len__(value))
            return str.__str__(value)
        if isinstance(value, (bytes, bytearray)):
            self._count(0, len(memoryview(value)))
            return {"$bytes": binascii.b2a_base64(memoryview(value), newline=False).decode()}
        if isinstance(value, complex):
            return {"$complex": [_float(value.real), _float(value.imag)]}
        return self._container(value, depth - 1)

    def _container(self, value, depth):
        if isinstance(value, list):
            return self._items(list.__iter__(value), depth)
        if isinstance(value, tuple):
            return {"$tuple": self._items(tuple.__iter__(value), depth)}
        if isinstance(value, set):
            return {"$set": self._items(set.__iter__(value), depth)}
        if isinstance(value, frozenset):
            return {"$frozenset": self._items(frozenset.__iter__(value), depth)}
        if isinstance(value, dict):
            return self._mapping(value, depth)
        if type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "tolist"):
            self._count(getattr(value, "size", 1))
            return self.encode(value.tolist(), depth)
        return _opaque(value, False)

    def _items(self, items, depth):
        return [self.encode(item, depth) for item in items]

    def _mapping(self, value, depth):
        pairs = list(dict.items(value))
        if all(type(key) is str and not key.startswith("$") for key, _ in pairs):
            self._count(0, sum(len(key) for key, _ in pairs))
            return {key: self.encode(item, depth) for key, item in pairs}
        return {"$dict": [self._items(pair, depth) for pair in pairs]}


class Opaque:
    """What stands for an opaque value: its type's name and its repr."""

    def __init__(self, type_name, text):
        self.type = type_name
        self.text = text

    def __repr__(self):
        return self.text

    def __eq__(self, other):
        return isinstance(other, Opaque) and (self.type, self.text) == (other.type, other.text)

    def __hash__(self):
        return hash((self.type, self.text))


def decode(tagged):
    """The value that tagged JSON means. Raises Malformed."""
    if isinstance(tagged, list):
        return [decode(item) for item in tagged]
    if not isinstance(tagged, dict):
        return tagged
    tag = next((key for key in tagged if key.startswith("$")), None)
    if tag is None:
        return {key: decode(item) for key, item in tagged.items()}
    maker = _MAKERS.get(tag)
    if maker is None or len(tagged) != 1:
        raise Malformed("there is no tag %s, or something stands beside it" % tag)
    try:
        return maker(tagged[tag])
    except Malformed:
        raise
    except (TypeError, ValueError, KeyError) as error:
        raise Malformed("%s: %s" % (tag, error))


_MAKERS = {
    "$int": lambda text: int(text, 16 if "0x" in text else 10),
    "$float": float,
    "$complex": lambda parts: complex(*(decode(part) for part in parts)),
    "$bytes": lambda text: binascii.a2b_base64(text),
    "$tuple": lambda items: tuple(decode(item) for item in items),
    "$set": lambda items: {decode(item) for item in items},
    "$frozenset": lambda items: frozenset(decode(item) for item in items),
    "$dict": lambda pairs: {decode(key): decode(item) for key, item in pairs},
    "$opaque": lambda fields: Opaque(fields.get("type"), fields["repr"]),
}
