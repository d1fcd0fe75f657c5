"""The table of routes (spec/api.md, Routes). What is not in it does not exist."""

from typing import Final

from scelle.base.ids import TransferId
from scelle.base.wire import integer, one_of, text, transfer_id
from scelle.exchange.answers import (
    BeginRequest,
    CommitRequest,
    ContactPage,
    DirectoryAnswer,
    DirectoryRequest,
    FreezeList,
    Health,
    Intake,
    InventoryPage,
    JoinRequest,
    Logged,
    Proof,
    RecordPage,
    Released,
    ServiceInfo,
    StatementRequest,
    TransferDetail,
    TransferPage,
    TransferSummary,
)
from scelle.server.api import downloads, metrics, public, uploads
from scelle.server.api.calls import BYTES, Call
from scelle.server.api.services import Services
from scelle.server.api.table import Act, Field, Query, Route, answering, doing, promising

_CURSOR = Query("cursor", text(low=1, high=64), "where the page before ended")
_TUS = Field("Tus-Resumable", "1.0.0", required=True)
_OFFSET = Field("Upload-Offset", "bytes that have arrived", required=True)
_LENGTH = Field("Upload-Length", "bytes of the whole part")
_DEFER = Field("Upload-Defer-Length", "1 while the length is not known")
_ANY = "any member"
_SENDER = "the sender"
_RECIPIENT = "recipient"
_OFFICER = "security officer"


def _limit(most: int) -> Query:
    return Query("limit", integer(low=1, high=most), "items on the page", default=min(most, 100))


def _statement(call: Call) -> bytes:
    return call.body(StatementRequest).statement


def _page(services: Services, call: Call) -> TransferPage:
    box = call.text("box") or ""  # the route requires it
    return services.opening.page(call.asker, box=box, cursor=call.text("cursor"), limit=call.number("limit"))


def _records(services: Services, call: Call) -> RecordPage:
    transfer = call.text("transfer")
    return services.oversight.records(
        call.asker,
        start=call.number("from"),
        limit=call.number("limit"),
        transfer=None if transfer is None else TransferId(transfer),
    )


def _public(name: str, path: str, about: str, act: Act, media: str) -> tuple[Route, Route]:
    """Something that anybody may GET and HEAD."""
    return (
        Route(name=name, method="GET", path=path, about=about, act=act, signed=False, media=media),
        Route(name=name + "_head", method="HEAD", path=path, about=about, act=act, signed=False, media=media),
    )


_LOGS = (
    *_public(
        "log_checkpoint",
        "/log/{log}/checkpoint",
        "The newest checkpoint of a log, a signed note.",
        public.checkpoint,
        "text/plain",
    ),
    *_public(
        "log_tile", "/log/{log}/tile/{tile}", "A tile or entry bundle of a log (C2SP tlog-tiles).", public.tile, BYTES
    ),
)

_SERVICE = (
    Route(
        name="service",
        method="GET",
        path="/v1/service",
        about="What the service says about itself.",
        act=answering(lambda services, _: services.joining.info()),
        signed=False,
        answer=ServiceInfo,
    ),
    Route(
        name="health",
        method="GET",
        path="/health",
        about="Whether the service is well; 503 when a person must look.",
        act=public.health,
        signed=False,
        answer=Health,
    ),
    Route(
        name="metrics",
        method="GET",
        path="/metrics",
        about="Prometheus metrics; 404 for everybody but this computer.",
        act=public.measurements,
        signed=False,
        media=metrics.MEDIA_TYPE,
    ),
    *_public("openapi", "/openapi.json", "This description.", public.description, "application/json"),
)

