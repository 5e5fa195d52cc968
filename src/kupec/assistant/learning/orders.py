"""The names of the jobs by which the bot learns."""

from typing import Final

TRAIN: Final = "train the bot"
CANDIDATE: Final = "train a candidate"
GATHER: Final = "gather questions"
