"""threadpoolctl steers foldgate's threads where it is installed, whichever of the two is imported first."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("threadpoolctl")

LIMIT = """
foldgate.set_num_threads(3)
[info] = [i for i in threadpoolctl.threadpool_info() if i["user_api"] == "foldgate"]
assert info["num_threads"] == 3 and info["version"] == foldgate.__version__, info
with threadpoolctl.threadpool_limits(1):
    assert foldgate.get_num_threads() == 1
assert foldgate.get_num_threads() == 3
with threadpoolctl.threadpool_limits(2, user_api="foldgate"):
    assert foldgate.get_num_threads() == 2
with threadpoolctl.threadpool_limits(1, user_api="blas"):
    assert foldgate.get_num_threads() == 3
"""


@pytest.mark.parametrize(
    "imports",
    [
        "import threadpoolctl, foldgate",
        "import foldgate, threadpoolctl; foldgate.register_threadpoolctl()",
        "import threadpoolctl, foldgate; [foldgate.register_threadpoolctl() for _ in range(2)]",
    ],
)
def test_threadpool_limits_steers_foldgate(imports):
    done = subprocess.run([sys.executable, "-c", imports + LIMIT], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_threadpoolctl_the_error_says_what_to_install():
    code = (
        "import sys; sys.modules['threadpoolctl'] = None\n"
        "import foldgate\n"
        "try:\n"
        "    foldgate.register_threadpoolctl()\n"
        "except ImportError as error:\n"
        "    assert 'pip install threadpoolctl' in str(error), error\n"
        "else:\n"
        "    raise SystemExit('no error')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
