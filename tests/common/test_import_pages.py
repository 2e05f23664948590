"""Pages and API of imports: the department's only, the same steps in both, the same queries for one row and three."""

from __future__ import annotations

import io
import re
import uuid
from typing import Any

import pytest
from django.urls import reverse

from common import imports, jobs
from common.models import ImportBatch
from organizations.models import Organization
from tests import factories
from tests.common import messy
from tests.common.import_steps import preview, question, undone, upload, work, written
from tests.projects.answers import body, failed

HEADER = ["名称", "类型", "上级党组织", "简称"]
PARENT = "示例一街道党工委"
API = "/api/v1/imports/"


@pytest.fixture
def by(cast, actor):
    return actor(cast.officer)


def sheet(*names: str, parent: str = PARENT) -> bytes:
    return messy.xlsx([HEADER, *([name, "党支部", parent] for name in names)])


@pytest.fixture
def batch(district, by) -> ImportBatch:
    """A new row, a changed, a wrong and one with an unknown parent."""
    rows = [["甲党支部", "党支部", PARENT], [PARENT, None, None, "一街道"], ["丙党支部", None, PARENT]]
    return preview("organizations", messy.xlsx([HEADER, *rows, ["丁党支部", "党支部", "一街道工委"]]), by)


def page_of(batch: ImportBatch, step: str = "batch") -> str:
    return reverse(f"common:import_{step}", args=[batch.pk])


def text(response: Any) -> str:
    assert response.status_code == 200, response
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.mark.parametrize("who", ["secretary", "clerk", "leader", "sysadmin", "auditor"])
def test_everybody_else_gets_404(client_as, api_as, cast, batch, who):
    browser, api = client_as(getattr(cast, who)), api_as(getattr(cast, who))
    assert browser.get(reverse("common:imports")).status_code == 404
    assert browser.get(reverse("common:import_template", args=["organizations"])).status_code == 404
    assert browser.get(page_of(batch)).status_code == 404
    for step in ("choose", "confirm", "undo", "discard"):
        assert browser.post(page_of(batch, step)).status_code == 404
    data = {"kind": "organizations", "file": upload(sheet("甲"))}
    failed(api.post(API, data, format="multipart"), 404, "not_found")
    for step in ("", "rows/"):
        failed(api.get(f"{API}{batch.pk}/{step}"), 404, "not_found")
    for step in ("confirm/", "undo/", "discard/"):
        failed(api.post(f"{API}{batch.pk}/{step}", {}, format="json"), 404, "not_found")
    failed(api.post(f"{API}{batch.pk}/choices/", {"choices": {}}, format="json"), 404, "not_found")
    assert Organization.objects.count() == 7


def test_nobody_is_asked_to_log_in(client, api_as, batch):
    for address in (reverse("common:imports"), page_of(batch)):
        assert client.get(address).status_code == 302
    assert api_as().get(f"{API}{batch.pk}/").status_code == 401


def test_upload_on_the_page(client_as, cast, district):
    browser = client_as(cast.officer)
    assert "还没有导入过" in text(browser.get(reverse("common:imports")))
    data = {"kind": "organizations", "file": upload(sheet("甲党支部"), "三月报表.xlsx")}
    answer = browser.post(reverse("common:imports"), data)
    batch = ImportBatch.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page_of(batch))
    assert 'hx-trigger="every 2s"' in text(browser.get(page_of(batch)))
    work(batch)
    shown = text(browser.get(page_of(batch)))
    assert ("every 2s" in shown, "甲党支部" in shown, "＋ 新增" in shown) == (False, True, True)
    assert "三月报表.xlsx" in text(browser.get(reverse("common:imports")))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"kind": "organizations"}, "请选择文件。"),
        ({"kind": "organizations", "file": upload(messy.compound({"EncryptedPackage": b"x"}))}, "文件设了打开密码"),
        ({"kind": "brands", "file": upload(sheet("甲"))}, "没有这种导入。"),
        ({"kind": "projects", "season": "1999", "file": upload(sheet("甲"))}, "请选择年度。"),
    ],
)
def test_a_refused_upload_says_why_beside_its_field(client_as, cast, district, data, said):
    answer = client_as(cast.officer).post(reverse("common:imports"), data)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert ImportBatch.objects.count() == 0


