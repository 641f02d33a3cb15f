"""Bring uv into a folder of this project: needs only Python 3.11 or later with its venv module.

Usage: python3 tools/bring_uv.py .tools
"""

import subprocess
import sys
import venv
from pathlib import Path


def main() -> int:
    """Make the folder a virtual environment that has uv; say plainly what is missing where that fails."""
    if sys.version_info < (3, 11):
        sys.stderr.write(
            f"Jasang needs Python 3.11 or later; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12 demo\n"
            f"자상은 파이썬 3.11 이상이 필요합니다. 지금 버전: {sys.version.split()[0]}\n"
        )
        return 1
    folder = Path(sys.argv[1])
    try:
        venv.EnvBuilder(with_pip=True, clear=True).create(folder)
    except (subprocess.CalledProcessError, OSError) as error:
        sys.stderr.write(
            f"Cannot make a virtual environment in {folder}: {error}\n"
            "On Debian or Ubuntu: apt install python3-venv\n"
            "파이썬 가상 환경을 만들 수 없습니다. 데비안/우분투: apt install python3-venv\n"
        )
        return 1
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    python = scripts / ("python.exe" if sys.platform == "win32" else "python")
    return subprocess.call(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv>=0.5,<1"]
    )


if __name__ == "__main__":
    raise SystemExit(main())
