"""Networks with drawn Python code in the loop, which looks at everything and changes something."""

from collections.abc import Iterator
from random import Random

from brian2 import Network, NetworkOperation, defaultclock, ms

from simulation.networks.operations import Fed
from simulation.outcomes import Outcome

SLOTS = (
    "start",
    "before_groups",
    "groups",
    "after_groups",
    "thresholds",
    "after_thresholds",
    "before_synapses",
    "synapses",
    "resets",
    "after_resets",
    "end",
)


class Acting:
    """A function that looks at everything, changes something, and ends the run now and then."""

    def __init__(self, fed: Fed, number: int, draw: Random):
        self.fed, self.number, self.draw, self.calls = fed, number, draw, 0
        self.ending = draw.choice(["", "fail", "stop"])
        self.moments = {draw.randint(1, 12), draw.randint(1, 12)}
        self.network: Network | None = None

    def __call__(self) -> None:
        fed, self.calls = self.fed, self.calls + 1
        fed.see(self.number, self.network.t / ms, defaultclock.t / ms, fed.cells.v, fed.synapses.w)
        fed.see(fed.spikes.num_spikes, len(fed.trace.t), len(fed.rate.t), fed.cells.spikes)
        self.change()
        if self.calls in self.moments and self.ending == "fail":
            raise LookupError(self.number)
        if self.calls in self.moments and self.ending == "stop":
            self.network.stop()

    def change(self) -> None:
        """Change one thing, or nothing."""
        act, place = self.draw.random(), self.number % 6
        if act < 0.3:
            self.fed.cells.v[place] += 0.2
        elif act < 0.4:
            self.fed.synapses.w[f"j == {place}"] = "w + 0.01"
        elif act < 0.5:
            self.fed.cells.level = 0.1 * self.number
        elif act < 0.55:
            self.fed.cells.drive[place] = 1.6


def drawn(seed: int) -> Iterator[Outcome]:
    """Draw clocks, slots, orders, delays, changes and endings; run four times."""
    draw = Random(seed)
    fed = Fed(dt=draw.choice([0.1, 0.1, 0.25, 0.2]) * ms)
    fed.synapses.pre.delay = draw.choice(["0.7*ms", "0.1*ms*i", "0*ms"])
    acting = [Acting(fed, number, draw) for number in range(draw.randint(1, 3))]
    operations = [
        NetworkOperation(
            each,
            dt=draw.choice([0.1, 0.25, 0.3, 0.5, 1.0]) * ms,
            when=draw.choice(SLOTS),
            order=draw.choice([-1, 0, 1]),
            name=f"acting_{each.number}",
        )
        for each in acting
    ]
    network = fed.network(*operations)
    for each in acting:
        each.network = network
    for span in [draw.choice([1.0, 2.3, 3.17, 4.0]) for _ in range(4)]:
        try:
            network.run(span * ms)
        except LookupError:
            fed.see(-1)
        yield fed.told(network)
