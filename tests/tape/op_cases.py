"""Calls of every differentiable op and their operands, in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from foldgate import ops

RANDOM = np.random.default_rng(0)
Case = tuple[Callable[..., Any], tuple[np.ndarray, ...]]


def normal(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape)


def partly(function: Callable[..., Any], names: str, **options: Any) -> Callable[..., Any]:
    """The op with its operands by name and the options given, of one result where it has several."""
    return lambda *operands: function(**dict(zip(names.split(), operands, strict=True)), **options)


CASES: dict[str, Case] = {}

# Distinct values an eighth apart, so that no step of a difference changes a winner or crosses a kink.
ELEMENTWISE = (
    "tanh sigmoid relu relu6 elu selu hard_sigmoid log_sigmoid softplus erf gelu silu hard_silu mish softsign"
)
APART = (RANDOM.permutation(15).reshape(3, 5) - 7.25) / 2
CASES |= {name: (getattr(ops, name), (APART,)) for name in [*ELEMENTWISE.split(), "exp", "leaky_relu"]}
CASES |= {
    "log": (ops.log, (np.abs(APART),)),
    "leaky_relu 0.5": (lambda x: ops.leaky_relu(x, 0.5), (APART,)),
    "elu 2": (lambda x: ops.elu(x, alpha=2.0), (APART,)),
    "gelu exact": (lambda x: ops.gelu(x, approximate=False), (APART,)),
}

MATRICES = {
    "matmul": ((3, 4), (4, 2), {}),
    "matmul a^T": ((4, 3), (4, 2), {"transpose_a": True}),
    "matmul b^T": ((3, 4), (2, 4), {"transpose_b": True}),
    "matmul both^T": ((2, 4, 3), (2, 4), {"transpose_a": True, "transpose_b": True}),
    "matmul one b": ((2, 3, 3, 4), (4, 2), {"activation": "tanh"}),
    "matmul one b^T": ((2, 3, 4), (2, 4), {"transpose_b": True, "activation": "sigmoid"}),
    "matmul broadcast": ((2, 1, 3, 4), (3, 4, 2), {}),
}
CASES |= {
    name: (partly(ops.matmul, "a b bias", **options), (normal(*a), normal(*b), normal(2)))
    for name, (a, b, options) in MATRICES.items()
}

CONVS: dict[str, dict[str, Any]] = {
    "conv": {},
    "conv same tanh": {"padding": "same", "activation": "tanh", "strides": 2},
    "conv dilated sigmoid": {"dilation_rate": 2, "activation": "sigmoid"},
    "conv linear": {"activation": "linear"},
}
CASES |= {
    name: (partly(ops.conv, "x kernel bias", **options), (normal(2, 5, 6, 2), normal(2, 3, 2, 3), normal(3)))
    for name, options in CONVS.items()
}
CASES |= {
    "conv groups": (
        partly(ops.conv, "x kernel", groups=2, data_format="channels_first"),
        (normal(2, 4, 5), normal(3, 2, 4)),
    ),
    "conv_transpose": (
        partly(ops.conv_transpose, "x kernel bias", strides=2, activation="tanh"),
        (normal(2, 3, 3, 2), normal(3, 2, 3, 2), normal(3)),
    ),
    "conv_step": (
        partly(ops.conv_step, "x state kernel bias", dilation_rate=2, activation="tanh"),
        (normal(2, 5, 3), normal(2, 4, 3), normal(3, 3, 3), normal(3)),
    ),
    "separable_conv": (
        partly(
            ops.separable_conv, "x depthwise_kernel pointwise_kernel bias", padding="same", activation="tanh"
        ),
        (normal(2, 4, 5, 2), normal(3, 2, 2, 2), normal(1, 1, 4, 3), normal(3)),
    ),
    "conv_max_pool": (
        partly(ops.conv_max_pool, "x kernel bias", padding=1, activation="tanh"),
        (normal(2, 4, 5, 2), normal(3, 3, 2, 3), normal(3)),
    ),
    "conv_max_pool taps": (
        lambda x, kernel: ops.conv_max_pool(x, kernel, return_taps=True)[0],
        (normal(1, 4, 4, 2), normal(3, 3, 2, 2)),
    ),
    "im2col": (lambda x: ops.im2col(x, 2), (normal(2, 4, 3, 2),)),
    "col2im": (lambda c: ops.col2im(c, (2, 4, 3, 2), 2), (normal(2, 3, 2, 8),)),
    "max_pool": (ops.max_pool, (RANDOM.permutation(64).reshape(2, 4, 4, 2) / 8,)),
    "max_pool same": (
        lambda x: ops.max_pool(x, 3, 1, "same"),
        (RANDOM.permutation(20).reshape(2, 5, 2) / 8,),
    ),
    "max_pool indices": (
        lambda x: ops.max_pool(x, 2, return_indices=True)[0],
        (RANDOM.permutation(20).reshape(2, 5, 2) / 8,),
    ),
    "average_pool": (lambda x: ops.average_pool(x, 3, 2, "same"), (normal(2, 5, 4, 2),)),
    "adaptive_average_pool": (lambda x: ops.adaptive_average_pool(x, 2), (normal(2, 5, 4, 2),)),
}

ROWS, GAMMA, BETA = normal(3, 5, 4), normal(4), normal(4)
MOVING = (normal(4), np.abs(normal(4)) + 0.5)
CASES |= {
    "batch_norm": (lambda x, g, b: ops.batch_norm(x, g, b).y, (ROWS, GAMMA, BETA)),
    "batch_norm relu": (lambda x, g, b: ops.batch_norm(x, g, b, activation="relu").y, (ROWS, GAMMA, BETA)),
    "batch_norm_inference": (
        lambda x, g, b: ops.batch_norm_inference(x, *[value.astype(x.dtype) for value in MOVING], g, b),
        (ROWS, GAMMA, BETA),
    ),
    "batch_norm_inference statistics": (
        lambda x, m, v, g: ops.batch_norm_inference(x, m, v, g, epsilon=0.5),
        (ROWS, normal(*GAMMA.shape), np.square(normal(*GAMMA.shape)), GAMMA),
    ),
    "batch_norm_inference statistics alone": (
        lambda m, v: ops.batch_norm_inference(ROWS.astype(m.dtype), m, v, activation="relu"),
        (normal(*GAMMA.shape), np.square(normal(*GAMMA.shape)) + 0.1),
    ),
    "layer_norm": (ops.layer_norm, (ROWS, GAMMA, BETA)),
    "layer_norm 2": (lambda x: ops.layer_norm(x, axis=(1, 2), return_statistics=True)[0], (ROWS,)),
    "rms_norm": (ops.rms_norm, (ROWS, GAMMA)),
    "group_norm": (lambda x, g, b: ops.group_norm(x, g, b, groups=2), (ROWS, GAMMA, BETA)),
    "instance_norm": (ops.instance_norm, (ROWS, GAMMA, BETA)),
}

CLASSES, SHARES = np.array([[0, 3, -1], [2, 2, 1]]), np.abs(normal(2, 3, 4))
CASES |= {
    "softmax": (ops.softmax, (normal(2, 3, 4),)),
    "softmax 1": (lambda x: ops.softmax(x, axis=1), (normal(2, 3, 4),)),
    "log_softmax": (ops.log_softmax, (normal(2, 3, 4),)),
    "softmax_cross_entropy": (
        lambda x: ops.softmax_cross_entropy(x, CLASSES, ignore_index=-1),
        (normal(2, 3, 4),),
    ),
    "softmax_cross_entropy logarithms alone": (
        lambda x: ops.softmax_cross_entropy(x, CLASSES, ignore_index=-1)[1],
        (normal(2, 3, 4),),
    ),
    "softmax_cross_entropy shares": (
        lambda x: ops.softmax_cross_entropy(x, SHARES.astype(x.dtype))[0],
        (normal(2, 3, 4),),
    ),
    "sigmoid_cross_entropy": (
        lambda x: ops.sigmoid_cross_entropy(x, SHARES.astype(x.dtype)),
        (normal(2, 3, 4),),
    ),
}

CASES |= {
    "lstm variants": (
        lambda x, w, r, b, p, q: ops.lstm(
            x, w, r, b, peephole=p, projection=q, recurrent_activation="softsign"
        )[0],
        (normal(3, 4, 2), normal(2, 12), normal(2, 12), normal(12), normal(3, 3), normal(3, 2)),
    ),
    "lstm_step variants": (
        lambda x, h, c, w, r, p, q: ops.lstm_step(x, h, c, w, r, peephole=p, projection=q, coupled=True)[0],
        (normal(3, 2), normal(3, 2), normal(3, 3), normal(2, 12), normal(2, 12), normal(3, 3), normal(3, 2)),
    ),
    "gru clip": (
        lambda x, w, r: ops.gru(x, w, r, clip=2.0, activation="softplus")[0],
        (normal(3, 4, 2), normal(2, 9), normal(3, 9)),
    ),
}

PLANES = RANDOM.permutation(60).reshape(2, 5, 3, 2) / 8 + 0.1
CASES |= {
    "adaptive_max_pool": (lambda x: ops.adaptive_max_pool(x, 2), (PLANES,)),
    "lp_pool": (lambda x: ops.lp_pool(x, 3, 1, 1, p=3), (PLANES,)),
    "max_unpool": (
        lambda x: ops.max_unpool(x, np.array([[1, 2], [3, 0]]).reshape(1, 4, 1), (1, 5, 1)),
        (normal(1, 4, 1),),
    ),
    "global_average_pool": (ops.global_average_pool, (PLANES,)),
    "global_max_pool": (lambda x: ops.global_max_pool(x, keepdims=True), (PLANES,)),
    "global_lp_pool": (ops.global_lp_pool, (PLANES,)),
}

GATES = {"lstm": 4, "gru": 3, "simple_rnn": 1}
MASK = np.array([[False, True, True, False], [True, True, False, True], [True, True, True, True]])
STEPS: dict[str, dict[str, Any]] = {
    "": {},
    " mask": {"mask": MASK},
    " mask zero": {"mask": MASK, "zero_output_for_mask": True, "reverse": True},
    " lengths": {"lengths": np.array([4, 0, 2])},
}


def _recurrent(name: str, gates: int) -> dict[str, Case]:
    n, t, d, u = 3, 4, 2, 3
    bias = (2, gates * u) if name == "gru" else (gates * u,)
    states = ["initial_h", "initial_c"] if name == "lstm" else ["initial_h"]
    weights = (normal(d, gates * u), normal(u, gates * u), normal(*bias))
    initial = tuple(normal(n, u) for _ in states)
    names = "x kernel recurrent_kernel bias " + " ".join(states)
    step_names = "x kernel recurrent_kernel bias " + " ".join(state[-1] for state in states)
    function, step = getattr(ops, name), getattr(ops, f"{name}_step")
    cases = {
        name + kind: (partly(function, names, **options), (normal(n, t, d), *weights, *initial))
        for kind, options in STEPS.items()
    }
    cases[f"{name} steps first"] = (
        partly(function, names, lengths=np.array([4, 0, 2]), time_major=True),
        (normal(t, n, d), *weights, *initial),
    )
    cases[f"{name} no bias"] = (
        partly(function, "x kernel recurrent_kernel"),
        (normal(n, t, d), normal(d, gates * u), normal(u, gates * u)),
    )
    both_names = "x kernel recurrent_kernel bias reverse_kernel reverse_recurrent_kernel reverse_bias"
    both_names += " " + " ".join(states)
    both = (*weights, *(-w for w in weights), *(normal(n, 2 * u) for _ in states))
    bidirectional = getattr(ops, f"bidirectional_{name}")
    cases |= {
        f"bidirectional_{name}{kind}": (
            partly(bidirectional, both_names, **options),
            (normal(n, t, d), *both),
        )
        for kind, options in STEPS.items()
        if "reverse" not in options
    }
    last = partly(function, names, return_sequences=False)
    cases[f"{name} last"] = (lambda *operands: last(*operands)[1:], (normal(n, t, d), *weights, *initial))
    cases[f"{name}_step"] = (partly(step, step_names), (normal(n, d), *weights, *initial))
    return cases


for _name, _gates in GATES.items():
    CASES |= _recurrent(_name, _gates)


def _stacked(directions: int, options: dict[str, Any]) -> Case:
    """Two layers of an LSTM, whose weights come to the op in tuples."""
    n, t, d, u = 3, 4, 2, 3
    count = 3 * directions
    weights = [
        array
        for inputs in (d, directions * u)
        for _ in range(directions)
        for array in (normal(inputs, 4 * u), normal(u, 4 * u), normal(4 * u))
    ]
    state = (2, n, directions * u)

    def call(x: Any, initial_h: Any, initial_c: Any, *weights: Any) -> Any:
        layers = [weights[:count], weights[count:]]
        return ops.stacked_rnn(x, layers, initial_h=initial_h, initial_c=initial_c, **options)

    return call, (normal(n, t, d), normal(*state), normal(*state), *weights)


CASES |= {
    f"stacked_rnn {directions}{kind}": _stacked(directions, options)
    for directions in (1, 2)
    for kind, options in STEPS.items()
    if directions == 1 or "reverse" not in options
}
CASES["gru reset before"] = (
    partly(ops.gru, "x kernel recurrent_kernel bias", reset_after=False),
    (normal(2, 3, 2), normal(2, 9), normal(3, 9), normal(9)),
)
CASES["simple_rnn relu"] = (
    partly(ops.simple_rnn, "x kernel recurrent_kernel", activation="relu"),
    (normal(2, 3, 2), normal(2, 3), normal(3, 3)),
)

ATTENDED = np.array([[True, True, False], [False, True, True], [True, False, False]])
CASES |= {
    "attention": (
        lambda q, k, v: ops.attention(q, k, v, causal=True),
        (normal(2, 1, 3, 4), normal(2, 1, 3, 4), normal(2, 1, 3, 2)),
    ),
    "attention statistics": (
        lambda q, k, v: ops.attention(q, k, v, return_statistics=True, heads_axis=2),
        (normal(2, 3, 4, 4), normal(2, 5, 2, 4), normal(2, 5, 2, 3)),
    ),
    "attention lse": (
        lambda q, k, v: ops.attention(q, k, v, mask=ATTENDED, return_statistics=True).lse,
        (normal(2, 2, 3, 4), normal(2, 1, 3, 4), normal(2, 1, 3, 2)),
    ),
}

IDS = np.array([[2, 0], [1, 2]])
CASES |= {
    "dropout": (lambda x: ops.dropout(x, 0.4, seed=3), (normal(4, 5),)),
    "embedding": (lambda table: ops.embedding(IDS, table), (normal(3, 4),)),
    "bias_add": (lambda x, b: ops.bias_add(x, b, activation="tanh"), (normal(4, 3), normal(3))),
    "bias_add linear": (
        lambda x, b: ops.bias_add(x, b, data_format="channels_first"),
        (normal(2, 3, 4), normal(3)),
    ),
    "add_relu": (ops.add_relu, (normal(4, 3), normal(4, 3))),
}

NOT_RECORDED = {"random_uniform", "PackedConv", "PackedGRU", "PackedLSTM", "PackedSimpleRNN"}
"""Handles, whose weights are no operands; what has none; steps of optimizers, which nobody differentiates."""
NOT_RECORDED |= {name for name in ops.__all__ if name.endswith("_update")}
NOT_RECORDED |= {"clip_by_global_norm", "global_norm"}
