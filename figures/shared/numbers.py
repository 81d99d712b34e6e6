"""Every published number that a figure shows beside ours, with its source."""

FIG2B_SOURCE = """
Shen et al. 2023, arXiv:2308.12063, Fig. 2b: fraction of bits recalled after 12,000 generations,
mean and standard deviation over 4 to 6 runs. Computed again from the training logs the authors
released, so a last digit may differ from what they print. Their plastic network has a GRU in front
of it, and all sequences of a batch share one set of weights.
"""
FIG2B_GENERATIONS = 12_000

# (length, latency): (mean, standard deviation)
FIG2B_PDLF = {
    (8, 0): (0.991, 0.021),
    (8, 8): (0.916, 0.011),
    (8, 16): (0.883, 0.011),
    (8, 32): (0.783, 0.029),
    (16, 0): (0.941, 0.012),
    (16, 8): (0.796, 0.040),
    (16, 16): (0.804, 0.017),
    (16, 32): (0.643, 0.136),
    (32, 0): (0.801, 0.007),
    (32, 8): (0.744, 0.011),
    (32, 16): (0.632, 0.120),
    (32, 32): (0.657, 0.030),
    (64, 0): (0.660, 0.005),
    (64, 8): (0.640, 0.018),
    (64, 16): (0.624, 0.019),
    (64, 32): (0.585, 0.017),
}
FIG2B_GRU = {
    (8, 0): (0.992, 0.019),
    (8, 8): (0.883, 0.056),
    (8, 16): (0.789, 0.147),
    (8, 32): (0.671, 0.088),
    (16, 0): (0.785, 0.174),
    (16, 8): (0.822, 0.005),
    (16, 16): (0.753, 0.028),
    (16, 32): (0.583, 0.113),
    (32, 0): (0.749, 0.020),
    (32, 8): (0.673, 0.041),
    (32, 16): (0.629, 0.078),
    (32, 32): (0.545, 0.063),
    (64, 0): (0.573, 0.070),
    (64, 8): (0.551, 0.070),
    (64, 16): (0.539, 0.054),
    (64, 32): (0.500, 0.000),
}

SPIKEPROPAMINE_SOURCE = """
Schmidgall et al. 2021, arXiv:2106.02681: its learning curves of five conditions, digitised from a
picture without axis labels that the first author shows on his web site.  Gain over the start, in
units of the last value of neuromodulated Oja; single traces, reading error about 0.01.  That they
are returns of the runner against environment steps is our reading of their shape.
"""
SPIKEPROPAMINE_FRACTIONS = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
"""Of the training."""

# rule: gain at each fraction
SPIKEPROPAMINE_GAINS = {
    "fixed": (0.15, 0.39, 0.71, 0.86, 0.85, 0.88),
    "plastic_bcm": (0.30, 0.50, 0.72, 0.73, 0.79, 0.77),
    "plastic_oja": (0.25, 0.47, 0.65, 0.74, 0.81, 0.81),
    "nm_bcm": (0.20, 0.60, 0.82, 0.85, 0.83, 0.85),
    "nm_oja": (0.30, 0.58, 0.78, 0.90, 0.99, 1.00),
}
