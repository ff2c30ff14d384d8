"""The network that peers train: 784, 256, 128 and 10 units, rectified, and 128 rows of noise with labels to learn.

usage: mlp_start.py FILE      writes the batch, the start and the loss after a hundred steps as an .npz
"""
import sys

import numpy as np

SIZES = (784, 256, 128, 10)
BATCH = 128
RATE = np.float32(0.1)
LOSS = 0.0100428  # the mean cross-entropy after a hundred steps, as NumPy finds it


def start():
    """The batch, its labels, and a weight and a bias for each layer."""
    random = np.random.RandomState(0)
    x = random.randn(BATCH, SIZES[0]).astype(np.float32)
    y = random.randint(0, SIZES[-1], BATCH)
    layers = [(random.randn(a, b).astype(np.float32) * np.float32((2 / a) ** 0.5), np.zeros(b, np.float32))
              for a, b in zip(SIZES, SIZES[1:])]
    return x, y, layers


def check(loss):
    """Whoever is at another place after a hundred steps did other work."""
    if abs(loss / LOSS - 1) > 1e-4:
        sys.exit(f"the loss after 100 steps is {loss}, and not {LOSS}")


if __name__ == "__main__":
    x, y, layers = start()
    parts = {f"{name}{i}": part for i, layer in enumerate(layers) for name, part in zip("wb", layer)}
    np.savez(sys.argv[1], x=x, y=y, loss=LOSS, **parts)
