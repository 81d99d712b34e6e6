"""One generation of our own optimizers against slow loops written from the papers."""

import math

import numpy as np
import pytest

from neuromodels.search import make_optimizer

DIMENSION, PAIRS = 4, 6
CENTRE = np.array([0.3, -1.2, 2.0, 0.0])
SIGMA = np.array([0.04, 0.5, 1.5, 0.2])


def losses_of(xs: np.ndarray) -> np.ndarray:
    # rounded, so that some candidates tie
    return np.round(np.abs(xs).sum(axis=1) + np.sin(5 * xs).sum(axis=1), 0)


def slow_rewards(losses: list[float]) -> list[float]:
    """Mean rank of each loss, best first, mapped linearly from 0.5 down to -0.5."""
    rewards = []
    for loss in losses:
        better = sum(other < loss for other in losses)
        equal = sum(other == loss for other in losses)
        rewards.append(0.5 - (better + (equal - 1) / 2) / (len(losses) - 1))
    return rewards


def slow_adam(start: float, gradients: list[float], rate: float) -> float:
    first = second = 0.0
    for t, gradient in enumerate(gradients, start=1):
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient * gradient
        step = (first / (1 - 0.9**t)) / (math.sqrt(second / (1 - 0.999**t)) + 1e-8)
        start += rate * step
    return start


def slow_pgpe_gradients(centre, sigma, xs, losses):
    """Sehnke et al. 2010, symmetric sampling, pair by pair and coordinate by coordinate."""
    rewards = slow_rewards(list(losses))
    baseline = sum(rewards) / len(rewards)
    pairs = len(xs) // 2
    of_centre, of_sigma = [], []
    for i in range(len(centre)):
        centre_sum = sigma_sum = 0.0
        for p in range(pairs):
            noise = xs[p, i] - centre[i]
            plus, minus = rewards[p], rewards[p + pairs]
            centre_sum += 0.5 * (plus - minus) * noise
            change = (noise**2 - sigma[i] ** 2) / sigma[i]
            sigma_sum += ((plus + minus) / 2 - baseline) * change
        of_centre.append(centre_sum / pairs)
        of_sigma.append(sigma_sum / pairs)
    return of_centre, of_sigma


def test_three_generations_of_pgpe():
    optimizer = make_optimizer("pgpe", CENTRE, SIGMA, 2 * PAIRS, 3)
    centre, sigma = list(CENTRE), list(SIGMA)
    history: list[list[float]] = [[] for _ in centre]
    for _ in range(3):
        xs = optimizer.ask()
        losses = losses_of(xs)
        of_centre, of_sigma = slow_pgpe_gradients(centre, sigma, xs, losses)
        optimizer.tell(xs, losses)
        for i in range(DIMENSION):
            history[i].append(of_centre[i])
            centre[i] = slow_adam(CENTRE[i], history[i], 0.01)
            limit = 0.2 * sigma[i]
            sigma[i] += min(limit, max(-limit, 0.07 * of_sigma[i]))
        np.testing.assert_allclose(optimizer.recommend(), centre, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(optimizer.dump()["sigma"], sigma, rtol=1e-12)


def test_sigma_of_pgpe_changes_by_at_most_a_fifth():
    optimizer = make_optimizer("pgpe", CENTRE, SIGMA, 20, 3, {"sigma_rate": 1e6})
    xs = optimizer.ask()
    optimizer.tell(xs, losses_of(xs))
    change = optimizer.dump()["sigma"] / SIGMA - 1
    np.testing.assert_allclose(np.abs(change), 0.2, rtol=1e-12)


def test_one_generation_of_snes():
    n = 9
    optimizer = make_optimizer("snes", CENTRE, SIGMA, n, 3)
    xs = optimizer.ask()
    losses = np.abs(xs).sum(axis=1)
    raw = [max(0.0, math.log(n / 2 + 1) - math.log(k)) for k in range(1, n + 1)]
    best_first = sorted(range(n), key=lambda k: losses[k])
    rate = (3 + math.log(DIMENSION)) / (5 * math.sqrt(DIMENSION))
    centre, sigma = [], []
    for i in range(DIMENSION):
        by_centre = by_sigma = 0.0
        for rank, k in enumerate(best_first):
            utility = raw[rank] / sum(raw) - 1 / n
            s = (xs[k, i] - CENTRE[i]) / SIGMA[i]
            by_centre += utility * s
            by_sigma += utility * (s * s - 1)
        centre.append(CENTRE[i] + SIGMA[i] * by_centre)
        sigma.append(SIGMA[i] * math.exp(rate / 2 * by_sigma))
    optimizer.tell(xs, losses)
    np.testing.assert_allclose(optimizer.recommend(), centre, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(optimizer.dump()["sigma"], sigma, rtol=1e-12)


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_two_generations_of_openai_es(decay):
    options = {"weight_decay": decay}
    optimizer = make_optimizer("openai_es", CENTRE, SIGMA, 2 * PAIRS, 3, options)
    centre = list(CENTRE)
    history: list[list[float]] = [[] for _ in centre]
    for _ in range(2):
        xs = optimizer.ask()
        losses = losses_of(xs)
        rewards = slow_rewards(list(losses))
        optimizer.tell(xs, losses)
        for i in range(DIMENSION):
            total = sum(
                reward * (x[i] - centre[i]) / SIGMA[i]
                for reward, x in zip(rewards, xs, strict=True)
            )
            history[i].append(total / (len(xs) * SIGMA[i]) - decay * centre[i])
            centre[i] = slow_adam(CENTRE[i], history[i], 0.01)
        np.testing.assert_allclose(optimizer.recommend(), centre, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(optimizer.dump()["sigma"], SIGMA)


@pytest.mark.parametrize("name", ["pgpe", "openai_es"])
def test_first_step_is_the_learning_rate(name):
    absolute = make_optimizer(name, CENTRE, SIGMA, 50, 3, {"learning_rate": 0.02})
    relative = make_optimizer(name, CENTRE, SIGMA, 50, 3, {"relative_rate": 0.1})
    for optimizer in (absolute, relative):
        xs = optimizer.ask()
        optimizer.tell(xs, xs @ np.array([1.0, -2.0, 3.0, -4.0]))
    np.testing.assert_allclose(np.abs(absolute.recommend() - CENTRE), 0.02, rtol=1e-3)
    np.testing.assert_allclose(np.abs(relative.recommend() - CENTRE), 0.1 * SIGMA, rtol=1e-3)


def test_snes_follows_a_change_of_units():
    scale = np.array([1e-3, 1.0, 50.0, 7.0])
    plain = make_optimizer("snes", CENTRE, SIGMA, 30, 3)
    scaled = make_optimizer("snes", CENTRE * scale, SIGMA * scale, 30, 3)
    for _ in range(5):
        xs, ys = plain.ask(), scaled.ask()
        plain.tell(xs, losses_of(xs))
        scaled.tell(ys, losses_of(xs))
    np.testing.assert_allclose(scaled.recommend(), plain.recommend() * scale, rtol=1e-10)
