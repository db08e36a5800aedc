"""Keras' numpy backend with foldgate and without JAX."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HAS_KERAS = importlib.util.find_spec("keras") is not None
needs_keras = pytest.mark.skipif(not HAS_KERAS, reason="`pip install keras` to run these tests")

BLOCK = """
import sys
for name in ("jax", "scipy", "scipy.linalg", "torch", "tensorflow"):
    sys.modules[name] = None
"""


def run(code: str, tmp_path: Path, **environment: str) -> str:
    """What a new interpreter prints that finds no JAX."""
    variables = os.environ | {"KERAS_BACKEND": "numpy", "KERAS_HOME": str(tmp_path)} | environment
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-W", "error::ImportWarning", "-c", BLOCK + textwrap.dedent(code)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@needs_keras
def test_keras_alone_needs_jax(tmp_path: Path) -> None:
    code = """
        try:
            import keras
        except ImportError as error:
            print(error.name)
    """
    assert run(code, tmp_path) in ("jax", "scipy.linalg")


MODEL = """
    import foldgate.keras.auto
    import keras, numpy as np
    from foldgate import reference

    assert not {"jax.lax", "keras.src.backend.jax"} & set(sys.modules) and sys.modules["jax"] is None
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 9, 8, 4)).astype("float32")
    kernel = rng.normal(size=(3, 3, 4, 6)).astype("float32")
    y = keras.ops.conv(x, kernel, strides=2, padding="same")
    expected = reference.conv(x.astype("float64"), kernel.astype("float64"), strides=2, padding="same")
    np.testing.assert_allclose(y, expected, 1e-4, 1e-4)
    half = keras.ops.conv(x.astype("float16"), kernel.astype("float16"), strides=2, padding="same")
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, expected, 2e-2, 2e-2)
    patches = keras.ops.image.extract_patches(x.astype("float16"), 2)  # which names all that it gives `conv`
    assert patches.dtype == np.float16 and patches.shape == (2, 4, 4, 16)
    whole = keras.ops.max_pool(np.arange(8).reshape(1, 8, 1), 2)
    assert whole.dtype.kind == "i" and whole.ravel().tolist() == [1, 3, 5, 7]
    foldgate.keras.calls(reset=True)
    L = keras.layers
    model = keras.Sequential([
        keras.Input((9, 8, 4)), L.Conv2D(6, 3, activation="relu"), L.MaxPooling2D(), L.DepthwiseConv2D(2),
        L.SeparableConv2D(4, 2, padding="same"), L.Conv2DTranspose(3, 2, strides=2), L.AveragePooling2D(2),
        L.Reshape((-1, 3)), L.Bidirectional(L.LSTM(4, return_sequences=True)), L.GRU(3), L.Dense(2)])
    assert model.predict(x, verbose=0).shape == (2, 2)
    model.save("model.keras")
    np.testing.assert_array_equal(
        keras.saving.load_model("model.keras").predict(x, verbose=0), model.predict(x, verbose=0))
    print(sorted(name for name, counted in foldgate.keras.calls().items() if counted[0] and not counted[1]))
