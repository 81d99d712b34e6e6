"""Errors a user can act on: ``Owner.field: what must hold; got value. Cure.``"""

_ABSENT = object()


class NeuromodelsError(Exception):
    """A message with its place, its rule, the offending value and the cure.

    Parameters
    ----------
    where
        Owner and field, as the user wrote them: ``"Coefficient.low"``.
    must
        What must hold.
    got
        The value that does not hold.
    cure
        What to do about it, one sentence.
    """

    def __init__(self, where: str, must: str, got: object = _ABSENT, cure: str = ""):
        self.where = where
        shown = "" if got is _ABSENT else f"; got {got!r}"
        super().__init__(f"{where}: {must}{shown}." + (f" {cure}" if cure else ""))


class DeclarationError(NeuromodelsError, ValueError):
    """A model, rule, task, circuit or study that contradicts itself."""


class EquationError(DeclarationError):
    """An equation string that cannot be read, with the line and the token underlined.

    Parameters
    ----------
    where
        The object whose equation it is.
    must
        What is wrong, in the words of whoever read it.
    place
        The line, and the token underlined.
    """

    def __init__(self, where: str, must: str, place: str = ""):
        super().__init__(where, must)
        self.args = (f"{self}\n{place}" if place else str(self),)


class UnsupportedFeature(NeuromodelsError, NotImplementedError):
    """Something that Brian2 can do and the batch device cannot."""


class BuildError(NeuromodelsError):
    """The compiler or the build cache failed."""


class SimulationError(NeuromodelsError):
    """A run that could not be started or finished."""


class StorageError(NeuromodelsError):
    """A run folder that cannot be written, or belongs to something else."""


class RunNotFound(StorageError):
    """No stored run where one was expected; names the command that makes it."""
