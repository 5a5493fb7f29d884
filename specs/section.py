"""What every section of a spec has in common: frozen, and strict about unknown fields."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of a spec. Unknown fields are errors, values never change after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid")
