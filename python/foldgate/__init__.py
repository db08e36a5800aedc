"""foldgate: convolutional and recurrent networks on the CPU, from one small wheel."""

from foldgate import ops
from foldgate._threadpoolctl import register_if_imported, register_threadpoolctl
from foldgate.config import (
    get_conv_algorithm,
    get_isa,
    get_num_threads,
    set_conv_algorithm,
    set_max_isa,
    set_num_threads,
    show_config,
)

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "get_conv_algorithm",
    "get_isa",
    "get_num_threads",
    "ops",
    "register_threadpoolctl",
    "set_conv_algorithm",
    "set_max_isa",
    "set_num_threads",
    "show_config",
]

register_if_imported()
