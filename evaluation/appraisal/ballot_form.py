"""The ballot as a voter sees it (票面): a page a contest, sections with their limits, candidates with reasons.

It is read from the manifest; the tables give only what came after the lock (a withdrawal) and the dossiers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from common.errors import ActionError
from evaluation.appraisal import casting, drafts, manifest
from evaluation.appraisal.drafts import Draft
from evaluation.appraisal.layout import Layout, Section, section_title
from evaluation.appraisal.models import Candidate, Contest, Voter

LINE_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate on the ballot; `recused` and `withdrawn` are the reasons, empty where there is none."""

    code: str
    number: int
    project: str
    organization: str
    dossier: Mapping[str, Any]
    recused: str
    withdrawn: str
    is_open: bool

    @property
    def line(self) -> str:
        """What the project achieved, in one line."""
        text = str(self.dossier.get("summary") or self.dossier.get("outcome") or "").split("\n")[0]
        return text if len(text) <= LINE_LENGTH else text[: LINE_LENGTH - 1] + "…"


@dataclass(frozen=True)
class BallotSection:
    """One class of a contest: so many `seats` of its candidates at most."""

    section: Section
    name: str
    title: str
    choices: tuple[Choice, ...]

    @property
    def key(self) -> str:
        return self.section.key

    @property
    def seats(self) -> int:
        return self.section.seats

    @property
    def open_codes(self) -> frozenset[str]:
        """The candidates that this voter may tick."""
        return frozenset(choice.code for choice in self.choices if choice.is_open)

    @property
    def fills_up(self) -> bool:
        """Whether withdrawn candidates are ticked to fill the seats."""
        return any(choice.is_open and choice.withdrawn for choice in self.choices)


@dataclass(frozen=True)
class BallotPage:
    """A contest; `number` counts from 1."""

    number: int
    code: str
    award: str
    method: str
    must_fill: bool
    sections: tuple[BallotSection, ...]


class BallotForm:
    """A voter's ballot. Two queries: candidates and recusals."""

    def __init__(self, voter: Voter) -> None:
        self.voter = voter
        self.rules = manifest.of(voter.campaign)
        self.layout = Layout.of(self.rules)
        self.recused = casting.recused_for(voter)
        rows = Candidate.objects.filter(campaign=voter.campaign_id).order_by()
        self._rows = {row.code: row for row in rows.only("code", "dossier", "withdrawn_on", "withdrawn_reason")}

    @cached_property
    def pages(self) -> tuple[BallotPage, ...]:
        sections = iter(self.layout.sections)
        return tuple(self._page(n, contest, sections) for n, contest in enumerate(self.rules["contests"], start=1))

    def page(self, number: int) -> BallotPage | None:
        return self.pages[number - 1] if 1 <= number <= len(self.pages) else None

    def draft(self, text: str) -> Draft:
        """What the voter has chosen so far; a candidate that withdrew meanwhile is chosen no longer."""
        found = drafts.read(text, voter=self.voter, layout=self.layout)
        open_codes = (section.open_codes for page in self.pages for section in page.sections)
        return replace(found, chosen=found.chosen.intersection(frozenset().union(*open_codes)))

    def problems(self, draft: Draft) -> dict[str, str]:
        """What stands against casting this draft, by section."""
        return self.wrong(self.choices(draft), draft.abstained)

    def wrong(self, choices: Mapping[str, Collection[str]], abstained: Collection[str]) -> dict[str, str]:
        """The same of choices as they were sent, by section."""
        try:
            casting.check(self.layout, {key: list(codes) for key, codes in choices.items()}, abstained, self.recused)
        except ActionError as error:
            return {key: texts[0] for key, texts in error.fields.items()}
        return {}

    def choices(self, draft: Draft) -> dict[str, list[str]]:
        """The draft's choices by section, in the order of the ballot; sections without one are left out."""
        sections = ((s.key, [c for c in self.layout.codes_of(s) if c in draft.chosen]) for s in self.layout.sections)
        return {key: codes for key, codes in sections if codes}

    def numbers(self, draft: Draft) -> dict[str, int]:
        """How many are chosen, by section."""
        chosen = self.choices(draft)
        return {section.key: len(chosen.get(section.key, ())) for section in self.layout.sections}

    def next_page(self, draft: Draft) -> int | None:
        """The first page that is not done yet; None if the ballot can be reviewed."""
        wrong = self.problems(draft)
        for page in self.pages:
            if page.number not in draft.seen or any(section.key in wrong for section in page.sections):
                return page.number
        return None

    def _page(self, number: int, contest: Mapping[str, Any], sections: Iterator[Section]) -> BallotPage:
        return BallotPage(
            number=number,
            code=contest["code"],
            award=contest["award"],
            method=str(Contest.Method(contest["method"]).label),
            must_fill=contest["must_fill"],
            sections=tuple(self._section(next(sections), contest["award"], each) for each in contest["classes"]),
        )

    def _section(self, section: Section, award: str, row: Mapping[str, Any]) -> BallotSection:
        standing = [c["code"] for c in row["candidates"] if not self._withdrawn(c["code"])]
        left = sum(code not in self.recused for code in standing)
        open_places = sum(c["code"] not in self.recused for c in row["candidates"])
        # Where all seats must be filled and too few are left, a withdrawn candidate may fill up: it is not counted.
        fills_up = section.must_fill and left < min(section.seats, open_places)
        choices = tuple(self._choice(each, fills_up) for each in row["candidates"])
        return BallotSection(section, row["name"], section_title(award, row["name"]), choices)

    def _choice(self, row: Mapping[str, Any], fills_up: bool) -> Choice:
        code = row["code"]
        recused, withdrawn = self.recused.get(code, ""), self._withdrawn(code)
        return Choice(
            code=code,
            number=row["number"],
            project=row["project"],
            organization=row["organization"],
            dossier=self._rows[code].dossier,
            recused=recused,
            withdrawn=withdrawn,
            is_open=not recused and (not withdrawn or fills_up),
        )

    def _withdrawn(self, code: str) -> str:
        return self._rows[code].withdrawn_reason
