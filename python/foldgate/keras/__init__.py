"""foldgate's kernels under the real Keras 3: nothing of a model changes but its speed.

With Keras' numpy backend this is for inference, and Keras then needs no JAX; with its torch backend it is for
training too. `import foldgate.keras.auto` is `import keras` and `enable()` in one line.
"""

from foldgate.keras.counts import calls
from foldgate.keras.switch import disable, enable, enabled, is_enabled
from foldgate.keras.versions import TESTED_VERSIONS

__all__ = ["TESTED_VERSIONS", "calls", "disable", "enable", "enabled", "is_enabled"]
