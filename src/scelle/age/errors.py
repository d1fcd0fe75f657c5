"""What can be wrong with an age file, one class per failure, grouped as the C2SP vectors' `expect` classes.

HeaderError = "header failure", HmacError = "HMAC failure", NoMatchError = "no match", PayloadError =
"payload failure", ArmorError = "armor failure".
"""

from scelle.base.errors import CallerError, Exit, PeerError


class AgeError(PeerError):
    """An age file that cannot be opened; the subclass says why."""

    exit_status = Exit.MALFORMED
    http_status = 400


class HeaderError(AgeError):
    """The header does not parse, or a stanza breaks its recipient type's rules."""


class NotAgeError(HeaderError):
    """The first bytes are not those of an age file."""

    code = "age.not-age"


class VersionError(HeaderError):
    """An age file of a version other than v1. Facts: `version`."""

    code = "age.version"
    exit_status = Exit.UNSUPPORTED


class HeaderFormError(HeaderError):
    """A header line breaks the grammar of the format. Facts: `why`."""

    code = "age.header"


class HeaderCutError(HeaderError):
    """The file ends inside its header or before the payload's nonce is complete."""

    code = "age.header-truncated"
    exit_status = Exit.TRUNCATED


class HeaderTooLongError(HeaderError):
    """The header is longer, or has more stanzas, than is read. Facts: `limit` in bytes."""

    code = "age.header-too-long"
    exit_status = Exit.LIMIT


class StanzaError(HeaderError):
    """A stanza breaks the rules of its recipient type. Facts: `type`, `why`."""

    code = "age.stanza"


class WorkFactorError(HeaderError):
    """An scrypt stanza asks for more work than is allowed. Facts: `limit`, base-two logarithm."""

    code = "age.work-factor"
    exit_status = Exit.LIMIT


class HmacError(AgeError):
    """The file key was unwrapped, but the header's HMAC does not match: the header was altered."""

    code = "age.hmac"
    exit_status = Exit.CORRUPT


class NoMatchError(AgeError):
    """No identity opens any stanza. Facts: `passphrase`, 1 when the file wants a passphrase, else 0."""

    code = "age.no-match"
    exit_status = Exit.WRONG_KEY


class PayloadError(AgeError):
    """The payload does not decrypt all the way to its end."""

    exit_status = Exit.CORRUPT


class ChunkError(PayloadError):
    """A chunk does not authenticate. Facts: `chunk`, its number from zero."""

    code = "age.chunk"


class TruncatedError(PayloadError):
    """The payload ends before its final chunk does. Facts: `chunk`, the number of the chunk that is missing or cut."""

    code = "age.truncated"
    exit_status = Exit.TRUNCATED


class TrailingError(PayloadError):
    """There are bytes after the final chunk. Facts: `chunk`, the number of the final chunk."""

    code = "age.trailing"


class EmptyChunkError(PayloadError):
    """The final chunk is empty although others precede it. Facts: `chunk`."""

    code = "age.empty-chunk"


class ArmorError(AgeError):
    """The ASCII armor is not strict PEM. Facts: `why`."""

    code = "age.armor"


class ArmorCutError(ArmorError):
    """The ASCII armor ends before its last line."""

    code = "age.armor-truncated"
    exit_status = Exit.TRUNCATED


class MixedRecipientsError(CallerError):
    """Post-quantum and classic recipients, or a passphrase and anything else, in one file."""

    code = "age.mixed-recipients"
    exit_status = Exit.USAGE
    http_status = 400


class NoRecipientsError(CallerError):
    """A file is sealed to nobody, or to more recipients than a header holds. Facts: `count`."""

    code = "age.recipients"
    exit_status = Exit.USAGE
    http_status = 400


class RangeError(CallerError):
    """A range outside the plaintext was asked for. Facts: `size` in bytes."""

    code = "age.range"
    exit_status = Exit.USAGE
    http_status = 416


class KeyTextError(CallerError):
    """A line of an identities or recipients file is no key. Facts: `line`, its number from one; `why`."""

    code = "age.key-text"
    exit_status = Exit.MALFORMED
    http_status = 400
