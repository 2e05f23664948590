"""`manage.py load_brands`: the eight brands with their published facts, without any sample data."""

from typing import Any

from django.core.management.base import BaseCommand

from brands.loading import load_brands
from common.actors import Actor


class Command(BaseCommand):
    help = "载入八个品牌及其已公开的事实；可重复运行，不改动自行添加的品牌。"

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = load_brands(by=Actor.system("load_brands"))
        self.stdout.write(f"已载入 {len(loaded)} 个品牌。")
