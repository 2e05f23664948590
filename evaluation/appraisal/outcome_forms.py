"""Forms after the count: the notice's wording, objections and their handling, certificates, decisions; shape only."""

from __future__ import annotations

from typing import Any

from django import forms

from common import days
from common.forms import ChineseDateField, CleanCharField
from evaluation.appraisal import certificates, objections, public_notice
from evaluation.appraisal.layout import section_title
from evaluation.appraisal.models import CertificateTemplate, NoticeItem, Objection, PublicNotice

NUMERIC = {"inputmode": "numeric", "placeholder": "2026-12-7"}
WHOLE = "整份公示"


class ItemField(forms.ModelChoiceField):
    """A proposed award of the notice."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{section_title(obj.award_title, obj.class_name)}：{obj.candidate.project}"


class WordingForm(forms.Form):
    """What a round says besides its list."""

    title = CleanCharField(label="标题", required=False)
    body = CleanCharField(label="正文", required=False, widget=forms.Textarea(attrs={"rows": 8}))
    contact = CleanCharField(
        label="受理方式", required=False, help_text="受理单位、电话、地址、邮箱；公众按此提出异议", empty_value=""
    )


class ObjectionForm(forms.Form):
    """What an objector fills in. Nothing is `required` in the browser: the action says what is missing, in words."""

    kind = forms.ChoiceField(
        label="提出人", required=False, choices=Objection.By.choices, widget=forms.RadioSelect, initial="person"
    )
    name = CleanCharField(label="姓名或单位名称", required=False, help_text="须实名；单位写全称")
    contact = CleanCharField(
        label="联系方式", required=False, help_text="电话、地址或邮箱；只供核实和答复，不公开，只有受理人员能看到"
    )
    item = ItemField(label="所指项目", required=False, queryset=NoticeItem.objects.none(), empty_label=WHOLE)
    content = CleanCharField(
        label="内容和依据",
        required=False,
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text="写明对哪一点有异议、有什么依据。不得填写涉密信息",
    )
    stamped = forms.BooleanField(label="以单位名义提出，书面材料已加盖公章", required=False)

    def __init__(self, *args: Any, notice: PublicNotice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = notice.items.exclude(state=NoticeItem.State.STRUCK).select_related("candidate__project")
        field = self.fields["item"]
        assert isinstance(field, ItemField)
        field.queryset = rows
        for name, limit in objections.LIMITS.items():
            if name in self.fields:
                self.fields[name].widget.attrs["maxlength"] = limit

    @property
    def given(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class RecordForm(ObjectionForm):
    """A letter, call or visit as a handler records it."""

    via = forms.ChoiceField(
        label="渠道",
        required=False,
        choices=[(value, label) for value, label in Objection.Via.choices if value != Objection.Via.ONLINE],
        widget=forms.RadioSelect,
        initial="letter",
    )
    received_on = ChineseDateField(label="收到日期", initial=days.today, widget=forms.TextInput(attrs=NUMERIC))
    dated_on = ChineseDateField(
        label="邮戳日期",
        required=False,
        widget=forms.TextInput(attrs=NUMERIC),
        help_text="来信以邮戳日期为准，晚到的信只要邮戳在公示期内就受理",
    )
    field_order = ["via", "received_on", "dated_on", "kind", "name", "contact", "item", "content", "stamped"]

    @property
    def given(self) -> dict[str, Any]:
        own = ("via", "received_on", "dated_on")
        return {name: value for name, value in self.cleaned_data.items() if name not in own}


class HandleForm(forms.Form):
    """How an objection ends."""

    state = forms.ChoiceField(
        label="办理结果",
        required=False,
        choices=[(value, label) for value, label in Objection.State.choices if value != Objection.State.RECEIVED],
        widget=forms.RadioSelect,
    )
    item = ItemField(
        label="取消哪一项",
        required=False,
        queryset=NoticeItem.objects.none(),
        empty_label="（请选择）",
        help_text="异议成立时填写",
    )
    reply = CleanCharField(
        label="答复",
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="异议人凭查询码看到；不要写举报人信息",
    )

    def __init__(self, *args: Any, objection: Objection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if objection.item_id is not None:
            del self.fields["item"]
            return
        field = self.fields["item"]
        assert isinstance(field, ItemField)
        field.queryset = NoticeItem.objects.filter(
            notice__campaign=objection.notice.campaign_id,
            notice__state__in=public_notice.CURRENT,
            state=NoticeItem.State.STANDING,
        ).select_related("candidate__project")


class ReasonForm(forms.Form):
    """The reason of a decision."""

    reason = CleanCharField(label="理由", required=False, widget=forms.Textarea(attrs={"rows": 2}))


class CodeForm(forms.Form):
    """A code from a certificate or a receipt."""

    code = forms.CharField(
        label="码",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, label: str, help_text: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = label
        self.fields["code"].help_text = help_text or "不分大小写，字母 O 和数字 0、字母 I 和数字 1 都能识别"


class CertificateForm(forms.Form):
    """How the certificates look."""

    heading = CleanCharField(label="标题", required=False)
    body = CleanCharField(
        label="正文",
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=f"可用占位：{''.join(f'{{{place}}}' for place in certificates.TEXT_PLACES)}",
    )
    issuer = CleanCharField(label="落款", required=False)
    number_format = CleanCharField(
        label="证书编号格式",
        required=False,
        help_text="可用占位：{年度} {赛道} {序号}；后两个必须有。已经生成的编号不变",
    )
    accent = CleanCharField(label="主色", required=False, help_text="六位颜色值，例如 #B4131A")
    landscape = forms.TypedChoiceField(
        label="版式",
        required=False,
        choices=[("1", "横版"), ("", "竖版")],
        coerce=bool,
        empty_value="",
        widget=forms.RadioSelect,
    )

    @classmethod
    def of(cls, template: CertificateTemplate) -> CertificateForm:
        initial = {name: getattr(template, name) for name in (*certificates.LIMITS, "accent")}
        return cls(initial={**initial, "landscape": "1" if template.landscape else ""})
