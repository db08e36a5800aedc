"""How models are trained: the part of Model that compiles, fits, evaluates and predicts."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np

from foldgate import optimizers
from foldgate._tape import GradientTape, no_grad
from foldgate.layers import _losses as layer_losses
from foldgate.metrics import Mean
from foldgate.models.compiled_loss import CompiledLoss
from foldgate.models.compiled_metrics import CompiledMetrics
from foldgate.models.data import first_extent, unpack_x_y_sample_weight
from foldgate.models.looked_up import looked_up
from foldgate.models.trainer_single_batches import TrainerSingleBatches


class Trainer(TrainerSingleBatches):
    """Training, evaluation and prediction of a model, with Keras' methods and arguments."""

    optimizer: Any = None
    loss: Any = None
    compiled = False
    stop_training = False
    stop_evaluating = False
    stop_predicting = False
    run_eagerly = False
    jit_compile = False
    steps_per_execution = 1
    _compiled_loss: CompiledLoss | None = None
    _compiled_metrics: CompiledMetrics | None = None
    _compile_arguments: dict[str, Any] | None = None
    _looks_up_once = True  # weights and metrics
    _tells_results = True  # by get_metrics_result and metrics_names as they are here

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if {"trainable_variables", "metrics"} & cls.__dict__.keys():
            cls._looks_up_once = False  # its own may give others each time
        own = ("get_metrics_result", "metrics_names", "metrics")
        cls._tells_results = all(getattr(cls, name) is getattr(Trainer, name) for name in own)

    def __init__(self) -> None:
        """Everything has its value in the class."""

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Says what to train with.

        Args:
          optimizer: a name or an optimizer. Defaults to "rmsprop".
          loss: a name, a function of (y_true, y_pred) or a loss; of several outputs a list, or a dict by
            their names. None where the model adds its losses itself.
          loss_weights: None, or the factor of each output's loss.
          metrics: names, functions or metrics; of several outputs a list of lists, or a dict.
          weighted_metrics: the same, of metrics that get the sample weights.
          run_eagerly, steps_per_execution, jit_compile, auto_scale_loss: have no meaning here.

        Raises:
          ValueError: a name is not known.

        Example:
          >>> import foldgate as keras
          >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
          >>> model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
          >>> model.optimizer.name
          'adam'
        """
        names = self._names_of_outputs()
        self.optimizer = optimizers.get(optimizer)
        state = self.__dict__  # lists and metrics of the compilation are no state of the layer
        state["loss"] = loss
        state["_compiled_loss"] = None if loss is None else CompiledLoss(loss, loss_weights, names)
        some = metrics is not None or weighted_metrics is not None
        state["_compiled_metrics"] = CompiledMetrics(metrics, weighted_metrics, names) if some else None
        state["_loss_tracker"] = Mean(name="loss")
        state["_compile_arguments"] = {
            "optimizer": self.optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": False,
        }
        state.pop("_looked_up", None)
        self.steps_per_execution, self.run_eagerly = steps_per_execution, run_eagerly
        self.stop_training, self.compiled = False, True

    def _names_of_outputs(self) -> list[str] | None:
        try:
            names = self.output_names  # type: ignore[attr-defined]
        except AttributeError:
            return None
        return [str(name) for name in names]

    def _require_compiled(self, method: str) -> None:
        if not self.compiled:
            name = getattr(self, "name", "model")
            raise ValueError(f"{name}: {method} needs a compiled model; call compile(optimizer, loss) first")

    # Steps, which subclasses may write themselves.

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step on a batch, and the metrics after it.

        Args:
          data: (x, y) or (x, y, sample_weight); without labels x itself, or (x,) of a list of inputs.
        """
        self._train_on(data)
        return self.get_metrics_result()

    def test_step(self, data: Any) -> dict[str, Any]:
        """The metrics after a batch that is not trained on."""
        self._test_on(data)
        return self.get_metrics_result()

    def predict_step(self, data: Any) -> Any:
        """The outputs of a batch."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)  # type: ignore[operator]

    def _train_on(self, data: Any) -> None:
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        optimizer = self.optimizer
        with GradientTape() as tape:
            y_pred = self(x, training=True)  # type: ignore[operator]
            loss = self._loss_of(x, y, y_pred, sample_weight, True)
            scaled = optimizer.scale_loss(loss)
        weights = looked_up(self).weights
        if weights:
            optimizer.apply(tape.gradient(scaled, weights), weights)
        else:
            warnings.warn(f"{self.name}: it has no trainable weights", stacklevel=2)  # type: ignore[attr-defined]
        self._track(x, y, y_pred, sample_weight, loss)

    def _test_on(self, data: Any) -> None:
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with no_grad():
            y_pred = self(x, training=False)  # type: ignore[operator]
            loss = self._loss_of(x, y, y_pred, sample_weight, False)
        self._track(x, y, y_pred, sample_weight, loss)

    def _loss_of(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        if type(self).compute_loss is Trainer.compute_loss:
            return self._default_loss(y, y_pred, sample_weight)
        if "training" in inspect.signature(self.compute_loss).parameters:
            return self.compute_loss(x, y, y_pred, sample_weight, training=training)
        return self.compute_loss(x, y, y_pred, sample_weight)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The loss of a batch: that of `compile`, and what layers and regularizers add.

        Raises:
          ValueError: there is none.
        """
        return self._default_loss(y, y_pred, sample_weight)

    def _default_loss(self, y: Any, y_pred: Any, sample_weight: Any) -> Any:
        total = None
        if self._compiled_loss is not None:
            if y is None:
                raise ValueError(f"{self.name}: y is missing; the loss needs labels")  # type: ignore[attr-defined]
            total = self._compiled_loss(y, y_pred, sample_weight)
        if layer_losses.added or looked_up(self).regularized:
            for value in self.losses:  # type: ignore[attr-defined]
                value = np.sum(value) if getattr(value, "ndim", 0) else value
                total = value if total is None else total + value
        if total is None:
            raise ValueError(f"{self.name}: there is no loss; give one to compile")  # type: ignore[attr-defined]
        return total

    # Metrics.

    def _track(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, loss: Any) -> None:
        tracker = self.__dict__["_loss_tracker"]
        count = float(len(x) if type(x) is np.ndarray else first_extent(x))
        tracker.total += float(loss) * count
        tracker.count += count
        if type(self).compute_metrics is not Trainer.compute_metrics:
            self.compute_metrics(x, y, y_pred, sample_weight)
        elif self._compiled_metrics is not None:
            self._compiled_metrics.update_state(y, y_pred, sample_weight)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Takes a batch into the metrics of `compile`, and gives all results."""
        if self._compiled_metrics is not None:
            self._compiled_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    @property
    def metrics(self) -> list[Any]:
        """The mean loss, the metrics of `compile` as one, those of the model's attributes and of its layers.

        A `train_step` of one's own may go through them: that of `compile` takes what a metric takes.
        """
        found: list[Any] = []
        if self.compiled:
            found.append(self.__dict__["_loss_tracker"])
            if self._compiled_metrics is not None:
                found.append(self._compiled_metrics)
            if self._compiled_loss is not None:
                found += [metric for metric in self._compiled_loss.metrics if metric is not None]
        for layer in self._flatten_layers():  # type: ignore[attr-defined]
            found += layer.__dict__.get("_metrics", ())
        return found

    @property
    def metrics_names(self) -> list[str]:
        """Their names."""
        return [*self._named_metrics()]

    def _named_metrics(self) -> dict[str, Any]:
        return looked_up(self).named

    def _name_metrics(self, found: list[Any]) -> dict[str, Any]:
        named: dict[str, Any] = {}
        for metric in found:
            named |= metric.named if isinstance(metric, CompiledMetrics) else {metric.name: metric}
        return named

    def get_metrics_result(self) -> dict[str, Any]:
        """The results of all metrics by name."""
        found: dict[str, Any] = {}
        for name, metric in looked_up(self).named.items():
            result = metric.result()
            if isinstance(result, dict):
                found.update(result)
            else:
                found[name] = result
        return found

    def reset_metrics(self) -> None:
        """Forgets what metrics have seen."""
        for metric in looked_up(self).metrics:
            metric.reset_state()

    # Files.

    def get_compile_config(self) -> dict[str, Any]:
        """The arguments of `compile` as files hold them."""
        from foldgate.saving import serialize_keras_object

        arguments = self._compile_arguments
        return {} if arguments is None else {key: serialize_keras_object(v) for key, v in arguments.items()}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles with what `get_compile_config` gave, and makes the optimizer's slots."""
        if type(self).compile is not Trainer.compile:
            name = type(self).__name__
            warnings.warn(f"{name}: its compile is its own; call it after loading", stacklevel=2)
            return
        from foldgate.saving import deserialize_keras_object

        self.compile(**deserialize_keras_object(config))
        if self.optimizer is not None and getattr(self, "built", False):
            self.optimizer.build(self.trainable_variables)  # type: ignore[attr-defined]


Trainer._own_steps = {
    "train": (Trainer.train_step, "train_step", "_train_on"),
    "test": (Trainer.test_step, "test_step", "_test_on"),
}
