"""Training methods: one file each; a file without a leading underscore is a plugin."""
