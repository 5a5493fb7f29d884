"""The command line. Nothing heavy is imported until the command that needs it runs."""
