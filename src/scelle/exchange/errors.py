"""What can go wrong in the exchange: one class each, so that each has its own code, sentence and advice."""

from scelle.base.errors import CallerError, Exit, PeerError, RoadError

# --- statements and the directory -------------------------------------------------------------------------


class OriginWrongError(PeerError):
    """A statement made for another service. Facts: `wanted`, `found`."""

    code = "statement.origin-wrong"
    exit_status = Exit.SERVICE
    http_status = 422


class SignatureInvalidError(PeerError):
    """A statement that does not carry exactly the signatures it needs. Facts: `kind`, `key`."""

    code = "statement.signature-invalid"
    exit_status = Exit.SERVICE
    http_status = 422


class EntryRefusedError(PeerError):
    """A directory entry that breaks a rule of the directory. Facts: `kind`, `why`."""

    code = "directory.entry-refused"
    exit_status = Exit.SERVICE
    http_status = 422


class StatementRefusedError(CallerError):
    """The service does not take a statement into the directory; nothing was changed. Facts: `kind`, `why`."""

    code = "directory.statement-refused"
    exit_status = Exit.REFUSED
    http_status = 422


class DirectoryRolledBackError(PeerError):
    """The service shows a shorter directory than it showed before. Facts: `before`, `now` (sizes)."""

    code = "directory.rolled-back"
    exit_status = Exit.LOG
    http_status = 502


class DirectoryForkedError(PeerError):
    """The service shows another directory than it showed before. Facts: `size`."""

    code = "directory.forked"
    exit_status = Exit.LOG
    http_status = 502


class OrganisationUnknownError(CallerError):
    """No organisation of that id. Facts: `organisation`."""

    code = "organisation.unknown"
    exit_status = Exit.UNKNOWN_ORGANISATION
    http_status = 404


class DeskUnknownError(CallerError):
    """No desk of that id. Facts: `desk`."""

    code = "desk.unknown"
    exit_status = Exit.UNKNOWN_ORGANISATION
    http_status = 404


class DeskEmptyError(CallerError):
    """Nobody with a valid key sits at the desk. Facts: `desk`."""

    code = "desk.empty"
    exit_status = Exit.REFUSED
    http_status = 409


class MemberUnknownError(CallerError):
    """No member with that key. Facts: `key`."""

    code = "member.unknown"
    exit_status = Exit.NOT_FOUND
    http_status = 404


class KeyExpiredError(CallerError):
    """A key past its validity. Facts: `key`."""

    code = "key.expired"
    exit_status = Exit.REFUSED
    http_status = 403


class RoleMissingError(CallerError):
    """The member does not have the role that the act needs. Facts: `role`."""

    code = "role.missing"
    exit_status = Exit.REFUSED
    http_status = 403


class NotAcceptedError(CallerError):
    """The organisation has not said that it accepts files from the sender's. Facts: `organisation`, `sender`."""

    code = "organisation.not-accepting"
    exit_status = Exit.REFUSED
    http_status = 403


class InvitationInvalidError(CallerError):
    """An invitation that is unknown, used or lapsed. Facts: `why`."""

    code = "invitation.invalid"
    exit_status = Exit.REFUSED
    http_status = 403


class AnchorMismatchError(PeerError):
    """The service's first directory entry is not the one that the invitation names. No facts."""

    code = "directory.anchor-mismatch"
    exit_status = Exit.LOG
    http_status = 502


# --- transfers --------------------------------------------------------------------------------------------


class CoverWrongError(PeerError):
    """A cover that contradicts itself, the directory, or what came with it. Facts: `why`."""

    code = "transfer.cover-wrong"
    exit_status = Exit.SERVICE
    http_status = 422


class EnvelopeWrongError(PeerError):
    """An envelope that opens but does not belong to the transfer. Facts: `why`."""

    code = "transfer.envelope-wrong"
    exit_status = Exit.SERVICE
    http_status = 422


class ShareWrongError(PeerError):
    """A release share that does not match its commitment or the transfer's key. Facts: `transfer`."""

    code = "release.share-wrong"
    exit_status = Exit.SERVICE
    http_status = 422


class ManifestWrongError(PeerError):
    """A manifest that contradicts itself, its cover, or the source's retention. Facts: `why`."""

    code = "transfer.manifest-wrong"
    exit_status = Exit.SERVICE
    http_status = 422


class ContentWrongError(PeerError):
    """Sealed or opened bytes whose digest is not the signed one. Facts: `name`."""

    code = "transfer.content-wrong"
    exit_status = Exit.CORRUPT
    http_status = 422


class RecordWrongError(PeerError):
    """A record that does not match its log entry, or an answer that does not prove what it says. Facts: `why`."""

    code = "record.wrong"
    exit_status = Exit.LOG
    http_status = 502


class IntakeKeyUnknownError(CallerError):
    """The intake key that the release shares were sealed to is no longer held. No facts."""

    code = "intake.key-unknown"
    exit_status = Exit.STATE
    http_status = 409


# --- requests -------------------------------------------------------------------------------------------


class SignatureMalformedError(PeerError):
    """A request is not signed, or not in the exact form of the profile. Facts: `why`."""

    code = "request.signature-malformed"
    exit_status = Exit.MALFORMED
    http_status = 401


