"""What the police are answered: status and body of what became of a filing.

The answer is stored with the filing, so that a retry gets the first answer byte for byte. Bounded by the alert.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
from aiohttp import web

from handlers.alert_answers import Answer, FiledAnswer, filed_alert
from handlers.auth.signed_webhooks import UNSIGNED
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.route import JSON
from handlers.values.text import quoted
from push.alerts.drafts import draft_id
from push.alerts.filing import Filed
from push.alerts.lifecycle import Action
from push.alerts.record.digests import is_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.alerts.disclosure.people import Disclosure
    from push.alerts.filing import Filing, FilingResult
    from push.alerts.planner import Planner
    from sql.filing import ReceiptRow
    from sql.progress import ListedAlert

REFUSED: Final = {
    Filed.OTHER_CONTENT: (
        ProblemCode.CASE_CONFLICT,
        "this case number stands with other content; the alert that stands is unchanged",
    ),
    Filed.OVER: (
        ProblemCode.CASE_OVER,
        "the alert of this case number is over and nobody is notified: a notice `reopen` lets it go on",
    ),
    Filed.DELETED: (
        ProblemCode.CASE_OVER,
        "the alert of this case number is over and the child's data deleted: file the case under another number",
    ),
    Filed.REVOKED: (ProblemCode.INVALID_SIGNATURE, UNSIGNED),
}
POSSIBLE: Final = {Filed.OVER: [Action.REOPEN.value], Filed.DELETED: []}
"""What can be done to the alert of a case that is over."""

STATUSES: Final = {Filed.NEW: HTTPStatus.ACCEPTED, Filed.SAME_CASE: HTTPStatus.OK}


class Draft(Answer, frozen=True, kw_only=True):
    """What its sender learns of a case without a verifiable signature."""

    id: UUID
    case_number: str


class DraftAnswer(Answer, frozen=True, kw_only=True):
    """A draft waits for review; the notes say why it is not believed."""

    draft: Draft
    notes: list[str]


def answer_to(result: FilingResult, filing: Filing, notes: Sequence[str], planner: Planner) -> web.Response:
    """Answer a filing, and have the answer stored with what was filed.

    `notes`: what its sender should know besides. `planner`: has the rule by which numbers of people are shown, and the
    secret of digests.
    """
    if result.earlier is not None:
        return stored(result.earlier, filing.body_digest, planner.secret)
    if result.filed in REFUSED or result.alert is None:
        code, detail = REFUSED[result.filed]
        possible = POSSIBLE.get(result.filed)
        return problems.response(code, detail + "".join(f"; {note}" for note in notes), possible=possible)
    alert = filed_alert(result.alert, planner.plan.disclosure)
    content = FiledAnswer(alert=alert, notes=[quoted(note) for note in notes])
    body, status = msgspec.json.encode(content), STATUSES[result.filed]
    result.keep(status, body)
    return web.Response(status=status, body=body, content_type=JSON)


def changed_answer(alert: ListedAlert, notes: Sequence[str], rule: Disclosure) -> bytes:
    """Return the answer to a message that changed an alert; `rule`: which numbers of people are shown."""
    return msgspec.json.encode(FiledAnswer(alert=filed_alert(alert, rule), notes=[quoted(note) for note in notes]))


def draft_answer(filing: Filing, notes: Sequence[str], secret: bytes) -> bytes:
    """Return what the sender of a draft is answered, whatever becomes of it: nothing in it comes from the record."""
    draft = Draft(id=draft_id(filing, secret), case_number=filing.case_number)
    return msgspec.json.encode(DraftAnswer(draft=draft, notes=[quoted(note) for note in notes]))


def stored(receipt: ReceiptRow, body_digest: bytes, secret: bytes) -> web.Response:
    """Return the first answer to a webhook again, or that its id was used for something else."""
    if not is_digest(receipt.body_digest, body_digest, secret):
        # Answering the first case's 202 here would lose a second child's case without a word.
        detail = "this webhook-id was used before for another body; nothing was sent"
        return problems.response(ProblemCode.WEBHOOK_ID_REUSED, detail)
    return web.Response(status=receipt.status, body=receipt.answer, content_type=JSON)
