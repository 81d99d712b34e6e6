"""Gymnasium's cart and pole, held by a network of one's own in which one projection is plastic.

usage: python balance_a_pole.py [GENERATIONS [STEPS]]   of each search, and of each trial;
                                                        by default 40 and 200

It needs Gymnasium: pip install "brian2-neuromodels[gymnasium]". The network stands in
studies/networks/recurrent.py: 24 excitatory neurons and 6 inhibitory ones.
"""

import sys
from pathlib import Path

import neuromodels
from neuromodels.search.plan import SearchPlan
from neuromodels.study import OwnNetwork, RuleChoice, Study, TaskChoice, TestPlan

NETWORK = Path(__file__).parents[1] / "studies" / "networks" / "recurrent.py"


def main():
    generations, steps = map(int, [*sys.argv[1:], *("40", "200")[len(sys.argv) - 1 :]])
    study = Study(
        name="balance_a_pole",
        question="Does a network of one's own balance a pole where its recurrent synapses learn?",
        task=TaskChoice("environment", {"steps": steps}, {"environment": "CartPole-v1"}),
        circuit=OwnNetwork(
            build=f"{NETWORK}:build",
            input="cells.told",  # what the environment shows arrives here
            plastic="back",  # these synapses follow the rule
            output="cells",  # they project to two read-outs; the larger one acts
            signal="tr",
        ),
        rule=RuleChoice("pdlf", {"normalisation": "none"}),
        conditions=("plastic", "fixed", "random"),
        search=SearchPlan(candidates=32, trials=4, generations=generations),
        test=TestPlan(trials=64, every=10, curve_trials=16, random_rules=8),
    )
    tests = neuromodels.run(study, "runs/balance_a_pole").tests
    final = tests[tests["kind"] == "final"]
    print(final[["condition", "seed", "score", "low", "high"]].to_string(index=False))


if __name__ == "__main__":
    main()
