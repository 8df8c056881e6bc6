"""Encoders that scripts/export_encoder.py can write: how each is built, checked and described."""
