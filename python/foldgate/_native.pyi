from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from foldgate._typing import BoolArray, FloatArray, IntArray

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Result = TypeVar("_Result")

def get_num_threads() -> int: ...
def set_num_threads(threads: int) -> None: ...
def set_openmp(parallel: int, max_threads: int, thread_num: int) -> None: ...
def stop_threads() -> None: ...
def isas() -> list[str]: ...
def active_isa() -> str: ...
def set_max_isa(name: str) -> None: ...
def clear_max_isa() -> None: ...
def usable_cores() -> int: ...
def cache_sizes() -> dict[str, int]: ...
def compiler() -> str: ...
def cached_bytes() -> int: ...
def release_cached() -> None: ...
def cache_limit() -> int: ...
def set_cache_limit(bytes: int) -> None: ...
def measure_peak(dtype: str = "float32") -> float: ...
def measure_handover() -> float: ...

class NativeCall:
    __call__: Callable[..., Any]  # by position alone

class Calls:
    def __init__(self, operands: int, slots: int = 512) -> None: ...
    def run(self, *operands_and_options: object) -> Any: ...
    def keep(self, call: NativeCall, *operands_and_options: object) -> None: ...
    def learn(
        self,
        then: Callable[[Any], _Result] | None,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        /,
        *operands_and_options: object,
    ) -> _Result: ...
    def first(self, function: _Function) -> _Function: ...

def set_default_algorithm(name: str | None) -> None: ...

class MatmulPlan(NativeCall):
    def __init__(
        self, a: Sequence[int], b: Sequence[int], transpose_a: bool, transpose_b: bool, activation: int
    ) -> None: ...
    def __call__(self, a: FloatArray, b: FloatArray, bias: FloatArray | None, /) -> FloatArray: ...

class MatmulBackwardPlan(NativeCall):
    def __init__(
        self,
        a: Sequence[int],
        b: Sequence[int],
        activation: int,
        need_a: bool,
        need_b: bool,
        need_bias: bool,
        over_dc: bool = False,
    ) -> None: ...
    def __call__(
        self, dc: FloatArray, a: FloatArray, b: FloatArray, c: FloatArray | None, /
    ) -> tuple[FloatArray | None, FloatArray | None, FloatArray | None]: ...

def elementwise(op: str, function: int, x: FloatArray, a: float, out: FloatArray | None) -> FloatArray: ...
def elementwise_backward(
    op: str, function: int, dy: FloatArray, v: FloatArray, a: float, out: FloatArray | None
) -> FloatArray: ...
def softmax(op: str, x: FloatArray, axis: int, log: bool) -> FloatArray: ...
def softmax_backward(op: str, dy: FloatArray, y: FloatArray, axis: int, log: bool) -> FloatArray: ...
def softmax_cross_entropy(
    logits: FloatArray, labels: FloatArray | IntArray, ignore_index: int | None
) -> tuple[FloatArray, FloatArray]: ...
def softmax_cross_entropy_backward(
    dloss: FloatArray,
    logits: FloatArray,
    labels: FloatArray | IntArray,
    log_sum_exp: FloatArray,
    ignore_index: int | None,
) -> FloatArray: ...
def sigmoid_cross_entropy(logits: FloatArray, labels: FloatArray) -> FloatArray: ...
def sigmoid_cross_entropy_backward(
    dloss: FloatArray, logits: FloatArray, labels: FloatArray
) -> FloatArray: ...
def dropout(op: str, name: str, x: FloatArray, rate: float, seed: int, offset: int) -> FloatArray: ...
def random_uniform(
    shape: Sequence[int], low: float, high: float, seed: int, offset: int, wide: bool
) -> FloatArray: ...
def embedding(ids: IntArray, table: FloatArray) -> FloatArray: ...
def embedding_backward(dy: FloatArray, ids: IntArray, rows: int) -> FloatArray: ...
def bias_add(x: FloatArray, bias: FloatArray, channels_first: bool, activation: int) -> FloatArray: ...
def bias_add_backward(
    dy: FloatArray, y: FloatArray | None, channels_first: bool, activation: int
) -> tuple[FloatArray, FloatArray]: ...
def add_relu(a: FloatArray, b: FloatArray) -> FloatArray: ...
def empty(shape: Sequence[int], dtype: Any) -> FloatArray: ...
def planes_to_pixels(x: FloatArray) -> FloatArray: ...
def weights_to_kernel(weights: FloatArray) -> FloatArray: ...
def kernel_to_weights(kernel: FloatArray) -> FloatArray: ...
def gate_rows_to_columns(
    gates: int,
    inner: FloatArray,
    recurrent: FloatArray,
    inner_bias: FloatArray | None,
    recurrent_bias: FloatArray | None,
) -> tuple[FloatArray, FloatArray, FloatArray | None]: ...
def gate_columns_to_rows(
    gates: int, dkernel: FloatArray, drecurrent: FloatArray, dbias: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray | None, FloatArray | None]: ...
