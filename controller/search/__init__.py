"""Which trial comes next, and which one was best. Pure: the same trials give the same answer."""
