"""What is trained of a base: adapters, quantized bases, all of it."""