def joined(parts: Sequence[FloatArray], axis: int) -> FloatArray | None: ...
def part_of(z: FloatArray, axis: int, begin: int, end: int) -> FloatArray | None: ...

class MaxPoolPlan(NativeCall):
    def __init__(
        self,
        x: Sequence[int],
        pool_size: Sequence[int],
        strides: Sequence[int],
        dilation: Sequence[int],
        pads: Sequence[int],
        ceil_mode: bool,
        channels_first: bool,
        indices: int,
    ) -> None: ...
    def __call__(self, x: FloatArray, /) -> Any: ...

def max_pool_backward(
    dy: FloatArray,
    indices: IntArray,
    input_shape: Sequence[int],
    pool_size: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    pads: Sequence[int],
    ceil_mode: bool,
    channels_first: bool,
) -> FloatArray: ...
def attention(
    q: FloatArray,
    k: FloatArray,
    v: FloatArray,
    mask: FloatArray | BoolArray | None,
    causal: bool,
    scale: float,
    heads_axis: int,
) -> tuple[FloatArray, FloatArray]: ...
def attention_backward(
    dy: FloatArray,
    q: FloatArray,
    k: FloatArray,
    v: FloatArray,
    y: FloatArray,
    lse: FloatArray,
    mask: FloatArray | BoolArray | None,
    causal: bool,
    scale: float,
    heads_axis: int,
) -> tuple[FloatArray, FloatArray, FloatArray]: ...

class AveragePoolPlan(NativeCall):
    def __init__(
        self,
        x: Sequence[int],
        pool_size: Sequence[int],
        strides: Sequence[int],
        dilation: Sequence[int],
        pads: Sequence[int],
        ceil_mode: bool,
        channels_first: bool,
        include_pad: bool,
    ) -> None: ...
    def __call__(self, x: FloatArray, /) -> FloatArray: ...

