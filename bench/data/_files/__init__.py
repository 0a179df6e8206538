"""Published files and files of the user's: where they lie, how they are fetched, read, kept and written."""
