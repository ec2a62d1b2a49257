"""What the API server refuses, and who may vouch for it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.discovery.kube.api_server import PODS, TLS, ApiServer, item, status

from joulebook.clock import ManualClock
from joulebook.discovery.kube.api import MOST_BYTES, Access, Api
from joulebook.discovery.kube.cluster import Cluster
from joulebook.discovery.kube.unanswered import Unanswered


def _refusal(access: Access) -> str:
    with pytest.raises(Unanswered) as caught:
        Cluster(Api(access, ManualClock()), "node-1").pods()
    return str(caught.value)


def test_a_token_that_kubernetes_replaced_is_read_anew(
    server: ApiServer, cluster: Cluster, token_file: Path
) -> None:
    server.lists(item("web"))
    cluster.pods()
    server.tokens = {"second"}
    with pytest.raises(Unanswered, match="HTTP 401: Unauthorized; its token is not accepted"):
        cluster.pods()
    token_file.write_text("second")
    assert len(cluster.pods()) == 1


def test_an_account_that_may_not_list_pods_is_told_what_it_lacks(
    server: ApiServer, access: Access
) -> None:
    server.gives(PODS, 403, status("pods is forbidden: User cannot list resource", 403))
    said = _refusal(access)
    assert "pods is forbidden" in said
    assert "ClusterRole" in said


def test_no_refusal_tells_the_token(server: ApiServer, access: Access) -> None:
    server.tokens = set()
    assert "first" not in _refusal(access)


@pytest.mark.parametrize(
    ("body", "why"),
    [(b'{"items": [', "no JSON"), (b"[]", "no object"), (b"[" * 100_000, "no JSON")],
)
def test_broken_json_is_refused(server: ApiServer, access: Access, body: bytes, why: str) -> None:
    server.gives(PODS, 200, body)
    assert why in _refusal(access)


def test_an_answer_without_bounds_is_refused(server: ApiServer, access: Access) -> None:
    server.gives(PODS, 200, b" " * (MOST_BYTES + 1))
    assert "more than 16 MiB" in _refusal(access)


def test_a_redirect_is_not_followed(server: ApiServer, access: Access) -> None:
    server.gives(PODS, 302, b"")
    assert "HTTP 302" in _refusal(access)
    assert server.paths.count(PODS) == 1


def test_a_long_refusal_is_cut(server: ApiServer, access: Access) -> None:
    server.gives(PODS, 500, json.dumps(status("x" * 10_000, 500)).encode())
    assert len(_refusal(access)) < 400


def test_a_server_that_another_authority_vouches_for_sees_no_token(
    server: ApiServer, access: Access
) -> None:
    said = _refusal(replace(access, ca_file=TLS / "stranger.pem"))
    assert "unable to get local issuer certificate" in said
    assert server.asked == []


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_certificates_that_cannot_be_read_are_named(
    access: Access, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "ca.crt"
    if content is not None:
        path.write_text(content)
    assert str(path) in _refusal(replace(access, ca_file=path))


@pytest.mark.parametrize("content", [None, "", "a\nb", "tök"])
def test_a_token_that_cannot_be_read_is_named_and_nobody_asked(
    server: ApiServer, access: Access, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "other"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert str(path) in _refusal(replace(access, token_file=path))
    assert server.asked == []


def test_where_nobody_listens_the_text_names_the_place(server: ApiServer, access: Access) -> None:
    server.close()
    assert f"127.0.0.1:{access.port} did not answer" in _refusal(access)
