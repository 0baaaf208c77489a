"""Start of a new broker: copy this folder, then follow `server/brokers/README.md`. It is listed nowhere."""
