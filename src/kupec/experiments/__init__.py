"""Experiments: a version on a share of the traffic, watched, compared, stopped by itself."""

from kupec.experiments.dividing import arm_at, point
from kupec.experiments.errors import AlreadyOnTrial, TrialOver
from kupec.experiments.events import ExperimentFinished, ExperimentStarted, ExperimentStopped, ShareChanged
from kupec.experiments.exposing import Exposure, arms_of, assign, expose, exposure_of, observe
from kupec.experiments.figures import results
from kupec.experiments.guarding import GUARDED_EVERY, check_guardrails, guard_due
from kupec.experiments.models import (
    CANDIDATE,
    LIVE,
    METRICS,
    Arm,
    Comparison,
    Experiment,
    Figure,
    Guarded,
    Guardrail,
    Metric,
    NewExperiment,
    Observation,
    Results,
)
from kupec.experiments.policy import EXPERIMENTS, ExperimentRules
from kupec.experiments.privacy import privacy_part
from kupec.experiments.steering import (
    finish_experiment,
    get_experiment,
    list_experiments,
    running,
    set_share,
    start_experiment,
    stop_experiment,
)

__all__ = [
    "CANDIDATE",
    "EXPERIMENTS",
    "GUARDED_EVERY",
    "LIVE",
    "METRICS",
    "AlreadyOnTrial",
    "Arm",
    "Comparison",
    "Experiment",
    "ExperimentFinished",
    "ExperimentRules",
    "ExperimentStarted",
    "ExperimentStopped",
    "Exposure",
    "Figure",
    "Guarded",
    "Guardrail",
    "Metric",
    "NewExperiment",
    "Observation",
    "Results",
    "ShareChanged",
    "TrialOver",
    "arm_at",
    "arms_of",
    "assign",
    "check_guardrails",
    "expose",
    "exposure_of",
    "finish_experiment",
    "get_experiment",
    "guard_due",
    "list_experiments",
    "observe",
    "point",
    "privacy_part",
    "results",
    "running",
    "set_share",
    "start_experiment",
    "stop_experiment",
]
