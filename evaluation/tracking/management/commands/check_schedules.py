"""`manage.py check_schedules [--date]`: what beat does every night, by hand."""

from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common import days
from common.actors import Actor
from common.errors import ActionError
from evaluation.tracking import checks


class Command(BaseCommand):
    help = "核对序时进度：补齐到昨天；--date 只核对那一天（须已结束）。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--date", type=date.fromisoformat, help="YYYY-MM-DD")

    def handle(self, *args: Any, **options: Any) -> None:
        by = Actor.system("command")
        try:
            written = (
                checks.run(options["date"], by)
                if options["date"]
                else checks.run_until(days.today() - timedelta(days=1), by)
            )
        except ActionError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"写入 {written} 条进度快照。")
