"""The step of `derivatives.nab` in NumPy, its derivatives by hand."""
import numpy as np

from mlp_start import BATCH, RATE, SIZES, check, start
from timer import case, run_group

x, y, weights = start()
hot = np.eye(SIZES[-1], dtype=np.float32)[y]


def step(layers):
    (w1, b1), (w2, b2), (w3, b3) = layers
    h1 = np.maximum(x @ w1 + b1, 0)
    h2 = np.maximum(h1 @ w2 + b2, 0)
    scores = h2 @ w3 + b3
    shifted = scores - scores.max(1, keepdims=True)
    powers = np.exp(shifted)
    totals = powers.sum(1, keepdims=True)
    loss = -((shifted - np.log(totals)) * hot).sum() / BATCH
    d3 = (powers / totals - hot) / np.float32(BATCH)
    d2 = (d3 @ w3.T) * (h2 > 0)
    d1 = (d2 @ w2.T) * (h1 > 0)
    return loss, [
        (w1 - RATE * (x.T @ d1), b1 - RATE * d1.sum(0)),
        (w2 - RATE * (h1.T @ d2), b2 - RATE * d2.sum(0)),
        (w3 - RATE * (h2.T @ d3), b3 - RATE * d3.sum(0)),
    ]


def derivatives():
    layers = weights
    for _ in range(100):
        loss, layers = step(layers)
    check(loss)
    case("mlp/step", lambda: step(layers))


run_group(derivatives)
