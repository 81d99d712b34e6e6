"""A small network of one's own with its study file, and a fit of it, as text."""

CODE = '''\
from brian2 import Network, NeuronGroup, ms, mV

def build():
    gain = 1.0
    cells = NeuronGroup(
        4,
        """dv/dt = (gain*drive - v)/(10*ms) + 2*mV*xi/sqrt(10*ms) : volt
        drive : volt (shared, constant)""",
        threshold="v > 10*mV", reset="v = 0*mV", method="euler", name="cells",
    )
    cells.drive = 12*mV
    cells.v = "rand()*10*mV"
    return Network(cells)

def loss(measured):
    return (measured["rate"].mean(axis=1) - 150)**2

def unused():
    return 1
'''
HEAD = """\
question = "How does the rate depend on the drive?"
[network]
build = "net.py:build"
duration = "100 ms"
transient = "20 ms"
[parameters]
drive = { address = "cells.drive", low = "5 mV", high = "30 mV" }
gain = { address = "gain", low = 0.5, high = 2, scale = "log" }
[measures]
rate = { measure = "Rate", group = "cells" }
v = "mean(cells.v)"
"""
SWEEP = """\
[sweep]
grid = { drive = ["5 mV", "20 mV", "30 mV"], gain = [1, 2] }
repeats = 4
seed = 3
"""
FIT = """\
[fit]
loss = { rate = ["150 Hz", "5 Hz"] }
candidates = 8
generations = 4
repeats = 2
"""
MORRIS = """\
[sensitivity]
samples = 4
"""