_MEMBERS = (
    Route(
        name="join",
        method="POST",
        path="/v1/join",
        about="Become a member, with an invitation.",
        act=answering(lambda services, call: services.joining.join(call.body(JoinRequest))),
        signed=False,
        roles="whoever has an invitation",
        body=JoinRequest,
        answer=DirectoryAnswer,
    ),
    Route(
        name="invite",
        method="POST",
        path="/v1/invite",
        about="Invite a new organisation.",
        act=answering(lambda services, call: services.joining.invite(_statement(call))),
        signed=False,
        roles="the service key",
        body=StatementRequest,
        answer=Proof,
    ),
    Route(
        name="directory_append",
        method="POST",
        path="/v1/directory",
        about="Append statements to the directory, all or none.",
        act=answering(lambda services, call: services.joining.append(call.asker, call.body(DirectoryRequest))),
        roles="as each entry asks",
        body=DirectoryRequest,
        answer=DirectoryAnswer,
    ),
    Route(
        name="members",
        method="GET",
        path="/v1/members",
        about="Names and addresses of the members of one's own organisation.",
        act=answering(lambda services, call: services.joining.contacts(call.asker)),
        roles=_ANY,
        answer=ContactPage,
    ),
)

_SENDING = (
    Route(
        name="intake",
        method="GET",
        path="/v1/intake",
        about="The key that release shares are to be sealed to.",
        act=answering(lambda services, call: services.sending.intake(call.asker)),
        roles="sender",
        answer=Intake,
    ),
    Route(
        name="transfer_begin",
        method="POST",
        path="/v1/transfers",
        about="Open a transfer for uploading.",
        act=answering(lambda services, call: services.sending.begin(call.asker, call.body(BeginRequest)), status=201),
        roles="sender",
        body=BeginRequest,
        answer=TransferSummary,
        status=201,
    ),
    Route(
        name="part_create",
        method="POST",
        path="/v1/transfers/{transfer}/parts",
        about="Add a part (tus creation); 200 when it is there already.",
        act=uploads.create,
        roles=_SENDER,
        status=201,
        reads=(_TUS, _LENGTH, _DEFER, Field("Upload-Metadata", "`part` and its number in base64", required=True)),
        writes=(_TUS, _OFFSET, _LENGTH, _DEFER, Field("Location", "path of the part", required=True)),
    ),
    Route(
        name="part_progress",
        method="HEAD",
        path="/v1/transfers/{transfer}/parts/{part}",
        about="How far a part is (tus).",
        act=uploads.progress,
        roles=_SENDER,
        reads=(_TUS,),
        writes=(_TUS, _OFFSET, _LENGTH, _DEFER),
    ),
    Route(
        name="part_upload",
        method="PATCH",
        path="/v1/transfers/{transfer}/parts/{part}",
        about="Upload bytes of one segment; what arrives is kept when the connection breaks (tus).",
        act=uploads.chunk,
        roles=_SENDER,
        status=204,
        takes=uploads.CHUNK_TYPE,
        reads=(_TUS, _OFFSET, _LENGTH),
        writes=(_TUS, _OFFSET),
    ),
    Route(
        name="transfer_give_up",
        method="DELETE",
        path="/v1/transfers/{transfer}",
        about="Give up an open transfer.",
        act=doing(lambda services, call: services.sending.give_up(call.asker, call.transfer)),
        roles=_SENDER,
        status=204,
    ),
    Route(
        name="transfer_commit",
        method="POST",
        path="/v1/transfers/{transfer}/commit",
        about="Seal a transfer.",
        act=answering(
            lambda services, call: services.sending.commit(call.asker, call.transfer, call.body(CommitRequest))
        ),
        roles=_SENDER,
        body=CommitRequest,
        answer=Logged,
    ),
)

