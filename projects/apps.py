from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"
    verbose_name = "书记项目"

    def ready(self) -> None:
        from common import exports, files, imports, publication, uploads
        from projects import archiving  # noqa: F401 (its job is known to every worker)
        from projects.importing import ProjectImporter
        from projects.ledgers import LEDGERS
        from projects.library import PUBLISHER
        from projects.project_documents import PAPERS
        from projects.rules import can_read_file, sees_picture
        from projects.season_documents import SEASON_PAPERS

        uploads.register_guard(sees_picture)
        files.register_guard(can_read_file)
        publication.register(PUBLISHER)
        imports.register(ProjectImporter())
        for export in (*LEDGERS, *PAPERS, *SEASON_PAPERS):
            exports.register(export)
