"""Help pages: what every page has, and the names of values."""

WORDS = {
    "title": "scelle: sealed files between health institutions, through a service that cannot read them",
    "heading usage": "Usage:",
    "heading commands": "Commands",
    "heading arguments": "Arguments",
    "heading options": "Options",
    "heading common": "Options of every command",
    "more": "“scelle COMMAND --help” describes a command. The reference lists exit statuses and error codes.",
    "--json": "print one JSON document instead of sentences, also for errors",
    "--home": "folder of keys and state; by default SCELLE_HOME, else the user's settings folder",
    "--lang": "language; by default that of the environment",
    "--quiet": "say nothing but results and errors",
    "--help": "show this page",
}
