"""The people of the demo. Each does over HTTP what a person of that role would do, and only that."""
