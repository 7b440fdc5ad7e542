"""Experiment: everything that decides a training, as a frozen value and as a TOML file."""
