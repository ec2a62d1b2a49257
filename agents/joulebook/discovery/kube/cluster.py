"""The pods of this node, as the API server knows them."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from joulebook.discovery.kube.api import Api, Ask
from joulebook.discovery.kube.metadata import STATIC_UID, Metadata, metadata
from joulebook.discovery.kube.owners import Owners
from joulebook.discovery.kube.unanswered import Denied, Unanswered
from joulebook.discovery.kubernetes import Pod

_PAGE = 250  # pods in one answer
_MOST_PAGES = 40  # no node has as many pods
_EXPIRED = 410  # the token for the next page
_REFUSED = (403, 404)
#: Every cluster has it, and it lives as long as the cluster.
_OLDEST = "/api/v1/namespaces/kube-system"
_SHOWN = 8  # characters of its uid


class Cluster:
    """Asks for the pods of one node that have not ended.

    Args:
        api: The API server.
        node: Name of the node.
        name: What the cluster is called; None: by its oldest namespace, if that may be asked.
    """

    def __init__(self, api: Api, node: str, name: str | None = None) -> None:
        self._api = api
        self._node = node
        self._name = name
        self._named = name is not None
        self._owners = Owners()

    def pods(self) -> dict[str, Pod]:
        """Pods by uid; a static pod by both of its uids, that of its cgroup last.

        Raises:
            Unanswered: There was no whole answer.
        """
        found: dict[str, Pod] = {}
        with self._api.asked() as ask:
            if not self._named:
                self._name, self._named = _name(ask), True
            listed = self._listed(ask)
            for meta in listed:
                pod = self._pod(meta, ask)
                found[meta.uid] = pod
                found[meta.annotations.get(STATIC_UID, meta.uid)] = pod
        self._owners.keep(listed)
        return found

    def _pod(self, meta: Metadata, ask: Ask) -> Pod:
        owner = self._owners.of(meta, ask)
        return Pod(
            meta.namespace,
            meta.name,
            owner.kind if owner else None,
            owner.name if owner else None,
            meta.labels,
            meta.annotations,
            owner_uid=owner.uid if owner else None,
            cluster=self._name,
        )

    def _listed(self, ask: Ask) -> list[Metadata]:
        """All pages; a list that grew too old between two of them begins anew, once."""
        try:
            return list(self._pages(ask))
        except Denied as error:
            if error.status != _EXPIRED:
                raise
        return list(self._pages(ask))

    def _pages(self, ask: Ask) -> Iterator[Metadata]:
        # Version 0: from the API server's memory, without a question to its database. What is
        # seconds old there will do.
        page = {"resourceVersion": "0"}
        for _ in range(_MOST_PAGES):
            content = ask.many(f"/api/v1/pods?{urlencode({**self._query(), **page})}")
            yield from map(metadata, _items(content))
            if not (more := _continue(content)):
                return
            page = {"continue": more}
        raise Unanswered(f"the API server tells of more than {_MOST_PAGES * _PAGE} pods of a node")

    def _query(self) -> dict[str, str]:
        fields = ("spec.nodeName=", "status.phase!=Succeeded", "status.phase!=Failed")
        return {
            "fieldSelector": ",".join((fields[0] + self._node, *fields[1:])),
            "limit": str(_PAGE),
        }


def _name(ask: Ask) -> str | None:
    """The first characters of the uid that no other cluster's has; None where we may not know."""
    try:
        meta = ask.one(_OLDEST).get("metadata")
    except Denied as error:
        if error.status not in _REFUSED:
            raise
        return None
    uid = meta.get("uid") if isinstance(meta, dict) else None
    if not isinstance(uid, str) or not uid:
        raise Unanswered("the API server tells of a namespace without the usual metadata")
    return uid[:_SHOWN]


def _items(content: dict[str, Any]) -> list[dict[str, Any]]:
    items = content.get("items", ())  # Go writes null where there are none
    if items is None:
        return []
    if not isinstance(items, list):
        raise Unanswered("the API server answers what is no list of pods")
    return items


def _continue(content: dict[str, Any]) -> str:
    found = content.get("metadata")
    more = found.get("continue") if isinstance(found, dict) else None
    return more if isinstance(more, str) else ""
