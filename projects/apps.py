from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"
    verbose_name = "书记项目"

    def ready(self) -> None:
        from common import uploads
        from projects.rules import sees_picture

        uploads.register_guard(sees_picture)
