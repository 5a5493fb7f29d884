"""One verb per file, all ``(Context, Action) → Outcome``."""
