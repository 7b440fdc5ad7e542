"""The trainer: everything that needs torch, in a process of its own. This package imports torch only in its modules."""
