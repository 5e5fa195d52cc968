"""The whole system under blows: many buyers, killed processes, messages out of order."""
