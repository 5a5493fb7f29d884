"""``trueup up``: the parts of an installation as processes under one supervisor."""