def average_pool_backward(
    dy: FloatArray,
    input_shape: Sequence[int],
    pool_size: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    pads: Sequence[int],
    ceil_mode: bool,
    channels_first: bool,
    include_pad: bool,
) -> FloatArray: ...
def lp_pool(
    x: FloatArray,
    pool_size: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    pads: Sequence[int],
    ceil_mode: bool,
    channels_first: bool,
    p: float,
) -> FloatArray: ...
def lp_pool_backward(
    dy: FloatArray,
    x: FloatArray,
    y: FloatArray,
    pool_size: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    pads: Sequence[int],
    ceil_mode: bool,
    channels_first: bool,
    p: float,
) -> FloatArray: ...
def max_unpool(
    x: FloatArray, indices: IntArray, output_shape: Sequence[int], channels_first: bool
) -> FloatArray: ...
def max_unpool_backward(dy: FloatArray, indices: IntArray, channels_first: bool) -> FloatArray: ...
def adaptive_max_pool(
    x: FloatArray, output_size: Sequence[int], channels_first: bool, return_indices: bool
) -> tuple[FloatArray, IntArray | None]: ...
def adaptive_max_pool_backward(
    dy: FloatArray, indices: IntArray, input_shape: Sequence[int], channels_first: bool
) -> FloatArray: ...
def adaptive_average_pool(x: FloatArray, output_size: Sequence[int], channels_first: bool) -> FloatArray: ...
def adaptive_average_pool_backward(
    dy: FloatArray, input_shape: Sequence[int], channels_first: bool
) -> FloatArray: ...
def batch_norm(
    x: FloatArray,
    gamma: FloatArray | None,
    beta: FloatArray | None,
    axis: int,
    epsilon: float,
    relu: bool,
) -> tuple[FloatArray, FloatArray, FloatArray]: ...
def batch_norm_inference(
    x: FloatArray,
    mean: FloatArray,
    variance: FloatArray,
    gamma: FloatArray | None,
    beta: FloatArray | None,
    axis: int,
    epsilon: float,
    relu: bool,
) -> FloatArray: ...
def batch_norm_backward(
    op: str,
    dy: FloatArray,
    x: FloatArray,
    mean: FloatArray,
    variance: FloatArray,
    gamma: FloatArray | None,
    beta: FloatArray | None,
    axis: int,
    epsilon: float,
    relu: bool,
    constant: bool,
) -> tuple[FloatArray, FloatArray, FloatArray]: ...
def group_norm(
    op: str,
    x: FloatArray,
    gamma: FloatArray | None,
    beta: FloatArray | None,
    channels_first: bool,
    groups: int,
    epsilon: float,
) -> tuple[FloatArray, FloatArray, FloatArray]: ...
def group_norm_backward(
    op: str,
    dy: FloatArray,
    x: FloatArray,
    mean: FloatArray,
    rstd: FloatArray,
    gamma: FloatArray | None,
    channels_first: bool,
    groups: int,
) -> tuple[FloatArray, FloatArray, FloatArray]: ...
def row_norm(
    op: str,
    x: FloatArray,
    gamma: FloatArray | None,
    beta: FloatArray | None,
    axes: int,
    epsilon: float,
    centred: bool,
) -> tuple[FloatArray, FloatArray | None, FloatArray]: ...
def row_norm_backward(
    op: str,
    dy: FloatArray,
    x: FloatArray,
    mean: FloatArray | None,
    rstd: FloatArray,
    gamma: FloatArray | None,
    axes: int,
) -> tuple[FloatArray, FloatArray, FloatArray | None]: ...
def optimizer_updates(
    op: str,
    kind: int,
    variables: list[FloatArray],
    gradients: list[FloatArray],
    names: list[str],
    slots: list[list[FloatArray]],
    constants: Sequence[float],
) -> None: ...
def moving_averages(
    op: str, averages: Sequence[FloatArray], values: Sequence[FloatArray], momentum: float
) -> None: ...
def square_sum(op: str, arrays: list[FloatArray]) -> float: ...
def scale(op: str, name: str, x: FloatArray, factor: float) -> FloatArray: ...
def recurrent_forward(
    op: str,
    cell: int,
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    initial_h: FloatArray | None,
    initial_c: FloatArray | None,
    mask: BoolArray | None,
    lengths: IntArray | None,
    reverse: bool,
    zero_output_for_mask: bool,
    time_major: bool,
    return_sequences: bool,
    return_cache: bool,
) -> tuple[Any, ...]: ...
def recurrent_backward(
    op: str,
    cell: int,
    dy: FloatArray | None,
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    y: FloatArray,
    cache: FloatArray,
    dh: FloatArray | None,
    dc: FloatArray | None,
    initial_h: FloatArray | None,
    initial_c: FloatArray | None,
    mask: BoolArray | None,
    lengths: IntArray | None,
    reverse: bool,
    zero_output_for_mask: bool,
    time_major: bool,
    need_dx: bool,
) -> tuple[Any, ...]: ...
def generic_recurrent_forward(
    op: str,
    cell: int,
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    initial_h: FloatArray | None,
    initial_c: FloatArray | None,
    mask: BoolArray | None,
    lengths: IntArray | None,
    reverse: bool,
    zero_output_for_mask: bool,
    time_major: bool,
    functions: Sequence[tuple[int, float, float]],
    clip: float,
    coupled: bool,
    peephole: FloatArray | None,
    projection: FloatArray | None,
    return_sequences: bool,
    return_cache: bool,
) -> tuple[Any, ...]: ...
def generic_recurrent_backward(
    op: str,
    cell: int,
    dy: FloatArray | None,
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    y: FloatArray,
    cache: FloatArray,
    dh: FloatArray | None,
    dc: FloatArray | None,
    initial_h: FloatArray | None,
    initial_c: FloatArray | None,
    mask: BoolArray | None,
    lengths: IntArray | None,
    reverse: bool,
    zero_output_for_mask: bool,
    time_major: bool,
    functions: Sequence[tuple[int, float, float]],
    clip: float,
    coupled: bool,
    peephole: FloatArray | None,
    projection: FloatArray | None,
    need_dx: bool,
) -> tuple[Any, ...]: ...
def bidirectional_forward(
    op: str,
    cell: int,
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    reverse_kernel: FloatArray,
    reverse_recurrent_kernel: FloatArray,
    reverse_bias: FloatArray | None,
    initial_h: FloatArray | None,
    initial_c: FloatArray | None,
    mask: BoolArray | None,
    lengths: IntArray | None,
    zero_output_for_mask: bool,
    time_major: bool,
    return_sequences: bool,
    return_cache: bool,
) -> tuple[Any, ...]: ...
def bidirectional_backward(
    op: str,
    cell: int,
    dy: FloatArray | None,
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    reverse_kernel: FloatArray,
    reverse_recurrent_kernel: FloatArray,
    reverse_bias: FloatArray | None,
    y: FloatArray,
    cache: FloatArray,
    dh: FloatArray | None,
    dc: FloatArray | None,
    initial_h: FloatArray | None,
    initial_c: FloatArray | None,
    mask: BoolArray | None,
    lengths: IntArray | None,
    zero_output_for_mask: bool,
    time_major: bool,
    need_dx: bool,
) -> tuple[Any, ...]: ...
def stacked_forward(
    op: str,
    cell: int,
    x: FloatArray,
    layers: Sequence[tuple[FloatArray, FloatArray, FloatArray | None]],
    initial_h: FloatArray | None,
    initial_c: FloatArray | None,
    mask: BoolArray | None,
    lengths: IntArray | None,
    reverse: bool,
    zero_output_for_mask: bool,
    time_major: bool,
    return_sequences: bool,
    return_cache: bool,
) -> tuple[Any, ...]: ...
def stacked_backward(
    op: str,
    cell: int,
    dy: FloatArray | None,
    x: FloatArray,
    layers: Sequence[tuple[FloatArray, FloatArray, FloatArray | None]],
    ys: Sequence[FloatArray],
    caches: Sequence[FloatArray],
    dh: FloatArray | None,
    dc: FloatArray | None,
    initial_h: FloatArray | None,
    initial_c: FloatArray | None,
    mask: BoolArray | None,
    lengths: IntArray | None,
    reverse: bool,
    zero_output_for_mask: bool,
    time_major: bool,
    need_dx: bool,
) -> tuple[Any, ...]: ...
def recurrent_step(
    op: str,
    cell: int,
    x: FloatArray,
    h: FloatArray,
    c: FloatArray | None,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    return_cache: bool,
) -> tuple[Any, ...]: ...
def recurrent_step_backward(
    op: str,
    cell: int,
    dh: FloatArray | None,
    dc: FloatArray | None,
    x: FloatArray,
    h: FloatArray,
    c: FloatArray | None,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    cache: FloatArray,
) -> tuple[Any, ...]: ...
def pack_recurrent(
    op: str,
    cell: int,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
) -> object: ...
def packed_recurrent_forward(
    op: str,
    packed: object,
    other: object | None,
    x: FloatArray,
    initial_h: FloatArray | None,
    initial_c: FloatArray | None,
    mask: BoolArray | None,
    lengths: IntArray | None,
    reverse: bool,
    zero_output_for_mask: bool,
    time_major: bool,
    return_sequences: bool,
) -> tuple[Any, ...]: ...
def packed_recurrent_step(
    op: str, packed: object, x: FloatArray, h: FloatArray, c: FloatArray | None
) -> tuple[Any, ...]: ...

