"""What an action raises; a form shows it beside the field, the API returns it in its one error shape."""


class ActionError(Exception):
    """The request cannot be carried out; `message` and `fields` are Chinese and meant for the person."""

    status = 400

    def __init__(self, message: str, *, code: str = "invalid", fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.fields = fields or {}


class Forbidden(ActionError):
    """The person sees the object but this step is another role's."""

    status = 403

    def __init__(self, message: str, *, code: str = "forbidden") -> None:
        super().__init__(message, code=code)


class Conflict(ActionError):
    """Somebody else changed the object first, or its state no longer allows the step."""

    status = 409

    def __init__(self, message: str, *, code: str = "conflict", fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(message, code=code, fields=fields)
