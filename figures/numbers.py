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
