"""`[[backend]]`: one model server, and what may be said about its models and its checks."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from backend_registry import Backend, BackendType, InvalidValueError, Model
from backend_registry.config.tables import Seconds, Table

__all__ = ("BackendConfig", "BackendHealthConfig", "ModelConfig")


class ModelConfig(Table):
    """A model of a backend, where its id alone is not enough."""

    id: str
    name: str = ""
    context_length: int = 4096
    supports_vision: bool = False
    supports_tools: bool = False
    supports_json_mode: bool = False
    max_output_tokens: int | None = None


class BackendHealthConfig(Table):
    """`health` of a backend: what is different for it from the table `[health]`."""

    enabled: bool | None = Field(default=None, description="whether it is checked; one that is not stays unknown")
    interval_s: Seconds | None = Field(default=None, description="seconds between two checks")
    timeout_s: Seconds | None = Field(default=None, description="seconds that a check may take as a whole")
    failures: int | None = Field(default=None, ge=1, le=100, description="failed checks in a row that make it unhealthy")
    successes: int | None = Field(default=None, ge=1, le=100, description="passed checks in a row that make it healthy again")


def _model(value: object) -> object:
    return {"id": value} if isinstance(value, str) else value


class BackendConfig(Table):
    """`[[backend]]`: one model server. What each key means and may be is said at `backend_registry.Backend`."""

    id: str
    url: str
    name: str | None = None
    backend_type: str = BackendType.GENERIC.value
    models: list[Annotated[ModelConfig, BeforeValidator(_model)]] = []
    metadata: dict[str, str] = {}
    priority: int = 0
    weight: int = 100
    operations: list[str] = []
    features: list[str] = []
    transports: list[str] = ["http"]
    instance_id: str | None = None
    credential_env: str | list[str] | None = None
    max_pending: int | None = None
    warmup_s: float = 0.0
    health: BackendHealthConfig = BackendHealthConfig()

    @model_validator(mode="after")
    def _accepted_by_the_registry(self) -> Self:
        try:
            self.backend()
        except InvalidValueError as error:
            problem = f"{error.problem}; {error.remedy}"
            raise PydanticCustomError("backend", "{problem}", {"field": error.field, "problem": problem}) from None
        return self

    def backend(self) -> Backend:
        """A fresh backend, ready to be added."""
        fields = self.model_dump(exclude={"health"})
        return Backend(**{**fields, "models": [Model(**model.model_dump()) for model in self.models]})
