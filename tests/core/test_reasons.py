"""Reasons: one vocabulary, one order of precedence."""

import pytest

from backend_registry import REASON_CODES, BackendStatus, Capability, EjectionCause, Intent, Model
from backend_registry._core.demand import Demand
from backend_registry._core.reasons import lacks, standing
from tests.core.fleet import backend

FINE = backend().record._replace(health=BackendStatus.HEALTHY)
S = 1_000_000_000


@pytest.mark.parametrize(
    ("fields", "code", "detail"),
    [
        ({}, "", ""),
        ({"intent": Intent.DISABLED}, "disabled", "taken out of rotation by an operator"),
        ({"intent": Intent.DRAINING}, "draining", "finishes what it has, gets nothing new"),
        ({"missing_env": "KEY"}, "missing_credentials", "missing env KEY"),
        ({"ejected_until_ns": 4 * S}, "ejected", "overloaded, left alone for 1.5 s"),
        ({"ejected_until_ns": 2 * S}, "", ""),
        (
            {"ejected_until_ns": 4 * S, "ejection": EjectionCause.FAILURES},
            "ejected",
            "too many failures in a row, left alone for 1.5 s",
        ),
        ({"on_trial": True}, "", ""),
        ({"health": BackendStatus.UNHEALTHY}, "unhealthy", "health checks failed"),
        ({"health": BackendStatus.UNHEALTHY, "last_error": "refused"}, "unhealthy", "refused"),
        ({"health": BackendStatus.UNKNOWN}, "unknown", "not checked yet"),
    ],
)
def test_standing_says_code_and_detail(fields, code, detail):
    assert standing(FINE._replace(**fields), now_ns=5 * S // 2, select_unknown=False) == (code, detail)
    assert not code or code in REASON_CODES


def test_unknown_may_be_picked_where_that_is_allowed():
    assert standing(FINE._replace(health=BackendStatus.UNKNOWN), now_ns=0, select_unknown=True) == ("", "")


def test_what_the_operator_wants_is_said_before_what_the_checks_found():
    worst = FINE._replace(intent=Intent.DISABLED, missing_env="KEY", ejected_until_ns=9 * S, health=BackendStatus.UNHEALTHY)
    codes = []
    for fix in ({}, {"intent": Intent.DRAINING}, {"intent": Intent.ENABLED}, {"missing_env": None}, {"ejected_until_ns": None}):
        worst = worst._replace(**fix)
        codes.append(standing(worst, now_ns=0, select_unknown=False)[0])
    assert codes == ["disabled", "draining", "missing_credentials", "ejected", "unhealthy"]


@pytest.mark.parametrize(
    ("demand", "code", "detail"),
    [
        (Demand(), "", ""),
        (Demand(require=Capability.TOOLS, min_context=100, operation="chat"), "", ""),
        (Demand(require=Capability.VISION), "lacks_capability", "vision"),
        (Demand(require=Capability.VISION | Capability.JSON_MODE), "lacks_capability", "vision and json_mode"),
        (Demand(min_context=101), "context_too_small", "100 tokens, 101 demanded"),
        (Demand(operation="embeddings"), "lacks_operation", "embeddings is not among chat, rerank"),
    ],
)
def test_demands_say_code_and_detail(demand, code, detail):
    model = Model("m", supports_tools=True, context_length=100)
    record = backend(operations=["chat", "rerank"]).record
    assert lacks(record, model, demand) == (code, detail)
    assert not code or code in REASON_CODES


def test_backend_that_lists_no_operations_offers_all():
    assert lacks(backend().record, Model("m"), Demand(operation="anything")) == ("", "")
