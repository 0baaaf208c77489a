"""Reads, one noun a file. Each takes a `Reader`, returns domain structs where they exist, and never writes."""
