"""PyTorch, eager: inference under `inference_mode`, training by autograd to input, weights and biases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cases import (
    TRAIN,
    Arrays,
    AttentionCase,
    BiasCase,
    Case,
    ColumnsCase,
    ConvCase,
    ConvTransposeCase,
    ElementwiseCase,
    EmbeddingCase,
    MatmulCase,
    NormCase,
    PoolCase,
    RecurrentCase,
    SoftmaxCase,
    StepCase,
)
from .base import Candidate, Peer, load
from .torch_attention import attention_candidate
from .torch_elementwise import elementwise_candidates, softmax_candidates
from .torch_images import (
    columns_candidates,
    conv_candidates,
    conv_transpose_candidates,
    pool_candidates,
)
from .torch_layers import bias_candidate, embedding_candidate
from .torch_norms import norm_candidates
from .torch_recurrent import recurrent_candidates, step_candidate


class Torch(Peer):
    name = "torch"
    label = "torch"

    def __init__(self) -> None:
        self._torch = load("torch", "torch", "torch")

    def version(self) -> str:
        return str(self._torch.__version__)

    def candidates(self, case: Case, pass_: str, arrays: Arrays, threads: int) -> list[Candidate]:
        self._torch.set_num_threads(threads)
        training = pass_ == TRAIN
        if isinstance(case, ConvCase):
            return conv_candidates(self._torch, case, training, arrays)
        if isinstance(case, ConvTransposeCase):
            return conv_transpose_candidates(self._torch, case, training, arrays)
        if isinstance(case, PoolCase):
            return pool_candidates(self._torch, case, training, arrays)
        if isinstance(case, AttentionCase):
            return [attention_candidate(self._torch, case, training, arrays)]
        if isinstance(case, NormCase):
            return norm_candidates(self._torch, case, training, arrays)
        if isinstance(case, RecurrentCase):
            return recurrent_candidates(self._torch, case, training, arrays)
        if isinstance(case, StepCase):
            return [step_candidate(self._torch, case, training, arrays)]
        if isinstance(case, ColumnsCase):
            return columns_candidates(self._torch, case, arrays)
        if isinstance(case, ElementwiseCase):
            return elementwise_candidates(self._torch, case, training, arrays)
        if isinstance(case, EmbeddingCase):
            return [embedding_candidate(self._torch, case, training, arrays)]
        if isinstance(case, BiasCase):
            return [bias_candidate(self._torch, case, training, arrays)]
        if isinstance(case, SoftmaxCase):
            return softmax_candidates(self._torch, case, training, arrays)
        if isinstance(case, MatmulCase):
            return [_matmul(self._torch, arrays)]
        return []


def _matmul(torch: Any, arrays: Arrays) -> Candidate:
    a, b, bias = (torch.from_numpy(arrays[name]) for name in ("a", "b", "bias"))
    call: Callable[[], Any] = torch.inference_mode()(lambda: torch.addmm(bias, a, b))
    return Candidate("", call, lambda: {"c": call().numpy()})


def make() -> Peer:
    return Torch()
