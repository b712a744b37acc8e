"""DVC as users meet it: a remote over the S3 protocol, on a server of our own on loopback.

Needs what `outside/remote.lock` lists beside the project's own packages, and is left out where that is missing.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("dvc_s3")
server_module = pytest.importorskip("moto.server")
boto3 = pytest.importorskip("boto3")

CONTENT = {"0.1.0": "deal_id\nd-1\n", "0.2.0": "deal_id\nd-1\nd-2\n"}
TABLE = "data/release/deals.csv"
STAGE = """\
stages:
  release:
    cmd: mkdir -p data/release && cp data/source.csv data/release/deals.csv && echo ran >> runs.log
    deps: [data/source.csv]
    outs: [data/release]
"""


def call(root: Path, *command: str, succeeds: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is succeeds, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def git(root: Path, *arguments: str) -> None:
    call(root, "git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments)


def dvc(root: Path, *arguments: str, succeeds: bool = True) -> subprocess.CompletedProcess[str]:
    return call(root, sys.executable, "-m", "dvc", *arguments, succeeds=succeeds)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of an S3 server with the bucket `rsb`; credentials that mean nothing in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in {
            "ACCESS_KEY_ID": "test",
            "SECRET_ACCESS_KEY": "test",
            "DEFAULT_REGION": "us-east-1",
        }.items():
            patch.setenv(f"AWS_{name}", value)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("DVC_NO_ANALYTICS", "1")
        running = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        running.start()
        host, port = running.get_host_and_port()
        boto3.client("s3", endpoint_url=f"http://{host}:{port}").create_bucket(Bucket="rsb")
        yield f"http://{host}:{port}"
        running.stop()


@pytest.fixture
def project(server: str, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A project with two tagged versions, pushed to a remote of its own, as the README tells to configure it."""
    root = tmp_path / "project"
    (root / "data").mkdir(parents=True)
    git(root, "init", "--quiet")
    dvc(root, "init", "--quiet")
    dvc(root, "remote", "add", "--default", "store", f"s3://rsb/{request.node.name}")
    dvc(root, "remote", "modify", "store", "endpointurl", server)
    dvc(root, "remote", "modify", "store", "verify", "true")
    (root / "dvc.yaml").write_text(STAGE)
    (root / ".gitignore").write_text("/runs.log\n/data/release\n")
    for version, content in CONTENT.items():
        (root / "data" / "source.csv").write_text(content)
        dvc(root, "repro", "--quiet")
        git(root, "add", ".")
        git(root, "commit", "--quiet", "--message", version)
        git(root, "tag", f"v{version}")
        dvc(root, "push", "--quiet")
    return root


@pytest.fixture
def clone(project: Path, tmp_path: Path) -> Path:
    """A fresh clone, without a cache."""
    git(tmp_path, "clone", "--quiet", str(project), "clone")
    return tmp_path / "clone"


def objects(server: str, name: str) -> dict[str, bytes]:
    client = boto3.client("s3", endpoint_url=server)
    found = client.list_objects_v2(Bucket="rsb", Prefix=f"{name}/").get("Contents", [])
    return {entry["Key"]: client.get_object(Bucket="rsb", Key=entry["Key"])["Body"].read() for entry in found}


def test_a_fresh_clone_pulls_what_was_pushed(clone: Path) -> None:
    dvc(clone, "pull", "--quiet")
    assert (clone / TABLE).read_text() == CONTENT["0.2.0"]
    assert not (clone / "runs.log").exists()


def test_an_old_version_is_got_without_a_clone(project: Path, tmp_path: Path) -> None:
    shutil.rmtree(project / ".dvc" / "cache")
    for version, content in CONTENT.items():
        out = tmp_path / f"{version}.csv"
        dvc(tmp_path, "get", "--quiet", "--rev", f"v{version}", str(project), TABLE, "--out", str(out))
        assert out.read_text() == content


def test_an_old_version_is_opened_from_python(project: Path) -> None:
    import dvc.api

    shutil.rmtree(project / ".dvc" / "cache")
    for version, content in CONTENT.items():
        with dvc.api.open(TABLE, repo=str(project), rev=f"v{version}") as file:
            assert file.read() == content


def test_a_corrupted_object_is_refused(clone: Path, server: str, request: pytest.FixtureRequest) -> None:
    client = boto3.client("s3", endpoint_url=server)
    (key,) = [key for key, held in objects(server, request.node.name).items() if held == CONTENT["0.2.0"].encode()]
    client.put_object(Bucket="rsb", Key=key, Body=CONTENT["0.2.0"].replace("d-2", "d-9").encode())
    refused = dvc(clone, "pull", succeeds=False)
    assert "corrupted" in refused.stderr or "missing" in refused.stderr or "failed to pull" in refused.stderr.lower()
    assert not (clone / TABLE).exists(), "nothing wrong takes the place of the release"
    # The next run makes it again from its sources.
    dvc(clone, "repro", "--quiet")
    assert (clone / TABLE).read_text() == CONTENT["0.2.0"]


def test_without_verify_the_corrupted_object_would_be_taken(
    clone: Path, server: str, request: pytest.FixtureRequest
) -> None:
    """Why the setting is there; once DVC verifies by itself, it may go."""
    client = boto3.client("s3", endpoint_url=server)
    (key,) = [key for key, held in objects(server, request.node.name).items() if held == CONTENT["0.2.0"].encode()]
    client.put_object(Bucket="rsb", Key=key, Body=CONTENT["0.2.0"].replace("d-2", "d-9").encode())
    dvc(clone, "remote", "modify", "store", "verify", "false")
    dvc(clone, "pull", "--quiet")
    assert "d-9" in (clone / TABLE).read_text()


def test_repro_with_pull_restores_without_running(clone: Path) -> None:
    dvc(clone, "repro", "--pull", "--quiet")
    assert (clone / TABLE).read_text() == CONTENT["0.2.0"]
    assert not (clone / "runs.log").exists()


def test_the_lock_is_checked_without_any_data(clone: Path) -> None:
    current = dvc(clone, "repro", "--allow-missing", "--dry")
    assert "Running stage" not in current.stdout
    (clone / "data" / "source.csv").write_text("deal_id\nd-3\n")
    stale = dvc(clone, "repro", "--allow-missing", "--dry")
    assert "Running stage 'release'" in stale.stdout
    assert not (clone / TABLE).exists()