class ConvPlan(NativeCall):
    def __init__(
        self,
        x: Sequence[int],
        kernel: Sequence[int],
        strides: Sequence[int],
        pads: Sequence[int],
        dilation: Sequence[int],
        groups: int,
        channels_first: bool,
        activation: int,
        algorithm: int,
    ) -> None: ...
    def __call__(self, x: FloatArray, kernel: FloatArray, bias: FloatArray | None, /) -> FloatArray: ...

def conv_max_pool(
    x: FloatArray,
    kernel: FloatArray,
    bias: FloatArray | None,
    strides: Sequence[int],
    pads: Sequence[int],
    dilation: Sequence[int],
    groups: int,
    channels_first: bool,
    activation: int,
    algorithm: int,
    taps: bool,
) -> tuple[FloatArray, IntArray | None]: ...

class ConvBackwardPlan(NativeCall):
    def __init__(
        self,
        x: Sequence[int],
        kernel: Sequence[int],
        strides: Sequence[int],
        pads: Sequence[int],
        dilation: Sequence[int],
        groups: int,
        channels_first: bool,
        activation: int,
        algorithm: int,
        need_dx: bool,
        need_dkernel: bool,
        need_dbias: bool,
        over_dy: bool = False,
    ) -> None: ...
    def __call__(
        self, dy: FloatArray, x: FloatArray, kernel: FloatArray, y: FloatArray | None, /
    ) -> tuple[FloatArray | None, FloatArray | None, FloatArray | None]: ...

