"""`import foldgate.keras.auto` loads Keras with foldgate's kernels under it.

Where JAX is not installed this has to come before the first `import keras` of a program that uses the numpy
backend: Keras' own import would fail there.
"""

from foldgate.keras.switch import enable

enable()
