"""What answers live traffic: versions as things that predict, and the gateway over them."""