_OPENING = (
    Route(
        name="transfers",
        method="GET",
        path="/v1/transfers",
        about="Transfers, newest first.",
        act=answering(_page),
        roles="by box: a recipient, the sender, or officers, DPOs, auditors and administrators of the organisation",
        query=(
            Query("box", one_of("inbox", "sent", "organisation"), "which transfers", required=True),
            _CURSOR,
            _limit(200),
        ),
        answer=TransferPage,
    ),
    Route(
        name="transfer",
        method="GET",
        path="/v1/transfers/{transfer}",
        about="A transfer with its entry, and the asker's envelope.",
        act=answering(lambda services, call: services.opening.detail(call.asker, call.transfer)),
        roles="who sent it, is addressed by it, or may oversee it",
        answer=TransferDetail,
    ),
    Route(
        name="part_download",
        method="GET",
        path="/v1/transfers/{transfer}/parts/{part}",
        about="Sealed bytes of a part, whole (200) or one range of them (206).",
        act=downloads.part,
        roles="a recipient with a release",
        media=BYTES,
        reads=(Field("Range", "bytes=a-b"),),
        writes=(Field("Content-Range", "bytes a-b/size"),),
    ),
    Route(
        name="release",
        method="POST",
        path="/v1/transfers/{transfer}/release",
        about="Ask for the release of a share.",
        act=promising(lambda services, call: services.opening.release(call.asker, call.transfer, _statement(call))),
        roles=_RECIPIENT,
        body=StatementRequest,
        answer=Released,
    ),
    Route(
        name="receipt",
        method="POST",
        path="/v1/transfers/{transfer}/receipt",
        about="The transfer was opened.",
        act=answering(lambda services, call: services.opening.receipt(call.asker, call.transfer, _statement(call))),
        roles=_RECIPIENT,
        body=StatementRequest,
        answer=Logged,
    ),
    Route(
        name="discard",
        method="POST",
        path="/v1/transfers/{transfer}/discard",
        about="The opened copy was deleted.",
        act=answering(lambda services, call: services.opening.discard(call.asker, call.transfer, _statement(call))),
        roles=_RECIPIENT,
        body=StatementRequest,
        answer=Logged,
    ),
    Route(
        name="revoke",
        method="POST",
        path="/v1/transfers/{transfer}/revoke",
        about="Take a transfer back.",
        act=answering(lambda services, call: services.opening.revoke(call.asker, call.transfer, _statement(call))),
        roles="the sender, or an officer of its organisation",
        body=StatementRequest,
        answer=Logged,
    ),
)

_OVERSIGHT = (
    Route(
        name="inventory",
        method="GET",
        path="/v1/inventory",
        about="Everything held that concerns the asker.",
        act=answering(
            lambda services, call: services.oversight.inventory(
                call.asker, cursor=call.text("cursor"), limit=call.number("limit")
            )
        ),
        roles="security officer, DPO, administrator, auditor, sender (own)",
        query=(_CURSOR, _limit(500)),
        answer=InventoryPage,
    ),
    Route(
        name="freeze",
        method="POST",
        path="/v1/freezes",
        about="Freeze a scope, at once.",
        act=answering(lambda services, call: services.freezing.freeze(call.asker, _statement(call))),
        roles=_OFFICER,
        body=StatementRequest,
        answer=Logged,
    ),
    Route(
        name="freezes",
        method="GET",
        path="/v1/freezes",
        about="The freezes that concern the asker's organisation.",
        act=answering(lambda services, call: services.freezing.list(call.asker)),
        roles="any member of an organisation concerned",
        answer=FreezeList,
    ),
    Route(
        name="lift",
        method="POST",
        path="/v1/freezes/{freeze}/lift",
        about="Propose to lift a freeze.",
        act=answering(lambda services, call: services.freezing.lift(call.asker, call.freeze, _statement(call))),
        roles=_OFFICER,
        body=StatementRequest,
        answer=Logged,
    ),
    Route(
        name="lift_confirm",
        method="POST",
        path="/v1/freezes/{freeze}/confirm",
        about="Confirm the lift that another officer proposed.",
        act=answering(lambda services, call: services.freezing.confirm(call.asker, call.freeze, _statement(call))),
        roles=_OFFICER,
        body=StatementRequest,
        answer=Logged,
    ),
    Route(
        name="records",
        method="GET",
        path="/v1/records",
        about="Records of the activity log that the asker may read.",
        act=answering(_records),
        roles="by transfer, organisation or host",
        query=(
            Query("from", integer(), "index of the first entry", default=0),
            _limit(1000),
            Query("transfer", transfer_id, "only records about this transfer"),
        ),
        answer=RecordPage,
    ),
    Route(
        name="proof",
        method="GET",
        path="/v1/proof/{log}/{index}",
        about="The place of an entry in a log.",
        act=answering(lambda services, call: services.oversight.proof(call.asker, call.log, int(call.path["index"]))),
        roles=_ANY,
        answer=Proof,
    ),
)

ROUTES: Final[tuple[Route, ...]] = (*_LOGS, *_SERVICE, *_MEMBERS, *_SENDING, *_OPENING, *_OVERSIGHT)
