"""What a training will cost, said before anything is spent, and learnt from what it did cost."""
