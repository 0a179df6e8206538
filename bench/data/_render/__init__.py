"""Images that are drawn here."""
