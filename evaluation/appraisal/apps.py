from django.apps import AppConfig


class AppraisalConfig(AppConfig):
    name = "evaluation.appraisal"
    verbose_name = "公平公正评"

    def ready(self) -> None:
        from common import imports
        from evaluation.appraisal.roll_import import RollImporter

        imports.register(RollImporter())
