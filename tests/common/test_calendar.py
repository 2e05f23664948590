"""Holiday tables: what is read from a notice, what is refused, who loads them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse

from common import calendar, working_days
from common.actors import Actor
from common.calendar import DayInput, Kind
from common.errors import ActionError, Forbidden
from common.models import AuditEntry, CalendarDay, CalendarYear

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")
SOURCE = "国务院办公厅通知"
YEARS, YEAR, API = reverse("common:calendar"), "/desk/calendar/2026/", "/api/v1/calendar/2026/"
NEW_YEAR = [DayInput(date(2026, 1, day), Kind.HOLIDAY, "元旦") for day in (1, 2, 3)]
MAKEUP = DayInput(date(2026, 10, 10), Kind.WORKDAY)
NOTICE = """一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。

二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
三、清明节：4月4日（周六）至6日（周一）放假，共3天。
四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
五、端午节：6月19日（周五）至21日（周日）放假，共3天。
六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。
"""


def load(rows=(*NEW_YEAR, MAKEUP), source=SOURCE, by=SYSTEM, year=2026):
    return calendar.load_year(year=year, rows=rows, source=source, by=by)


def refused(**values) -> dict[str, list[str]]:
    with pytest.raises(ActionError) as caught:
        load(**values)
    return caught.value.fields


def span(first: date, last: date, name: str, kind: str = Kind.HOLIDAY) -> list[DayInput]:
    return [DayInput(first + timedelta(days=turn), kind, name) for turn in range((last - first).days + 1)]


# --- loading ---


def test_a_year_is_loaded_with_its_source_and_author(cast, actor):
    loaded = load(source=f" {SOURCE}\u200b\n", by=actor(cast.officer))
    assert (loaded.source, loaded.loaded_by) == (SOURCE, cast.officer)
    assert calendar.rows_of(loaded) == [*NEW_YEAR, MAKEUP]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.user, entry.object_id, entry.before) == (
        "common.calendar.loaded",
        cast.officer,
        "2026",
        {},
    )
    assert entry.after == {
        "source": SOURCE,
        "days": [
            "2026-01-01 holiday 元旦",
            "2026-01-02 holiday 元旦",
            "2026-01-03 holiday 元旦",
            "2026-10-10 workday",
        ],
    }


def test_a_year_is_replaced_whole():
    load()
    load(year=2025, rows=[DayInput(date(2025, 1, 1), Kind.HOLIDAY)])
    load(rows=[MAKEUP], source="更正")
    assert list(CalendarDay.objects.values_list("day", flat=True)) == [date(2025, 1, 1), date(2026, 10, 10)]
    entry = AuditEntry.objects.order_by("id").last()
    assert (entry.before["source"], len(entry.before["days"]), entry.after["days"]) == (
        SOURCE,
        4,
        ["2026-10-10 workday"],
    )


def test_the_same_again_is_nothing():
    first = load().loaded_at
    assert (load(rows=(MAKEUP, *NEW_YEAR)).loaded_at, AuditEntry.objects.count()) == (first, 1)


def test_each_wrong_row_is_named_and_nothing_is_changed():
    load()
    rows = [
        *NEW_YEAR,
        DayInput(date(2025, 12, 31), Kind.HOLIDAY),
        DayInput(date(2026, 1, 3), Kind.WORKDAY),
        DayInput(date(2026, 10, 9), Kind.WORKDAY),
        DayInput(date(2026, 10, 3), Kind.HOLIDAY),  # a Saturday off is fine
        DayInput(date(2026, 10, 4), "half"),
        DayInput(date(2026, 10, 5), Kind.HOLIDAY, "长" * 21),
    ]
    assert refused(rows=rows, source=" ") == {
        "source": ["请写明依据，例如国务院办公厅通知的名称和文号。"],
        "lines": [
            "2025-12-31 不在 2026 年。",
            "1月3日写了两次。",
            "10月9日本来就是工作日，不用写调休上班。",
            "10月4日没有写明放假还是上班。",
            "10月5日的节日名称最多 20 字。",
        ],
    }
    assert refused(rows=[], source="长" * 121) == {"source": ["依据最多 120 字。"], "lines": ["请至少写一个节假日。"]}
    assert calendar.rows_of(CalendarYear.objects.get()) == [*NEW_YEAR, MAKEUP]


@pytest.mark.parametrize("who", ["officer", "sysadmin"])
def test_the_department_and_the_system_administrator_load(cast, actor, who):
    assert load(by=actor(getattr(cast, who))).pk == 2026


@pytest.mark.parametrize("who", ["secretary", "clerk", "outsider", "leader", "evaladmin", "auditor"])
def test_nobody_else_loads(cast, actor, who):
    with pytest.raises(Forbidden):
        load(by=actor(getattr(cast, who)))
    assert CalendarYear.objects.count() == 0


# --- reading lines ---


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ("1月1日至3日 元旦 放假", NEW_YEAR),
        ("元旦：1月1日—3日放假", NEW_YEAR),
        ("2026-10-10 调休上班", [MAKEUP]),
        ("２０２６年１０月１０日（周六） 上班\u200b", [MAKEUP]),
        ("2026.10.1-10.7 国庆节", span(date(2026, 10, 1), date(2026, 10, 7), "国庆节")),
        ("2026/10/1～2026/10/7 国庆节", span(date(2026, 10, 1), date(2026, 10, 7), "国庆节")),
        ("1月31日至2月2日 春节", span(date(2026, 1, 31), date(2026, 2, 2), "春节")),
        ("10月3日，10月4日放假", span(date(2026, 10, 3), date(2026, 10, 4), "")),
        ("", []),
    ],
)
def test_lines_that_are_read(line, rows):
    assert calendar.parse_days(2026, line) == rows


@pytest.mark.parametrize(
    "line",
    [
        "放假",
        "10月10日",  # off, or worked?
        "10月10日 调休",
        "10月1日 放假上班",
        "13月1日 放假",
        "2月30日 放假",
        "10月7日至1日 放假",
        "1月1日至12月31日 放假",
        "10月1日起放假7天",
        "10月1日 国庆节 10月8日",
        "10月1日 3日 放假",
    ],
)
def test_lines_that_are_not_guessed(line):
    with pytest.raises(ActionError) as caught:
        calendar.parse_days(2026, f"\n1月1日 元旦\n{line}")
    wrong = f"第 3 行“{line}”无法识别，请写成“10月1日至7日 国庆节”或“10月10日 调休上班”。"
    assert caught.value.fields == {"lines": [wrong]}


def test_the_notice_itself_is_read_as_the_library_knows_it():
    read = sorted(calendar.parse_days(2026, NOTICE), key=lambda row: row.day)
    assert read == calendar.proposed_days(2026)


@pytest.mark.parametrize("year", range(2004, 2027))
def test_every_year_of_the_library_is_sound_and_reads_back(year):
    rows = calendar.proposed_days(year)
    assert calendar.parse_days(year, calendar.lines_of(rows)) == rows
    assert len(calendar.rows_of(load(year=year, rows=rows))) == len(rows)


def test_the_library_speaks_chinese():
    names = {row.name for year in range(2004, 2027) for row in calendar.proposed_days(year)}
    assert names == {"元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节", "抗战胜利纪念日"}
    assert calendar.proposed_days(2100) == []


# --- pages ---


def test_everybody_logged_in_reads_the_years(cast, client, client_as, today):
    today("2026-11-01")
    load()
    page = client_as(cast.outsider).get(YEARS)
    assert page.context["missing"] == [2027]
    assert [(year["row"].pk, year["holidays"], year["workdays"]) for year in page.context["years"]] == [(2026, 3, 1)]
    assert (page.content.decode().count("录入 2027 年"), page.content.decode().count(YEAR)) == (0, 1)
    assert client_as(cast.officer).get(YEARS).content.decode().count("录入 2027 年") == 1
    assert client.get(YEARS).status_code == client.get(YEAR).status_code == 302


def test_a_year_is_read_by_word_and_month(cast, client_as):
    load()
    page = client_as(cast.outsider).get(YEAR)
    assert page.context["form"] is None
    assert [(m["month"], [e["span"] for e in m["entries"]]) for m in page.context["months"]] == [
        (1, ["1月1日至3日"]),
        (10, ["10月10日"]),
    ]
    text = page.content.decode()
    assert (text.count("元旦放假 3 天"), text.count("周四至周六"), text.count("<textarea")) == (1, 1, 0)


def test_a_year_that_is_not_loaded_is_there_for_its_loaders_only(cast, client_as):
    assert client_as(cast.outsider).get(YEAR).status_code == 404
    officer = client_as(cast.officer)
    page = officer.get(YEAR)
    assert page.context["form"].initial == {
        "source": "国务院办公厅关于2026年部分节假日安排的通知（内置数据，请核对）",
        "lines": calendar.lines_of(calendar.proposed_days(2026)),
    }
    assert page.content.decode().count("按内置数据预填，请与国务院办公厅通知核对") == 1
    unknown = officer.get("/desk/calendar/2031/")
    assert unknown.context["form"].initial == {"source": "", "lines": ""}
    assert unknown.content.decode().count("按内置数据预填") == 0
    assert officer.get("/desk/calendar/1899/").status_code == 404


def test_the_prefilled_year_is_saved_as_it_is(cast, client_as):
    officer = client_as(cast.officer)
    initial = officer.get(YEAR).context["form"].initial
    assert officer.post(YEAR, initial).url == YEAR
    assert calendar.rows_of(CalendarYear.objects.get()) == calendar.proposed_days(2026)
    assert working_days.known_years() == {2026}
    again = officer.get(YEAR)
    assert (again.context["form"].initial, again.context["prefilled"]) == (initial, False)


def test_what_was_typed_is_kept_beside_its_errors(cast, client_as):
    page = client_as(cast.sysadmin).post(YEAR, {"source": SOURCE, "lines": "1月1日 元旦\n国庆长假"})
    assert (page.status_code, page.context["form"]["lines"].value()) == (400, "1月1日 元旦\n国庆长假")
    assert page.context["form"].errors == {
        "lines": ["第 2 行“国庆长假”无法识别，请写成“10月1日至7日 国庆节”或“10月10日 调休上班”。"]
    }
    outside = client_as(cast.officer).post(YEAR, {"source": "", "lines": ""})
    assert outside.context["form"].errors == {
        "source": ["请写明依据，例如国务院办公厅通知的名称和文号。"],
        "lines": ["请至少写一个节假日。"],
    }
    assert CalendarYear.objects.count() == 0


def test_whoever_reads_does_not_save(cast, client_as):
    load()
    assert client_as(cast.outsider).post(YEAR, {"source": SOURCE, "lines": "1月1日 元旦"}).status_code == 403
    assert client_as(cast.outsider).post("/desk/calendar/2025/", {}).status_code == 404
    assert calendar.rows_of(CalendarYear.objects.get()) == [*NEW_YEAR, MAKEUP]


@pytest.mark.parametrize("years", [1, 3])
def test_queries_do_not_grow_with_the_years(cast, actor, client_as, api_as, assert_queries, years):
    for year in range(2024, 2024 + years):
        load(year=year, rows=calendar.proposed_days(year), by=actor(cast.officer))
    client, api = client_as(cast.outsider), api_as(cast.outsider)
    with assert_queries(8):
        client.get(YEARS)
    with assert_queries(8):
        client.get("/desk/calendar/2024/")
    with assert_queries(5):
        api.get("/api/v1/calendar/")


# --- API ---


def test_the_api_reads_and_loads_by_the_same_action(cast, api_as):
    officer = api_as(cast.officer)
    body = {
        "source": SOURCE,
        "days": [{"day": "2026-01-01", "kind": "holiday", "name": "元旦"}, {"day": "2026-10-10", "kind": "workday"}],
    }
    put = officer.put(API, body)
    read = api_as(cast.outsider).get(API)
    assert (put.status_code, read.status_code, put.json()) == (200, 200, read.json())
    assert [(day["day"], day["kind_display"], day["name"]) for day in read.json()["days"]] == [
        ("2026-01-01", "放假", "元旦"),
        ("2026-10-10", "调休上班", ""),
    ]
    assert api_as(cast.outsider).get("/api/v1/calendar/").json() == {
        "next": None,
        "previous": None,
        "results": [read.json()],
    }


@pytest.mark.parametrize(
    ("days", "fields"),
    [
        ([{"day": "2026-10-09", "kind": "workday"}], {"lines": ["10月9日本来就是工作日，不用写调休上班。"]}),
        ([{"day": "2026-10-03", "kind": "holiday"}] * 2, {"lines": ["10月3日写了两次。"]}),
    ],
)
def test_the_api_names_wrong_rows(cast, api_as, days, fields):
    answer = api_as(cast.officer).put(API, {"source": SOURCE, "days": days})
    assert (answer.status_code, answer.json()["fields"]) == (400, fields)


def test_the_api_is_closed(cast, api_as):
    body = {"source": SOURCE, "days": [{"day": "2026-01-01", "kind": "holiday"}]}
    assert api_as().get(API).status_code in (401, 403)
    assert api_as(cast.outsider).get(API).status_code == 404
    assert api_as(cast.outsider).put(API, body).status_code == 403
    assert api_as(cast.officer).put(API, {"source": SOURCE, "days": []}).status_code == 400
    assert api_as(cast.officer).put("/api/v1/calendar/1899/", body).status_code == 404
    assert CalendarYear.objects.count() == 0
