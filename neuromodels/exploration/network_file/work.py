"""A network's study is carried out in its folder: from the beginning, or from where it stopped."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from neuromodels.exploration.network_file.outcomes import checks_of, summary_of, write_files
from neuromodels.exploration.network_file.reading import NetworkStudy, read_network_study
from neuromodels.exploration.progress import epochs_text
from neuromodels.models.compiled import Choice, Compiled
from neuromodels.store.networks import NetworkFolder
from neuromodels.store.provenance import provenance
from neuromodels.study.file import Declaration

#: Gets a line that stays.
Tell = Callable[[str], None]


class Show(Protocol):
    """Shows how far a run is."""

    def __call__(self, stage: str, done: int, of: int) -> None:
        """Show how much of a stage is done, and of how much."""
        ...

    def training(self, text: str) -> None:
        """Show how far the training of a network is."""
        ...


class Stopped(Exception):
    """The user wants to stop; everything so far is stored."""


@dataclass(frozen=True)
class Listener:
    """Hears of each piece of work: notes it in the folder, shows it, and stops if that is wanted.

    Parameters
    ----------
    stage
        What is done.
    kept
        Where it is noted.
    show, stop
        As of `carry_out`.
    """

    stage: str
    kept: NetworkFolder
    show: Show
    stop: Callable[[], bool]

    def __call__(self, done: int, of: int) -> None:
        """Take how many instances or generations are done."""
        self.kept.note(self.stage, done, of)
        self.show(self.stage, done, of)
        self._stop_if_wanted()

    def epochs(self, epochs: int, loss: float) -> None:
        """Take how far the training of a network is: called after each of its steps."""
        text = epochs_text(epochs, loss)
        self.kept.note_training(text)
        self.show.training(text)
        self._stop_if_wanted()

    def _stop_if_wanted(self) -> None:
        if self.stop():
            raise Stopped


def examine(study: NetworkStudy) -> tuple[Compiled, dict[str, Any]]:
    """Run the code of a study, build its network and check all that is asked of it.

    Returns
    -------
    The model compiled, and the arguments of the action's function.

    Raises
    ------
    StudyFileError
        With the place of what is wrong.
    """
    model = study.model()
    arguments = study.arguments(model)
    choice = Choice(arguments.get("device", "cpp"), arguments.get("threads"))
    with study.placing():
        compiled = Compiled(model, choice)
        try:
            study.action.prepare(compiled, **arguments)
        except BaseException:
            compiled.discard()
            raise
    return compiled, arguments


def carry_out(
    study: NetworkStudy,
    folder: Path,
    tell: Tell,
    show: Show,
    stop: Callable[[], bool],
    place: Callable[[Compiled], Mapping[str, Any]] = lambda compiled: {},
) -> Any:
    """Do what a folder does not hold of a study; return what came out, None when it was stopped.

    Parameters
    ----------
    tell
        Gets what the user should know.
    show
        Is called whenever more is done.
    stop
        Whether the user wants to stop; asked after each piece of work and each step of a training.
    place
        Puts a model where it shall run, and returns what provenance should know of it.

    Raises
    ------
    StorageError
        When the folder holds something else, is in use, or cannot be written.
    """
    with NetworkFolder(folder, stored_values(study)) as kept, _warnings_told(tell):
        compiled, arguments = examine(study)
        tell(f"run folder: {folder}")
        session = provenance(sys.argv, arguments.get("threads") or 0)
        kept.add_provenance({**session, **place(compiled)})
        for text in kept.notices:
            tell(text)
        report = Listener(study.action.name, kept, show, stop)
        try:
            # a network that runs elsewhere, or that is done, is never run here
            found = study.action.function(compiled, **arguments, folder=folder, report=report)
            summary = summary_of(study.action.name, found)
            if checks := study.checks():
                summary |= checks_of(found, **checks)
        except Stopped:
            return None
        finally:
            compiled.discard()
        write_files(study.action.name, found, folder)
        kept.finish(summary)
        return found


def stored_values(study: NetworkStudy) -> Mapping[str, Any]:
    """Return what a folder keeps of a study, as plain values."""
    return {
        "name": study.name,
        "question": study.question,
        "action": study.action.name,
        "digest": study.digest,
        "asked": study.asked,
        "table": study.stored_table,
        "contents": study.contents,
        "generations": study.generations,
    }


def stored_model(
    source: str, table: Mapping[str, Any], contents: Mapping[str, str], threads: int
) -> Compiled:
    """Return the model of a study that another process has read.

    Parameters
    ----------
    source
        Where it was read.
    table, contents
        As `stored_values` has them.
    threads
        Cores of this process.
    """
    study = read_network_study(Declaration(source, dict(table), recorded=contents))
    model = study.model()
    device = study.arguments(model).get("device", "cpp")
    return Compiled(model, Choice(device, threads))


def verdict_of(study: NetworkStudy, source: str) -> dict[str, Any]:
    """Return what comes of a study's network and of each address, as `contracts` do.

    Nothing is run but the function that builds the network.

    Raises
    ------
    StudyFileError
        With what is wrong.
    """
    compiled, _ = examine(study)
    compiled.discard()
    promises = [("network", "It is built, and Brian2 reads all of its equations.")]
    promises += [
        (f"parameters.{name}", f"{compiled.model.parameters[name].address}: {place.size} numbers.")
        for name, place in compiled.places.items()
    ]
    promises += [
        (f"measures.{name}", "The network can be measured so.") for name in compiled.readings
    ]
    promises.append((study.action.name, "Its arguments suit the network."))
    return {
        "name": source,
        "kind": "Network",
        "ok": True,
        "promises": [
            {"promise": promise, "about": about, "status": "ok", "message": ""}
            for promise, about in promises
        ],
    }


@contextmanager
def _warnings_told(tell: Tell) -> Iterator[None]:
    """Tell warnings of this package as sentences."""
    with warnings.catch_warnings():
        before = warnings.showwarning

        def show(message: Any, category: Any, *more: Any, **others: Any) -> None:
            if category is UserWarning:
                tell(str(message))
            else:
                before(message, category, *more, **others)

        warnings.showwarning = show
        yield
