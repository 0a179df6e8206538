"""Tables, statistics and figures made from stored records alone, without torch."""
