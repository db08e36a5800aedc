"""What stands for which module and which function of torch."""

from foldgate.models._from_torch import (
    attention,
    functions,
    modules,
    packed,
    padding,
    rearranged,
    recurrent,
    windows,
)

_ROOMS = (modules, padding, rearranged, windows, recurrent, attention)

MODULES = {name: form for room in _ROOMS for name, form in room.MODULES.items()}
FUNCTIONS = {
    **functions.FUNCTIONS,
    **padding.FUNCTIONS,
    **rearranged.FUNCTIONS,
    **windows.FUNCTIONS,
    **attention.FUNCTIONS,
    **packed.FUNCTIONS,
}
