"""Gymnasium's Swimmer, moved by a network of one's own in which one projection is plastic.

usage: python learn_to_swim.py [GENERATIONS [STEPS]]    of each search, and of each trial;
                                                        by default 40 and 200

It needs the extra packages of bodies: pip install "brian2-neuromodels[mujoco]".
"""

import sys

import numpy as np
from brian2 import Network, NeuronGroup, Synapses, ms, mV

import neuromodels
from neuromodels.search.plan import SearchPlan
from neuromodels.study import OwnNetwork, RuleChoice, Study, TaskChoice, TestPlan


def build():
    """Return 24 neurons that excite each other through sparse synapses and inhibit themselves."""
    cells = NeuronGroup(
        24,
        """dv/dt = (drive + (told + heard)*mV - v)/(20*ms) : volt
        dtr/dt = -tr/(40*ms) : 1
        drive : volt (constant)
        told : 1
        heard : 1""",
        threshold="v > 1*mV", reset="v = 0*mV; tr += 1", method="exact", name="cells",
    )  # fmt: skip
    cells.drive = np.linspace(0.7, 1.4, 24) * mV
    back = Synapses(cells, cells, "w : 1\nheard_post = w*tr_pre : 1 (summed)", name="back")
    back.connect(condition="i != j", p=0.3)
    calming = Synapses(cells, cells, on_pre="v_post -= 0.1*mV", delay=40 * ms, name="calming")
    calming.connect(p=0.5)
    return Network(cells, back, calming)


def main():
    generations, steps = map(int, [*sys.argv[1:], *("40", "200")[len(sys.argv) - 1 :]])
    study = Study(
        name="learn_to_swim",
        question="Does a network of one's own learn to swim where its recurrent synapses learn?",
        task=TaskChoice("swimmer_direction", {"steps": steps}),
        circuit=OwnNetwork(
            build=f"{__file__}:build",
            input="cells.told",  # channels arrive here, with weights that are searched
            plastic="back",  # these synapses follow the rule
            output="cells",  # they project to the read-out, which moves the body
            signal="tr",
        ),
        rule=RuleChoice("pdlf", {"normalisation": "none"}),
        conditions=("plastic", "fixed", "random"),
        search=SearchPlan(candidates=32, trials=4, generations=generations),
        test=TestPlan(trials=64, every=20, curve_trials=16, random_rules=8),
    )
    tests = neuromodels.run(study, "runs/learn_to_swim").tests
    final = tests[tests["kind"] == "final"]
    print(final[["condition", "seed", "score", "low", "high"]].to_string(index=False))


if __name__ == "__main__":
    main()
