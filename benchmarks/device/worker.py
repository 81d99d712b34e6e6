"""One competitor, one case, in its own process; called by batch_device.py."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # neuromodels, tests

from cases import RATE, RECURRENT, Case

ROUTES = ("stock", "jax", "jax_tuned", "hand", "batch", "batch_2_threads", "judge")


def measured(route: str, case: Case, repeats: int) -> dict:
    """Run one route; return seconds, build_s and outcome."""
    # Imported here: JAX and Brian2 take seconds each, and set up threads of their own.
    if route == "stock":
        import stock_route

        return stock_route.measure(case, repeats)
    if route in ("jax", "jax_tuned"):
        import jax_routes

        run = jax_routes.measure if route == "jax" else jax_routes.measure_tuned
        return run(case, repeats)
    if route == "hand":
        import hand_route

        return hand_route.measure(case, repeats)
    if route == "judge":
        from agreement import judge

        return {"seconds": 0.0, "build_s": 0.0, "outcome": judge(case)}
    import batch_route

    return batch_route.measure(case, repeats, threads=2 if route == "batch_2_threads" else 1)


def main() -> None:
    """Measure, write the outcome to an .npz and the times to standard output."""
    parser = ArgumentParser()
    parser.add_argument("route", choices=(*ROUTES, "build"))
    parser.add_argument("--network", default=RECURRENT)
    parser.add_argument("--instances", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--outcome", type=Path)
    given = parser.parse_args()
    if given.route == "build":
        from batch_route import measure_build

        print(json.dumps({"build_s": measure_build(given.network)}))
        return
    case = Case(given.network, given.instances, given.steps, rate=given.rate)
    result = measured(given.route, case, given.repeats)
    np.savez(given.outcome, **result.pop("outcome"))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
