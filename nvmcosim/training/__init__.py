"""Training a network whose parameters live in an approximate memory (ono2021, IV and V-B).

One epoch is a pass over the training images in an order that depends on the seed alone, a store of
all parameters, and a test with what the memory then holds. After each epoch a checkpoint can be
written; a run that goes on from one ends bit for bit as if it had never stopped.
"""

from nvmcosim.training.config import TrainingConfig, run_digest
from nvmcosim.training.trainer import DamagedCheckpoint, EpochRecord, Trainer, train

__all__ = [
    "DamagedCheckpoint",
    "EpochRecord",
    "Trainer",
    "TrainingConfig",
    "run_digest",
    "train",
]
