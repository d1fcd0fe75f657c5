"""Adapters of the Mailer port: SMTP, and a folder for demonstrations and tests."""
