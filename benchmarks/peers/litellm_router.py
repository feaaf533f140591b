"""LiteLLM's Router with least-busy routing: choose a deployment, note the start, note the end.

Only the choice and the bookkeeping are timed, through the same methods that a completion goes through; no request is made.
It keeps to its quietest configuration: no Redis, no callbacks, log level ERROR, and no look at the network when it is imported.
"""

import importlib.metadata
import logging
import os
from typing import Any

__all__ = ("MODEL", "choose_and_report", "make", "version")

MODEL = "llama3"


def version() -> str | None:
    """The installed version, or None."""
    try:
        return importlib.metadata.version("litellm")
    except importlib.metadata.PackageNotFoundError:
        return None


def make(count: int) -> Any:
    """A router with `count` deployments of one model."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("LITELLM_LOG", "ERROR")
    import litellm

    logging.getLogger("LiteLLM").setLevel(logging.ERROR)
    litellm.suppress_debug_info = True
    deployments = [
        {
            "model_name": MODEL,
            "litellm_params": {"model": "openai/llama3", "api_base": f"http://10.0.0.1:{i}", "api_key": "none"},
            "model_info": {"id": f"b{i}"},
        }
        for i in range(count)
    ]
    return litellm.Router(model_list=deployments, routing_strategy="least-busy")


def choose_and_report(router: Any) -> None:
    """What one request costs the router, beside the request."""
    chosen = router.get_available_deployment(model=MODEL, messages=_MESSAGES)
    call = {
        "litellm_params": {
            "metadata": {"model_group": MODEL, "deployment": chosen["litellm_params"]["model"]},
            "model_info": chosen["model_info"],
        }
    }
    report = router.leastbusy_logger
    report.log_pre_api_call(MODEL, _MESSAGES, call)
    report.log_success_event(call, None, None, None)


_MESSAGES = [{"role": "user", "content": "hello"}]
