"""Losses as objects, each of the function of the same name."""
