"""The HTTP API: JSON over the store, problems as RFC 9457."""
