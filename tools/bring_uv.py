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
    status = subprocess.call(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv>=0.5,<1"]
    )
    if status:
        sys.stderr.write(
            "\nThe tool uv could not be fetched from the Python package index. The first time a network is needed; "
            "behind a proxy set HTTPS_PROXY, for a mirror PIP_INDEX_URL and UV_DEFAULT_INDEX. Then try again.\n"
            "uv를 내려받지 못했습니다. 처음 한 번은 인터넷이 필요합니다. 회사 프록시가 있으면 HTTPS_PROXY를, 사내 미러를 쓰면 "
            "PIP_INDEX_URL과 UV_DEFAULT_INDEX를 정한 뒤 다시 하세요.\n"
        )
    return status


if __name__ == "__main__":
    raise SystemExit(main())
