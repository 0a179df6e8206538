"""Encoders and decoders that every method shares: one file each; a file without a leading underscore is a plugin."""
