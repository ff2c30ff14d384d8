"""The step of `network.nab` in TensorFlow: eager with a tape, and compiled as one function."""
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf

from mlp_start import RATE, check, start
from timer import case, run_group

THREADS = int(os.environ["OMP_NUM_THREADS"])
tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)

x, y, layers = start()
x, y = tf.constant(x), tf.constant(y)
weights = [tf.Variable(part) for layer in layers for part in layer]


def step():
    w1, b1, w2, b2, w3, b3 = weights
    with tf.GradientTape() as tape:
        h = tf.nn.relu(x @ w1 + b1)
        h = tf.nn.relu(h @ w2 + b2)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, h @ w3 + b3)
        loss = tf.reduce_mean(losses)
    for weight, slope in zip(weights, tape.gradient(loss, weights)):
        weight.assign_sub(RATE * slope)
    return loss


def measured(name, step):
    for _ in range(100):
        loss = step()
    check(loss.numpy())
    case(name, lambda: step().numpy())


def derivatives():
    measured("mlp/step", step)


def graphs():
    measured("mlp/graph", tf.function(step))


run_group(derivatives, graphs)
