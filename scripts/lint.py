"""Every lint of the project, in order of speed; all are run, the exit code says whether any failed."""

import os
import subprocess
import sys

CHECKS = [
    ["ruff", "check", "."],
    ["ruff", "format", "--check", "."],
    ["djlint", "templates", "--lint", "--quiet"],
    ["lint-imports"],
    [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
    ["mypy", "."],
]


def main() -> int:
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    failed = []
    for command in CHECKS:
        print(f"$ {' '.join(command)}", flush=True)
        if subprocess.run(command, env=environment, check=False).returncode:
            failed.append(command[0])
    if failed:
        print(f"lint: failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
