"""Help pages of the commands about datasets."""

WORDS = {
    "records": "check datasets before sending, and make invented ones",
    "records generate": (
        "write an invented population with its test results, the same for the same seed; no row is a real person's"
    ),
    "records generate --people": "how many people; there are about 5 % more rows, since some are tested again",
    "records generate --seed": "number that decides everything: the same seed gives the same file",
    "records generate --output": "new file for the rows",
    "records generate --form": "format; by default what the name of the file ends in, else CSV",
    "records generate --truth": (
        "new file (.parquet or .csv) that says which row is whose, and which faults were put in"
    ),
    "records generate --start": "first day of the tests, YYYY-MM-DD; by default 2020-06-01",
    "records generate --days": "how many days the tests are spread over; by default 120",
    "records generate --dirty": "percentage of rows with a fault; by default 2",
    "records generate --missing": "percentage of values left out, where one may be missing; by default 3",
    "records check": "read files of a dataset and say what is found in them; nothing is sent, no value is shown",
    "records check --dataset": "profile of the dataset, or the path of a profile file; by default screening-result",
    "records check --map": "a column of the files that is this column of the profile; may be repeated",
    "records check --report": "also write the report with plots to this new HTML file",
    "records check --held-share": "percentage of held rows above which the files must not go; by default 5",
    "records check --now": "judge dates as of this day, YYYY-MM-DD, instead of today",
    "records check --demo": "the files are a demonstration: test identities are expected, real ones are errors",
    "records check FILE": "files of one dataset: CSV, Parquet, XLSX, NDJSON, HL7 v2 or FHIR",
    "records profiles": "list the profiles that come with Scellé",
    "records profile": "show what a profile says of its columns",
    "records profile NAME": "a profile, or the path of a profile file",
}
