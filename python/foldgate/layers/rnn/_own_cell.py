"""Recurrent layers that make their own cell, and show its attributes as theirs."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from foldgate import regularizers
from foldgate.layers.rnn._arguments import of_cell
from foldgate.layers.rnn.rnn import RNN


class OwnCell(RNN):
    """The base of LSTM, GRU, SimpleRNN and the ConvLSTMs."""

    cell_class: ClassVar[Any]
    cell_name: ClassVar[str]

    activation = of_cell("activation")
    use_bias = of_cell("use_bias")
    kernel_initializer = of_cell("kernel_initializer")
    recurrent_initializer = of_cell("recurrent_initializer")
    bias_initializer = of_cell("bias_initializer")
    kernel_regularizer = of_cell("kernel_regularizer")
    recurrent_regularizer = of_cell("recurrent_regularizer")
    bias_regularizer = of_cell("bias_regularizer")
    kernel_constraint = of_cell("kernel_constraint")
    recurrent_constraint = of_cell("recurrent_constraint")
    bias_constraint = of_cell("bias_constraint")
    dropout = of_cell("dropout")
    recurrent_dropout = of_cell("recurrent_dropout")
    seed = of_cell("seed")

    def __init__(self, given: dict[str, Any], **fixed: Any) -> None:
        """Splits a layer's arguments, by name, into its cell's and its own.

        `fixed` are more of the cell's.
        """
        use_cudnn = given.pop("use_cudnn", "auto")
        if use_cudnn not in ("auto", True, False):
            kind = type(self).__name__
            raise ValueError(f"{kind}: use_cudnn is {use_cudnn!r}; expected 'auto', True or False")
        names = (*inspect.signature(self.cell_class.__init__).parameters, "implementation")
        for_cell = {name: given.pop(name) for name in names if name in given}
        both = {name: given[name] for name in ("dtype", "trainable") if name in given}
        cell = self.cell_class(**fixed, **for_cell, **both, name=self.cell_name)
        super().__init__(cell, **given)
        self.use_cudnn = use_cudnn

    def _calls_layers(self) -> bool:
        return type(self).call is not RNN.call or bool(self.cell._layers)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config, cell = super().get_config(), self.cell.get_config()
        del config["cell"]
        regularizer = regularizers.serialize(self.activity_regularizer)
        return {**cell, **config, "activity_regularizer": regularizer}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> OwnCell:
        """Makes it from what `get_config` gave."""
        return cls(**config)
