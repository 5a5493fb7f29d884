"""Methods: what a base is made into before it is trained, and what of it is saved."""
