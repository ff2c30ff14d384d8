"""Some cases of `arrays.nab` in JAX, compiled, and bound to two processors: XLA starts a thread for each it sees."""
import os

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])

import jax
import jax.numpy as jnp

from timer import case, run_group

jax.config.update("jax_enable_x64", True)
keys = iter(jax.random.split(jax.random.key(0), 100))
DTYPES = {"f32": jnp.float32, "f64": jnp.float64}


def compiled(name, f, *inputs):
    f = jax.jit(f)
    case(name, lambda: f(*inputs).block_until_ready())


def matmul():
    for name, dtype in DTYPES.items():
        for n in (512, 1024):
            a, b = (jax.random.normal(next(keys), (n, n), dtype) for _ in range(2))
            compiled(f"matmul/{name}/{n}", lambda a, b: a @ b, a, b)


def elementwise():
    for name, dtype in DTYPES.items():
        x, y = (jax.random.uniform(next(keys), (10**7,), dtype) for _ in range(2))
        compiled(f"chain/{name}", lambda x, y: jnp.sqrt(x * x + y * y) * jnp.exp(-x), x, y)
        compiled(f"axpb/{name}", lambda x: x * 2 + 1, x)
        compiled(f"exp/{name}", jnp.exp, x)
    compiled("softmax", jax.nn.softmax, jax.random.normal(next(keys), (1000, 1000)))


run_group(matmul, elementwise)
