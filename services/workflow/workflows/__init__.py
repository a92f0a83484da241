"""The processes, deterministic: one file each; `run` reads as the process."""
