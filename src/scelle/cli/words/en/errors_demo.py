"""Errors of the demonstration: sentence and advice."""

WORDS = {
    "demo.failed": (
        "{count} {count:plural comparison|comparisons} of the demonstration did not hold; the first: {first}",
        "this is a defect: please report the lines above (--keep DIR keeps everything for a closer look)",
    ),
    "usage.demo-people": (
        "“{text}” is not a number of people from {least} to {most}",
        "give a whole number, such as --people 1400000",
    ),
    "usage.demo-size": (
        "“{text}” is not a size from {least} to {most} megabytes",
        "give a whole number, such as --size 200",
    ),
}