class PackedConv:
    def __init__(
        self,
        kernel: FloatArray,
        bias: FloatArray | None,
        strides: Sequence[int],
        dilation: Sequence[int],
        groups: int,
        channels_first: bool,
        activation: int,
        algorithm: int,
    ) -> None: ...
    def plan(self, x: Sequence[int], pads: Sequence[int]) -> NativeCall: ...

class ConvTransposePlan(NativeCall):
    def __init__(
        self,
        x: Sequence[int],
        kernel: Sequence[int],
        strides: Sequence[int],
        before: Sequence[int],
        output: Sequence[int],
        dilation: Sequence[int],
        groups: int,
        channels_first: bool,
        activation: int,
        algorithm: int,
    ) -> None: ...
    def __call__(self, x: FloatArray, kernel: FloatArray, bias: FloatArray | None, /) -> FloatArray: ...

def conv_transpose_backward(
    dy: FloatArray,
    x: FloatArray,
    kernel: FloatArray,
    y: FloatArray | None,
    strides: Sequence[int],
    before: Sequence[int],
    output: Sequence[int],
    dilation: Sequence[int],
    groups: int,
    channels_first: bool,
    activation: int,
    algorithm: int,
    need_dx: bool,
    need_dkernel: bool,
    need_dbias: bool,
) -> tuple[FloatArray | None, FloatArray | None, FloatArray | None]: ...
def im2col(
    x: FloatArray,
    kernel: Sequence[int],
    strides: Sequence[int],
    pads: Sequence[int],
    dilation: Sequence[int],
    channels_first: bool,
) -> FloatArray: ...
def col2im(
    columns: FloatArray,
    image: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    pads: Sequence[int],
    dilation: Sequence[int],
    channels_first: bool,
) -> FloatArray: ...
