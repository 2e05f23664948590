"""Addresses and answers of the projects API, as its tests read them."""

import re

from projects.models import Project

SEASONS, PROJECTS = "/api/v1/seasons/", "/api/v1/projects/"


def of(row, suffix=""):
    """The address of a project or a report."""
    if isinstance(row, Project):
        return f"{PROJECTS}{row.code}/{suffix}"
    return f"/api/v1/reports/{row.pk}/{suffix}"


def body(response, status=200):
    assert response.status_code == status, response.content
    return response.json()


def titles(response):
    return [row["title"] for row in body(response)["results"]]


def failed(response, status, code, *fields):
    """The one error shape, with a Chinese message."""
    error = body(response, status)
    assert list(error) == ["code", "message", "fields"]
    assert (error["code"], sorted(error["fields"])) == (code, sorted(fields))
    for text in (error["message"], *(text for texts in error["fields"].values() for text in texts)):
        assert re.search("[\u4e00-\u9fff]", text)
    return error
