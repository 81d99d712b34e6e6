"""The catalog of probes, in the order of tables."""

from neuromodels.measures.battery import of_activity, of_change, of_memory
from neuromodels.measures.battery.probe import Probe

PROBES: dict[str, Probe] = {
    probe.name: probe for probe in (*of_memory.PROBES, *of_change.PROBES, *of_activity.PROBES)
}
"""Probes by name."""
