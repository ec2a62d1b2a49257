"""`/static`: style, scripts and pictures, all from the package."""

from fastapi.staticfiles import StaticFiles

from joulebook_server.web.pages import STATIC


def static_files() -> StaticFiles:
    """The folder of the package as an app."""
    return StaticFiles(directory=str(STATIC))
