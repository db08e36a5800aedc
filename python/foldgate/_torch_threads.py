"""foldgate's work on the threads of torch's OpenMP runtime, for the drop-ins that run beside torch.

OpenMP's threads spin for milliseconds after each of torch's ops: another pool's threads would have to share
the cores with them.
"""

from __future__ import annotations

import ctypes
import functools
import os

from foldgate import config


@functools.cache
def share_threads() -> bool:
    """Lets torch's threads do foldgate's work, where its runtime can be found; says whether they do now.

    A process that forks goes on with foldgate's own threads: OpenMP's do not survive a fork.
    """
    import torch

    path = os.path.join(os.path.dirname(torch.__file__), "lib", "libtorch_global_deps.so")
    try:
        library = ctypes.CDLL(path)  # loaded already; it needs the runtime that torch was linked with
        addresses = [
            ctypes.cast(function, ctypes.c_void_p).value
            for function in (library.GOMP_parallel, library.omp_get_max_threads, library.omp_get_thread_num)
        ]
    except (OSError, AttributeError):  # another platform, or another runtime
        return False
    parallel, max_threads, thread_num = addresses
    if parallel is None or max_threads is None or thread_num is None:
        return False
    config._borrow_threads(parallel, max_threads, thread_num)
    return True