def test_the_preview_shows_counts_problems_and_old_and_new(client_as, cast, batch):
    shown = text(client_as(cast.officer).get(page_of(batch)))
    for words in (
        *("全部（4）", "＋ 新增（1）", "△ 变更（1）", "＝ 相同（0）", "✕ 有误（2）"),
        *("新党组织要填写类型。", "建议：是不是“党支部”？"),
        "<b>简称</b>：（空） → <ins>一街道</ins>",
        "忽略有误的 2 行",
        "一街道工委",
    ):
        assert words in shown
    only = text(client_as(cast.officer).get(page_of(batch), {"status": "wrong"}))
    assert ("丙党支部" in only, "甲党支部" in only) == (True, False)


def test_from_the_choice_to_the_undoing_on_pages(client_as, cast, batch, district):
    browser = client_as(cast.officer)
    key, _ = question(batch, "一街道工委")
    browser.post(page_of(batch, "choose"), {f"choice:{key}": str(district.street.pk), f"other:{key}": ""})
    batch = work(batch)
    assert imports.counts_of(batch)["new"] == 2
    answer = browser.post(page_of(batch, "confirm"), follow=True)
    assert "还有 1 行有误" in text(answer)
    browser.post(page_of(batch, "confirm"), {"ignore_wrong": "1"})
    assert work(batch).state == "done"
    assert Organization.objects.filter(name="丁党支部").exists()
    assert "撤销整批" in text(browser.get(page_of(batch)))
    assert "正在撤销" in text(browser.post(page_of(batch, "undo"), follow=True))
    assert work(batch).state == "undone"
    assert Organization.objects.count() == 7
    assert "不能办理这一步" in text(browser.post(page_of(batch, "discard"), follow=True))


def test_another_name_is_typed_and_an_unknown_one_is_refused(client_as, cast, batch):
    browser = client_as(cast.officer)
    key, _ = question(batch, "一街道工委")
    answer = browser.post(page_of(batch, "choose"), {f"choice:{key}": "", f"other:{key}": "没有的"}, follow=True)
    assert "没有找到“没有的”，请写全称或代码。" in text(answer)
    browser.post(page_of(batch, "choose"), {f"choice:{key}": "", f"other:{key}": "示例二街道党工委"})
    assert '<option value="' in text(browser.get(page_of(work(batch))))
    batch.refresh_from_db()
    assert batch.choices[key]["label"] == "示例二街道党工委"


def test_discarding_on_the_page(client_as, cast, batch):
    answer = client_as(cast.officer).post(page_of(batch, "discard"), follow=True)
    assert "已放弃这次导入，什么都没有写入。" in text(answer)


def test_what_is_typed_is_shown_as_text(client_as, cast, district, by):
    batch = preview("organizations", sheet("<script>alert(1)</script>", parent='"><b>x'), by)
    assert "<script>alert" not in client_as(cast.officer).get(page_of(batch)).content.decode()


@pytest.mark.parametrize("kind", ["organizations", "people", "projects"])
def test_the_template_is_read_back_by_its_own_importer(client_as, cast, district, by, kind):
    answer = client_as(cast.officer).get(reverse("common:import_template", args=[kind]))
    content = b"".join(answer.streaming_content)
    season = factories.make_season()
    batch = work(imports.start_import(kind=kind, file=upload(content), params={"season": season.code}, by=by))
    assert (batch.state, batch.message) == ("failed", "表头下面没有数据行。")
    assert client_as(cast.officer).get(reverse("common:import_template", args=["brands"])).status_code == 404


def test_what_is_there_is_downloaded_and_changes_nothing(client_as, cast, district, by):
    answer = client_as(cast.officer).get(reverse("common:import_template", args=["organizations"]), {"filled": "1"})
    batch = preview("organizations", io.BytesIO(b"".join(answer.streaming_content)).getvalue(), by)
    assert imports.counts_of(batch) == {"new": 0, "changed": 0, "same": 7, "wrong": 0}


# --- queries ---


def test_the_queries_of_the_pages_do_not_grow(client_as, cast, district, by, assert_queries):
    browser = client_as(cast.officer)
    names: list[str] = []
    for name in ("甲党支部", "乙党支部", "丙党支部"):
        names.append(name)
        batch = preview("organizations", sheet(*names), by)
        if len(names) == 2:
            continue
        with assert_queries(11):
            browser.get(page_of(batch))
        with assert_queries(10):
            browser.get(reverse("common:imports"))


