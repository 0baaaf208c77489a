"""The compiled path (extra `fast`): the formulas of `implied` and `sensitivity` as vector instructions, by Numba.

Importing this package costs nothing; `loops` and `kernels` import Numba and compile, or load what was compiled before.
Only `engine` imports them.
"""
