"""Coverage-guided fuzzing of every reader that meets foreign bytes. `make fuzz SECONDS=300`."""
