"""How a person names the pages of inference servers."""

import pytest

from joulebook.core.serving_target import ServingTarget, serving_targets


@pytest.mark.parametrize(
    ("text", "url", "port"),
    [
        ("http://127.0.0.1:8000/metrics", "http://127.0.0.1:8000/metrics", 8000),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/metrics", 8000),
        ("http://localhost:8002/", "http://localhost:8002/metrics", 8002),
        ("http://[::1]:30000/metrics", "http://[::1]:30000/metrics", 30000),
        ("https://node-1/v1/metrics", "https://node-1/v1/metrics", 443),
        ("http://node-1/v1/metrics", "http://node-1/v1/metrics", 80),
    ],
)
def test_a_url_names_the_page_and_the_port_of_its_server(text: str, url: str, port: int) -> None:
    assert serving_targets(text) == (ServingTarget(url, port),)


def test_a_port_or_a_process_may_be_named_where_a_proxy_listens() -> None:
    text = "http://h:80/a port=8000, http://h:81/b pid=123"
    assert serving_targets(text) == (
        ServingTarget("http://h:80/a", 8000, names_port=True),
        ServingTarget("http://h:81/b", 81, pid=123),
    )


@pytest.mark.parametrize(
    ("url", "host"),
    [("http://gpu-7:8000", "gpu-7"), ("http://10.0.0.7/m", "10.0.0.7"), ("http://[::1]:1", "::1")],
)
def test_the_host_is_that_of_the_url(url: str, host: str) -> None:
    (target,) = serving_targets(url)
    assert target.host == host


@pytest.mark.parametrize(
    "text", ["http://h:8000/metrics", "http://h:80/a port=80", "http://h/a port=8000 pid=123"]
)
def test_it_is_written_as_a_person_would(text: str) -> None:
    (target,) = serving_targets(text)
    assert str(target) == text


def test_an_empty_text_names_none() -> None:
    assert serving_targets(" , ") == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("127.0.0.1:8000", "must be a URL"),
        ("ftp://h/metrics", "must be a URL"),
        ("http://me:secret@h/metrics", "without a name, password or query"),
        ("http://h/metrics?token=secret", "without a name, password or query"),
        ("http://h:8000/metrics job=7", "takes port= and pid="),
        ("http://h:8000/metrics pid=0", "takes port= and pid="),
        ("http://h:0/metrics", "a port from 1 to 65535"),
        ("http://h:70000/metrics port=1", "a port from 1 to 65535"),
        ("http://h:7/metrics port=70000", "a port from 1 to 65535"),
    ],
)
def test_anything_else_is_refused_without_repeating_a_secret(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        serving_targets(text)
    assert "secret" not in str(caught.value)
