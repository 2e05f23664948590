from django.apps import AppConfig


class TrackingConfig(AppConfig):
    name = "evaluation.tracking"
    verbose_name = "跟踪问效推"
