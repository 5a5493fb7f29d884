"""``trueup demo``: the whole story on one machine, told and timed."""
