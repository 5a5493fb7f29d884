"""Make it so: watch git, plan, train, evaluate, gate, promote; and the command line."""
