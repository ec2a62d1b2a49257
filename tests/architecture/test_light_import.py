"""`import joulebook` costs a training script next to nothing."""

import json
import subprocess
import sys

import pytest

SERVER_SIDE = ("fastapi", "starlette", "uvicorn", "sqlalchemy", "alembic", "pydantic")
HEAVY = ("numpy", "pandas", "sklearn", "onnx", "onnxruntime")
#: Loaded when something is measured or sent, not before.
LATER = (
    *("pynvml", "sqlite3", "http.client", "urllib.request", "asyncio", "ssl", "subprocess"),
    "tomllib",
)


def _loaded(code: str) -> set[str]:
    """Modules that a fresh interpreter holds after `code`."""
    words = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", words], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """What `import joulebook` adds to a bare interpreter."""
    return _loaded("import joulebook") - _loaded("pass")


@pytest.mark.parametrize("name", SERVER_SIDE)
def test_import_joulebook_loads_no_library_of_the_server(loaded: set[str], name: str) -> None:
    assert name not in loaded


@pytest.mark.parametrize("name", HEAVY)
def test_import_joulebook_loads_nothing_heavy(loaded: set[str], name: str) -> None:
    assert name not in loaded


@pytest.mark.parametrize("name", LATER)
def test_import_joulebook_leaves_sensors_store_and_network_for_later(
    loaded: set[str], name: str
) -> None:
    assert name not in loaded


def test_import_joulebook_loads_neither_server_nor_demo(loaded: set[str]) -> None:
    assert not {name for name in loaded if name.startswith(("joulebook_server", "joulebook_demo"))}


def test_import_joulebook_does_load_joulebook(loaded: set[str]) -> None:
    assert "joulebook.tracking.track" in loaded
