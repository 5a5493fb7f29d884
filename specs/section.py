"""What every section of a spec has in common: frozen, and strict about unknown fields."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of a spec. Unknown fields are errors, values never change after loading.

    Values are taken as they are written: ``"16"`` is no number, and infinity is none either. The
    docstring below a field is its description, for editors and for the reference page;
    ``specs.fields`` reads it (to let pydantic do so costs 70 ms of CPU at every start).
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
    )
