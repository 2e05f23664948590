"""`manage.py recount FILE`: the server's own recount of published files, by the same functions that count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluation.appraisal import manifest, publishing, scoring
from evaluation.appraisal.verify_tally import Recount, read


class Command(BaseCommand):
    help = "按公布的文件（文件夹或 recount-….zip）重新计分，与公布的结果逐项比较。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--result-sha256", default="", help="公布的结果摘要")
        parser.add_argument("--counts", type=Path, help="不公布分类别票数时，监票人的票数文件")
        parser.add_argument("--salt", type=Path, help="不公布分类别票数时，监票人的盐值")

    def handle(self, *args: Any, **options: Any) -> None:
        wrong: list[str] = []
        try:
            files = read(options["file"])
            counts, salt = (each.read_text("utf-8") if each else "" for each in (options["counts"], options["salt"]))
            found = Recount(files, options["result_sha256"], counts, salt)
            found.wrong = wrong
            found.run()
            if hasattr(found, "counts"):  # not where they are withheld, or nothing is published yet
                found.check(agrees(found), "得分：服务器的计分与公布的结果不同。")
                found.told.append("已用服务器的计分程序重算")
            self.stdout.write("\n".join(found.told))
        except Exception as error:  # of a damaged file anything may come
            wrong.append(f"文件残缺，或不是公布的格式（{type(error).__name__}: {error}）。")
        if wrong:
            raise CommandError("\n".join([*(f"【不符】{each}" for each in wrong), "复核未通过。"]))
        self.stdout.write("复核通过。")


def agrees(found: Recount) -> bool:
    """Whether scoring gives exactly the contests of the published result, shortened where that is."""
    scored = scoring.result(found.rules, found.counts)["contests"]
    if found.withheld:
        scored = publishing.shortened(scored)
    return manifest.canonical(scored) == manifest.canonical(found.result["contests"])
