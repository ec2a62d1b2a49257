"""Containers that no manager above started: Docker, containerd, CRI-O, Podman."""

from joulebook.discovery.place import ContainerPlace

_SHOWN = 12  # as their commands show an id


def container_uid(place: ContainerPlace) -> str:
    """The container as a job: ``container:<runtime>:<first 12 digits of its id>``.

    Args:
        place: The container.
    """
    return f"container:{place.runtime}:{place.container[:_SHOWN]}"
