"""What the commands about members, the directory, desks and acceptance print."""

WORDS = {
    "join.code-seen": (
        "scelle: note: a code on the command line stands in the list of processes and in the shell's history; "
        "leave --code out and it is asked for"
    ),
    "ask.code": "Invitation code (not shown):",
    "ask.name": "Your name:",
    "ask.email": "Your e-mail address, for notices (may be left empty):",
    "ask.organisation-name": "Full name of {organisation}:",
    "label.organisation": "organisation",
    "label.service": "service",
    "label.roles": "roles",
    "label.desks": "desks",
    "label.key": "signing key",
    "label.encryption-key": "encryption key",
    "label.vault": "keys",
    "label.home": "home folder",
    "none": "none",
    "key.until": "{key}, until {until:date}",
    "key.none": "none that is valid: the next command that signs, such as “scelle inbox”, makes one",
    "join.done": "You are now a member of {organisation} at {service}.",
    "join.next-administrator": (
        "scelle: next: “scelle desk add NAME” makes a desk, “scelle member invite” invites colleagues, "
        "“scelle accept --from ORGANISATION” says whose files you take"
    ),
    "join.next-recipient": "scelle: next: “scelle inbox” lists what is sent to you, once you sit at a desk",
    "whoami.expired": "Your signing key is past its validity: ask your administrator for a new invitation.",
    "vault.state-plain": "readable on this disk, without a passphrase",
    "vault.state-unlocked": "unlocked",
    "vault.state-keyring": "under a passphrase, remembered in the keyring of the operating system",
    "vault.state-locked": "locked",
    "vault.state-missing": "missing",
    "members.nameless": "(name unknown)",
    "members.name": "{key:short}  {name}{mine:choose  (you)|}",
    "members.roles": "          {roles}",
    "members.desks": "          desks: {desks}",
    "members.expired": "          key past its validity since {until:date}",
    "members.no-encryption-key": "          no valid encryption key: cannot be written to until they run a command",
    "invite.how": (
        "scelle: this code lets one person join, until {until:time}. Hand it over safely; they run:\nscelle join {url}"
    ),
    "directory.organisation": "{id}  {name}{mine:choose  (yours)|}",
    "directory.members": "    {n:count} {n:plural member|members}",
    "directory.desks": "    desks: {desks}",
    "directory.desk": "{desk} ({n:count} {n:plural seat|seats})",
    "directory.accepts": "    accepts files from: {whom}",
    "directory.accepts-us": "    you can send to it",
    "directory.refuses-us": "    you cannot send to it",
    "directory.size": "The directory has {n:count} {n:plural entry|entries}, all checked on this computer.",
    "directory.no-quorum": (
        "No protection against a split view: no witnesses vouch that everybody is shown the same logs."
    ),
    "accept.everyone": "everybody",
    "accept.nobody": "nobody but itself",
    "accept.done": "Your organisation accepts files from: {whom}",
    "desk.line": "{desk}  {title}",
    "desk.seat": "    {member}",
    "desk.no-seat": "    nobody yet: files sent here would reach nobody",
    "desk.none": "Your organisation has no desk yet; “scelle desk add NAME” makes one.",
    "desk.made": "The desk {desk} is there.",
    "desk.already": "The desk {desk} was there already.",
    "desk.next": "scelle: next: “scelle desk add {desk} MEMBER” seats a member",
    "desk.seated": "{member} sits at {desk}.",
    "desk.unseated": "{member} no longer sits at {desk}.",
    "desk.removed": "The desk {desk} is removed.",
    "renew.failed": (
        "scelle: note: a fresh encryption key could not be announced ({code}); it is tried again with the next command"
    ),
    "remind.copy": (
        "scelle: note: the copy of {transfer:short} in {folder} had to be gone by {until:date}: delete it, "
        "then run “scelle discard {transfer:short}”"
    ),
}
