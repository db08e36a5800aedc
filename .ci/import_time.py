"""Prints what `import foldgate` costs beyond `import numpy`: medians of fresh processes, alternating."""

import statistics
import subprocess
import sys
import time


def seconds(statement: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - begin


pairs = [(seconds("import numpy"), seconds("import numpy, foldgate")) for _ in range(15)]
numpy, both = (statistics.median(column) for column in zip(*pairs, strict=True))
print(f"import foldgate: {1e3 * (both - numpy):.0f} ms beyond numpy's {1e3 * numpy:.0f} ms (aim: at most 60)")
