"""Whatever state .venv is in, the next make verb ends with exactly what the locks say.

Runs the real set-up in a checkout whose path has spaces; only the download is replaced, by a note
of what would have been installed.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def checkout(repository: Path, tmp_path: Path) -> Path:
    root = tmp_path / "a checkout with spaces"
    for name in ("ops/setup", "requirements"):
        shutil.copytree(repository / name, root / name)
    for name in ("pyproject.toml", "Makefile"):
        shutil.copy(repository / name, root / name)
    return root


@pytest.fixture
def environment(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path = checkout / "ops" / "setup" / "environment.py"
    spec = importlib.util.spec_from_file_location("environment_under_test", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    really_run = module.run

    def run_without_pip(arguments: list[str | Path], env: dict[str, str], failure: str) -> None:
        really_run([*arguments, "--without-pip"], env, failure)

    def note(kind: str, _env: dict[str, str]) -> None:
        with (module.VENV / "installed").open("a") as handle:
            handle.write(f"{kind} ")

    monkeypatch.setattr(module, "run", run_without_pip)
    monkeypatch.setattr(module, "install", note)
    monkeypatch.setattr(module, "install_project", lambda env: note("project", env))
    return module


def installed(environment: ModuleType) -> list[str]:
    found: str = (environment.VENV / "installed").read_text()
    return found.split()


def test_a_fresh_checkout_is_built_once(environment: ModuleType) -> None:
    environment.ensure("run")
    environment.ensure("run")
    assert installed(environment) == ["run", "project"]
    assert not environment.BUILDING.exists()


def test_the_development_set_serves_make_run_but_not_the_other_way(environment: ModuleType) -> None:
    environment.ensure("run")
    environment.ensure("dev")
    environment.ensure("run")
    assert installed(environment) == ["run", "project", "dev", "project"]


def test_a_changed_lock_is_installed_into_the_same_environment(environment: ModuleType) -> None:
    environment.ensure("run")
    with (environment.LOCKS / "run.lock").open("a") as lock:
        lock.write("\n")
    environment.ensure("run")
    assert installed(environment) == ["run", "project", "run", "project"]


def test_make_run_refreshes_a_development_set_instead_of_cutting_it_down(
    environment: ModuleType,
) -> None:
    environment.ensure("dev")
    with (environment.LOCKS / "uv.lock").open("a") as lock:
        lock.write("\n")
    environment.ensure("run")
    assert installed(environment) == ["dev", "project", "dev", "project"]


def test_a_changed_project_is_installed_again_without_its_packages(
    environment: ModuleType,
) -> None:
    environment.ensure("run")
    with (environment.ROOT / "pyproject.toml").open("a") as project:
        project.write("\n")
    environment.ensure("run")
    assert installed(environment) == ["run", "project", "project"]
    environment.ensure("run")
    assert installed(environment) == ["run", "project", "project"]


def test_a_moved_checkout_is_installed_again(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = environment.fingerprint("run")
    shutil.copy(environment.ROOT / "pyproject.toml", tmp_path)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    assert environment.fingerprint("run") != before


def test_a_set_up_killed_half_way_is_built_anew(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = environment.install

    def killed(kind: str, env: dict[str, str]) -> None:
        finish("half", env)
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "install", killed)
    with pytest.raises(KeyboardInterrupt):
        environment.ensure("run")
    monkeypatch.setattr(environment, "install", finish)
    environment.ensure("run")
    assert installed(environment) == ["run", "project"]


def test_an_update_killed_half_way_is_built_anew(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.ensure("run")

    def killed(_kind: str, _env: dict[str, str]) -> None:
        raise KeyboardInterrupt

    finish = environment.install
    monkeypatch.setattr(environment, "install", killed)
    with pytest.raises(KeyboardInterrupt):
        environment.ensure("dev")
    monkeypatch.setattr(environment, "install", finish)
    environment.ensure("dev")
    assert installed(environment) == ["dev", "project"]


def test_an_interpreter_that_went_away_is_replaced(environment: ModuleType) -> None:
    environment.ensure("run")
    (environment.BIN / "python").unlink()
    environment.ensure("run")
    assert installed(environment) == ["run", "project"]


def test_an_environment_that_somebody_else_made_is_completed_not_deleted(
    environment: ModuleType, checkout: Path
) -> None:
    command = [sys.executable, "-m", "venv", "--without-pip", str(checkout / ".venv")]
    subprocess.run(command, check=True)
    (checkout / ".venv" / "mine").touch()
    environment.ensure("run")
    assert (checkout / ".venv" / "mine").exists()
    assert installed(environment) == ["run", "project"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_checkout_of_another_user_is_one_clear_sentence(
    environment: ModuleType, checkout: Path
) -> None:
    checkout.chmod(0o555)
    with pytest.raises(environment.SetupError, match="not writable by this user"):
        environment.ensure("run")
    checkout.chmod(0o755)


def test_settings_that_lead_out_of_the_environment_are_dropped(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "https://example.org/simple")
    env = environment.clean_environment()
    assert not {"PYTHONPATH", "PYTHONHOME", "PIP_TARGET"} & set(env)
    assert env["PIP_INDEX_URL"] == "https://example.org/simple"


@pytest.mark.parametrize(
    ("python", "path", "said"),
    [("/bin/false", "/usr/bin:/bin", "/bin/false is not that"), ("", "", "none was found on PATH")],
)
def test_without_a_usable_python_make_says_one_sentence(
    checkout: Path, python: str, path: str, said: str
) -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")
    command = [make, "--no-print-directory", "-s", "-C", str(checkout), "setup", f"PYTHON={python}"]
    env = {"PATH": path or str(checkout)}
    result = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    sentences = [line for line in result.stderr.splitlines() if not line.startswith("make")]
    assert result.returncode != 0
    assert len(sentences) == 1
    assert said in sentences[0]
    assert "make PYTHON=" in sentences[0]
