"""What is told of a training, and may act on it."""

from foldgate.callbacks.backup_and_restore import BackupAndRestore
from foldgate.callbacks.callback import Callback
from foldgate.callbacks.callback_list import CallbackList
from foldgate.callbacks.csv_logger import CSVLogger
from foldgate.callbacks.early_stopping import EarlyStopping
from foldgate.callbacks.history import History
from foldgate.callbacks.lambda_callback import LambdaCallback
from foldgate.callbacks.learning_rate_scheduler import LearningRateScheduler
from foldgate.callbacks.model_checkpoint import ModelCheckpoint
from foldgate.callbacks.progbar_logger import ProgbarLogger
from foldgate.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
from foldgate.callbacks.swap_ema_weights import SwapEMAWeights
from foldgate.callbacks.tensorboard import TensorBoard
from foldgate.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
