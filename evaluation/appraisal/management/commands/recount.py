"""`manage.py recount FILE`: the server's own recount of published files, by the same functions that count."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluation.appraisal import manifest, publishing, scoring
from evaluation.appraisal.verify_tally import FILES, Recount


class Command(BaseCommand):
    help = "按公布的文件（文件夹或 recount-….zip）重新计分，与公布的结果逐项比较。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--result-sha256", default="", help="公布的结果摘要")
        parser.add_argument("--counts", type=Path, help="不公布分类别票数时，监票人的票数文件")
        parser.add_argument("--salt", type=Path, help="不公布分类别票数时，监票人的盐值")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            files = read(options["file"])
            counts, salt = (each.read_text("utf-8") if each else "" for each in (options["counts"], options["salt"]))
            found = Recount(files, options["result_sha256"], counts, salt)
            found.run()
            if "result.json" in files and (text := files.get("counts.json") or counts):
                found.check(agrees(files, text), "得分：服务器的计分与公布的结果不同。")
                found.told.append("已用服务器的计分程序重算")
        except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
            raise CommandError(f"文件残缺，或不是公布的格式（{type(error).__name__}: {error}）。") from None
        except zipfile.BadZipFile:
            raise CommandError("这不是 zip 文件。") from None
        self.stdout.write("\n".join(found.told))
        if found.wrong:
            raise CommandError("\n".join([*(f"【不符】{each}" for each in found.wrong), "复核未通过。"]))
        self.stdout.write("复核通过。")


def read(place: Path) -> dict[str, str]:
    """The published texts of a folder or zip, by name."""
    root: Any = place if place.is_dir() else zipfile.Path(place)
    return {name: (root / name).read_bytes().decode() for name in FILES if (root / name).exists()}


def agrees(files: dict[str, str], counts: str) -> bool:
    """Whether scoring gives exactly the contests of the published result, shortened where that is."""
    result = json.loads(files["result.json"])
    scored = scoring.result(json.loads(files["manifest.json"]), json.loads(counts))["contests"]
    if "commitment" in result:
        scored = publishing.shortened(scored)
    return manifest.canonical(scored) == manifest.canonical(result["contests"])
