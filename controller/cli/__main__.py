"""``python -m controller.cli``: the ``trueup`` command without its script."""

from controller.cli.main import app

if __name__ == "__main__":
    app(prog_name="trueup")
