"""Canaries: made-up secrets that are put wherever one might end up, and must not come out anywhere."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from backend_registry import (
    Backend,
    BackendInfo,
    BackendView,
    InvalidValueError,
    Model,
    ModelView,
    ProbeResult,
    Registry,
    RegistryView,
)
from backend_registry.views import is_secret_name, public_text, public_url

CANARY = "cAnArY"
URL = f"http://{CANARY}user:{CANARY}pa%21ss@gpu-1:8000/root?k={CANARY}query&x={CANARY}more"
LEAKS = (
    URL,
    f"cannot reach {URL}",
    f"login of {CANARY}user failed",
    f"wrong password {CANARY}pa!ss",
    f"wrong password {CANARY}pa%21ss",
    f"rejected k={CANARY}query",
    f"rejected {CANARY}more",
)
SECRET_NAMES = (
    *(
        "key",
        "api_key",
        "API-KEY",
        "apikey",
        "accessKey",
        "token",
        "hf.token",
        "secret",
        "client secret",
        "password",
        "pass-word",
    ),
    *("passwd", "pwd", "authorization", "X-Auth", "credential", "Credentials", "bearer", "cookie", "private", "session_id"),
    "".join(chr(ord(letter) + 0xFEE0) for letter in "TOKEN"),  # in full-width letters
)


def dumps(view):
    """Everything that can come out of a view."""
    return "\n".join(
        (view.model_dump_json(), repr(view), str(view), repr(view.model_dump()), json.dumps(view.model_dump(mode="json")))
    )


def views_of(backend):
    """Every kind of view of a backend, from a registry of its own."""
    registry = Registry()
    registry.add_backend(backend)
    registry.record_probe(backend, ProbeResult(ok=False, error=LEAKS[1]))
    return BackendView.from_backend(backend), BackendInfo.from_backend(backend), RegistryView.from_registry(registry)


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("field", ["name", "instance_id", "features", "metadata"])
def test_no_text_of_a_backend_repeats_what_its_url_hides(field, leak):
    value = {"features": (leak,), "metadata": {"note": leak}}.get(field, leak)
    for view in views_of(Backend("b", URL, models=["m"], **{field: value})):
        assert CANARY not in dumps(view)


def test_no_name_of_a_model_shows_a_key():
    for view in views_of(Backend("b", "http://h", models=[Model("m", name="sk-abcdefgh1234"), Model("n", name="Llama 3")])):
        assert "abcdefgh" not in dumps(view)
        assert "Llama 3" in dumps(view)
    assert ModelView.from_model(Model("m", name="token=sk-abcdefgh1234")).name == "token=***"


@pytest.mark.parametrize("leak", LEAKS)
def test_no_error_and_no_reason_repeats_what_the_url_hides(leak):
    backend = Backend("b", URL, models=["m"])
    registry = Registry()
    registry.add_backend(backend)
    registry.update_status("b", "unhealthy", leak)
    assert CANARY in backend.last_error + backend.status_reason
    for view in (BackendView.from_backend(backend), BackendInfo.from_backend(backend), RegistryView.from_registry(registry)):
        assert CANARY not in dumps(view)
    registry.record_probe(backend, ProbeResult(ok=True, note=leak))
    registry.record_probe(backend, ProbeResult(ok=True, note=leak))
    info = BackendInfo.from_backend(backend)
    assert info.status == "available"
    assert info.status_reason
    assert CANARY not in dumps(info)


@pytest.mark.parametrize("before", range(180, 256))
def test_an_error_that_was_cut_in_the_middle_of_a_secret_shows_no_half_of_it(before):
    for leak in LEAKS:
        backend = Backend("b", URL)
        registry = Registry()
        registry.add_backend(backend)
        registry.update_status("b", "unhealthy", "." * before + " " + leak)
        shown = BackendView.from_backend(backend).last_error
        # Three letters are not worth hiding, and any text may end in them.
        assert CANARY[:4] not in shown


def test_the_url_is_still_good_for_reaching_the_server():
    backend = Backend("b", URL)
    assert BackendView.from_backend(backend).url == "http://gpu-1:8000/root"
    assert BackendInfo.from_backend(backend).base_url == "http://gpu-1:8000/root"


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_metadata_of_a_secret_name_is_dropped_and_the_rest_stays(name):
    assert is_secret_name(name)
    view = BackendView.from_backend(Backend("b", "http://h", metadata={name: CANARY, "region": "eu"}))
    assert view.metadata == {"region": "eu"}


def test_the_value_of_a_credential_variable_is_never_shown(monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "vAlUe-Of-It")
    present = views_of(Backend("b", "http://h", credential_env="SOME_API_KEY"))
    assert present[0].credentials_present
    assert present[1].credentials == {"SOME_API_KEY": True}
    assert not any("vAlUe" in dumps(view) for view in present)


def test_a_missing_credential_variable_is_named_as_the_reason():
    view, info, _ = views_of(Backend("b", "http://h", credential_env="SURELY_NOT_SET"))
    assert not view.credentials_present
    assert (info.status, info.status_reason) == ("unavailable", "missing env SURELY_NOT_SET")


def test_each_credential_variable_is_told_to_be_set_or_not(monkeypatch):
    monkeypatch.setenv("SET_KEY", "x")
    monkeypatch.setenv("EMPTY_KEY", "")
    names = ["SET_KEY", "EMPTY_KEY", "SURELY_NOT_SET"]
    info = BackendInfo.from_backend(Backend("b", "http://h", credential_env=names))
    assert info.credentials == {"SET_KEY": True, "EMPTY_KEY": False, "SURELY_NOT_SET": False}
    assert BackendInfo.from_backend(Backend("b", "http://h")).credentials == {}


@pytest.mark.parametrize(
    "text",
    [
        f"http://u:{CANARY}@host/path",
        f"http://{CANARY}@host",
        f"wss://u:{CANARY}@[::1]:9 failed",
        f"Authorization: Bearer {CANARY}",
        f"authorization:bearer  {CANARY}",
        f"'authorization': 'Basic {CANARY}='",
        f'{{"token": "{CANARY}"}}',
        f"X-Api-Key: {CANARY}",
        f"GET /v1?api_key={CANARY}&x=1",
        f"password={CANARY}",
        f"cannot reach http://me:{CANARY}…",
        f"session_token : {CANARY}",
        f"Incorrect API key provided: sk-{CANARY}1234",
        f"hf_{CANARY}1234 and AIza{CANARY}1234567890 and AKIA{CANARY}123456",
        f"eyJ{CANARY}.eyJ{CANARY}.{CANARY}",
    ],
)
def test_free_text_loses_what_looks_like_a_credential(text):
    assert CANARY not in public_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "connection refused",
        "missing env OPENAI_API_KEY",
        "HTTP 503, retry-after: 7",
        "cannot connect to monkey:8080",
        "see http://gpu-1:8000/v1/models?x=1",
        "mail ops@example.com",
        "overloaded, left alone for 3.0 s",
    ],
)
def test_harmless_text_stays_as_it_is(text):
    assert public_text(text) == text


@example("h://key=a/b,@c")
@given(
    st.lists(
        st.sampled_from((*"@:/?#=&;,'\" …", "a://", "key", "bearer ", "basic ", "token", "sk-", "***", "abcdefgh", "eyJ"))
    ).map("".join)
)
def test_a_clean_text_stays_clean(text):
    assert public_text(public_text(text)) == public_text(text)


@given(st.from_regex(r"\Ahttps?://([a-z:%2@]*@)?[a-z]{1,5}(:[0-9]{1,4})?(/[a-z@?#]*)*\Z"))
def test_a_public_url_stays_public(url):
    assert public_url(public_url(url)) == public_url(url)


def test_views_made_by_hand_or_from_json_are_as_free_of_secrets():
    view = BackendView.from_backend(Backend("b", "http://h"))
    info = BackendInfo.from_backend(Backend("b", "http://h"))
    dirty = {"name": LEAKS[1], "last_error": LEAKS[1], "instance_id": LEAKS[1], "features": [LEAKS[1]]}
    more = {"url": URL, "metadata": {"token": CANARY, "note": LEAKS[1]}}
    made = (
        BackendView(**{**view.model_dump(), **dirty, **more}),
        BackendView.model_validate_json(json.dumps({**view.model_dump(mode="json"), **dirty, **more})),
        BackendInfo(**{**info.model_dump(), **dirty, "base_url": URL, "status_reason": LEAKS[1]}),
    )
    for one in made:
        # The query's values are known as secrets only where the url is known as well.
        assert f"{CANARY}user" not in dumps(one)
        assert f"{CANARY}pa" not in dumps(one)
        assert "token" not in dumps(one)
    assert made[0].url == made[2].base_url == "http://gpu-1:8000/root"


@pytest.mark.parametrize(
    ("url", "secret"), [("http://user:s3cr/et@host", "s3cr"), ("http://bob:hunter22@ho\u2100st", "hunter22")]
)
def test_password_in_a_url_that_makes_no_sense_is_not_repeated(url, secret):
    with pytest.raises(InvalidValueError) as refused:
        Backend("b", url)
    view, info = views_of(Backend("b", "http://h"))[:2]
    with pytest.raises(ValidationError) as viewed:
        BackendView(**view.model_dump() | {"url": url})
    with pytest.raises(ValidationError) as informed:
        BackendInfo(**info.model_dump() | {"base_url": url})
    with pytest.raises(ValueError, match="is no url") as direct:
        public_url(url)
    for caught in (refused, viewed, informed, direct):
        assert secret not in str(caught.value) + repr(caught.value)


def test_what_is_refused_is_not_repeated():
    dump = BackendView.from_backend(Backend("b", "http://h")).model_dump()
    for field, value in [*((name, {"inner": [CANARY]}) for name in dump), ("url", f"http://[{CANARY}"), ("unknown", CANARY)]:
        with pytest.raises(ValidationError) as caught:
            BackendView(**{**dump, field: value})
        assert CANARY not in str(caught.value)
