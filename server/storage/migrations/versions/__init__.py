"""One file a version, `v0001_...py` onward. A released one is never changed."""
