"""Draw pages for people, each one file that needs no network: the contact sheet, and the report."""
