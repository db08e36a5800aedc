"""The architecture as a test: who may include, import or spell what.

docs/architecture.md draws the rooms; this file reads every ``#include`` and ``import`` and fails on an arrow
that points the wrong way. Each rule is also fed a line that breaks it, so that no rule can pass by matching
nothing.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Room -> the rooms of csrc/ that its files may include, besides itself. bindings -> ops -> kernels -> simd,
# with core open to ops and bindings. simd/ is only for code that is compiled once per instruction set: a
# vector type seen from a file that is compiled once would be another type there.
INCLUDES = {
    "core": set(),
    "simd": set(),
    "kernels": {"simd"},
    "ops": {"kernels", "core"},
    "bindings": {"ops", "kernels", "core"},
}
# Files that are compiled once at the baseline although they stand beside per-ISA code, and what they add.
INCLUDES_EXTRA = {"kernels/dispatch.cc": {"core"}}

# What per-ISA code may take from angle brackets: types and compiler builtins. A standard function compiled
# under two instruction sets is one symbol to the linker, which keeps either copy, and an older machine dies
# of the other.
ISA_HEADERS = {"cstddef", "cstdint", "type_traits", "utility", "emmintrin.h", "immintrin.h", "arm_neon.h"}
ISA_ROOMS = {"simd", "kernels"}

INTRINSIC = re.compile(
    r"\b(_mm\d*_\w+|__m(?:128|256|512)[id]?\b|__mmask\d+|\w*mmintrin\.h|arm_neon\.h"
    r"|v(?:ld|st)[1-4]q?_\w+|v\w+q_[fsu](?:16|32|64)|(?:float|u?int)\d+x\d+_t)\b"
)

# Python: the first part of a foldgate module's name -> what it may import from foldgate. A name that is not
# listed has no room yet: give it one here.
ANY = {"*"}
LAYER_PARTS = {"_checks", "_join", "_tape", "_typing", "_defaults", "_dtypes", "_masks", "_naming", "_nest"}
LAYER_PARTS |= {"_budget", "initializers", "regularizers", "constraints", "activations", "config"}
IMPORTS = {
    "__init__": ANY,  # it loads the rooms when they are asked for
    "_typing": set(),
    "gradients": {"_typing"},
    "reference": {"reference", "gradients"},
    "datasets": set(),
    "utils": {"random", "backend", "callbacks", "saving", "_checks", "_symbolic", "layers"},
    "preprocessing": {"preprocessing", "utils"},
    "config": {"_native", "__version__", "_defaults"},
    "backend": {"config", "_defaults", "_naming"},
    "_defaults": set(),
    "_naming": set(),
    "_dtypes": {"_defaults"},
    "_masks": set(),
    "_budget": set(),
    "_checks": set(),
    "_nest": set(),
    "random": {"random", "_tape", "_defaults", "_naming", "_typing"},
    "_symbolic": {"_symbolic", "ops"} | LAYER_PARTS,
    "layers": {"layers", "ops", "random", "saving", "_custom_gradient", "_symbolic"} | LAYER_PARTS,
    "models": {"models", "layers", "ops", "random", "saving", "_symbolic", "losses", "metrics", "optimizers"}
    # __version__: `Model.export` looks foldgate.onnx up in foldgate, when it is called
    | {"callbacks", "utils", "__version__"}
    | LAYER_PARTS,
    # saving looks the rooms up in foldgate, by the fixed dictionary of saving/classes.py
    "saving": {"saving", "__version__", "_symbolic", "random"} | LAYER_PARTS,
    "_threadpoolctl": {"__version__"},
    "ops": {"ops", "gradients", "_arrays", "_native", "_tape", "_typing", "config"},
    "_join": {"_native"},
    "_rules": {"_rules", "_tape", "_join"},
    "_check_gradients": {"_tape"},
    "_custom_gradient": {"_tape"},
    "_by_name": {"saving"},
    "activations": {"activations", "layers", "ops", "saving", "_by_name", "_custom_gradient", "_logits"}
    | {"_symbolic", "_tape", "_typing"},
    "initializers": {"initializers", "random", "saving", "_by_name", "_checks", "_defaults", "_typing"},
    "regularizers": {"_by_name", "_typing"},
    "constraints": {"_by_name", "_checks", "_defaults", "_typing"},
    "_logits": {"_tape"},
    "losses": {"losses", "ops", "_by_name", "_custom_gradient", "_defaults", "_logits", "_masks", "_naming"}
    | {"_checks", "_dtypes", "_tape"},
    "metrics": {"_checks", "metrics", "losses", "ops", "_by_name", "_defaults", "_dtypes", "_masks"}
    | {"_naming", "_tape"},
    "optimizers": {"optimizers", "ops", "_by_name", "_checks", "_naming"},
    "callbacks": {"callbacks", "saving", "_checks"},
    "onnx": {"onnx", "ops", "layers", "models", "activations", "config", "saving", "_nest", "_symbolic"}
    | {"_typing", "_join"},
    "torch": {"torch", "ops", "config", "_native", "_by_torch", "_torch_ready", "_torch_threads"},
    "_by_torch": set(),
    "_torch_ready": set(),
    "_torch_threads": {"config"},
    "bench": ANY,
    "cli": ANY,
    "__main__": {"cli"},
}
# The drop-ins import their framework, and nothing imports a drop-in.
DROP_INS = {"torch", "keras", "onnx"}
# Third-party packages by room; the standard library is open to all but reference, which is NumPy and typing
# alone.
STDLIB_FOR_REFERENCE = {"__future__", "collections", "typing", "math", "itertools", "functools"}


def _sources(root: Path) -> list[Path]:
    return sorted(p for p in (root / "csrc").rglob("*") if p.suffix in {".h", ".cc", ".inc"})


def _without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*|/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.DOTALL)


def include_faults(root: Path) -> list[str]:
    """Includes of csrc/ that point the wrong way, cannot be found, or bring the STL into per-ISA code."""
    csrc, faults = root / "csrc", []
    for source in _sources(root):
        name = source.relative_to(csrc).as_posix()
        room = name.split("/")[0]
        allowed = INCLUDES[room] | {room} | INCLUDES_EXTRA.get(name, set())
        compiled_per_isa = room in ISA_ROOMS and name not in INCLUDES_EXTRA
        for opening, target in re.findall(
            r'^\s*#\s*include\s*([<"])([^">]+)', _without_comments(source.read_text()), re.MULTILINE
        ):
            if opening == "<":
                if compiled_per_isa and target not in ISA_HEADERS:
                    faults.append(f"{name}: <{target}> in code compiled once per ISA")
                continue
            found = [base for base in (source.parent, csrc) if (base / target).is_file()]
            if not found:
                faults.append(f'{name}: "{target}" is neither beside it nor below csrc/')
                continue
            reached = (found[0] / target).resolve().relative_to(csrc.resolve()).parts[0]
            if reached not in allowed:
                faults.append(f"{name}: {room} may not include {reached} ({target})")
    return faults


def intrinsic_faults(root: Path) -> list[str]:
    """Intrinsics and vector register types outside csrc/simd."""
    faults = []
    for source in _sources(root):
        name = source.relative_to(root / "csrc").as_posix()
        if not name.startswith("simd/"):
            text = _without_comments(source.read_text())
            faults += [f"{name}: {word} outside simd/" for word in sorted(set(INTRINSIC.findall(text)))]
    return faults


def _imported(tree: ast.AST, package: list[str]) -> list[str]:
    """Absolute names of the modules that a file imports, ``from . import x`` spelled out."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            names += [f"{stem}.{alias.name}" for alias in node.names]
    return names


