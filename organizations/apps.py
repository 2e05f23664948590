from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "organizations"
    verbose_name = "组织与人员"

    def ready(self) -> None:
        from common import calendar, imports
        from organizations.importing import OrganizationImporter, PeopleImporter
        from organizations.rules import can_load_calendar

        calendar.register_rule(can_load_calendar)
        imports.register(OrganizationImporter())
        imports.register(PeopleImporter())
