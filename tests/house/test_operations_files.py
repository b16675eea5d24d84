"""What operations start from is sound: alert rules, dashboard, compose file, secrets, image."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.house.source import Checkout

METRIC = re.compile(r"\bballast_[a-z_]+")
SUFFIX = re.compile(r"_(bucket|count|sum)$")


def metrics_named(repository: Path) -> set[str]:
    """Every metric that the alert rules and the dashboard read."""
    text = (repository / "ops/prometheus/ballast.rules.yml").read_text(encoding="utf-8")
    board = repository / "ops/grafana/dashboards/ballast-now.json"
    for panel in json.loads(board.read_text(encoding="utf-8"))["panels"]:
        text += "".join(target["expr"] + "\n" for target in panel.get("targets", []))
    return {SUFFIX.sub("", name) for name in METRIC.findall(text)}


def test_every_metric_that_is_watched_is_one_that_the_service_makes(repository: Path) -> None:
    product = Checkout(repository).product
    sources = [module.text for module in product if "prometheus_client" in module.text]
    if not sources:
        pytest.skip("no module makes metrics yet")
    made = METRIC.findall("".join(sources))
    known = {f"{name}{suffix}" for name in made for suffix in ("", "_total", "_info")}
    assert not metrics_named(repository) - known


def test_the_dashboard_panels_have_their_own_place_and_number(repository: Path) -> None:
    board = repository / "ops/grafana/dashboards/ballast-now.json"
    panels = json.loads(board.read_text(encoding="utf-8"))["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_alert_rules_pass_their_own_tests(repository: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    rules = repository / "ops/prometheus/ballast.rules.test.yml"
    result = subprocess.run(
        [promtool, "test", "rules", str(rules)], check=False, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_alert_has_a_test_of_its_own(repository: Path) -> None:
    folder = repository / "ops" / "prometheus"
    rules = (folder / "ballast.rules.yml").read_text(encoding="utf-8")
    tests = (folder / "ballast.rules.test.yml").read_text(encoding="utf-8")
    alerts = set(re.findall(r"alert: (\w+)", rules))
    assert alerts == set(re.findall(r"alertname: (\w+)", tests))
    assert rules.count("action:") == len(alerts)


def test_compose_publishes_on_loopback_only_and_holds_no_password(repository: Path) -> None:
    text = (repository / "docker-compose.yml").read_text(encoding="utf-8")
    published = [
        port for ports in re.findall(r"ports: \[(.*)\]", text) for port in ports.split(",")
    ]
    assert published
    assert all(port.strip().startswith('"127.0.0.1:') for port in published)
    assert "network_mode: host" not in text
    assert not re.findall(r"(?im)^\s*\w*(password|secret|token|key)\w*\s*:\s*[^/{\s\[][^/]*$", text)


def settings_paths(tree: type[msgspec.Struct], above: str = "") -> set[str]:
    """Every setting as its environment variable spells it, sections joined by two underscores."""
    found: set[str] = set()
    for field in msgspec.structs.fields(tree):
        path = f"{above}{field.name.upper()}"
        kind = field.type
        is_section = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        found |= settings_paths(kind, f"{path}__") if is_section else {path}
    return found


def test_containers_set_only_settings_that_exist(repository: Path) -> None:
    settings = pytest.importorskip("service.settings", exc_type=ImportError)
    known = settings_paths(settings.Settings)
    text = (repository / "docker-compose.yml").read_text(encoding="utf-8")
    text += (repository / "Dockerfile").read_text(encoding="utf-8")
    named = set(re.findall(r"\bBALLAST__([A-Z_]+)\b", text))
    assert named
    # A secret comes as the path of a file that holds the value.
    assert {name.removesuffix("_FILE") for name in named} <= known


def test_compose_secrets_are_random_private_and_made_once(repository: Path, tmp_path: Path) -> None:
    script = repository / "ops" / "compose" / "make_secrets.py"
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in (folders[0], folders[0], folders[1]):
        command = [sys.executable, str(script), "--folder", str(folder)]
        before = {path: path.read_text() for path in folder.glob("*")}
        subprocess.run(command, check=True, capture_output=True)
        assert all(path.read_text() == text for path, text in before.items())
    assert stat.S_IMODE(folders[0].stat().st_mode) == 0o700
    password = (folders[0] / "database_password").read_text()
    assert len(password) >= 32
    assert password in (folders[0] / "database_url").read_text()
    assert password != (folders[1] / "database_password").read_text()


def test_the_image_runs_as_a_fixed_user_with_a_health_check(repository: Path) -> None:
    lines = (repository / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert "USER 10001:10001" in lines
    assert any(line.startswith("ARG BASE_IMAGE=") for line in lines)
    assert any(line.startswith("HEALTHCHECK") and "health" in line for line in lines)
    assert lines.index("USER 10001:10001") < lines.index('ENTRYPOINT ["ballast"]')
