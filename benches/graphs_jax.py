"""The step of `graphs.nab` in JAX, compiled as one, and bound to two processors: XLA starts a thread for each it sees."""
import os

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])

import jax
import jax.numpy as jnp

from mlp_start import BATCH, RATE, check, start
from timer import case, run_group

x, y, layers = start()
x, y = jnp.asarray(x), jnp.asarray(y)
layers = [tuple(map(jnp.asarray, layer)) for layer in layers]


def loss(layers):
    h = x
    for w, b in layers[:-1]:
        h = jax.nn.relu(h @ w + b)
    w, b = layers[-1]
    return -jnp.mean(jax.nn.log_softmax(h @ w + b)[jnp.arange(BATCH), y])


@jax.jit
def step(layers):
    value, slopes = jax.value_and_grad(loss)(layers)
    return value, jax.tree.map(lambda part, slope: part - RATE * slope, layers, slopes)


def graphs():
    trained = layers
    for _ in range(100):
        value, trained = step(trained)
    check(value)
    case("mlp/graph", lambda: jax.block_until_ready(step(trained)))


run_group(graphs)
