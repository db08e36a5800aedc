"""What a user may set for the whole process, and what this build and machine are."""

import atexit
import platform
from typing import Any

from foldgate import _native
from foldgate._defaults import (
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)

__all__ = [
    "CONV_ALGORITHMS",
    "backend",
    "epsilon",
    "floatx",
    "get_conv_algorithm",
    "get_isa",
    "get_num_threads",
    "image_data_format",
    "set_conv_algorithm",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_max_isa",
    "set_num_threads",
    "show_config",
]

CONV_ALGORITHMS = ("direct", "im2col", "depthwise", "winograd", "fft")

_conv_algorithm: str | None = None

# The workers end before the interpreter does; nothing is joined in a static destructor.
atexit.register(_native.stop_threads)


def set_num_threads(threads: int) -> None:
    """Sets how many threads a call may use, from now on and for the whole process.

    Results are the same to the bit for any number. At import it is the environment variable
    `FOLDGATE_NUM_THREADS`, else `OMP_NUM_THREADS`, else the cores that affinity and cgroup quota leave.

    Args:
      threads: at least 1.

    Raises:
      TypeError: `threads` is not an int.
      ValueError: `threads` is below 1 or above 1024.

    Example:
      >>> import foldgate
      >>> foldgate.set_num_threads(1)
      >>> foldgate.get_num_threads()
      1
    """
    if isinstance(threads, bool) or not isinstance(threads, int):
        raise TypeError(f"set_num_threads: threads is {threads!r}; expected an int of at least 1")
    if not 1 <= threads <= 1024:
        raise ValueError(f"set_num_threads: threads is {threads}; expected 1 to 1024")
    _native.set_num_threads(threads)


def get_num_threads() -> int:
    """Returns how many threads a call may use."""
    return _native.get_num_threads()


def _borrow_threads(parallel: int, max_threads: int, thread_num: int) -> None:
    """Lets the threads of an OpenMP runtime in this process do the kernels' work; with zeros no more.

    Two runtimes' threads would take the cores from one another. A forked child starts threads of its own.

    Args:
      parallel: the address of the runtime's `GOMP_parallel`.
      max_threads: that of its `omp_get_max_threads`.
      thread_num: that of its `omp_get_thread_num`.
    """
    _native.set_openmp(parallel, max_threads, thread_num)


def set_max_isa(name: str | None) -> None:
    """Caps the kernels' instruction set: `"baseline"`, `"avx2"`, `"avx512"` or `"neon"`; None lifts the cap.

    A cap above what the machine has changes nothing. The environment variable `FOLDGATE_MAX_ISA` sets it at
    import.

    Raises:
      TypeError: `name` is neither a str nor None.
      ValueError: `name` is not one of the tiers.

    Example:
      >>> import foldgate
      >>> foldgate.set_max_isa("baseline")
      >>> foldgate.set_max_isa(None)
    """
    if name is None:
        _native.clear_max_isa()
    elif isinstance(name, str):
        _native.set_max_isa(name)
    else:
        raise TypeError(f"set_max_isa: name is {name!r}; expected a str or None")


def get_isa() -> str:
    """Returns the instruction set in use: `"baseline"`, `"avx2"`, `"avx512"` or `"neon"`."""
    return _native.active_isa()


def set_conv_algorithm(name: str | None) -> None:
    """Chooses the convolution algorithm of calls that name none; None leaves it to the shape.

    Args:
      name: `"direct"`, `"im2col"`, `"depthwise"`, `"winograd"`, `"fft"` or None. A call whose shape
        the algorithm cannot do raises.

    Raises:
      ValueError: `name` is none of these.
    """
    global _conv_algorithm
    if name is not None and name not in CONV_ALGORITHMS:
        raise ValueError(f"set_conv_algorithm: name is {name!r}; expected one of {CONV_ALGORITHMS} or None")
    _conv_algorithm = name
    _native.set_default_algorithm(name)


def get_conv_algorithm() -> str | None:
    """Returns the algorithm set by `set_conv_algorithm`, or None."""
    return _conv_algorithm


def config() -> dict[str, Any]:
    """Returns what `show_config` prints, as a dict."""
    import numpy

    import foldgate

    return {
        "foldgate": foldgate.__version__,
        "numpy": numpy.__version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "compiler": _native.compiler(),
        "isa": _native.active_isa(),
        "available isas": ", ".join(_native.isas()),
        "threads": _native.get_num_threads(),
        "usable cores": _native.usable_cores(),
        "caches": _native.cache_sizes(),
        "kept memory": f"{_native.cached_bytes()} of at most {_native.cache_limit()} bytes",
        "conv algorithm": _conv_algorithm or "by shape",
    }


def show_config() -> None:
    """Prints the build, the instruction sets, the threads and the caches."""
    for name, value in config().items():
        print(f"{name:>16}: {value}")


def backend() -> str:
    """The name of what computes, where Keras code asks.

    Example:
      >>> import foldgate as keras
      >>> keras.config.backend()
      'foldgate'
    """
    return "foldgate"
