"""Checks the fields of a request as the real TPNS would.

Sources: Tencent's "Push API" and "Application limits" (product 1024); the code 1008001 for bad parameters is from
memory.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

ACCOUNTS_MAX = 1000
ACCOUNT_CHARACTERS_MAX = 100
EXPIRE_MAX_S = 259_200
MESSAGE_BYTES = 4096

BAD_PARAMETER = 1008001
BAD_CREDENTIALS = 1008003
BUSY = 1008004
UNKNOWN_ACCOUNT = 1008006
LIMITED = 1008028

Text = Annotated[str, Meta(min_length=1, max_length=4000)]


class PushMessage(msgspec.Struct):
    """What phones get."""

    title: Text
    content: Text
    android: dict[str, msgspec.Raw] = {}
    ios: dict[str, msgspec.Raw] = {}


class PushRequest(msgspec.Struct):
    """The fields that are checked; others are ignored, as the real TPNS does."""

    audience_type: str
    message_type: str
    message: PushMessage
    account_list: list[str] = []
    environment: str = "product"
    expire_time: int = EXPIRE_MAX_S
    seq: int = 0


def fault_of(request: PushRequest) -> str | None:
    """Return what is wrong with a request, None when it is valid."""
    if request.audience_type != "account_list":
        return "audience_type is not account_list"
    if request.message_type not in {"notify", "message"}:
        return "message_type is neither notify nor message"
    if not 1 <= len(request.account_list) <= ACCOUNTS_MAX:
        return "account_list holds 1 to 1000 accounts"
    if request.environment not in {"product", "dev"}:
        return "environment is neither product nor dev"
    if not 0 <= request.expire_time <= EXPIRE_MAX_S:
        return "expire_time is 0 to 259200 seconds"
    if len(msgspec.json.encode(request.message)) > MESSAGE_BYTES:
        return "message is larger than 4 KB"
    lengths = set(map(len, request.account_list))
    if min(lengths) < 1 or max(lengths) > ACCOUNT_CHARACTERS_MAX:
        return "an account has 1 to 100 characters"
    return None
