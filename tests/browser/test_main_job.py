"""The main job, from a phone to a light, with the worker and beat running as in real life."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.browser import world
from tests.browser.conftest import DESK, PHONE, Opener, Portal, until

pytestmark = pytest.mark.browser


def photo_with_gps(folder: Path) -> Path:
    """Twelve megapixels as a phone takes them, with the place in it."""
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker"
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (31.0, 59.0, 30.0), "E", (118.0, 46.0, 0.0)
    path = folder / "现场照片.jpg"
    Image.effect_noise((4000, 3000), 60).convert("RGB").save(path, quality=80, exif=exif)
    with Image.open(path) as taken:
        assert dict(taken.getexif().get_ifd(0x8825))
    return path


def test_from_the_clerks_phone_to_the_light(portal: Portal, opener: Opener, tmp_path: Path) -> None:
    until(lambda: portal.project(world.MAIN)["light_day"] == "2026-04-01")
    before = portal.project(world.MAIN)
    assert (before["light"], before["earned_value"]) == ("yellow", 6.0)
    address = f"{portal.url}/desk/projects/{before['code']}/reports/2026-03/"

    clerk = opener(portal, "clerk", PHONE)
    clerk.click("text=2026年3月月报：填写")
    clerk.click("text=开始填写")
    numbers = clerk.locator("input[type=number]")
    numbers.nth(0).fill("60")
    numbers.nth(1).fill("5")
    clerk.fill("[name=done]", "走访三十户，建成红色物业驿站。")
    clerk.set_input_files("input[type=file]", photo_with_gps(tmp_path))
    clerk.wait_for_selector(".photo[data-photo]")
    clerk.wait_for_selector(".autosave-good")
    assert clerk.locator("[data-earned-output]").inner_text() == "38.00%"
    clerk.click("summary:has-text('提交书记审定')")
    clerk.click("dialog button:has-text('提交书记审定')")
    clerk.wait_for_selector(".toast:has-text('已提交书记审定')")

    secretary = opener(portal, "secretary", PHONE)
    secretary.click("text=干事已提交，请审定报送")
    assert secretary.input_value("[name=done]") == "走访三十户，建成红色物业驿站。"
    secretary.click("summary:has-text('报送')")
    secretary.click("dialog button:has-text('报送')")
    secretary.wait_for_selector(".toast:has-text('已报送')")

    report = portal.api("officer", "GET", f"projects/{before['code']}/reports/")["results"][0]
    photo = until(lambda: _ready(portal, report["id"]))
    assert {variant["name"] for variant in photo["variants"]} == {"small", "medium", "large", "full"}
    for variant in photo["variants"]:
        with Image.open(io.BytesIO(secretary.request.get(portal.url + variant["url"]).body())) as shown:
            assert len(shown.getexif()) == 0
            assert shown.info.get("exif") is None
    assert [path for path in (portal.folder / "spool").rglob("*") if path.is_file()] == []

    officer = opener(portal, "officer", DESK)
    officer.goto(f"{portal.url}/desk/inbox/")
    officer.keyboard.press("j")
    officer.keyboard.press("Enter")
    officer.wait_for_url(address)
    officer.click("summary:has-text('确认')")
    officer.click("dialog button:has-text('确认')")
    officer.wait_for_selector(".toast:has-text('已确认')")

    portal.day(date(2026, 4, 3))  # and beat finds the day by itself
    after = until(lambda: (row := portal.project(world.MAIN))["light_day"] == "2026-04-02" and row)
    assert (after["light"], after["earned_value"], after["planned_value"]) == ("green", 38.0, 29.34)
    officer.goto(f"{portal.url}/desk/projects/{before['code']}/")
    officer.click(".curve-table summary")
    assert "38.00" in officer.locator(".curve-table table").inner_text()
    assert officer.locator(".project-standing .light-green").count() == 1


def _ready(portal: Portal, report: str) -> Any:
    photo = portal.api("officer", "GET", f"reports/{report}/")["photos"][0]
    return photo if photo["state"] == "ready" else None


def test_a_silent_project_turns_grey_yellow_red_and_is_let_go(portal: Portal, opener: Opener) -> None:
    lights = [_light_on(portal, day) for day in (date(2026, 5, 7), date(2026, 6, 7), date(2026, 8, 7))]
    assert lights == ["grey", "yellow", "red"]
    cases = [c for c in portal.api("contact", "GET", "liaison-cases/")["results"] if c["project_title"] == world.SILENT]
    assert [(case["opened_light"], case["light"], case["contact"]) for case in cases] == [("yellow", "red", "联系人")]
    notices = portal.api("contact", "GET", "notices/")["results"]
    assert len([n for n in notices if n["title"] == f"建立联系机制：{world.SILENT}"]) == 1

    code = portal.project(world.SILENT)["code"]
    contact = opener(portal, "contact", PHONE)
    contact.goto(f"{portal.url}/desk/liaison/{cases[0]['id']}/")
    contact.fill("[name=visit-findings]", "实地查看，人员调整造成停报。")
    contact.click("button[value=visit]")
    contact.wait_for_selector(".toast:has-text('已记录')")

    for month, day, percents in ((8, date(2026, 9, 2), (100, 45)), (9, date(2026, 10, 2), (100, 55))):
        portal.day(day)
        _report(portal, code, date(2026, month, 1), percents)
        _light_on(portal, date(2026, day.month, 7))
    officer = opener(portal, "officer", DESK)
    officer.goto(f"{portal.url}/desk/liaison/{cases[0]['id']}/")
    officer.fill("[name=close-note]", "连续两次达到序时进度。")
    officer.click("button[value=close]")
    officer.wait_for_selector(".toast:has-text('联系已关闭')")
    closed = portal.api("officer", "GET", "liaison-cases/?open=1")["results"]
    assert world.SILENT not in [case["project_title"] for case in closed]


def _light_on(portal: Portal, day: date) -> str:
    """Let the day begin, wait for beat's check of the day before, and read the light."""
    portal.day(day)
    yesterday = day.replace(day=day.day - 1).isoformat()
    return str(until(lambda: (row := portal.project(world.SILENT))["light_day"] == yesterday and row)["light"])


def _report(portal: Portal, code: str, month: date, percents: tuple[int, int]) -> None:
    milestones = portal.api("outsider", "GET", f"projects/{code}/")["milestones"]
    body = {
        "month": f"{month:%Y-%m}",
        "done": "恢复正常推进。",
        "lines": [
            {"milestone": m["id"], "percent": percent, "evidence": "台账"}
            for m, percent in zip(milestones, percents, strict=True)
        ],
    }
    report = portal.api("outsider", "POST", f"projects/{code}/reports/", body)
    portal.api("outsider", "POST", f"reports/{report['id']}/submit/")
    portal.api("officer", "POST", f"reports/{report['id']}/confirm/")
