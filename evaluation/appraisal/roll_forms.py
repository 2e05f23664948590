"""Forms of the roll, the shortfall decisions and the paper desk's reason; shape only, the actions hold the rules."""

from __future__ import annotations

from typing import Any

from django import forms

from common.forms import ChineseMomentField, CleanCharField
from evaluation.appraisal import paper, roll, shortfall
from evaluation.appraisal.models import Campaign, ShortfallDecision, Voter
from organizations.directory import Directory
from organizations.models import Organization

Channel = Voter.Channel
MISSING = "missing"


class CategoryField(forms.ModelChoiceField):
    """A category of the campaign, by its code."""

    def __init__(self, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(campaign.categories.order_by("position", "id"), to_field_name="code", **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.label)


class RollFilterForm(forms.Form):
    """The filter bar over the roll."""

    search = forms.CharField(label="搜索", required=False, max_length=60)
    channel = forms.ChoiceField(label="投票方式", required=False, choices=[("", "全部"), *Channel.choices])
    show = forms.ChoiceField(
        label="只看", required=False, choices=[("", "全部"), (MISSING, "没有党组织的"), ("namesakes", "同名的")]
    )

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["search"].widget = forms.TextInput(attrs={"type": "search", "placeholder": "姓名、单位、党组织"})
        self.fields["category"] = CategoryField(campaign, label="类别", required=False, empty_label="全部")
        self.order_fields(["search", "category", "channel", "show"])


class OrganizationNameField(CleanCharField):
    """A standing organization by its name, short name or code; an unknown one is told with what is near."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"list": "organization-names", "autocomplete": "off"}))
        super().__init__(max_length=120, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return value.name if isinstance(value, Organization) else value

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        if not typed:
            return None
        directory = Directory()
        standing = [known for known in directory.find(typed) if known.dissolved_on is None]
        if len(standing) == 1:
            return Organization.objects.get(pk=standing[0].id)
        if standing:
            raise forms.ValidationError(f"有 {len(standing)} 个党组织叫这个名称，请写代码。", code="several")
        near = "、".join(label for _, label in directory.options(typed)[:3])
        raise forms.ValidationError(
            f"没有找到这个党组织。{f'是不是：{near}？' if near else '请核对名称。'}", code="unknown"
        )


class VoterForm(forms.Form):
    """A voter of a draft."""

    name = CleanCharField(label="姓名", max_length=roll.NAME_LIMIT)
    organization = OrganizationNameField(
        label="所在党组织", required=False, help_text="用来计算回避；不在任何党组织的留空，并填写单位及职务"
    )
    workplace = CleanCharField(
        label="单位及职务", max_length=roll.WORKPLACE_LIMIT, required=False, help_text="同名的人靠它区分；不填电话"
    )
    channel = forms.ChoiceField(label="投票方式", widget=forms.RadioSelect)

    def __init__(self, *args: Any, campaign: Campaign, by_account: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"] = CategoryField(campaign, label="类别", empty_label="请选择")
        self.order_fields(["name", "category", "organization", "workplace", "channel"])
        channel = self.fields["channel"]
        assert isinstance(channel, forms.ChoiceField)
        channel.choices = [pair for pair in Channel.choices if by_account or pair[0] != Channel.ACCOUNT]

    @staticmethod
    def of(voter: Voter) -> dict[str, Any]:
        fields = ("name", "organization", "workplace", "channel")
        return {name: getattr(voter, name) for name in fields} | {"category": voter.category.code}


class AccountsForm(forms.Form):
    """Into which category the ticked people come."""

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"] = CategoryField(campaign, label="加入类别", empty_label="请选择")


class RedoForm(forms.Form):
    reason = CleanCharField(label="作废原因", max_length=paper.REASON_LIMIT)


class ShortfallForm(forms.Form):
    """What the administrator proposes for a category that stayed too small."""

    kind = forms.ChoiceField(label="决定", choices=ShortfallDecision.Kind.choices, widget=forms.RadioSelect)
    until = ChineseMomentField(label="延长至", required=False, help_text="只在延长投票时填写，例如 2026-12-5 18:00")
    reason = CleanCharField(label="理由", max_length=shortfall.REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        whole = "总投票（不指某一类）"
        self.fields["category"] = CategoryField(campaign, label="哪一类", required=False, empty_label=whole)
        self.fields["target"] = CategoryField(
            campaign, label="并入哪一类", required=False, empty_label="不并入", help_text="只在并入时选择"
        )
        self.order_fields(["kind", "category", "target", "until", "reason"])


def chosen(form: forms.Form, name: str) -> Any:
    """What a filter says; nothing if it is wrong."""
    return form.cleaned_data.get(name) if form.is_valid() else None