class SignatureWrongError(PeerError):
    """A request's signature does not verify under the key that it names. Facts: `key`."""

    code = "request.signature-wrong"
    exit_status = Exit.REFUSED
    http_status = 401


class ContentDigestError(PeerError):
    """The body of a request does not have the digest that was signed."""

    code = "request.digest-mismatch"
    exit_status = Exit.CORRUPT
    http_status = 400


class RequestReplayedError(PeerError):
    """A signed request came a second time. Facts: `key`."""

    code = "request.replayed"
    exit_status = Exit.REFUSED
    http_status = 401


class RequestStaleError(RoadError):
    """A request was signed too long ago or in the future: the two clocks differ. Facts: `created`, `now`."""

    code = "request.stale"
    exit_status = Exit.CLOCK
    http_status = 401


class RequestBeforeStartError(RoadError):
    """A request was signed before the service started; signing it anew is enough. Facts: `created`, `started`."""

    code = "request.before-start"
    exit_status = Exit.SERVICE
    http_status = 401


class RequestTooManyError(RoadError):
    """One key sent more requests within the window than the service remembers. Facts: `key`."""

    code = "request.too-many"
    exit_status = Exit.LIMIT
    http_status = 429


# --- invitations ----------------------------------------------------------------------------------------


class InvitationMalformedError(CallerError):
    """A text is not an invitation code at all, or of a later version. Facts: `why`."""

    code = "invitation.malformed"
    exit_status = Exit.USAGE
    http_status = 400


class InvitationTruncatedError(CallerError):
    """An invitation code lacks its end. Facts: `missing` (characters)."""

    code = "invitation.truncated"
    exit_status = Exit.USAGE
    http_status = 400


class InvitationMistypedError(CallerError):
    """An invitation code has a wrong character: its checksum does not fit."""

    code = "invitation.mistyped"
    exit_status = Exit.USAGE
    http_status = 400


# --- states, releases, freezes --------------------------------------------------------------------------


class TransferNotFoundError(CallerError):
    """There is no such transfer for the one who asks: it does not exist, or is not theirs (the same answer)."""

    code = "transfer.not-found"
    exit_status = Exit.NOT_FOUND
    http_status = 404


class TransferStateError(CallerError):
    """A transfer's state does not allow the act. Facts: `state`, `event`."""

    code = "transfer.wrong-state"
    exit_status = Exit.STATE
    http_status = 409


class TransferExpiredError(CallerError):
    """The transfer's time is over; its release shares are destroyed. Facts: `expires`."""

    code = "transfer.expired"
    exit_status = Exit.EXPIRED
    http_status = 410


class TransferRevokedError(CallerError):
    """The transfer was revoked, as a whole or for the organisation that asks. Facts: `whole` (0 or 1)."""

    code = "transfer.revoked"
    exit_status = Exit.REVOKED
    http_status = 410


class FrozenError(CallerError):
    """A freeze stops what was asked. Facts: `freeze` (the first one that matches)."""

    code = "freeze.active"
    exit_status = Exit.FROZEN
    http_status = 423


class SeatMissingError(CallerError):
    """The key that acts has no seat at any desk that the transfer is addressed to."""

    code = "desk.seat-missing"
    exit_status = Exit.REFUSED
    http_status = 403


class FreezeForeignError(CallerError):
    """An officer asks to freeze what is not their organisation's. Facts: `scope`."""

    code = "freeze.foreign-scope"
    exit_status = Exit.REFUSED
    http_status = 403


class FreezeStateError(CallerError):
    """A freeze's state does not allow the act. Facts: `state`, `event`."""

    code = "freeze.wrong-state"
    exit_status = Exit.STATE
    http_status = 409


class LiftOfficerError(CallerError):
    """The officer may not take part in this lift. Facts: `why`."""

    code = "lift.officer-refused"
    exit_status = Exit.REFUSED
    http_status = 403


class LiftSameOfficerError(CallerError):
    """A lift needs two officers: who proposed it cannot confirm it."""

    code = "lift.same-officer"
    exit_status = Exit.REFUSED
    http_status = 403


class LiftLapsedError(CallerError):
    """The proposal to lift has lapsed; it must be made again."""

    code = "lift.lapsed"
    exit_status = Exit.STATE
    http_status = 409


# --- retention ------------------------------------------------------------------------------------------


class DurationMalformedError(CallerError):
    """A duration is not of the form 7d, 12h or 90m. Facts: `text`."""

    code = "retention.duration-malformed"
    exit_status = Exit.USAGE
    http_status = 400


class CollectionDateError(CallerError):
    """A collection date is not a date, or lies in the future. Facts: `text`."""

    code = "retention.collection-date"
    exit_status = Exit.USAGE
    http_status = 400


class RetentionOverError(CallerError):
    """The retention of the source has ended: the data must not be sent any more. Facts: `ended`."""

    code = "retention.over"
    exit_status = Exit.EXPIRED
    http_status = 409


class RetentionExceededError(PeerError):
    """A transfer's expiry is later than its source's retention allows. Facts: `expires`, `latest`."""

    code = "retention.exceeded"
    exit_status = Exit.REFUSED
    http_status = 409