def import_faults(root: Path) -> list[str]:
    """Imports of python/foldgate that point the wrong way."""
    python, faults = root / "python", []
    for source in sorted((python / "foldgate").rglob("*.py")):
        parts = list(source.relative_to(python).with_suffix("").parts)
        room, name = parts[1], "/".join(parts[1:])
        if room not in IMPORTS and room not in DROP_INS:
            faults.append(f"{name}: has no room in tests/test_arrows.py")
            continue
        allowed = IMPORTS.get(room, ANY)
        for target in _imported(ast.parse(source.read_text()), parts[:-1]):
            top, *rest = target.split(".")
            if top != "foldgate":
                if room == "reference" and top != "numpy" and top not in STDLIB_FOR_REFERENCE:
                    faults.append(f"{name}: reference may not import {top}")
                continue
            reached = (
                rest[0] if rest else "__version__"
            )  # `import foldgate` inside the package: for its version
            if reached in DROP_INS and room != reached:
                faults.append(f"{name}: nothing imports a drop-in ({target})")
            elif reached not in allowed and allowed != ANY and room != reached:
                faults.append(f"{name}: {room} may not import {reached} ({target})")
    return faults


RULES = [include_faults, intrinsic_faults, import_faults]


@pytest.mark.parametrize("rule", RULES)
def test_no_arrow_points_the_wrong_way(rule):
    assert rule(ROOT) == []


