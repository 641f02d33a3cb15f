"""The command `jasang-portal`: set-up, server, worker and Django's own commands."""

import os
import sys

from django.core.management import execute_from_command_line

# The commands that are ours, in the order a new portal needs them; `jasang-portal help` shows them, a test holds them complete.
OWN_COMMANDS = {
    "setup": "make or bring up to date: database, account, factory / 준비: 데이터베이스, 계정, 공장",
    "serve": "the pages, with a link for the first account / 화면을 띄웁니다. 첫 계정 만들 주소도 알려 줍니다",
    "work": "the worker: diagnoses, letters, chores / 진단, 편지, 잔일을 하는 일꾼",
    "load": "diagnose a file or folder that lies here / 이 컴퓨터의 파일이나 폴더를 진단에 넣습니다",
    "sample-programme": "a whole support programme to try / 둘러볼 지원 사업을 통째로 만듭니다",
    "backup": "the whole portal into one file / 포털 전체를 파일 하나로",
    "restore": "and back, into an empty home / 빈 폴더에 되살리기",
    "export": "a factory or organisation as rows / 공장이나 조직을 행으로 내보내기",
    "import": "take such a file in / 그 파일 들여오기",
    "escrow": "archives of closed factories / 문 닫은 공장의 보관본",
    "secrets": "keys of the secrets in the database / 데이터베이스 비밀값의 열쇠",
    "index_search": "make the search know everything again / 검색 색인을 새로 만듭니다",
}


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jasang.web.settings")
    if sys.argv[1:] in ([], ["help"], ["--help"], ["-h"]):
        (sys.stdout if sys.argv[1:] else sys.stderr).write(front_page())
        raise SystemExit(0 if sys.argv[1:] else 2)
    execute_from_command_line(sys.argv)


def front_page() -> str:
    """What `jasang-portal help` shows: our own commands, and where Django's are listed."""
    commands = "\n".join(f"  {name:<18}{words}" for name, words in OWN_COMMANDS.items())
    return (
        f"usage: jasang-portal COMMAND ...\n\n{commands}\n\n"
        "More of one / 자세히: jasang-portal COMMAND --help\n"
        "Django's own (changepassword, migrate …) / Django 명령: jasang-portal help --commands\n"
        "Documentation / 문서: docs/portal.md, docs/portal.ko.md\n"
    )


if __name__ == "__main__":
    main()
