"""Recording: what a training writes into its run's directory and takes from it. Imports no torch."""
