"""What is installed where: container images, and the settings to begin with."""

import fnmatch
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from joulebook.settings import Settings, load

IMAGES = (Path("deploy/Dockerfile"), Path("deploy/agent.Dockerfile"))
AGENT = IMAGES[1]
SAMPLE = Path("deploy/joulebook.toml")
DOCUMENT = Path("docs/agent.md")
#: A setting that the sample names and leaves at its default.
_LEFT_OUT = re.compile(r"(?m)^# (?=[a-z_]+ = )")


def instructions(path: Path) -> Iterator[tuple[str, str]]:
    """Each instruction of a Dockerfile with its words; lines that go on are one."""
    text = re.sub(r"(?m)^#.*\n", "", path.read_text(encoding="utf-8")).replace("\\\n", " ")
    for line in text.splitlines():
        name, _, words = line.partition(" ")
        if name:
            yield name, words


@pytest.mark.parametrize("image", IMAGES, ids=lambda path: path.name)
def test_an_image_is_built_from_files_that_the_checkout_hands_to_it(
    root: Path, image: Path
) -> None:
    words = [shlex.split(words) for name, words in instructions(root / image) if name == "COPY"]
    copied = {one for each in words if not each[0].startswith("--") for one in each[:-1]}
    handed = [
        line.removeprefix("!")
        for line in (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    ]
    assert copied
    assert {one for one in copied if not (root / one).exists()} == set()
    assert {
        one
        for one in copied
        if not any(fnmatch.fnmatch(one.split("/")[0], name) for name in handed)
    } == set()


@pytest.mark.parametrize("image", IMAGES, ids=lambda path: path.name)
def test_an_image_installs_what_a_lock_names_and_our_own_wheel_alone(
    root: Path, image: Path
) -> None:
    runs = [words for name, words in instructions(root / image) if name == "RUN"]
    installs = [run for run in runs if "pip install" in run]
    assert installs
    assert [
        run
        for run in installs
        if not re.search(r"--require-hashes -r \S+\.txt$", run)
        and not re.search(r"--no-deps /wheel/joulebook-\*\.whl( |$)", run)
    ] == []


@pytest.mark.parametrize("image", IMAGES, ids=lambda path: path.name)
def test_an_image_runs_a_command_that_the_wheel_brings(root: Path, image: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (entry,) = [words for name, words in instructions(root / image) if name == "ENTRYPOINT"]
    (command,) = json.loads(entry)  # exec form, else a shell would keep the signals
    assert command in project["scripts"]


def test_the_daemon_set_runs_the_image_that_the_document_builds(root: Path) -> None:
    manifest = (root / "deploy/kubernetes/daemonset.yaml").read_text(encoding="utf-8")
    (image,) = re.findall(r"(?m)^ +image: (\S+)$", manifest)
    told = f"docker build -f {AGENT} -t {image} ."
    assert told in (root / DOCUMENT).read_text(encoding="utf-8")


# ---- settings to begin with


@pytest.fixture
def sample(root: Path) -> str:
    return (root / SAMPLE).read_text(encoding="utf-8")


def loaded(text: str, folder: Path) -> Settings:
    """The settings of an agent that finds this text as its file."""
    path = folder / "joulebook.toml"
    path.write_text(text, encoding="utf-8")
    return load(environ={"HOME": str(folder), "JOULEBOOK_CONFIG": str(path)})


def test_the_sample_of_settings_is_understood_as_it_is_and_sends_nothing(
    sample: str, tmp_path: Path
) -> None:
    settings = loaded(sample, tmp_path)
    assert settings.metrics_listen == "127.0.0.1:9807"
    assert settings.server is None


def test_every_setting_that_the_sample_leaves_out_is_understood_once_it_is_put_in(
    sample: str, tmp_path: Path
) -> None:
    settings = loaded(_LEFT_OUT.sub("", sample).replace('"…"', '"secret"'), tmp_path)
    assert settings.server == "https://joulebook.example.org"
    assert (settings.zone, settings.pue, settings.token) == ("FR", "1.2", "secret")
    assert settings.log_format == "json"
    assert settings.slurm_gpu_dir == Path("/run/joulebook-slurm")
    assert [str(one) for one in settings.serving_url] == ["http://127.0.0.1:8000/metrics"]


def test_the_page_that_the_document_asks_is_the_one_of_the_sample(
    root: Path, sample: str, tmp_path: Path
) -> None:
    listen = loaded(sample, tmp_path).metrics_listen
    assert f"curl http://{listen}/healthz" in (root / DOCUMENT).read_text(encoding="utf-8")


def test_a_token_is_not_in_the_sample(sample: str) -> None:
    assert re.findall(r"(?m)^#? ?token = (.*)$", sample) == ['"…"']
