from django.apps import AppConfig


class AppraisalConfig(AppConfig):
    name = "evaluation.appraisal"
    verbose_name = "公平公正评"
