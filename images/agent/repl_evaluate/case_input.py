"""The arguments of a call, from the text between its parentheses or from tagged JSON. Evaluates nothing."""

import ast

from . import tagged

# What stands between the parentheses goes on a line of its own, so that a comment in it cannot swallow the closing one.
_CALL = "f(\n%s\n)"


class InvalidInput(Exception):
    """The text says why."""


def arguments(given):
    """(args, kwargs) of `"a=1, b=[2, 3]"` or of `{"args": […], "kwargs": {…}}`. Raises InvalidInput."""
    try:
        if isinstance(given, str):
            return _parsed(given)
        args = tagged.decode(given.get("args", []))
        return args, {name: tagged.decode(value) for name, value in given.get("kwargs", {}).items()}
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise InvalidInput("%s" % (getattr(error, "msg", None) or error or type(error).__name__))


def _parsed(text):
    call = ast.parse(_CALL % text, mode="eval").body
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ValueError("it is not a list of arguments")
    if any(keyword.arg is None for keyword in call.keywords):
        raise ValueError("** is not allowed")
    names = [keyword.arg for keyword in call.keywords]
    if len(set(names)) != len(names):
        raise ValueError("a name is given twice")
    args = [ast.literal_eval(argument) for argument in call.args]
    return args, {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