# --- the API ---


def test_the_whole_way_by_the_api(api_as, cast, district):
    api = api_as(cast.officer)
    data = {"kind": "organizations", "file": upload(sheet("甲党支部", parent="一街道工委")), "params": "{}"}
    answer = api.post(API, data, format="multipart")
    found = body(answer, 202)
    address = f"{API}{found['id']}/"
    assert (answer["Location"], found["state"], found["job"]["state"]) == (address, "reading", "queued")
    batch = work(ImportBatch.objects.get(pk=found["id"]))
    found = body(api.get(address))
    assert (found["state"], found["counts"]) == ("preview", {"new": 0, "changed": 0, "same": 0, "wrong": 1})
    assert found["job"]["done"] == found["job"]["total"] == 2
    rows = body(api.get(f"{address}rows/", {"status": "wrong"}))["results"]
    assert [(row["number"], row["problems"]) for row in rows] == [
        (
            2,
            [
                {
                    "column": "上级党组织",
                    "reason": "没有找到“一街道工委”。",
                    "proposal": f"是不是“{PARENT}”？可在“名称对应”里选择。",
                    "level": "wrong",
                }
            ],
        )
    ]
    assert body(api.get(f"{address}rows/", {"status": "new"}))["results"] == []
    key = next(iter(found["questions"]))
    failed(api.post(f"{address}choices/", {"choices": {key: "没有"}}, format="json"), 400, "invalid", key)
    body(api.post(f"{address}choices/", {"choices": {key: PARENT}}, format="json"), 202)
    work(batch)
    assert body(api.post(f"{address}confirm/", {}, format="json"), 202)["state"] == "writing"
    work(batch)
    assert body(api.get(address))["state"] == "done"
    failed(api.post(f"{address}discard/"), 409, "illegal_step")
    body(api.post(f"{address}undo/"), 202)
    work(batch)
    assert (body(api.get(address))["state"], Organization.objects.count()) == ("undone", 7)


def test_errors_of_the_api_have_the_shape(api_as, cast, batch, by):
    api = api_as(cast.officer)
    address = f"{API}{batch.pk}/"
    failed(api.post(API, {"kind": "organizations"}, format="multipart"), 400, "invalid", "file")
    data = {"kind": "organizations", "file": upload(messy.compound({"ET": b"x"})), "params": "[]"}
    failed(api.post(API, data, format="multipart"), 400, "invalid", "params")
    data = {"kind": "organizations", "file": upload(messy.compound({"ET": b"x"}))}
    failed(api.post(API, data, format="multipart"), 400, "wps", "file")
    failed(api.post(f"{address}confirm/", {}, format="json"), 400, "wrong_rows", "ignore_wrong")
    failed(api.get(f"{API}{uuid.uuid4()}/"), 404, "not_found")
    done = written(batch, by, ignore_wrong=True)
    made = Organization.objects.get(name="甲党支部")
    factories.make_org(made, "branch")
    Organization.objects.filter(pk=made.pk).update(short_name="甲")
    failed(api.post(f"{address}undo/"), 409, "changed_since")
    Organization.objects.filter(pk=made.pk).update(short_name="")
    assert undone(done, by).message == "第 2 行“甲党支部”不能撤销：它下面已有别的党组织。"


def test_discarding_by_the_api(api_as, cast, batch):
    api = api_as(cast.officer)
    for _ in range(2):
        assert body(api.post(f"{API}{batch.pk}/discard/"))["state"] == "discarded"


def test_rows_come_in_pages_by_cursor(api_as, cast, district, by):
    batch = preview("organizations", sheet(*(f"第{n}党支部" for n in range(5))), by)
    api = api_as(cast.officer)
    first = body(api.get(f"{API}{batch.pk}/rows/", {"page_size": 3}))
    second = body(api.get(first["next"]))
    assert [row["number"] for row in first["results"] + second["results"]] == [2, 3, 4, 5, 6]


def test_an_import_of_a_lost_job_is_still_shown(client_as, cast, batch):
    """Old jobs may be cleared away; their imports stay."""
    batch.job.delete()
    assert "甲党支部" in text(client_as(cast.officer).get(page_of(batch)))
    assert jobs.HANDLERS.keys() >= {"import_read", "import_judge", "import_write", "import_undo"}
