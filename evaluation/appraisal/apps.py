from django.apps import AppConfig


class AppraisalConfig(AppConfig):
    name = "evaluation.appraisal"
    verbose_name = "公平公正评"

    def ready(self) -> None:
        from common import exports, imports, publication
        from evaluation.appraisal import (  # noqa: F401 (jobs of `archive` and `count_runner` are known to every worker)
            archive,
            archive_parts,
            booklet,
            candidates,
            certificate_files,
            count_runner,
            minutes,
            setup_papers,
        )
        from evaluation.appraisal.public_notice import PUBLISHER as NOTICE_PUBLISHER
        from evaluation.appraisal.publishing import PUBLISHER as CAMPAIGN_PUBLISHER
        from evaluation.appraisal.roll_import import RollImporter
        from projects.archive_parts import register_part
        from projects.archiving import register_hold

        imports.register(RollImporter())
        setup_papers.register()
        booklet.register()
        minutes.register()
        publication.register(NOTICE_PUBLISHER)
        publication.register(CAMPAIGN_PUBLISHER)
        exports.register(certificate_files.CERTIFICATES)
        register_part(archive_parts.vote_parts)
        register_hold(candidates.holds_project)
