"""Help page of the demonstration."""

WORDS = {
    "demo": "show the whole exchange on this computer: a service, three organisations, then a thief",
    "demo --files": "send the files of this folder, instead of generated ones",
    "demo --size": "size of the large file, in megabytes; by default 200",
    "demo --people": "how many people to invent for the dataset of a season; by default 1400000",
    "demo --keep": "work in this new folder and keep it; otherwise a temporary one is removed",
}
