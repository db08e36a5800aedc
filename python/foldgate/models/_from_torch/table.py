"""What stands for which module and which function of torch."""

from foldgate.models._from_torch import functions, modules, recurrent, windows

MODULES = {**modules.MODULES, **windows.MODULES, **recurrent.MODULES}
FUNCTIONS = {**functions.FUNCTIONS, **windows.FUNCTIONS}
