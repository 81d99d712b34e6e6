"""Searches at the same time: the store holds what it would if they had come one by one."""

import random
import threading
import time

import pytest
from experiment.test_runner import numbers, run
from fake_experiment import TABLE, FakeExperiment, catalogs, fake_recording
from hanging import no_longer_than

from neuromodels.errors import StorageError
from neuromodels.experiment.events import GenerationDone
from neuromodels.experiment.runner import Runner
from neuromodels.experiment.side_by_side import SideBySide
from neuromodels.store.store import Store
from neuromodels.study.file import study_of


@pytest.fixture(autouse=True)
def limit(request):
    with no_longer_than(300, request.config):
        yield


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "one_by_one"
    assert run(folder, seeds=[1, 2, 3])[0]
    return numbers(folder)


class Searches:
    """A run of the fake study whose experiments wait, each for some random time."""

    def __init__(self, folder, most, *, stop=lambda: False, listen=lambda event: None):
        self.study = study_of({**TABLE, "seeds": [1, 2, 3]}, "table", catalogs())
        self.folder, self.side_by_side = folder, SideBySide(most)
        self.stop, self.listen = stop, listen
        self.made, self.waiting, self.most_waiting = [], 0, 0
        self._draw, self._lock = random.Random(1), threading.Lock()

    def run(self):
        with Store(self.folder, self.study.to_table(), self.study.digest) as store:
            return Runner(
                self.study,
                store,
                build=self.build,
                record=fake_recording,
                stop=self.stop,
                listener=self.listen,
                side_by_side=self.side_by_side,
            ).run()

    def build(self, study, condition):
        self.wait()
        self.made.append(condition)
        made = FakeExperiment(study, condition)
        evaluate = made.evaluate

        def evaluate_away(xs, streams):
            self.wait()
            return evaluate(xs, streams)

        made.evaluate = evaluate_away
        return made

    def wait(self):
        with self.side_by_side.away():
            with self._lock:
                self.waiting += 1
                self.most_waiting = max(self.most_waiting, self.waiting)
                seconds = self._draw.uniform(0, 0.005)
            time.sleep(seconds)
            with self._lock:
                self.waiting -= 1


def test_the_numbers_are_those_of_one_search_after_the_other(tmp_path, one_by_one):
    searches = Searches(tmp_path, 4)
    assert searches.run()
    assert numbers(tmp_path) == one_by_one
    assert searches.most_waiting == 4
    assert sorted(searches.made) == ["fixed", "frozen", "plastic", "reset"], "each built once"


def test_a_stop_lets_each_search_finish_its_generation_and_all_go_on_later(tmp_path, one_by_one):
    """Whoever resumes may do so one by one, and with another number at once."""
    seen = []
    stops = iter([5, 17, 30])
    for most in (3, 1, 5):
        count = next(stops)
        searches = Searches(
            tmp_path,
            most,
            stop=lambda count=count: len(seen) >= count,
            listen=lambda event: seen.append(event) if isinstance(event, GenerationDone) else None,
        )
        assert not searches.run()
        assert count <= len(seen) < count + most, "nobody begins another generation"
    assert Searches(tmp_path, 4).run()
    assert numbers(tmp_path) == one_by_one
    keys = [(event.record.condition, event.record.seed, event.record.generation) for event in seen]
    assert len(set(keys)) == len(keys), "no generation was computed again"


def test_an_error_of_one_search_ends_all_and_loses_nothing(tmp_path, one_by_one):
    def fill_the_disk(event):
        if isinstance(event, GenerationDone) and event.record.generation == 7:
            raise StorageError("run", "cannot be written: no space left")

    with pytest.raises(StorageError, match="no space left"):
        Searches(tmp_path, 4, listen=fill_the_disk).run()
    assert Searches(tmp_path, 4).run()
    assert numbers(tmp_path) == one_by_one