def test_the_rules_read_the_sources():
    rooms = {p.relative_to(ROOT / "csrc").parts[0] for p in _sources(ROOT)}
    assert rooms == set(INCLUDES)
    assert len(list((ROOT / "python" / "foldgate").rglob("*.py"))) > 10


@pytest.mark.parametrize(
    ("path", "line", "rule", "words"),
    [
        ("csrc/core/a.h", '#include "ops/b.h"', include_faults, "core may not include ops"),
        ("csrc/simd/a.h", '#include "kernels/b.h"', include_faults, "simd may not include kernels"),
        ("csrc/kernels/a.cc", '#include "core/b.h"', include_faults, "kernels may not include core"),
        ("csrc/kernels/a.cc", '#  include "../core/b.h"', include_faults, "kernels may not include core"),
        ("csrc/ops/conv/a.cc", '#include "simd/b.h"', include_faults, "ops may not include simd"),
        ("csrc/ops/conv/a.cc", '#include "bindings/b.h"', include_faults, "ops may not include bindings"),
        ("csrc/ops/a.cc", '#include "nowhere.h"', include_faults, "neither beside it nor below"),
        (
            "csrc/kernels/a.cc",
            "#include <algorithm>",
            include_faults,
            "<algorithm> in code compiled once per ISA",
        ),
        ("csrc/simd/a.h", "#include <cmath>", include_faults, "<cmath> in code compiled once per ISA"),
        (
            "csrc/kernels/a.cc",
            "auto v = _mm256_add_ps(a, b);",
            intrinsic_faults,
            "_mm256_add_ps outside simd/",
        ),
        ("csrc/ops/a.cc", "#include <immintrin.h>", intrinsic_faults, "immintrin.h outside simd/"),
        ("csrc/kernels/a.cc", "float32x4_t v;", intrinsic_faults, "float32x4_t outside simd/"),
        ("csrc/kernels/a.cc", "v = vaddq_f32(a, b);", intrinsic_faults, "vaddq_f32 outside simd/"),
        ("csrc/core/a.cc", "__m512d v;", intrinsic_faults, "__m512d outside simd/"),
        ("python/foldgate/reference/a.py", "import scipy", import_faults, "reference may not import scipy"),
        (
            "python/foldgate/reference/a.py",
            "from foldgate import ops",
            import_faults,
            "reference may not import ops",
        ),
        (
            "python/foldgate/ops/a.py",
            "from .. import reference",
            import_faults,
            "ops may not import reference",
        ),
        ("python/foldgate/ops/a.py", "from ..bench import x", import_faults, "ops may not import bench"),
        (
            "python/foldgate/gradients.py",
            "from . import _native",
            import_faults,
            "gradients may not import _native",
        ),
        ("python/foldgate/ops/a.py", "import foldgate.torch.x", import_faults, "nothing imports a drop-in"),
        ("python/foldgate/stray.py", "import os", import_faults, "has no room"),
    ],
)
def test_each_rule_sees_its_fault(tmp_path, path, line, rule, words):
    for room in INCLUDES:
        (tmp_path / "csrc" / room).mkdir(parents=True)
        (tmp_path / "csrc" / room / "b.h").write_text("// _mm_nothing in a comment is no fault\n")
    source = tmp_path / path
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(line + "\n")
    faults = rule(tmp_path)
    assert len(faults) == 1 and words in faults[0], faults
