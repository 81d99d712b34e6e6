"""Statistics of spike trains in plain numpy, to compare measures with."""

import numpy as np


def trains(i, t, size, begin, end):
    """Return the spike times of each neuron, in steps, from `begin` on and before `end`."""
    inside = (t >= begin) & (t < end)
    return [np.sort(t[inside & (i == k)]) for k in range(size)]


def mean_of(values):
    """Return the mean of those there are."""
    there = [value for value in values if value is not None]
    return np.mean(there) if there else np.nan


def rate(each, span):
    return np.mean([len(train) for train in each]) / span


def mean_interval(each):
    return mean_of([np.diff(x).mean() if len(x) > 1 else None for x in each])


def interval_cv(each):
    return mean_of([np.std(np.diff(x)) / np.mean(np.diff(x)) if len(x) > 2 else None for x in each])


def cv2(each):
    def of(train):
        gaps = np.diff(train)
        return np.mean(2 * np.abs(np.diff(gaps)) / (gaps[1:] + gaps[:-1]))

    return mean_of([of(train) if len(train) > 2 else None for train in each])


def lv(each):
    def of(train):
        gaps = np.diff(train)
        return 3 * np.mean((np.diff(gaps) / (gaps[1:] + gaps[:-1])) ** 2)

    return mean_of([of(train) if len(train) > 2 else None for train in each])


def burst_index(each, longest):
    return mean_of([np.mean(np.diff(x) <= longest) if len(x) > 1 else None for x in each])


def counts(each, begin, end, window):
    """Return the counts of each neuron in whole windows, (neurons, windows)."""
    edges = begin + window * np.arange((end - begin) // window + 1)
    return np.array([np.histogram(x[x < edges[-1]], edges)[0] for x in each])


def fano_factor(counted):
    return mean_of([np.var(x) / np.mean(x) if x.any() else None for x in counted])


def synchrony(counted):
    single = np.var(counted, axis=1).mean()
    return np.var(counted.mean(axis=0)) / single if single else np.nan


def correlation(one, other):
    one, other = one.sum(axis=0), other.sum(axis=0)
    return np.corrcoef(one, other)[0, 1] if one.std() and other.std() else np.nan
