"""What a network holds after a run, as plain arrays by name, from either side."""

from collections.abc import Iterable, Mapping

import numpy as np
from brian2 import Network, PopulationRateMonitor, SpikeMonitor, StateMonitor

from neuromodels.simulation import Batch
from simulation.networks.cases import Case

Outcome = dict[str, np.ndarray]
MONITORS = (SpikeMonitor, StateMonitor, PopulationRateMonitor)


def monitors(network: Network) -> Iterable:
    """Return the monitors of a network."""
    return [obj for obj in network.objects if isinstance(obj, MONITORS)]


def stock_variable(network: Network, address: str) -> np.ndarray:
    """Return a variable of stock Brian2 in SI units."""
    group, _, name = address.partition(".")
    return np.atleast_1d(np.array(network[group].variables[name].get_value()))


def set_stock(network: Network, changes: Mapping) -> None:
    """Set variables of stock Brian2 by address."""
    for address, values in changes.items():
        group, _, name = address.partition(".")
        setattr(network[group], name, values)


def stock_outcome(case: Case) -> Outcome:
    """Return variables and recordings of a network that has run on a device of Brian2."""
    found = {address: stock_variable(case.network, address) for address in case.compared}
    for monitor in monitors(case.network):
        found |= {f"{monitor.name}.t": np.array(monitor.t[:])}
        if isinstance(monitor, SpikeMonitor):
            names = {"i", *monitor.record_variables} - {"t"}
            found |= {f"{monitor.name}.{n}": np.array(getattr(monitor, n)[:]) for n in names}
        elif isinstance(monitor, StateMonitor):
            names = set(monitor.record_variables)
            found |= {f"{monitor.name}.{n}": np.array(getattr(monitor, n)) for n in names}
        else:
            found[f"{monitor.name}.rate"] = np.array(monitor.rate[:])
    return found


def batch_outcome(batch: Batch, case: Case, instance: int) -> Outcome:
    """Return the same of one instance of a batch."""
    found = {address: np.array(batch[address])[instance] for address in case.compared}
    for monitor in monitors(case.network):
        read = batch.spikes if isinstance(monitor, SpikeMonitor) else batch.samples
        found |= {
            f"{monitor.name}.{n}": np.array(v) for n, v in read(monitor.name, instance).items()
        }
    return found


def assert_equal(found: Outcome, expected: Outcome, relative: float, absolute: float) -> None:
    """Compare two outcomes, entry by entry."""
    assert set(found) == set(expected)
    for name in expected:
        pair = (found[name].astype(float), expected[name].astype(float))
        np.testing.assert_allclose(*pair, relative, absolute, err_msg=name)
