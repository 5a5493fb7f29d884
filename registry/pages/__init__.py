"""Web pages: read-only, rendered here, no build step."""
