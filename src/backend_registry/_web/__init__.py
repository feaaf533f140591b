"""What the ASGI packages share: how an answer is made of bytes, and what an error looks like that is not OpenAI's."""

from backend_registry._web.answers import json_answer, problem

__all__ = ("json_answer", "problem")
