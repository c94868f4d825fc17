"""The hiker's guide, in one function."""


def answer():
    """The answer to the ultimate question of life, the universe, and everything."""
    return 6 * 7
