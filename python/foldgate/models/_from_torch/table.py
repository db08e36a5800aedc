"""What stands for which module and which function of torch."""

from foldgate.models._from_torch import attention, functions, modules, packed, recurrent, windows

MODULES = {**modules.MODULES, **windows.MODULES, **recurrent.MODULES, **attention.MODULES}
FUNCTIONS = {**functions.FUNCTIONS, **windows.FUNCTIONS, **attention.FUNCTIONS, **packed.FUNCTIONS}
