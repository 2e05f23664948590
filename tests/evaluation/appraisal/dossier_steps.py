"""Projects with everything that a dossier tells: texts, figures, confirmed reports with pictures on the disk."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from PIL import Image

from common.models import Picture, PictureVariant
from projects.models import Closing, ExpectedFigure, Project, ReportPhoto
from tests.factories import make_report

TEXTS = {"problem": "停车难。\n管线老。", "goal": "让居民满意。", "measures": "一、建阵地\n二、见成效"}
FIGURES = [
    ("服务居民群众", "5000", "", "人次", "5000", "余"),
    ("培育骨干", "100", "近", "名", "95", ""),
    ("化解矛盾", "30", "", "件", None, ""),
    ("节约经费", "2.50", "", "万元", "1.20", ""),
]


def fill(project: Project, owner: Any, *, months: int = 3, photos: int = 1) -> Project:
    """Give a closed-out project texts, figures and confirmed reports (March on) with pictures."""
    for name, text in TEXTS.items():
        setattr(project, name, text)
    project.tier, project.field = "emerging", "community"
    project.save()
    for position, (name, value, qualifier, unit, reached, said) in enumerate(FIGURES):
        ExpectedFigure.objects.create(
            project=project,
            name=name,
            value=Decimal(value),
            qualifier=qualifier,
            unit=unit,
            reached=reached and Decimal(reached),
            reached_qualifier=said,
            position=position,
        )
    for month in range(3, 3 + months):
        report = make_report(project, date(2026, month, 1), [month * 10 + 40, month * 10])
        for position in range(photos):
            ReportPhoto.objects.create(report=report, picture=make_picture(owner), position=position)
    Closing.objects.filter(project=project).update(outcome="路通了。\n灯亮了。", practice="党员带头。")
    return project


def make_picture(owner: Any, *, state: str = "ready", size: tuple[int, int] = (800, 600)) -> Picture:
    """A picture whose small and medium sizes lie in the media folder."""
    waiting = state == "waiting"
    picture = Picture.objects.create(
        owner=owner,
        state=state,
        original_name="照片.jpg",
        content_type="image/jpeg",
        size=1,
        width=1600,
        height=1200,
        sha256="0" * 64,
        spool_name="x.jpg" if waiting else "",
    )
    for name, scale in (("medium", 1), ("small", 0.4)) if not waiting else ():
        pixels = tuple(round(side * scale) for side in size)
        place = Path("pictures") / str(picture.pk) / f"{name}.webp"
        path = Path(settings.MEDIA_ROOT) / place
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", pixels, (180, 60, 40)).save(path)
        PictureVariant.objects.create(
            picture=picture,
            name=name,
            path=str(place),
            content_type="image/webp",
            width=pixels[0],
            height=pixels[1],
            size=path.stat().st_size,
        )
    return picture
