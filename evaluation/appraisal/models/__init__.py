"""评 公平公正评: campaigns, roll, sealed ballots, the count and what follows from it."""

from evaluation.appraisal.models.ballots import (
    BoxBallot,
    CodeLot,
    PaperBatch,
    SealedBallot,
    Tally,
    TallySignature,
    UrnBallot,
)
from evaluation.appraisal.models.campaigns import (
    Campaign,
    CampaignScrutineer,
    CampaignStateChange,
    Contest,
    ContestClass,
    EmptyCategory,
    KeyHolder,
    ShortfallDecision,
    VoterCategory,
    WrappedKey,
)
from evaluation.appraisal.models.outcome import (
    Award,
    CampaignPackage,
    CertificateTemplate,
    NoticeItem,
    Objection,
    PublicNotice,
    TierProposal,
)
from evaluation.appraisal.models.publicity import CampaignAnnouncement
from evaluation.appraisal.models.roll import Candidate, Credential, Recusal, ReminderList, Voter

__all__ = [
    "Award",
    "BoxBallot",
    "Campaign",
    "CampaignAnnouncement",
    "CampaignPackage",
    "CampaignScrutineer",
    "CampaignStateChange",
    "Candidate",
    "CertificateTemplate",
    "CodeLot",
    "Contest",
    "ContestClass",
    "Credential",
    "EmptyCategory",
    "KeyHolder",
    "NoticeItem",
    "Objection",
    "PaperBatch",
    "PublicNotice",
    "Recusal",
    "ReminderList",
    "SealedBallot",
    "ShortfallDecision",
    "Tally",
    "TallySignature",
    "TierProposal",
    "UrnBallot",
    "Voter",
    "VoterCategory",
    "WrappedKey",
]
