"""Lets `threadpoolctl <https://github.com/joblib/threadpoolctl>`_ see and limit foldgate's threads.

threadpoolctl finds native thread pools by the names and symbols of the shared libraries in the process; what
it does not know it must be told by a controller class. It is registered by itself when threadpoolctl was
imported before foldgate; in the other order, importing it here would make every user pay for it, so one call
says that it is wanted.
"""

from __future__ import annotations

import sys

_registered = False


def register_threadpoolctl() -> None:
    """Makes ``threadpoolctl.threadpool_limits`` and ``threadpool_info`` include foldgate.

    Needed only where foldgate was imported before threadpoolctl; calling it again changes nothing. A limit on
    all libraries (``threadpool_limits(1)``) or on ``user_api="foldgate"`` then acts like
    `foldgate.set_num_threads`.

    Raises:
        ImportError: threadpoolctl (3.0 or newer) is not installed.

    Example:
        >>> import foldgate
        >>> foldgate.register_threadpoolctl()  # doctest: +SKIP
        >>> with threadpoolctl.threadpool_limits(1):  # doctest: +SKIP
        ...     foldgate.get_num_threads()
        1
    """
    global _registered
    if _registered:
        return
    try:
        import threadpoolctl
    except ImportError as error:
        raise ImportError(
            "register_threadpoolctl: threadpoolctl is not installed; `python -m pip install threadpoolctl`"
        ) from error

    class FoldgateController(threadpoolctl.LibController):  # type: ignore[misc]
        user_api = "foldgate"
        internal_api = "foldgate"
        filename_prefixes = ("_native",)
        check_symbols = ("foldgate_get_num_threads", "foldgate_set_num_threads")

        def get_num_threads(self) -> int:
            return int(self.dynlib.foldgate_get_num_threads())

        def set_num_threads(self, num_threads: int) -> None:
            self.dynlib.foldgate_set_num_threads(num_threads)

        def get_version(self) -> str:
            from foldgate import __version__

            return __version__

    threadpoolctl.register(FoldgateController)
    _registered = True


def register_if_imported() -> None:
    """What ``import foldgate`` does: registers where threadpoolctl is in the process already."""
    if sys.modules.get("threadpoolctl") is not None:
        register_threadpoolctl()
