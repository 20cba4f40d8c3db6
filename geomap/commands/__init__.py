"""What stands behind the command line: its options, what a command does at its edge, and the larger commands."""
