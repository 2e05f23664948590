"""Name what this machine lacks, with the command that installs it; runs on the system's Python."""

import sys


def problems() -> list[str]:
    found = []
    if sys.version_info < (3, 11):
        found.append(f"需要 Python 3.11 或更高版本，当前是 {sys.version.split()[0]}：apt install python3")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        found.append("缺少 venv 模块：apt install python3-venv")
    return found


if __name__ == "__main__":
    if found := problems():
        sys.exit("无法继续：\n  " + "\n  ".join(found))
