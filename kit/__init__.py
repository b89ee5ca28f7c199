"""Makes and installs the folder from which stations are set up without a network."""
