"""What has to hold between the tables of a file: aliases, fallbacks, policies, settings of one backend."""

import hashlib

import pytest

from backend_registry import BackendType, balance
from backend_registry.config import ConfigError, parse_fleet

BACKEND = '[[backend]]\nid = "a"\nurl = "http://h"\n'


def problem(text):
    with pytest.raises(ConfigError) as caught:
        parse_fleet(text)
    (only,) = caught.value.problems
    return only


def test_aliases_are_followed_to_their_model():
    config = parse_fleet('[aliases]\n"gpt-4" = "big"\nbig = "llama3:70b"\n')
    assert config.model_aliases() == {"gpt-4": "llama3:70b", "big": "llama3:70b"}


def test_an_alias_takes_at_most_three_steps():
    chain = "[aliases]\n" + "".join(f'a{n} = "a{n + 1}"\n' for n in range(3))
    assert parse_fleet(chain).model_aliases()["a0"] == "a3"
    assert problem(chain + 'a3 = "m"\n') == "line 2, column 1: aliases.a0: takes 4 steps to a model; name the model itself, 'm'"


def test_aliases_in_a_circle_are_refused_with_the_circle():
    assert problem('[aliases]\nx = "y"\ny = "x"\n') == (
        "line 2, column 1: aliases.x: leads in a circle: x -> y -> x; take one of them out"
    )


def test_fallbacks_speak_of_models_by_any_of_their_names():
    config = parse_fleet('[aliases]\nbig = "llama3:70b"\nsmall = "llama3:8b"\n[fallbacks]\nbig = ["small", "qwen3"]\n')
    assert config.model_fallbacks() == {"llama3:70b": ("llama3:8b", "qwen3")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[fallbacks]\na = ["a"]', "line 2, column 1: fallbacks.a: names a model twice, or the model itself; name each once"),
        (
            '[fallbacks]\na = ["b", "b"]',
            "line 2, column 1: fallbacks.a: names a model twice, or the model itself; name each once",
        ),
        (
            '[aliases]\nb = "a"\n[fallbacks]\na = ["x"]\nb = ["y"]',
            "line 5, column 1: fallbacks.b: is the same model as 'a'; give one list for both",
        ),
        ("[fallbacks]\na = []", "line 2, column 1: fallbacks.a: List should have at least 1 item after validation, not 0"),
    ],
)
def test_a_fallback_that_leads_nowhere_new_is_refused(text, said):
    assert problem(text) == said


def test_a_backend_may_be_checked_differently_from_the_others():
    config = parse_fleet(f"[health]\ninterval_s = 20\n{BACKEND}health = {{ timeout_s = 1, failures = 9 }}\n")
    own = config.health_of("a")
    assert (own.interval_s, own.timeout_s, own.failures) == (20, 1, 9)
    assert config.health_of("b") is config.health


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            '["gpus.test:8000", "http://me:hunter2@gpus.test"]',
            "entry 2 is neither a host with its port nor a service; write",
        ),
        ('["_llm._tcp.gpus.test", "gpus.test:8000", "_llm._tcp.gpus.test"]', "has '_llm._tcp.gpus.test' twice; write it once"),
    ],
)
def test_a_dns_name_that_is_none_is_refused_with_its_line(names, said):
    told = problem(f"[discovery]\nlocalhost = true\ndns = {names}\n")
    assert told.startswith(f"line 3, column 1: discovery.dns: {said}")
    assert "hunter2" not in told


def test_every_backend_type_is_accepted():
    for kind in BackendType:
        assert parse_fleet(f'{BACKEND}backend_type = "{kind}"\n').backends()[0].backend_type is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("p2c", type(None)),
        ("least_pending", balance.LeastPending),
        ("peak_ewma", balance.PeakEwma),
        ("priority_tiers", balance.PriorityTiers),
        ("random", balance.Random),
        ("round_robin", balance.RoundRobin),
        ("smart_score", balance.SmartScore),
        ("smooth_weighted", balance.SmoothWeighted),
    ],
)
def test_a_policy_is_chosen_by_its_name(name, kind):
    assert type(parse_fleet(f'gateway.policy = "{name}"').gateway.choice()) is kind


def test_ejection_is_what_the_registry_applies():
    policy = parse_fleet("[ejection]\nconsecutive_failures = 3\nwindow_s = 5\n").ejection.policy()
    assert (policy.consecutive_failures, policy.window_s, policy.max_s) == (3, 5, 300)
    assert parse_fleet("ejection.enabled = false").ejection.policy() is None


def test_keys_of_clients_are_kept_as_digests():
    digest = hashlib.sha256(b"a key").hexdigest()
    assert parse_fleet(f'auth.client_keys = ["{digest}"]').auth.client_keys == [digest]


@pytest.mark.parametrize(
    "text",
    ['auth.client_keys = ["sk-hunter22"]', 'auth.admin_token_env = "sk-hunter22"', 'auth.viewer_token_env = "hunter22 x"'],
)
def test_a_secret_pasted_in_place_of_a_digest_or_a_name_is_not_repeated(text):
    assert "hunter22" not in problem(text)


def test_keys_of_the_gateway_itself_are_never_forwarded():
    digest = hashlib.sha256(b"a key").hexdigest()
    assert problem(f'[auth]\nclient_keys = ["{digest}"]\n[gateway]\nforward_client_auth = true\n') == (
        "line 4, column 1: gateway.forward_client_auth: goes not with auth.client_keys, which backends must not see; choose one"
    )
