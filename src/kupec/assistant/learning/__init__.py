"""The learning loop: what the bot could not do is kept, gathered, decided by people, learnt, judged and published."""

from kupec.assistant.learning.training import (
    TrainedModel,
    spoken_phrases,
    train_bot,
    trained_models,
    training_job,
    training_subscriber,
)

__all__ = [
    "TrainedModel",
    "spoken_phrases",
    "train_bot",
    "trained_models",
    "training_job",
    "training_subscriber",
]