"""


@needs_keras
def test_a_model_predicts(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    names = ["average_pool", "conv", "conv_transpose", "depthwise_conv", "gru", "lstm", "max_pool"]
    code = f"import os; os.chdir({str(tmp_path)!r})\n" + textwrap.dedent(MODEL)
    assert run(code, tmp_path) == str([*names, "separable_conv"])


@needs_keras
def test_the_example_measures_what_runs(tmp_path: Path) -> None:
    script = Path(__file__).resolve().parents[3] / "examples" / "accelerate_keras.py"
    code = f"""
        import runpy
        sys.argv = ["accelerate_keras.py", "--count", "16"]
        runpy.run_path({str(script)!r}, run_name="__main__")
    """
    printed = run(code, tmp_path)
    assert "needs JAX" in printed and re.search(r"predict .* - .* ms .* - ", printed)


@needs_keras
def test_fourier_transforms(tmp_path: Path) -> None:
    code = """
        import foldgate.keras.auto
        import keras, numpy as np
        x = np.random.default_rng(0).normal(size=(2, 4, 8)).astype("float32")
        for transform, expected in ((keras.ops.fft, np.fft.fft), (keras.ops.fft2, np.fft.fft2)):
            real, imaginary = transform((x, 2 * x))
            assert real.dtype == imaginary.dtype == np.float32
            np.testing.assert_allclose(real + 1j * imaginary, expected(x * (1 + 2j)), rtol=1e-4, atol=1e-4)
        print("equal")
    """
    assert run(code, tmp_path) == "equal"


@needs_keras
def test_what_has_no_kernel_says_so(tmp_path: Path) -> None:
    code = """
        import foldgate.keras
        foldgate.keras.enable()
        import keras, numpy as np
        foldgate.keras.disable()
        try:
            keras.ops.max_pool(np.ones((1, 4, 1)), 2)
        except ImportError as error:
            print(error)
    """
    assert run(code, tmp_path).endswith("which foldgate has no kernel for; install jax for it")


@needs_keras
def test_linear_algebra_of_scipy_says_so(tmp_path: Path) -> None:
    code = """
        import foldgate.keras.auto
        import keras, numpy as np
        assert sys.modules["scipy"] is None and sys.modules["scipy.linalg"] is None
        try:
            keras.ops.lu_factor(np.eye(2, dtype="float32"))
        except ImportError as error:
            print(error)
    """
    assert run(code, tmp_path).endswith(
        "calls scipy.linalg.lu_factor here, which foldgate has no kernel for; install scipy for it"
    )


@needs_keras
def test_the_backend_may_be_named_in_keras_own_file(tmp_path: Path) -> None:
    settings = {"backend": "numpy", "floatx": "float32", "epsilon": 1e-7}
    (tmp_path / "keras.json").write_text(json.dumps(settings | {"image_data_format": "channels_last"}))
    code = "import foldgate.keras.auto, keras\nprint(keras.config.backend(), foldgate.keras.is_enabled())"
    assert run(code, tmp_path, KERAS_BACKEND="") == "numpy True"


@needs_keras
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "openvino", "pytorch", ""])
def test_another_backend_is_refused_before_keras_is_imported(backend: str, tmp_path: Path) -> None:
    code = """
        import foldgate.keras
        for attempt in (foldgate.keras.enable, foldgate.keras.enabled().__enter__):
            try:
                attempt()
            except RuntimeError as error:
                print(error)
        assert "keras" not in sys.modules and not foldgate.keras.is_enabled()
    """
    assert run(code, tmp_path, KERAS_BACKEND=backend).splitlines() == 2 * [
        f"foldgate.keras: the backend of keras is {backend or 'tensorflow'!r}; expected 'numpy' or 'torch' "
        "(set KERAS_BACKEND before keras is imported)"
    ]


@needs_keras
def test_keras_was_imported_too_early(tmp_path: Path) -> None:
    code = """
        try:
            import keras
        except ImportError:
            pass
        import foldgate.keras.auto
        import keras, numpy as np
        y = keras.layers.MaxPooling1D(2)(np.ones((1, 4, 1), "float32"))
        print(foldgate.keras.is_enabled(), y.shape)
    """
    assert run(code, tmp_path) == "True (1, 2, 1)"


def test_no_keras_is_a_clear_error(tmp_path: Path) -> None:
    code = """
        sys.modules["keras"] = None
        import foldgate, foldgate.keras
        assert not foldgate.keras.is_enabled()
        foldgate.keras.disable()
        for attempt in (foldgate.keras.enable, foldgate.keras.enabled().__enter__):
            try:
                attempt()
            except ImportError as error:
                print(error)
    """
    assert run(code, tmp_path).splitlines() == 2 * [
        "foldgate.keras needs Keras 3: python -m pip install keras"
    ]
