"""What a request must look like, checked before it is obeyed, so that nothing behind it has to doubt its fields.

A runner that breaks this cannot be trusted with what follows either: ProtocolError ends the sandbox. Unknown fields
mean nothing, and paths are judged where they are walked.
"""

import json
import signal

from .frames import ProtocolError

MAX_NUMBER = 2**53
MAX_CHANNEL = 2**32 - 1
MAX_CELLS = 2**16 - 1
MAX_PORT = 2**16 - 1


def parse(text):
    """JSON as its standard has it: Python's own reader takes more."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ProtocolError("a message that is too deep") from None


def check(request):
    """Raises ProtocolError where a field is missing or is not what it must be. An unknown op needs its id alone."""
    if not isinstance(request, dict) or not _number(request.get("id")) or not isinstance(request.get("op"), str):
        raise ProtocolError("a request without its id or its name")
    _check_fields(request, FIELDS.get(request["op"], {}))
    return request


def check_sync(message):
    """The same for what comes with a SYNC."""
    if not isinstance(message, dict):
        raise ProtocolError("a sync without its fields")
    _check_fields(message, {"replica": _text, "resume_grace_seconds": _time})
    return message


def _check_fields(message, fields):
    for name, is_right in fields.items():
        if not is_right(message.get(name)):
            raise ProtocolError("the field " + name)


def _refuse_constant(name):
    raise ValueError("no JSON: " + name)


def _whole(low, high):
    return lambda value: type(value) is int and low <= value <= high


def _or_none(is_right):
    return lambda value: value is None or is_right(value)


def _text(value):
    """Text that can be written as UTF-8."""
    return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)


def _word(value):
    """What the kernel takes as an argument or a variable's value."""
    return _text(value) and "\0" not in value


def _flag(value):
    return isinstance(value, bool)


def _time(value):
    return type(value) in (int, float) and 0 <= value <= MAX_NUMBER


def _env(value):
    return isinstance(value, dict) and all(
        _word(name) and name != "" and "=" not in name and _word(text) for name, text in value.items()
    )


def _argv(value):
    return isinstance(value, list) and len(value) > 0 and all(map(_word, value))


def _signal(value):
    return isinstance(value, str) and value in signal.Signals.__members__


def _limits(value):
    return isinstance(value, dict) and all(_limit(name, limit) for name, limit in value.items())


def _limit(name, value):
    """Time may have a fraction."""
    return value is None or (_time if name.endswith("_ms") else _number)(value)


_number = _whole(0, MAX_NUMBER)
_channel = _whole(1, MAX_CHANNEL)
_credit = _whole(0, MAX_CHANNEL)
_cells = _whole(0, MAX_CELLS)


def _channels(value):
    outputs = isinstance(value, dict) and _channel(value.get("stdout")) and _channel(value.get("stderr"))
    return outputs and value["stdout"] != value["stderr"] and _or_none(_channel)(value.get("stdin"))


_START = {"cols": _cells, "rows": _cells, "env": _env, "startup": _or_none(_text), "files": _or_none(_channel)}
_DOWNLOAD = {"channel": _channel, "credit": _credit}

FIELDS = {
    "start": _START,
    "restart": {**_START, "cols": _or_none(_cells), "rows": _or_none(_cells)},
    "resize": {"cols": _cells, "rows": _cells},
    "signal": {"name": _signal},
    "unpack": {"files": _or_none(_channel)},
    "pack": {**_DOWNLOAD, "max_bytes": _number},
    "list": {**_DOWNLOAD, "path": _text, "recursive": _flag, "max_entries": _number},
    "read": {**_DOWNLOAD, "path": _text},
    "write": {"channel": _channel, "path": _text, "executable": _or_none(_flag)},
    "rename": {"path": _text, "to": _text, "overwrite": _flag},
    "remove": {"path": _text},
    "cancel": {"channel": _channel},
    "spawn": {
        "argv": _argv,
        "env": _env,
        "channels": _channels,
        "credit": _credit,
        "as_repl": _or_none(_flag),
        "cwd": _or_none(_word),
        "limits": _or_none(_limits),
        "changes": _or_none(_flag),
    },
    "kill": {"stdout": _channel},
    "egress": {"port": _whole(1, MAX_PORT), "grant": _or_none(_text)},
}
