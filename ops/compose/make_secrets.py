"""Make the secrets of docker-compose.yml: random, one file each, never in the repository.

Existing secrets are kept. The folder is closed to others; the files in it are readable, because a
container reads them as a user that this host does not know.
"""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path

FOLDER = Path(__file__).with_name("secrets")


def write_once(path: Path, text: str) -> str:
    """Create the file unless it exists; return what it holds."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o444)
    return path.read_text(encoding="utf-8")


def make(folder: Path) -> None:
    """Create every secret that the compose file names."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = write_once(folder / "database_password", secrets.token_urlsafe(32))
    address = f"postgresql://ballast:{password}@database:5432/ballast"
    write_once(folder / "database_url", address)
    write_once(folder / "grafana_password", secrets.token_urlsafe(24))


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the compose stack's secrets.")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    folder = parser.parse_args().folder
    make(folder)
    print(f"secrets are in {folder}; Grafana's user is admin, its password in grafana_password.")


if __name__ == "__main__":
    main()
