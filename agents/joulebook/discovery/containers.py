"""Containers that no manager above started: Docker, containerd, CRI-O, Podman."""

from joulebook.discovery.place import ContainerPlace

_SHOWN = 12  # as their commands show an id


def container_uid(place: ContainerPlace) -> str:
    """The container as a job: ``container:<runtime>:<first 12 digits of its id>``.

    One that a user runs without root's help is ``container:<runtime>:<user id>:<12 digits>``: he
    may call its cgroup like another's container, and gets no share of that one's job by it.

    Args:
        place: The container.
    """
    user = [] if place.user is None else [str(place.user)]
    return ":".join(["container", place.runtime, *user, place.container[:_SHOWN]])
