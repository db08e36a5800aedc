"""foldgate: convolutional and recurrent networks on the CPU, from one small wheel."""

from foldgate import ops
from foldgate._check_gradients import check_gradients
from foldgate._custom_gradient import custom_gradient
from foldgate._tape import GradientTape, Tensor, Variable, no_grad, stop_gradient
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
    "GradientTape",
    "Tensor",
    "Variable",
    "__version__",
    "check_gradients",
    "custom_gradient",
    "get_conv_algorithm",
    "get_isa",
    "get_num_threads",
    "no_grad",
    "ops",
    "register_threadpoolctl",
    "set_conv_algorithm",
    "set_max_isa",
    "set_num_threads",
    "show_config",
    "stop_gradient",
]

register_if_imported()
