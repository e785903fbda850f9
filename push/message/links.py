"""Where a tap on a message leads: the platform's links, and Android's way of writing one.

Bounded by the links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from runtime.page_codes import code_of

if TYPE_CHECKING:
    from uuid import UUID

    from push.message.content import Content


class Links(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a tap leads: addresses in which `{alert}` stands for the alert's id, and `{code}` for that of its page.

    None where the platform has none.
    """

    deep_link: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9+.-]*://\S+\Z", max_length=300)] | None = None
    web_link: Annotated[str, Meta(pattern=r"^https://\S+\Z", max_length=300)] | None = None

    def put_in(self, content: Content, alert_id: UUID) -> Content:
        """Return a content with the links to an alert."""
        deep, web = (
            None if link is None else link.replace("{alert}", str(alert_id)).replace("{code}", code_of(alert_id))
            for link in (self.deep_link, self.web_link)
        )
        return msgspec.structs.replace(content, deep_link=deep, web_link=web)


class AlertLinks(msgspec.Struct, frozen=True, kw_only=True):
    """The links that every alert gets: the platform's, and `site`, the address of the pages where phones get pictures.

    `site` None: there are no pages that a phone may open, which takes `https` alone.
    """

    links: Links = Links()
    site: str | None = None

    def put_in(self, content: Content, alert_id: UUID) -> Content:
        """Return a content with the links to an alert."""
        linked = self.links.put_in(content, alert_id)
        page = None if self.site is None else f"{self.site}/p/{code_of(alert_id)}"
        return msgspec.structs.replace(linked, page_link=page)


def intent_uri(deep_link: str) -> str:
    """Return `scheme://rest` as Android writes an intent (`Intent.parseUri`, URI_INTENT_SCHEME)."""
    scheme, _, rest = deep_link.partition("://")
    return f"intent://{rest}#Intent;scheme={scheme};action=android.intent.action.VIEW;end"
