"""The learning loop: what the bot could not do is kept, gathered, decided by people, learnt, judged and published."""

from kupec.assistant.learning.approving import approve_suggestion, dismiss_suggestion, label_missed, label_texts
from kupec.assistant.learning.asked import learning_summary, missed_questions
from kupec.assistant.learning.cases import labelled_cases
from kupec.assistant.learning.days import LearningDay, LearningDays, learning_days
from kupec.assistant.learning.errors import ModelWorse, NeedsPerson, NothingToRollBack, NotJudged, TrainingFailed
from kupec.assistant.learning.forgetting import THEIRS, before_erasing, forget_learnt
from kupec.assistant.learning.jobs import gathering_due, learning_jobs
from kupec.assistant.learning.keeping import keep_missed, keep_stumbles, keep_unhelpful
from kupec.assistant.learning.material import spoken_phrases
from kupec.assistant.learning.models import (
    Approval,
    Approved,
    ExampleOutcome,
    FlowLeaving,
    Judged,
    LabelledCase,
    LearningSummary,
    Missed,
    MissedQuestion,
    ModelAlert,
    ModelInfo,
    ModelReport,
    Proposal,
    ProposalPage,
    ProposedArticle,
    ProposedFlow,
    Reason,
    Stumble,
    UnknownWord,
)
from kupec.assistant.learning.models_kept import (
    get_model,
    mark_broken,
    model_alert,
    model_history,
    roll_back_model,
)
from kupec.assistant.learning.ordering import is_gathering, is_training, order_candidate, order_gathering
from kupec.assistant.learning.orders import CANDIDATE as CANDIDATE_JOB
from kupec.assistant.learning.orders import GATHER as GATHER_JOB
from kupec.assistant.learning.proposing import propose
from kupec.assistant.learning.publishing import candidate_report, publish_model
from kupec.assistant.learning.reviewing import get_suggestion, suggestions
from kupec.assistant.learning.rules import LEARNING, TEACH, LearningRules
from kupec.assistant.learning.stumbling import flow_leaving, unknown_words
from kupec.assistant.learning.training import (
    judge_again,
    order_for_encoder,
    reproduce_model,
    train_bot,
    train_candidate,
    training_subscriber,
)

__all__ = [
    "CANDIDATE_JOB",
    "GATHER_JOB",
    "LEARNING",
    "TEACH",
    "THEIRS",
    "Approval",
    "Approved",
    "ExampleOutcome",
    "FlowLeaving",
    "Judged",
    "LabelledCase",
    "LearningDay",
    "LearningDays",
    "LearningRules",
    "LearningSummary",
    "Missed",
    "MissedQuestion",
    "ModelAlert",
    "ModelInfo",
    "ModelReport",
    "ModelWorse",
    "NeedsPerson",
    "NotJudged",
    "NothingToRollBack",
    "Proposal",
    "ProposalPage",
    "ProposedArticle",
    "ProposedFlow",
    "Reason",
    "Stumble",
    "TrainingFailed",
    "UnknownWord",
    "approve_suggestion",
    "before_erasing",
    "candidate_report",
    "dismiss_suggestion",
    "flow_leaving",
    "forget_learnt",
    "gathering_due",
    "get_model",
    "get_suggestion",
    "is_gathering",
    "is_training",
    "judge_again",
    "keep_missed",
    "keep_stumbles",
    "keep_unhelpful",
    "label_missed",
    "label_texts",
    "labelled_cases",
    "learning_days",
    "learning_jobs",
    "learning_summary",
    "mark_broken",
    "missed_questions",
    "model_alert",
    "model_history",
    "order_candidate",
    "order_for_encoder",
    "order_gathering",
    "propose",
    "publish_model",
    "reproduce_model",
    "roll_back_model",
    "spoken_phrases",
    "suggestions",
    "train_bot",
    "train_candidate",
    "training_subscriber",
    "unknown_words",
]
