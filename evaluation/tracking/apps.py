from django.apps import AppConfig


class TrackingConfig(AppConfig):
    name = "evaluation.tracking"
    verbose_name = "跟踪问效推"

    def ready(self) -> None:
        from evaluation.tracking.archive import liaison_parts
        from projects.archive_parts import register_part

        register_part(liaison_parts)
