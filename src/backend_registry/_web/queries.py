"""Parts of the query models of lists: which page, names with commas between them, and words for true and false."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from backend_registry._web.paging import Cursor, Limit, Offset, Window

__all__ = ("Commas", "Name", "Names", "PageQuery", "Query", "Truth")


def _split(values: object) -> object:
    """Several values in one parameter are as good as several parameters. What is no text is left to the field's check."""
    if not isinstance(values, list):
        return values
    return [part for value in values for part in (value.split(",") if isinstance(value, str) else (value,))]


def _truth(value: object) -> object:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


Commas = BeforeValidator(_split)
"""Makes of a tuple's field one that takes its values with commas between them, too."""
Name = Annotated[str, Field(min_length=1, max_length=256)]
Names = Annotated[tuple[Name, ...], Field(max_length=64), Commas]
Truth = Annotated[bool, Field(strict=True), BeforeValidator(_truth)]


class Query(BaseModel):
    """Parameters: immutable, and silent about what was refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, hide_input_in_errors=True)


class PageQuery(Query):
    """Which page of a list."""

    limit: Limit = Field(default=200, description="entries in the answer at most")
    offset: Offset = Field(default=0, description="entries to leave out at the beginning")
    cursor: Cursor | None = Field(default=None, description="as in the `Link` of an answer: go on where it ended")

    @field_validator("cursor")
    @classmethod
    def _one_of_two(cls, cursor: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("offset"):
            raise PydanticCustomError("cursor", "cannot be given together with offset; give one of the two")
        return cursor

    @property
    def window(self) -> Window:
        """Which part of the list is asked for."""
        return Window(self.limit, self.offset, self.cursor)
