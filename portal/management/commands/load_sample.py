"""`manage.py load_sample`: the eight brands and an invented year around them; safe to repeat."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common import days
from organizations.models import Organization
from portal.sample import load


class Command(BaseCommand):
    help = "载入示例年度（进度、人员均为虚构）；已有数据时不重复载入。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="已有任何党组织时什么也不做")

    def handle(self, *args: Any, **options: Any) -> None:
        if load.is_loaded() or (options["if_empty"] and Organization.objects.exists()):
            if not options["if_empty"]:
                self.stdout.write("示例年度已经载入，没有改动。")
            return
        if settings.PRODUCTION:
            raise CommandError("生产环境不载入示例数据。")
        if Organization.objects.exists():
            raise CommandError("数据库中已有党组织，示例年度只能载入空的数据库。")
        self.stdout.write("正在载入示例年度……")
        self.stdout.flush()
        self.stdout.write(f"已载入 {load.load(days.today())} 个示例项目。")
