"""Sauda: a local-first trading terminal for Indian markets."""

import os

__all__ = ("__version__",)

__version__ = "0.1.0"

# One BLAS thread, set before NumPy is loaded: OpenBLAS stops its thread pool when the process forks (an import starts a
# process), and a product that runs in another thread at that moment never ends. Our matrices are small anyway.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
