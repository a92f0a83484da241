"""The promises, each as a check on a run's traces. Pure: what a check says depends on the traces alone."""
