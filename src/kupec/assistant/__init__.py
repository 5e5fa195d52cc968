"""The bot: understanding, flows, turns, and what it learns from."""

from kupec.assistant.bot import Bot
from kupec.assistant.brain import Brain
from kupec.assistant.context import ChatContext, contexts_of, remember_context
from kupec.assistant.events import FlowEnded, FlowStarted
from kupec.assistant.learning import TrainedModel, train_bot, trained_models, training_job, training_subscriber
from kupec.assistant.settings import BOT, Autonomy, BotSettings
from kupec.assistant.suggesting import SuggestedArticle, Suggestion
from kupec.assistant.turn import IDENTIFY, Shop

__all__ = [
    "BOT",
    "IDENTIFY",
    "Autonomy",
    "Bot",
    "BotSettings",
    "Brain",
    "ChatContext",
    "FlowEnded",
    "FlowStarted",
    "Shop",
    "SuggestedArticle",
    "Suggestion",
    "TrainedModel",
    "contexts_of",
    "remember_context",
    "train_bot",
    "trained_models",
    "training_job",
    "training_subscriber",
]
