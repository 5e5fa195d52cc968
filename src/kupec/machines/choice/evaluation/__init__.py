"""How well choices are predicted, on published data: `kupec evaluate choice` (docs/algorithms/choice.md)."""
