"""The parts of evaluate.py."""
