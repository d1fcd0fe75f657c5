"""What can go wrong in the exchange: one class each, so that each has its own code, sentence and advice."""

from scelle.base.errors import CallerError, Exit, PeerError

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


class OrganisationExistsError(CallerError):
    """The id is taken, for ever. Facts: `organisation`."""

    code = "organisation.exists"
    exit_status = Exit.STATE
    http_status = 409


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
