"""What finance does on the command line, through the workflow service's HTTP API with a staff token."""
