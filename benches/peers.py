"""What `benches/run` measures beside Nabla: each function is one case, run in CPython with NumPy.

usage: peers.py CASE [FILE]      prints the seconds of the best of five runs in this process
"""
import sys
import time

import numpy as np


def sumsq():
    t = 0
    for i in range(1000000):
        t += i * i
    return t


def mandelbrot():
    n = 0
    for j in range(300):
        ci = -1.2 + 2.4 * j / 300
        for i in range(400):
            cr = -2.2 + 3.2 * i / 400
            x = y = 0.0
            k = 0
            while k < 50 and x * x + y * y < 4.0:
                x, y = x * x - y * y + cr, 2 * x * y + ci
                k += 1
            n += k
    return n


def fib(n=24):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def vectors():
    a = np.array([1.0, 2.0, 3.0])
    v = np.array([0.1, 0.2, 0.3])
    for i in range(100000):
        a = a + v * 0.5
    return a


def elements():
    a = np.linspace(0.0, 1.0, 1000)
    for i in range(100000):
        a[i % 1000] = i * 0.5
    return a[5]


def loadtxt():
    return np.loadtxt(sys.argv[2], delimiter=",", skiprows=1)


def read_csv():
    return loadtxt()


def best(f):
    times = []
    for _ in range(5):
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return min(times)


print(best({f.__name__: f for f in (sumsq, mandelbrot, fib, vectors, elements, loadtxt, read_csv)}[sys.argv[1]]))
