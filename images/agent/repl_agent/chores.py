"""Work on the files that takes longer than the loop may rest: done in steps, between everything else."""

from .workspace_error import WorkspaceError, translate

MAX_CHORES = 16


class Chores:
    def __init__(self):
        self._chores = []

    def __bool__(self):
        return bool(self._chores)

    def add(self, steps, then, fail):
        """`then()` when the steps are done, or `fail(error)`. The first step is done at once."""
        if len(self._chores) >= MAX_CHORES:
            raise WorkspaceError("busy", "too much is being removed at once")
        chore = (steps, then, fail)
        if not self._step(*chore):
            self._chores.append(chore)

    def forget(self):
        """Nobody waits for them any more; they go on."""
        self._chores = [(steps, lambda: None, lambda error: None) for steps, _, _ in self._chores]

    def step(self):
        self._chores = [chore for chore in self._chores if not self._step(*chore)]

    @staticmethod
    def _step(steps, then, fail):
        """True when that was the last step."""
        try:
            next(steps)
            return False
        except StopIteration:
            then()
        except OSError as error:
            fail(translate(error))
        except WorkspaceError as error:
            fail(error)
        return True
